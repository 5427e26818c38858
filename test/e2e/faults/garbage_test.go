package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// connect opens a TCP connection to the server, with a deadline.
func connect(t *testing.T, d *device.Device) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(device.Patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// What is no HTTP at all, too long, or of another protocol is answered or cut,
// and hurts nobody.
func TestGarbageOnThePort(t *testing.T) {
	t.Parallel()
	d := start(t)
	random := make([]byte, 64<<10)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for name, c := range map[string]struct{ text, want string }{
		"random bytes":        {string(random), ""},
		"TLS":                 {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + string(random[:500]) + "\r\n\r\n", "HTTP/1.1 400"},
		"HTTP/2":              {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 4"},
		"no host":             {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
		"two hosts":           {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 400"},
		"long header":         {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", "HTTP/1.1 431"},
		"long line":           {"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "HTTP/1.1 431"},
		"many headers":        {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + strings.Repeat("A: b\r\n", 20000) + "\r\n", "HTTP/1.1 431"},
		"negative length":     {"POST /v1/console/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400"},
		"smuggled body":       {"POST /v1/console/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\nTransfer-Encoding: xchunked\r\n\r\nabc", "HTTP/1.1 "},
		"body of a handshake": {"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 400"},
		"proxy request":       {"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 403"},
		"connect":             {"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "HTTP/1.1 4"},
	} {
		conn := connect(t, d)
		_, _ = io.WriteString(conn, c.text) // it may be cut meanwhile
		if c.want == "" {
			_ = conn.(*net.TCPConn).CloseWrite() // it may be waiting for more
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.HasPrefix(line, c.want) {
			t.Errorf("%s: %q, want %q", name, line, c.want)
		}
		conn.Close()
		if r := d.Get("/v1/health"); r.Status != 200 {
			t.Fatalf("%s: the server is hurt: %d", name, r.Status)
		}
	}
	if n := metrics(t, d)["heliograph_http_panics_total"]; n != 0 {
		t.Errorf("%v handlers panicked", n)
	}
}

// A client that sends its request too slowly is cut, and so is one that stops in
// the midst of a body.
func TestSlowRequests(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Config: "limits:\n  header_timeout: 1s\n  stall_timeout: 1s\n  idle_timeout: 1s\n"})
	for name, text := range map[string]string{
		"header": "GET /v1/health HTTP/1.1\r\nHost: 127.0",
		"body":   "POST /v1/console/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{",
		"idle":   "GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
	} {
		conn := connect(t, d)
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
			t.Errorf("%s: the connection is kept", name)
		}
	}
	// A WebSocket is not subject to these.
	s := d.Dial("/v1/ws/processes?interval_ms=1000&limit=10")
	for range 4 {
		s.Next()
	}
	if n := metrics(t, d)["heliograph_http_connections"]; n > 1 {
		t.Errorf("%v connections are open", n)
	}
}

// Beyond the bound of connections the answer is 503, which ends with them.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Config: "limits:\n  max_connections: 20\n"})
	var taken []net.Conn
	for range 30 {
		taken = append(taken, connect(t, d))
	}
	line, err := bufio.NewReader(taken[29]).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 503") {
		t.Errorf("the 30th connection: %q %v", line, err)
	}
	for _, conn := range taken {
		conn.Close()
	}
	device.Poll(t, "there to be room again", func() bool {
		r, err := d.TryAsk("GET", "/v1/health", "")
		return err == nil && r.Status == 200
	})
}

// A client of the multiplexed socket that asks and asks but reads nothing is not
// read either, once the answers fill the way: memory does not grow. When it reads
// it gets every answer, in order.
func TestFloodOfRequests(t *testing.T) {
	t.Parallel()
	d := start(t)
	conn, _, _, err := ws.Dial(t.Context(), "ws://"+d.Addr()+"/v1/ws")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * device.Patience))
	before := d.RSS()
	const n = 10000 // of which a third is on its way when nobody reads
	cmd := strings.Repeat("x", 2000)
	var writing sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	writing.Go(func() {
		w := bufio.NewWriter(conn)
		for range n {
			if ws.WriteFrame(w, ws.MaskFrame(ws.NewTextFrame([]byte(envelope(cmd, ""))))) != nil || ctx.Err() != nil {
				return
			}
		}
		_ = w.Flush()
	})
	received := func() float64 { return metrics(t, d)["heliograph_websocket_received_messages_total"] }
	last, same := -1.0, 0
	device.Poll(t, "the server to stop reading", func() bool {
		now := received()
		if same++; now != last {
			last, same = now, 0
		}
		return same > 50
	})
	if last >= n {
		t.Errorf("all %v requests were read", last)
	}
	if grown := d.PeakRSS() - before; grown > 64<<20 && !device.Race {
		t.Errorf("memory grew by %d MiB", grown>>20)
	}
	r := bufio.NewReader(conn)
	for i := range n {
		frame, err := ws.ReadFrame(r)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if frame.Header.OpCode == ws.OpPing {
			continue
		}
		var answer struct {
			Cmd     string
			Payload struct{ Cmd, Code string }
		}
		if err := json.Unmarshal(frame.Payload, &answer); err != nil || answer.Payload.Code != "unknown_cmd" || answer.Payload.Cmd != cmd {
			t.Fatalf("answer %d: %.200s %v", i, frame.Payload, err)
		}
	}
	writing.Wait()
}
