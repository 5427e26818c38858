package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/access"
)

// raw sends bytes and returns the connection.
func (h *house) raw(sent string) net.Conn {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.TrimPrefix(h.url, "http://"), "https://"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	if _, err := io.WriteString(conn, sent); err != nil {
		h.t.Fatal(err)
	}
	return conn
}

// readEnd reads until the server closes; the deadline is there to fail the test
// when it never does.
func readEnd(t *testing.T, conn net.Conn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("the server keeps the connection")
	}
	return string(data)
}

func TestSlowHeadersAreCut(t *testing.T) {
	h := start(t, func(o *Options) { o.Limits.HeaderTimeout = 50 * time.Millisecond })
	for _, sent := range []string{"", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "} {
		readEnd(t, h.raw(sent))
	}
	eventually(t, "nothing is left", func() bool { return h.srv.gate.open() == 0 })
}

func TestIdleConnectionsAreCut(t *testing.T) {
	h := start(t, func(o *Options) { o.Limits.IdleTimeout = 50 * time.Millisecond })
	got := readEnd(t, h.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	if !strings.HasPrefix(got, "HTTP/1.1 200") {
		t.Errorf("got %q", got)
	}
}

func TestSlowBodiesAreCut(t *testing.T) {
	h := start(t, func(o *Options) {
		o.Limits.StallTimeout = 50 * time.Millisecond
		o.Routes = append(testRoutes(), Route{Pattern: "POST /v1/ignores", Scope: access.View, Handler: text("done")})
	})
	for _, path := range []string{"/v1/body", "/v1/ignores", "/nowhere"} {
		readEnd(t, h.raw("POST "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc"))
	}
	eventually(t, "nothing is left", func() bool { return h.srv.gate.open() == 0 })
}

// TestSlowReadersAreCut has a client that asks for much and reads nothing.
func TestSlowReadersAreCut(t *testing.T) {
	ended := make(chan error, 1)
	h := start(t, func(o *Options) {
		o.Limits.StallTimeout = 50 * time.Millisecond
		o.Routes = []Route{{Pattern: "/v1/much", Scope: access.View, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					ended <- err
					return
				}
			}
		})}}
	})
	h.raw("GET /v1/much HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the handler ended with %v", err)
	}
}

// TestSlowAnswersAreNotCut has a handler that thinks for longer than a stall
// may take, after the body was read: neither deadline may hit it.
func TestSlowAnswersAreNotCut(t *testing.T) {
	h := start(t, func(o *Options) {
		o.Limits.StallTimeout = 30 * time.Millisecond
		o.Routes = []Route{{Pattern: "/v1/slow", Scope: access.View, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			_, _ = io.WriteString(w, "part ")
			select {
			case <-time.After(150 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
			if end := r.URL.Query().Get("end"); end != "" {
				_, _ = io.WriteString(w, end)
			}
		})}}
	})
	for _, body := range []string{"", "{}"} {
		for _, end := range []string{"", "whole"} { // without an end the last write is the server's own flush
			if r := h.ask(http.MethodPost, "/v1/slow?end="+end, body); r.body != "part "+end {
				t.Errorf("got %q", r.body)
			}
		}
	}
}

func TestBodyBounds(t *testing.T) {
	h := start(t, nil)
	want(t, h.ask(http.MethodPost, "/v1/body", strings.Repeat("a", 10)), http.StatusOK)
	want(t, h.ask(http.MethodPost, "/v1/body", strings.Repeat("a", 11)), http.StatusRequestEntityTooLarge)
}

func TestLargeHeaders(t *testing.T) {
	h := start(t, nil)
	want(t, h.get("/healthz", "X-Large", strings.Repeat("a", 64<<10)), http.StatusRequestHeaderFieldsTooLarge)
}

func TestOddMethods(t *testing.T) {
	h := start(t, nil)
	for _, method := range []string{"TRACE", "CONNECT", "BREW"} {
		conn := h.raw(method + " /v1/view HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		if got := readEnd(t, conn); !strings.HasPrefix(got, "HTTP/1.1 405") && !strings.HasPrefix(got, "HTTP/1.1 400") {
			t.Errorf("%s: %q", method, got)
		}
	}
}

func TestRequestsWithoutAUsableHost(t *testing.T) {
	h := start(t, nil)
	for _, sent := range []string{
		"GET /v1/view HTTP/1.0\r\n\r\n",
		"GET /v1/view HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
		"GET http://evil.example/v1/view HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	} {
		if got := readEnd(t, h.raw(sent)); !strings.Contains(got[:min(len(got), 20)], " 403 ") {
			t.Errorf("%q: %q", sent, got)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	h := start(t, func(o *Options) { o.Limits.MaxConns = 2 })
	a := h.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	b := h.raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	for _, conn := range []net.Conn{a, b} {
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if got := readEnd(t, h.raw("")); !strings.HasPrefix(got, "HTTP/1.1 503") || !strings.HasSuffix(got, "try it later") {
		t.Errorf("the third got %q", got)
	}
	a.Close()
	eventually(t, "there is room again", func() bool { return h.srv.gate.open() < 2 })
	want(t, h.get("/healthz"), http.StatusOK)
}

func TestBusyAnswerIsHTTP(t *testing.T) {
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(busyAnswer)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || int64(len(body)) != resp.ContentLength || resp.StatusCode != 503 {
		t.Errorf("%d, %q, %v", resp.StatusCode, body, err)
	}
}

func TestGateCountsPerPlace(t *testing.T) {
	g := newGate(Limits{MaxConns: 100, MaxConnsPerAddr: 2})
	from := func(ip string) net.Addr {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 1))
	}
	for _, ip := range []string{"192.0.2.1", "192.0.2.1", "2001:db8::1", "2001:db8::2", "::ffff:192.0.2.2"} {
		if !g.enter(from(ip)) {
			t.Errorf("%s was refused", ip)
		}
	}
	for _, ip := range []string{"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::3"} {
		if g.enter(from(ip)) {
			t.Errorf("%s was let in", ip)
		}
	}
	for i := range 50 {
		if !g.enter(from("127.0.0.1")) {
			t.Fatalf("loopback connection %d was refused", i)
		}
	}
	g.leave(from("192.0.2.1"))
	if !g.enter(from("192.0.2.1")) {
		t.Error("no room after one left")
	}
	if got := g.refused.Load(); got != 3 {
		t.Errorf("refused %d", got)
	}
}

func TestGateForgets(t *testing.T) {
	g := newGate(Limits{MaxConns: 10, MaxConnsPerAddr: 2})
	for i := range 1000 {
		a := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(fmt.Sprintf("192.0.%d.%d:1", i/250, i%250)))
		if !g.enter(a) {
			t.Fatal("refused")
		}
		g.leave(a)
	}
	if len(g.perAddr) != 0 || g.open() != 0 {
		t.Errorf("%d addresses are remembered", len(g.perAddr))
	}
}
