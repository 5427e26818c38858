package wsconn

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// notSent is how much unsent data the kernel keeps for a connection that is in
// a hurry: enough to fill the link, little enough that what is typed is not
// queued behind what was printed.
const notSent = 16 << 10

// keepKernelQueueShort sets TCP_NOTSENT_LOWAT. Without it only latency under
// load is worse, so errors do not matter.
func keepKernelQueueShort(nc net.Conn) {
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn() // below TLS
	}
	raw, ok := nc.(syscall.Conn)
	if !ok {
		return
	}
	rc, err := raw.SyscallConn()
	if err != nil {
		return
	}
	_ = rc.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSent)
	})
}
