package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Sizes of struct inet_diag_req_v2 and struct inet_diag_msg, <linux/inet_diag.h>.
const (
	diagRequestSize = 56
	diagReplySize   = 72
)

// diag asks the kernel for the socket whose local address is remote and whose
// remote address is local, that is the other end. The kernel may answer with a
// listening socket instead; the caller checks what came.
func diag(local, remote netip.AddrPort) (socket, error) {
	conn, err := netlink.Dial(unix.NETLINK_SOCK_DIAG, nil)
	if err != nil {
		return socket{}, fmt.Errorf("ask the kernel for a socket: %w", err)
	}
	defer conn.Close()
	replies, err := conn.Execute(netlink.Message{
		Header: netlink.Header{Type: unix.SOCK_DIAG_BY_FAMILY, Flags: netlink.Request},
		Data:   diagRequest(remote, local),
	})
	if err != nil {
		return socket{}, fmt.Errorf("ask the kernel for a socket: %w", err)
	}
	for _, m := range replies {
		if m.Header.Type == unix.SOCK_DIAG_BY_FAMILY {
			return parseDiag(m.Data)
		}
	}
	return socket{}, errors.New("ask the kernel for a socket: it answered nothing")
}

// diagRequest makes a struct inet_diag_req_v2 that names exactly one socket.
func diagRequest(src, dst netip.AddrPort) []byte {
	b := make([]byte, diagRequestSize)
	b[0] = unix.AF_INET
	if src.Addr().Is6() {
		b[0] = unix.AF_INET6
	}
	b[1] = unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(b[4:], 1<<established)
	binary.BigEndian.PutUint16(b[8:], src.Port())
	binary.BigEndian.PutUint16(b[10:], dst.Port())
	copy(b[12:28], src.Addr().AsSlice())
	copy(b[28:44], dst.Addr().AsSlice())
	// The interface (b[44:48]) stays 0, the cookie says that we have none.
	binary.NativeEndian.PutUint64(b[48:], ^uint64(0))
	return b
}

// parseDiag reads a struct inet_diag_msg.
func parseDiag(b []byte) (socket, error) {
	if len(b) < diagReplySize {
		return socket{}, fmt.Errorf("socket reply of %d bytes, want %d", len(b), diagReplySize)
	}
	size := 4
	switch b[0] {
	case unix.AF_INET:
	case unix.AF_INET6:
		size = 16
	default:
		return socket{}, fmt.Errorf("socket reply of the address family %d", b[0])
	}
	src, _ := netip.AddrFromSlice(b[8 : 8+size])
	dst, _ := netip.AddrFromSlice(b[24 : 24+size])
	return socket{
		local:  netip.AddrPortFrom(src.Unmap(), binary.BigEndian.Uint16(b[4:])),
		remote: netip.AddrPortFrom(dst.Unmap(), binary.BigEndian.Uint16(b[6:])),
		state:  b[1],
		uid:    binary.NativeEndian.Uint32(b[64:]),
		inode:  uint64(binary.NativeEndian.Uint32(b[68:])),
	}, nil
}
