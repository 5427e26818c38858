package peer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Sizes of struct inet_diag_req_v2 and struct inet_diag_msg, <linux/inet_diag.h>.
const (
	diagRequestSize = 56
	diagReplySize   = 72
)

// answerTime bounds how long the kernel may take for its answer.
const answerTime = time.Second

// diag asks the kernel for the socket whose local address is remote and whose
// remote address is local, that is the other end. The kernel may answer with a
// listening socket instead; the caller checks what came.
//
// One request and one reply need no library, which every program that embeds an
// agent would have to bring along.
func diag(local, remote netip.AddrPort) (socket, error) {
	reply, err := ask(diagRequest(remote, local))
	if err != nil {
		return socket{}, fmt.Errorf("ask the kernel for a socket: %w", err)
	}
	return parseDiag(reply)
}

// ask sends a request to sock_diag and returns the reply.
func ask(request []byte) ([]byte, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	limit := unix.NsecToTimeval(int64(answerTime))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		return nil, err
	}
	head := make([]byte, unix.NLMSG_HDRLEN)
	binary.NativeEndian.PutUint32(head, uint32(len(head)+len(request)))
	binary.NativeEndian.PutUint16(head[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(head[6:], unix.NLM_F_REQUEST)
	if err := unix.Sendto(fd, slices.Concat(head, request), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	buffer := make([]byte, 4096)
	for {
		n, from, err := unix.Recvfrom(fd, buffer, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		if kernel, ok := from.(*unix.SockaddrNetlink); !ok || kernel.Pid != 0 {
			continue // not from the kernel
		}
		return parseNetlink(buffer[:n])
	}
}

// parseNetlink returns the payload of the first message, which is a reply or an
// error, see netlink(7).
func parseNetlink(b []byte) ([]byte, error) {
	if len(b) < unix.NLMSG_HDRLEN {
		return nil, fmt.Errorf("a netlink message of %d bytes", len(b))
	}
	length, kind := binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint16(b[4:])
	if length < unix.NLMSG_HDRLEN || int64(length) > int64(len(b)) {
		return nil, fmt.Errorf("a netlink message of %d bytes that says %d", len(b), length)
	}
	payload := b[unix.NLMSG_HDRLEN:length]
	switch {
	case kind == unix.SOCK_DIAG_BY_FAMILY:
		return payload, nil
	case kind == unix.NLMSG_ERROR && len(payload) >= 4:
		if code := int32(binary.NativeEndian.Uint32(payload)); code < 0 {
			return nil, unix.Errno(-code)
		}
	}
	return nil, errors.New("it answered nothing")
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
