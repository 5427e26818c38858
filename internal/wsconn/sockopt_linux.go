package wsconn

import (
	"math"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// notSent is how much unsent data the kernel keeps for a connection that is in
// a hurry: enough to fill the link, little enough that what is typed is not
// queued behind what was printed.
const notSent = 16 << 10

// keepKernelQueueShort sets TCP_NOTSENT_LOWAT. Without it only latency under
// load is worse, so errors do not matter.
func keepKernelQueueShort(nc net.Conn) {
	control(nc, func(fd int) {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSent)
	})
}

// unsent returns how many bytes the peer's kernel has not acknowledged, 0 if
// that is not known.
func unsent(nc net.Conn) (n int) {
	control(nc, func(fd int) { n, _ = unix.IoctlGetInt(fd, unix.SIOCOUTQ) })
	return n
}

// roundTrip returns the quickest way to the peer and back that the kernel has
// measured in the last minutes (tcp_min_rtt_wlen), 0 if that is not known.
func roundTrip(nc net.Conn) (d time.Duration) {
	control(nc, func(fd int) {
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil && info.Min_rtt != math.MaxUint32 {
			d = time.Duration(info.Min_rtt) * time.Microsecond
		}
	})
	return d
}

func control(nc net.Conn, f func(fd int)) {
	raw, ok := bare(nc).(syscall.Conn)
	if !ok {
		return
	}
	if rc, err := raw.SyscallConn(); err == nil {
		_ = rc.Control(func(fd uintptr) { f(int(fd)) }) // fails only on a closed socket
	}
}
