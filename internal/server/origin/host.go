package origin

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Host is the authority of a URL, in one spelling.
type Host struct {
	// Name is lower-case, without a final dot and without brackets; an IP
	// address is in its canonical form, IPv4 in IPv6 as IPv4.
	Name string
	// Port is empty when none was given.
	Port string
	// IP is the address if Name is one, the zero Addr otherwise.
	IP netip.Addr
}

// maxHost bounds a host with its port: 253 bytes of name and some.
const maxHost = 300

// ParseHost reads a Host header or the authority of an origin. It accepts names
// of letters, digits, hyphens, underscores and dots, IPv4, and IPv6 in
// brackets, each with an optional port. The error names what is wrong.
func ParseHost(s string) (Host, error) {
	if s == "" || len(s) > maxHost {
		return Host{}, fmt.Errorf("a host has 1 to %d bytes, this one %d", maxHost, len(s))
	}
	name, port, err := splitPort(s)
	if err != nil {
		return Host{}, err
	}
	if strings.HasPrefix(name, "[") {
		return parseIPv6(name, port)
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if ip, err := netip.ParseAddr(name); err == nil && ip.Is4() {
		return Host{Name: ip.String(), Port: port, IP: ip}, nil
	}
	if err := checkName(name); err != nil {
		return Host{}, err
	}
	return Host{Name: name, Port: port}, nil
}

// splitPort separates the port, which is empty when there is none.
func splitPort(s string) (name, port string, err error) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return s, "", nil
	}
	name, port = s[:i], s[i+1:]
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "", "", fmt.Errorf("host %q: %q is no port", s, port)
	}
	return name, port, nil
}

func parseIPv6(name, port string) (Host, error) {
	inner, ok := strings.CutSuffix(strings.TrimPrefix(name, "["), "]")
	if !ok {
		return Host{}, fmt.Errorf("host %q: the bracket is not closed", name)
	}
	ip, err := netip.ParseAddr(inner)
	if err != nil || !ip.Is6() || ip.Zone() != "" {
		return Host{}, fmt.Errorf("host %q: no IPv6 address is in the brackets", name)
	}
	ip = ip.Unmap()
	return Host{Name: ip.String(), Port: port, IP: ip}, nil
}

// checkName accepts what can be a DNS name. A last label of digits alone is
// refused: browsers read such names as IPv4 addresses in an odd spelling.
func checkName(name string) error {
	if name == "" {
		return fmt.Errorf("the host has no name")
	}
	var last string
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return fmt.Errorf("host %q: a part between dots has 1 to 63 bytes", name)
		}
		for _, c := range []byte(label) {
			if !isNameByte(c) {
				return fmt.Errorf("host %q: %q is not allowed in a name", name, c)
			}
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return fmt.Errorf("host %q: neither a name nor an address in the usual form", name)
	}
	return nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// Loopback reports whether the host is localhost or a loopback address.
func (h Host) Loopback() bool {
	return h.Name == "localhost" || h.IP.IsLoopback()
}
