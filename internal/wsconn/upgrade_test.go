package wsconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

const handshakeRequest = "GET / HTTP/1.1\r\nHost: device\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

func request(lines string) *http.Request {
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(lines + "\r\n")))
	if err != nil {
		panic(err)
	}
	return r
}

func TestCheckUpgrade(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new string // what is changed in a good request
		want     int
	}{
		"good":               {"", "", 0},
		"plain GET":          {"Upgrade: websocket\r\nConnection: Upgrade\r\n", "", 400},
		"any case":           {"Upgrade: websocket", "upgrade: WebSocket", 0},
		"list of protocols":  {"Upgrade: websocket", "Upgrade: h2c, websocket", 0},
		"list of options":    {"Connection: Upgrade", "Connection: keep-alive, Upgrade", 0},
		"two lines":          {"Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade", 0},
		"another protocol":   {"Upgrade: websocket", "Upgrade: h2c", 426},
		"no connection":      {"Connection: Upgrade\r\n", "", 400},
		"POST":               {"GET", "POST", 400},
		"HTTP/1.0":           {"HTTP/1.1", "HTTP/1.0", 426},
		"version 8":          {"Version: 13", "Version: 8", 426},
		"no version":         {"Sec-WebSocket-Version: 13\r\n", "", 426},
		"no key":             {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400},
		"short key":          {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==", 400},
		"key is not base64":  {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j!Q==", 400},
		"key of 24 bytes":    {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQQQ", 400},
		"key with a newline": {"dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ== x", 400},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(strings.Replace(handshakeRequest, tt.old, tt.new, 1))
			status, problem := CheckUpgrade(r)
			if status != tt.want || (problem == "") != (tt.want == 0) {
				t.Errorf("got %d %q, want %d", status, problem, tt.want)
			}
		})
	}
}

// serveHTTP serves a hub whose connections echo, behind wrap, and returns the
// address.
func serveHTTP(t *testing.T, hub *Hub, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "7")
		if status, problem := CheckUpgrade(r); status != 0 {
			http.Error(w, problem, status)
			return
		}
		if c, err := hub.Upgrade(w, r); err == nil {
			hub.Go(c, func(c *Conn) { _ = c.Serve(echoTo(c)) })
		}
	})
	if wrap != nil {
		handler = wrap(handler)
	}
	srv := httptest.NewServer(handler)
	t.Cleanup(func() { shutDown(t, hub); srv.Close() })
	return srv.Listener.Addr().String()
}

func echoTo(c *Conn) func(Kind, []byte) error {
	return func(_ Kind, p []byte) error {
		return c.Send(context.Background(), Text(append([]byte(nil), p...)))
	}
}

// handshake sends a handshake with more header lines and what follows it, and
// returns the answer and a reader of what comes after it.
func handshake(t *testing.T, addr, lines, after string) (*http.Response, net.Conn, *bufio.Reader) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(nc, handshakeRequest+lines+"\r\n"+after); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(nc)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("read the answer: %v", err)
	}
	return resp, nc, r
}

func TestNegotiation(t *testing.T) {
	const accepted = "permessage-deflate;server_no_context_takeover;client_no_context_takeover"
	addr := serveHTTP(t, NewHub(Options{}), nil)
	for name, tt := range map[string]struct{ offer, want string }{
		"nothing":                  {"", ""},
		"Chromium and Firefox":     {"permessage-deflate; client_max_window_bits", accepted},
		"plain":                    {"permessage-deflate", accepted},
		"no takeover":              {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", accepted},
		"client window":            {"permessage-deflate; client_max_window_bits=10", accepted},
		"small server window":      {"permessage-deflate; server_max_window_bits=10", ""},
		"small window, then plain": {"permessage-deflate; server_max_window_bits=10, permessage-deflate", accepted},
		"unknown parameter":        {"permessage-deflate; brotli", ""},
		"unknown, then plain":      {"permessage-deflate; brotli, permessage-deflate", accepted},
		"impossible window":        {"permessage-deflate; server_max_window_bits=99", ""},
		"window without a number":  {"permessage-deflate; server_max_window_bits", ""},
		"twice the same parameter": {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", ""},
		"another extension":        {"x-webkit-deflate-frame, permessage-deflate; client_max_window_bits", accepted},
		"two lines":                {"x-foo\r\nSec-WebSocket-Extensions: permessage-deflate", accepted},
		"two acceptable offers":    {"permessage-deflate, permessage-deflate; client_max_window_bits", accepted},
	} {
		t.Run(name, func(t *testing.T) {
			lines := ""
			if tt.offer != "" {
				lines = "Sec-WebSocket-Extensions: " + tt.offer + "\r\n"
			}
			resp, nc, r := handshake(t, addr, lines, "")
			if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
				t.Fatalf("answered %s, %v", resp.Status, resp.Header)
			}
			if got := resp.Header.Get("Sec-WebSocket-Extensions"); got != tt.want {
				t.Errorf("agreed upon %q, want %q", got, tt.want)
			}
			if resp.Header.Get("X-Request-Id") != "7" || resp.Header.Get("Sec-WebSocket-Protocol") != "" {
				t.Errorf("headers of the answer: %v", resp.Header)
			}
			text := strings.Repeat("compressible ", 100)
			rsv := byte(0)
			payload := []byte(text)
			if tt.want != "" {
				rsv, payload = 0x40, deflated(text)
			}
			_, _ = nc.Write(clientFrame(ws.OpText, true, rsv, payload))
			h, err := ws.ReadHeader(r)
			if err != nil || (h.Rsv != 0) != (tt.want != "") {
				t.Fatalf("echoed with %+v, %v", h, err)
			}
		})
	}
}

// TestMalformedExtensionsFreeTheConnection: the handshake fails after the
// connection was taken from the HTTP server, which no longer closes it.
func TestMalformedExtensionsFreeTheConnection(t *testing.T) {
	addr := serveHTTP(t, NewHub(Options{}), nil)
	resp, _, r := handshake(t, addr, "Sec-WebSocket-Extensions: ;;==\r\n", "")
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %s", resp.Status)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Errorf("the connection was not closed: %v", err)
	}
}

func TestUpgradeWithUnusualHeaders(t *testing.T) {
	addr := serveHTTP(t, NewHub(Options{}), nil)
	lines := strings.NewReplacer("Upgrade: websocket", "Upgrade: h2c, WebSocket", "Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade").Replace(handshakeRequest)
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	_, _ = io.WriteString(nc, lines+"\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(nc), nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("answered %v, %v", resp, err)
	}
}

// TestEarlyData: a client may send before it has seen the answer.
func TestEarlyData(t *testing.T) {
	addr := serveHTTP(t, NewHub(Options{}), nil)
	for _, count := range []int{1, 50, 250, 2000} { // less and more than the HTTP server's buffer
		var sent strings.Builder
		for i := range count {
			sent.Write(clientFrame(ws.OpText, true, 0, fmt.Appendf(nil, "early %d", i)))
		}
		_, _, r := handshake(t, addr, "", sent.String())
		for i := range count {
			h, err := ws.ReadHeader(r)
			if err != nil {
				t.Fatal(err)
			}
			payload := make([]byte, h.Length)
			if _, err := io.ReadFull(r, payload); err != nil || string(payload) != fmt.Sprintf("early %d", i) {
				t.Fatalf("echo %d is %q, %v", i, payload, err)
			}
		}
	}
}

// unwrapper and blind are what middleware makes of a response writer.
type unwrapper struct{ http.ResponseWriter }

func (w unwrapper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type blind struct{ http.ResponseWriter }

func TestUpgradeThroughWrappedWriters(t *testing.T) {
	wrap := func(f func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(f(w), r) })
		}
	}
	addr := serveHTTP(t, NewHub(Options{}), wrap(func(w http.ResponseWriter) http.ResponseWriter { return unwrapper{unwrapper{w}} }))
	if resp, _, _ := handshake(t, addr, "", ""); resp.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("through two wrappers: %s", resp.Status)
	}
	addr = serveHTTP(t, NewHub(Options{}), wrap(func(w http.ResponseWriter) http.ResponseWriter { return blind{w} }))
	if resp, _, _ := handshake(t, addr, "", ""); resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("through a wrapper that hides the connection: %s", resp.Status)
	}
}

func TestTooManyConnections(t *testing.T) {
	hub := NewHub(Options{MaxConns: 1})
	addr := serveHTTP(t, hub, nil)
	_, first, _ := handshake(t, addr, "", "")
	for range 3 {
		// What the client has sent in the meantime must not cost it the reason.
		resp, _, r := handshake(t, addr, "", string(clientFrame(ws.OpText, true, 0, make([]byte, 50_000))))
		if resp.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(resp.Status)
		}
		expectRefusal(t, r, CodeTryLater, "too many connections")
	}
	if st := hub.Stats(); st.Refused != 3 || st.Accepted != 1 || st.Open != 1 {
		t.Errorf("stats %+v", st)
	}
	_ = first.Close()
	waitFor(t, "the place to become free", func() bool { return hub.Stats().Open == 0 })
	if resp, _, r := handshake(t, addr, "", string(clientFrame(ws.OpText, true, 0, []byte("x")))); resp.StatusCode == http.StatusSwitchingProtocols {
		if h, err := ws.ReadHeader(r); err != nil || h.OpCode != ws.OpText {
			t.Errorf("after one has left: %+v, %v", h, err)
		}
	}
}

func TestUpgradeAfterShutdown(t *testing.T) {
	hub := NewHub(Options{})
	addr := serveHTTP(t, hub, nil)
	shutDown(t, hub)
	_, _, r := handshake(t, addr, "", "")
	expectRefusal(t, r, CodeGoingAway, shutdownReason)
}

func TestRefusalSaysWhy(t *testing.T) {
	hub := NewHub(Options{})
	shutDown(t, hub)
	if err := hub.add(newConn(hub, nil, false, nil)); !errors.Is(err, ErrShutdown) {
		t.Errorf("refused with %v", err)
	}
}

func expectRefusal(t *testing.T, r io.Reader, code Code, reason string) {
	t.Helper()
	data, err := io.ReadAll(r)
	if want := string(closeFrame(code, reason)); err != nil || string(data) != want {
		t.Errorf("refused with %q, %v, want %q", data, err, want)
	}
}

// waitFor polls a condition of something real.
func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		<-time.After(time.Millisecond)
	}
}
