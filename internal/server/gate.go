package server

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// gate bounds connections, in total and per address.
type gate struct {
	maxTotal, maxPerAddr int
	refused              atomic.Uint64

	mu      sync.Mutex
	total   int
	perAddr map[netip.Addr]int // only addresses with connections
}

func newGate(l Limits) *gate {
	return &gate{
		maxTotal:   min(l.MaxConns, openFiles()),
		maxPerAddr: l.MaxConnsPerAddr,
		perAddr:    make(map[netip.Addr]int),
	}
}

// openFiles is how many connections the limit of open files leaves room for.
func openFiles() int {
	const reserve, least = 128, 16
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<30 {
		return 1 << 30
	}
	return max(least, int(limit.Cur)-reserve)
}

// enter counts a connection, or reports false when it is one too many.
func (g *gate) enter(from net.Addr) bool {
	addr := origin4or64(addrPort(from).Addr())
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total >= g.maxTotal || (!addr.IsLoopback() && g.perAddr[addr] >= g.maxPerAddr) {
		g.refused.Add(1)
		return false
	}
	g.total++
	g.perAddr[addr]++
	return true
}

// leave forgets a connection that entered.
func (g *gate) leave(from net.Addr) {
	addr := origin4or64(addrPort(from).Addr())
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.perAddr[addr]--; g.perAddr[addr] <= 0 {
		delete(g.perAddr, addr)
	}
}

func (g *gate) open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.total
}

// origin4or64 returns what counts as one remote place: an IPv4 address, or the
// /64 network of an IPv6 address, of which one host has all addresses.
func origin4or64(ip netip.Addr) netip.Addr {
	if !ip.Is6() || ip.IsLoopback() {
		return ip
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return p.Addr()
}

// gatedListener answers connections beyond the bounds and closes them.
type gatedListener struct {
	net.Listener
	gate  *gate
	plain bool // may be answered in clear
}

// busyAnswer is sent before any request is read.
const busyAnswer = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n" +
	"Retry-After: 5\r\nConnection: close\r\nContent-Length: 34\r\n\r\ntoo many connections, try it later"

// Accept returns the next connection within the bounds, as it is: wrapping it
// would take away what the WebSocket writer needs of a TCP connection.
func (l *gatedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.gate.enter(conn.RemoteAddr()) {
			return conn, nil
		}
		if l.plain {
			// The buffers of a new connection are empty: this does not block.
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = conn.Write([]byte(busyAnswer))
		}
		conn.Close()
	}
}
