package peer

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrUnknown is returned when the other end is no established socket of this
// machine (and network namespace), or was none anymore at the time of asking.
var ErrUnknown = errors.New("the peer is no established socket of this machine")

// established is TCP_ESTABLISHED in the kernel's numbering of states.
const established = 1

// socket is what the kernel tells about one TCP socket.
type socket struct {
	local, remote netip.AddrPort
	state         uint8
	uid           uint32
	inode         uint64
}

// tables is where the kernel shows the sockets of this thread's network, which
// is the one that sock_diag asks; /proc/net shows those of the main thread.
const tables = "/proc/thread-self/net"

// isOtherEnd reports whether s is the live other end of a connection whose near
// end has the addresses local and remote.
func (s socket) isOtherEnd(local, remote netip.AddrPort) bool {
	return s.state == established && s.inode != 0 &&
		s.local == remote && s.remote == local
}

// UID returns the user that owns the other end of conn, which must be a TCP
// connection over loopback that this process accepted. TLS connections are
// looked through. It blocks for one exchange with the kernel (some 20 µs), or
// for reading /proc/net/tcp where sock_diag does not exist. The error is
// ErrUnknown when there is no such end; any error means: do not trust.
func UID(conn net.Conn) (uint32, error) {
	tcp, err := below(conn)
	if err != nil {
		return 0, err
	}
	local, remote := endpoint(tcp.LocalAddr()), endpoint(tcp.RemoteAddr())
	uid, err := lookup(local, remote)
	if err != nil {
		return 0, err
	}
	if err := stillEstablished(tcp); err != nil {
		return 0, err
	}
	if uid == overflowUID() {
		return 0, fmt.Errorf("the peer's user does not exist in this user namespace: %w", ErrUnknown)
	}
	return uid, nil
}

// below returns the TCP connection under conn.
func below(conn net.Conn) (*net.TCPConn, error) {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("look up the peer of a %T: %w", conn, ErrUnknown)
	}
	return tcp, nil
}

// endpoint converts an address of the net package; IPv4 in IPv6 becomes IPv4
// and a zone is dropped, as the kernel's tables know neither.
func endpoint(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}

// lookup asks sock_diag and, when that gives nothing, the tables in /proc. The
// tables are read twice because a table that changes while it is read may skip
// a line.
func lookup(local, remote netip.AddrPort) (uint32, error) {
	if s, err := diag(local, remote); err == nil && s.isOtherEnd(local, remote) {
		return s.uid, nil
	}
	for range 2 {
		s, err := findInTables(tables, local, remote)
		if err == nil {
			return s.uid, nil
		}
		if !errors.Is(err, ErrUnknown) {
			return 0, err
		}
	}
	return 0, ErrUnknown
}

// stillEstablished fails unless the kernel has our own end in ESTABLISHED.
func stillEstablished(conn *net.TCPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return fmt.Errorf("look at the own socket: %w", err)
	}
	var info *unix.TCPInfo
	var inner error
	err = raw.Control(func(fd uintptr) {
		info, inner = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if err = errors.Join(err, inner); err != nil {
		return fmt.Errorf("look at the own socket: %w", err)
	}
	if info.State != established {
		return fmt.Errorf("the connection is being closed: %w", ErrUnknown)
	}
	return nil
}

// overflowUID is the number under which the kernel shows users that do not
// exist in this user namespace; several strangers share it, so it proves
// nothing.
func overflowUID() uint32 {
	const fallback = 65534
	text, err := os.ReadFile("/proc/sys/kernel/overflowuid")
	if err != nil {
		return fallback
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 32)
	if err != nil {
		return fallback
	}
	return uint32(n)
}
