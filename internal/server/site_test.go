package server

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// handshake sends a WebSocket handshake with extra headers and returns the
// answer and, after 101, the first message.
func (h *house) handshake(headers ...string) (status int, message string) {
	h.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer conn.Close()
	req := h.request(http.MethodGet, "/v1/ws", "")
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "websocket")
	req.Header.Set("Sec-WebSocket-Version", "13")
	req.Header.Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	setHeaders(req, headers)
	if err := req.Write(conn); err != nil {
		h.t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return resp.StatusCode, ""
	}
	frame, err := ws.ReadFrame(r)
	if err != nil {
		h.t.Fatal(err)
	}
	_ = wsutil.WriteClientMessage(conn, ws.OpClose, nil)
	return resp.StatusCode, string(frame.Payload)
}

func TestWebSocketHandshake(t *testing.T) {
	h := start(t, func(o *Options) {
		o.AllowOrigins = []string{"https://ui.example.org"}
		o.AllowHosts = []string{"kiosk.example.org"}
	})
	own := h.url
	tests := []struct {
		name    string
		headers []string
		status  int
	}{
		{"a program", nil, 101},
		{"our page", []string{"Origin", own}, 101},
		{"our page, with a hint", []string{"Origin", own, "Sec-Fetch-Site", "same-origin"}, 101},
		{"a page of another port", []string{"Origin", "http://127.0.0.1:3000"}, 101},
		{"a configured origin", []string{"Origin", "https://ui.example.org"}, 101},
		{"the device's name", []string{"Host", "robot.local:5800"}, 101},
		{"a configured name", []string{"Host", "kiosk.example.org"}, 101},
		{"a foreign page", []string{"Origin", "http://evil.example"}, 403},
		{"a page without origin", []string{"Origin", "null"}, 403},
		{"a sandboxed page without Origin", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a rebinding name", []string{"Host", "evil.example:5800"}, 403},
		{"a rebinding name with its own page", []string{"Host", "evil.example:5800", "Origin", "http://evil.example:5800"}, 403},
		{"two origins", []string{"Origin", own, "Origin", "http://evil.example"}, 403},
		{"a wrong token", []string{"Authorization", "Bearer x"}, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, message := h.handshake(tt.headers...)
			if status != tt.status || (status == 101 && message != "hello") {
				t.Errorf("status %d, message %q, want %d", status, message, tt.status)
			}
		})
	}
}

func TestHijackedConnectionsAreCountedOut(t *testing.T) {
	h := start(t, nil)
	for range 20 {
		if status, _ := h.handshake(); status != 101 {
			t.Fatalf("status %d", status)
		}
	}
	eventually(t, "connections are given back", func() bool { return h.srv.gate.open() == 0 })
}

// TestPageOfAnotherPort may look with the rights of the local user, and act
// only with a login.
func TestPageOfAnotherPort(t *testing.T) {
	h := start(t, nil)
	page := []string{"Origin", "http://127.0.0.1:3000"}
	want(t, h.get("/v1/view", page...), http.StatusOK)
	for _, path := range []string{"/v1/control", "/v1/console"} {
		r := h.ask(http.MethodPost, path, "{}", page...)
		wantCode(t, r, http.StatusForbidden, "forbidden")
		if !strings.Contains(r.body, "--allow-origin") {
			t.Errorf("%s does not say what to do", r.body)
		}
	}
	c := login(t, h)
	want(t, h.ask(http.MethodPost, "/v1/control", "{}", append(page, "Cookie", c.Name+"="+c.Value)...), http.StatusOK)
	want(t, h.ask(http.MethodPost, "/v1/control", "{}", append(page, h.bearer()...)...), http.StatusOK)
	want(t, h.ask(http.MethodPost, "/v1/control", "{}", "Origin", h.url), http.StatusOK)
}

// TestRefusalsInTheFormOfTheRoute: whatever step refuses a request, the answer has
// the form of the protocol that was asked.
func TestRefusalsInTheFormOfTheRoute(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	for _, test := range []struct {
		method  string
		headers []string
		status  int
		code    string
	}{
		{"GET", []string{"Host", "evil.example"}, 403, "host_not_allowed"},
		{"GET", []string{"Origin", "http://evil.example"}, 403, "origin_not_allowed"},
		{"GET", nil, 401, "unauthorized"},
		{"GET", []string{"Authorization", "Bearer x"}, 401, "unauthorized"},
		{"GET", h.bearer(), 500, "internal"},
		{"BREW", nil, 405, "method_not_allowed"},
	} {
		r := h.ask(test.method, "/other/thing", "", test.headers...)
		if begin := fmt.Sprintf("/other/thing says %d %s: ", test.status, test.code); r.status != test.status || !strings.HasPrefix(r.body, begin) {
			t.Errorf("%s %v: %d %q, want %q", test.method, test.headers, r.status, r.body, begin)
		}
		wantCode(t, h.ask(test.method, "/v1/panic", "", test.headers...), test.status, test.code)
	}
	if h.get("/other/thing").header.Get("WWW-Authenticate") == "" {
		t.Error("a 401 does not say how to come in")
	}
}

func TestConfiguredOriginActsForTheLocalUser(t *testing.T) {
	h := start(t, func(o *Options) { o.AllowOrigins = []string{"http://dev.example:3000"} })
	want(t, h.ask(http.MethodPost, "/v1/control", "{}", "Origin", "http://dev.example:3000"), http.StatusOK)
}

func TestCORS(t *testing.T) {
	h := start(t, func(o *Options) { o.AllowOrigins = []string{"https://ui.example.org"}; o.peerUID = stranger })
	r := h.ask(http.MethodOptions, "/v1/control", "", "Origin", "https://ui.example.org",
		"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization, x-anything")
	want(t, r, http.StatusNoContent)
	for name, value := range map[string]string{
		"Access-Control-Allow-Origin":      "https://ui.example.org",
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods":     allowedMethods,
		"Access-Control-Allow-Headers":     "authorization, x-anything",
		"Vary":                             "Origin",
	} {
		if got := r.header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	odd := h.ask(http.MethodOptions, "/v1/control", "", "Origin", "https://ui.example.org",
		"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "a;b")
	if odd.header.Get("Access-Control-Allow-Headers") != "" {
		t.Error("an odd list of headers is repeated")
	}
	foreign := h.ask(http.MethodOptions, "/v1/control", "", "Origin", "http://evil.example", "Access-Control-Request-Method", "POST")
	want(t, foreign, http.StatusForbidden)
	if foreign.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a foreign page may read the refusal")
	}
	// A page must be able to read why it was refused.
	denied := h.get("/v1/view", "Origin", "https://ui.example.org")
	want(t, denied, http.StatusUnauthorized)
	if denied.header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("an accepted page cannot read the 401")
	}
}

func TestSecurityHeaders(t *testing.T) {
	h := start(t, nil)
	r := h.get("/")
	csp := r.header.Get("Content-Security-Policy")
	host := strings.TrimPrefix(h.url, "http://")
	for _, part := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "connect-src 'self' ws://" + host + ";"} {
		if !strings.Contains(csp, part) {
			t.Errorf("policy %q lacks %q", csp, part)
		}
	}
	if strings.Contains(csp, "unsafe-eval") || strings.Contains(strings.Split(csp, "style-src")[0], "unsafe") {
		t.Errorf("policy %q is too open", csp)
	}
	if r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", r.header)
	}
	if csp := contentSecurityPolicy(&http.Request{Host: "evil.example;script-src *"}); strings.Contains(csp, "evil") {
		t.Errorf("policy %q repeats an odd Host", csp)
	}
}
