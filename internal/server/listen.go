package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// DefaultAddr is where the server listens unless told otherwise.
const DefaultAddr = "127.0.0.1:5800"

// ErrPortInUse is returned by Listen when another program has the port.
var ErrPortInUse = errors.New("the port is in use")

// Listen opens TCP listeners at addrs, each host:port, :port (all addresses) or
// with port 0 (any free port). No address means DefaultAddr. All are opened or
// none. Errors name the address and what to do.
func Listen(ctx context.Context, addrs []string) ([]net.Listener, error) {
	if len(addrs) == 0 {
		addrs = []string{DefaultAddr}
	}
	var config net.ListenConfig
	var opened []net.Listener
	for _, addr := range addrs {
		l, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			for _, o := range opened {
				o.Close()
			}
			return nil, explainListen(addr, err)
		}
		opened = append(opened, l)
	}
	return opened, nil
}

func explainListen(addr string, err error) error {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("listen on %s: %w: another program, maybe another heliograph, uses this port; choose another with --listen", addr, ErrPortInUse)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("listen on %s: this machine does not have this address: %w", addr, err)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("listen on %s: ports below 1024 need root or the capability CAP_NET_BIND_SERVICE: %w", addr, err)
	}
	return fmt.Errorf("listen on %s: %w", addr, err)
}

// URLs returns where the server can be reached, one per listener, in order and
// without a final slash. A listener for all addresses is named by its loopback
// address, which works on this machine.
func (s *Server) URLs() []string {
	urls := make([]string, len(s.opts.Listeners))
	for i, l := range s.opts.Listeners {
		ap := addrPort(l.Addr())
		ip := ap.Addr()
		switch {
		case ip.IsUnspecified() && ip.Is4():
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case ip.IsUnspecified():
			ip = loopbackFor(l)
		}
		urls[i] = s.url(netip.AddrPortFrom(ip, ap.Port()))
	}
	return urls
}

// loopbackFor prefers IPv4: a listener on [::] takes both on Linux, unless the
// system says otherwise, and people recognise 127.0.0.1.
func loopbackFor(l net.Listener) netip.Addr {
	if raw, ok := l.(syscall.Conn); ok && onlyIPv6(raw) {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

func onlyIPv6(conn syscall.Conn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	only := 0
	_ = raw.Control(func(fd uintptr) {
		only, _ = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY)
	})
	return only != 0
}

func (s *Server) url(ap netip.AddrPort) string {
	if s.tls != nil {
		return "https://" + ap.String()
	}
	return "http://" + ap.String()
}

// loginURL is the address with a token that a person opens first. For a
// listener on all addresses it names one by which others reach the device.
func (s *Server) loginURL(secret string) string {
	ap := addrPort(s.opts.Listeners[0].Addr())
	base := s.URLs()[0]
	if ap.Addr().IsUnspecified() {
		if ip, ok := outwardIP(); ok {
			base = s.url(netip.AddrPortFrom(ip, ap.Port()))
		}
	}
	return base + "/#token=" + secret
}

// outwardIP returns an address of this machine that others may reach.
func outwardIP() (netip.Addr, bool) {
	var found netip.Addr
	for _, ip := range ownIPs() {
		addr, ok := netip.AddrFromSlice(ip)
		addr = addr.Unmap()
		if ok && addr.IsGlobalUnicast() && (!found.IsValid() || addr.Is4() && !found.Is4()) {
			found = addr
		}
	}
	return found, found.IsValid()
}

// ownIPs returns the addresses of this machine, loopback included.
func ownIPs() []net.IP {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var ips []net.IP
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
			ips = append(ips, n.IP)
		}
	}
	return ips
}

// addrPort converts an address of a TCP connection or listener; IPv4 in IPv6
// becomes IPv4. It is the zero AddrPort for anything else.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
