package devflow

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// channels are the addresses of all channels, with what they need.
func channels() []string {
	return []string{
		"/ws/v1/ble", "/ws/v1/device/sensors?sensor=compass", "/ws/v1/sensors?sensor=compass", "/ws/v1/logs", "/ws/v1/network",
		"/ws/v1/profiler?sessionId=current", "/ws/v1/ui/events",
	}
}

// upgrade are the headers of a handshake, with changes: a value of "-" leaves one out.
func upgrade(changes ...string) []string {
	headers := map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	}
	for i := 0; i+1 < len(changes); i += 2 {
		headers[changes[i]] = changes[i+1]
	}
	var list []string
	for name, value := range headers {
		if value != "-" {
			list = append(list, name, value)
		}
	}
	return list
}

// wantError checks status and reason of an error body, whose form device checks.
func (a *agent) wantError(r device.Response, status int, reason string) object {
	a.t.Helper()
	var body object
	if err := json.Unmarshal(r.Body, &body); err != nil || r.Status != status || body.number("status") != status || body["success"] != false {
		a.t.Errorf("status %d, %.500s, %v, want %d", r.Status, r.Body, err, status)
	}
	if reason != "" && body.text("reason") != reason {
		a.t.Errorf("reason %q, want %q, in %s", body.text("reason"), reason, r.Body)
	}
	return body
}

// TestPlainGetOnChannels: section 2.4: 426 with Upgrade, in the mode of the request or
// not; the same with a trailing slash.
func TestPlainGetOnChannels(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	for _, path := range channels() {
		plain, query, _ := strings.Cut(path, "?")
		for _, target := range []string{plain, plain + "/", plain + "?" + query, plain + "?compat=mirror"} {
			r := a.Get(target)
			a.wantError(r, http.StatusUpgradeRequired, "websocket_expected")
			if r.Header.Get("Upgrade") != "websocket" {
				t.Errorf("%s: headers %v", target, r.Header)
			}
		}
		a.wantError(a.Post(plain, "{}"), http.StatusUpgradeRequired, "")
	}
}

// TestHandshake: section 2.4: key, version, exact paths; the legacy paths of 2.2.
func TestHandshake(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	for _, test := range []struct {
		path    string
		headers []string
		status  int
	}{
		{"/ws/v1/logs", upgrade("Sec-WebSocket-Version", "12"), 426},
		{"/ws/v1/logs", upgrade("Sec-WebSocket-Version", "-"), 426},
		{"/ws/v1/logs", upgrade("Sec-WebSocket-Key", "short"), 400},
		{"/ws/v1/logs", upgrade("Sec-WebSocket-Key", "-"), 400},
		{"/ws/v1/logs", upgrade("Upgrade", "-"), 426},
		{"/ws/v1/logs", upgrade("Connection", "close"), 400},
		{"/ws/v1/nothing", upgrade(), 404},
		{"/ws/v1/logs/more", upgrade(), 404},
		{"/ws/v1/Logs", upgrade(), 404},
		{"/ws/v1%2Flogs", upgrade(), 404},
		{"/ws/v1/", upgrade(), 404},
		{"/ws/v2/logs", upgrade(), 404},
		{"/ws/logs", upgrade(), 404},
		{"/ws/network", upgrade(), 404},
		{"/ws/ui/events", upgrade(), 404},
		{"/api/status", nil, 404},
		{"/api/logs", nil, 404},
		{"/api/network", nil, 404},
		{"/api/v1/nothing", nil, 404},
		{"/api/v1", nil, 404},
		{"/api/v1/agent/lease", nil, 404},
	} {
		r := a.Get(test.path, test.headers...)
		a.wantError(r, test.status, "")
		if test.status == 426 && r.Header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%s %v: headers %v", test.path, test.headers, r.Header)
		}
	}
	a.wantError(a.Post("/api/v1/agent/lease", "{}"), 404, "not_found") // section 6: means that no lease is needed
	for _, path := range channels() {
		plain, query, _ := strings.Cut(path, "?")
		s := a.DialWith(plain+"/?"+query, device.DialOptions{Header: http.Header{"Sec-Websocket-Protocol": {"devflow"}}})
		if h := s.Response.Header; h.Get("Sec-WebSocket-Protocol") != "" || h.Get("Sec-WebSocket-Extensions") != "" {
			t.Errorf("%s: negotiated %v", path, h)
		}
	}
}

// TestCompression: section 2.4: permessage-deflate only when it is offered.
func TestCompression(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	a.log("info", strings.Repeat("the same again ", 200))
	a.logged(strings.Repeat("the same again ", 200))
	s := a.wrap("/ws/v1/logs")
	s.Socket = a.DialWith("/ws/v1/logs", device.DialOptions{Compress: true})
	if got := s.Response.Header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate") {
		t.Errorf("extensions %q", got)
	}
	if n := len(s.next("replay").data().list("entries")); n != 1 {
		t.Errorf("%d entries", n)
	}
}

// TestOrigin: section 2.4 and what the server makes of it (docs/security.md): pages of
// loopback may look, from any port; all others get 403, before the upgrade, and in
// the form of section 2.3.
func TestOrigin(t *testing.T) {
	t.Parallel()
	a := startRun(t, "--allow-origin", "https://tools.test", "--allow-host", "board.test")
	for _, test := range []struct {
		name, value string
		reason      string // empty: accepted
	}{
		{"Origin", a.URL, ""},
		{"Origin", "http://localhost", ""},
		{"Origin", "http://localhost:3000", ""},
		{"Origin", "https://127.0.0.1:8443", ""},
		{"Origin", "http://[::1]:9223", ""},
		{"Origin", "https://tools.test", ""},
		{"Host", "localhost:9223", ""},
		{"Host", "board.test", ""},
		{"Origin", "null", "origin_not_allowed"},
		{"Origin", "", "origin_not_allowed"},
		{"Origin", "http://evil.test", "origin_not_allowed"},
		{"Origin", "http://tools.test", "origin_not_allowed"},
		{"Origin", "http://localhost.evil.test", "origin_not_allowed"},
		{"Origin", "http://127.0.0.1.evil.test", "origin_not_allowed"},
		{"Origin", "http://localhost@evil.test", "origin_not_allowed"},
		{"Origin", "http://evil.test/localhost", "origin_not_allowed"},
		{"Origin", "file://", "origin_not_allowed"},
		{"Host", "evil.test", "host_not_allowed"},
	} {
		for _, request := range [][2]string{{"GET", "/api/v1/agent/status"}, {"GET", "/ws/v1/logs"}, {"DELETE", "/api/v1/network/requests"}} {
			headers := []string{test.name, test.value}
			isSocket := strings.HasPrefix(request[1], "/ws/")
			if isSocket && test.reason == "" {
				if s, r, err := a.TryDial(request[1], device.DialOptions{Header: http.Header{test.name: {test.value}}}); err != nil {
					t.Errorf("%v: WebSocket: %v, %v", headers, r, err)
				} else {
					s.Drop()
				}
				continue
			}
			if isSocket {
				headers = append(headers, upgrade()...)
			}
			r := a.Ask(request[0], request[1], "", headers...)
			switch {
			case test.reason != "":
				a.wantError(r, http.StatusForbidden, test.reason)
			case request[0] == "GET" && r.Status != http.StatusOK:
				t.Errorf("%v %v: status %d", request, headers, r.Status)
			case test.name == "Origin" && r.Header.Get("Access-Control-Allow-Origin") != test.value:
				t.Errorf("%v %v: headers %v", request, headers, r.Header)
			}
		}
	}
	// Several origins are none.
	a.wantError(a.Get("/api/v1/agent/status", "Origin", a.URL, "Origin", "http://evil.test"), 403, "origin_not_allowed")
}

// TestPageOfAnotherPort: docs/security.md: without a token or a setting a page that
// another port delivered may view, and change nothing.
func TestPageOfAnotherPort(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat, "--allow-origin", "https://tools.test")
		for _, request := range [][2]string{
			{"DELETE", "/api/v1/network/requests"}, {"POST", "/api/v1/profiler/sessions"}, {"POST", "/api/v1/device/sensors/compass/stop"},
			{"DELETE", "/api/v1/device/ble/events"}, {"POST", "/api/v1/device/ble/scan/stop"},
		} {
			a.wantError(a.Ask(request[0], request[1], "", "Origin", "http://localhost:3000"), 403, "forbidden")
			for _, from := range []string{a.URL, "https://tools.test"} {
				if r := a.Ask(request[0], request[1], "", "Origin", from); r.Status != 200 {
					t.Errorf("%v from %s: %d %s", request, from, r.Status, r.Body)
				}
			}
		}
		page := device.DialOptions{Header: http.Header{"Origin": {"http://localhost:3000"}}}
		s := a.wrap("/ws/v1/network?replay=0")
		s.Socket = a.DialWith("/ws/v1/network?replay=0", page)
		s.Send(`{"type":"clear"}`)
		if got := s.next("error").data().text("message"); !strings.Contains(got, "--allow-origin") {
			t.Errorf("the message %q does not say what to do", got)
		}
		scan := a.wrap("/ws/v1/ble?scan=true")
		scan.Socket = a.DialWith("/ws/v1/ble?scan=true", page)
		if got := scan.next("error").data().text("message"); !strings.Contains(got, "--allow-origin") {
			t.Errorf("the message %q does not say what to do", got)
		}
		scan.wantClosed(1008)
	})
}

// TestStrangers: docs/security.md: what is no program of our user on this machine
// needs a token; the refusal has the form of section 2.3.
func TestStrangers(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	for _, path := range []string{"/api/v1/agent/status", "/api/v1/logs", "/ws/v1/logs"} {
		r := a.Get(path, append(upgrade(), "X-Forwarded-For", "192.0.2.7")...)
		a.wantError(r, http.StatusUnauthorized, "unauthorized")
		if r.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("headers %v", r.Header)
		}
		a.wantError(a.Get(path, "Authorization", "Bearer wrong"), http.StatusUnauthorized, "unauthorized")
	}
	a.wantError(a.Ask("BREW", "/api/v1/logs", ""), http.StatusMethodNotAllowed, "method_not_allowed")
}

// TestFrames: sections 2.4 and 2.5, 8.8: binary, invalid and too large messages end the
// connection with their codes, on each channel.
func TestFrames(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	a.session(`{}`)
	for _, path := range channels() {
		if strings.Contains(path, "sensor=") {
			continue // there is no sensor here
		}
		for name, test := range map[string]struct {
			frames []ws.Frame
			code   ws.StatusCode
		}{
			"binary":            {[]ws.Frame{ws.NewBinaryFrame([]byte("{}"))}, 1003},
			"not UTF-8":         {[]ws.Frame{ws.NewTextFrame([]byte{'{', 0xff})}, 1007},
			"not UTF-8, in two": {[]ws.Frame{ws.NewFrame(ws.OpText, false, []byte{0xc3}), ws.NewFrame(ws.OpContinuation, true, []byte{'x'})}, 1007},
			"too large":         {[]ws.Frame{ws.NewTextFrame(make([]byte, 1<<20+1))}, 1009},
			"too large, in two": {[]ws.Frame{ws.NewFrame(ws.OpText, false, []byte(strings.Repeat(" ", 1<<19))), ws.NewFrame(ws.OpContinuation, true, []byte(strings.Repeat(" ", 1<<19+1)))}, 1009},
			"a close":           {[]ws.Frame{ws.NewCloseFrame(ws.NewCloseFrameBody(1000, "bye"))}, 1000},
		} {
			raw := a.DialRaw(path)
			for _, f := range test.frames {
				if err := ws.WriteFrame(raw.Conn, ws.MaskFrame(f)); err != nil && test.code != 1009 {
					t.Fatal(err)
				}
			}
			if code, _ := ws.ParseCloseFrameData(raw.Find(ws.OpClose)); code != test.code {
				t.Errorf("%s, %s: close code %d, want %d", path, name, code, test.code)
			}
			raw.Conn.Close()
		}
	}
	// 1 MiB is not too large.
	s := a.open("/ws/v1/network?replay=0")
	s.Send(`{"type":"get_details","data":{"id":"x","pad":"` + strings.Repeat("x", 1<<20-80) + `"}}`)
	s.next("error")
}

// TestFragments: section 2.4: messages are put together, and pings between the parts
// are answered.
func TestFragments(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	raw := a.DialRaw("/ws/v1/network?replay=0")
	command := []byte(`{"type":"get_details","data":{"id":"nope"}}`)
	raw.WriteFrame(ws.NewFrame(ws.OpText, false, command[:10]))
	raw.WriteFrame(ws.NewPingFrame([]byte("now")))
	for i := 10; i < len(command)-1; i++ {
		raw.WriteFrame(ws.NewFrame(ws.OpContinuation, false, command[i:i+1]))
	}
	raw.WriteFrame(ws.NewFrame(ws.OpContinuation, true, command[len(command)-1:]))
	if got := raw.Find(ws.OpPong); string(got) != "now" {
		t.Errorf("pong %q", got)
	}
	if got := raw.Find(ws.OpText); !strings.Contains(string(got), `"id":"nope"`) {
		t.Errorf("the answer is %s", got)
	}
}

// TestMalformedCommands: section 2.5: what is no command is ignored, timestamps and
// other members too, and the connection stays open.
func TestMalformedCommands(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	a.session(`{}`)
	for _, path := range []string{"/ws/v1/ble?replay=0", "/ws/v1/logs?replay=0", "/ws/v1/network?replay=0", "/ws/v1/ui/events?events=alert"} {
		s := a.open(path)
		for _, text := range []string{
			"", "nonsense", "7", "null", "[]", `"clear"`, "{}", `{"type":null}`, `{"type":7}`, `{"Type":"clear"}`, `{"type":"mystery"}`,
			`{"type":"get_details"}`, `{"type":"get_details","data":null}`, `{"type":"get_details","data":{"id":7}}`, `{"type":"get_details","data":[]}`,
			`{"type":"subscribe","data":7}`, `{"type":"unsubscribe","data":{}}`, `{"type":"clear"`, strings.Repeat("[", 100_000),
		} {
			s.Send(text)
		}
		s.nothing()
		if s.channel == "network" {
			s.Send(`{"type":"get_details","timestamp":7,"extra":{},"data":{"id":"nope","more":1}}`)
			s.next("error")
		}
	}
}
