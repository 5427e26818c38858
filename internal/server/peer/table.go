package peer

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxLine bounds a line of a table; the kernel pads them to 150 (tcp) and about
// 190 (tcp6) bytes.
const maxLine = 4096

// findInTables looks for the other end of a connection in dir/tcp and
// dir/tcp6. An IPv4 connection may stand in either: a program may use an IPv6
// socket for it. It returns ErrUnknown when neither has it.
func findInTables(dir string, local, remote netip.AddrPort) (socket, error) {
	names := []string{"tcp", "tcp6"}
	if remote.Addr().Is6() {
		names = names[1:]
	}
	for _, name := range names {
		s, err := findInFile(filepath.Join(dir, name), local, remote)
		switch {
		case err == nil:
			return s, nil
		case errors.Is(err, os.ErrNotExist), errors.Is(err, ErrUnknown):
		default:
			return socket{}, err
		}
	}
	return socket{}, ErrUnknown
}

func findInFile(path string, local, remote netip.AddrPort) (socket, error) {
	f, err := os.Open(path)
	if err != nil {
		return socket{}, fmt.Errorf("read the table of sockets: %w", err)
	}
	defer f.Close()
	return findInTable(f, local, remote)
}

// findInTable reads a table in the format of /proc/net/tcp until it meets the
// other end. Lines that it does not understand are passed over: they cannot
// give anybody rights.
func findInTable(r io.Reader, local, remote netip.AddrPort) (socket, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for lines.Scan() {
		s, err := parseLine(lines.Text())
		if err == nil && s.isOtherEnd(local, remote) {
			return s, nil
		}
	}
	if err := lines.Err(); err != nil {
		return socket{}, fmt.Errorf("read the table of sockets: %w", err)
	}
	return socket{}, ErrUnknown
}

// parseLine reads one line of /proc/net/tcp or /proc/net/tcp6:
//
//	sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
func parseLine(line string) (socket, error) {
	f := strings.Fields(line)
	if len(f) < 10 || !strings.HasSuffix(f[0], ":") {
		return socket{}, errors.New("not a line of a socket")
	}
	var s socket
	var err error
	if s.local, err = parseEndpoint(f[1]); err != nil {
		return socket{}, err
	}
	if s.remote, err = parseEndpoint(f[2]); err != nil {
		return socket{}, err
	}
	state, err := strconv.ParseUint(f[3], 16, 8)
	if err != nil {
		return socket{}, fmt.Errorf("state: %w", err)
	}
	uid, err := strconv.ParseUint(f[7], 10, 32)
	if err != nil {
		return socket{}, fmt.Errorf("uid: %w", err)
	}
	if s.inode, err = strconv.ParseUint(f[9], 10, 64); err != nil {
		return socket{}, fmt.Errorf("inode: %w", err)
	}
	s.state, s.uid = uint8(state), uint32(uid)
	return s, nil
}

// parseEndpoint reads ADDRESS:PORT in hexadecimal. The address is printed as
// 32-bit words in the byte order of the machine, the port as a number.
func parseEndpoint(text string) (netip.AddrPort, error) {
	addr, port, ok := strings.Cut(text, ":")
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("endpoint %q has no port", text)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port of %q: %w", text, err)
	}
	raw, err := hex.DecodeString(addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("address of %q: %w", text, err)
	}
	if len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("address of %q has %d bytes", text, len(raw))
	}
	for i := 0; i < len(raw); i += 4 {
		word := binary.BigEndian.Uint32(raw[i:])
		binary.NativeEndian.PutUint32(raw[i:], word)
	}
	ip, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}
