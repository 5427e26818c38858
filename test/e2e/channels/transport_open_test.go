package channels

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gobwas/ws/wsflate"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// sockets are the paths of all channels, and of the multiplexed socket.
func sockets() []string {
	return []string{
		"/v1/ws", "/v1/ws/telemetry", "/v1/ws/devices", "/v1/ws/updates", "/v1/ws/imu", "/v1/ws/sensors", "/v1/ws/console",
		"/v1/ws/logs", "/v1/ws/processes", "/v1/ws/ota",
		streamSocket("metrics"), streamSocket("frames"), streamSocket("updates"), streamSocket("controls"), streamSocket("outputs"),
	}
}

// upgrade are the headers of a good handshake.
func upgrade(more ...string) []string {
	return append([]string{
		"Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
	}, more...)
}

// 2.1: a GET without upgrade headers gives 400, one that cannot be upgraded 426.
func TestHandshakeRefusals(t *testing.T) {
	d := start(t)
	for _, path := range sockets() {
		for _, c := range []struct {
			name    string
			headers []string
			status  int
			code    string
		}{
			{"no upgrade", nil, 400, "bad_request"},
			{"other protocol", []string{"Connection", "Upgrade", "Upgrade", "h2c"}, 426, "upgrade_required"},
			{"old version", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "8", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, 426, "upgrade_required"},
			{"no key", []string{"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13"}, 400, "bad_request"},
		} {
			r := d.Get(path, c.headers...)
			wantError(t, d, path+": "+c.name, r, c.status, c.code)
			if c.status == 426 && (r.Header.Get("Upgrade") != "websocket" || r.Header.Get("Sec-WebSocket-Version") != "13") {
				t.Errorf("%s: the answer does not say what can be upgraded to: %v", path, r.Header)
			}
		}
	}
}

// wantError checks an error body (7.1).
func wantError(t *testing.T, d *device.Device, what string, r device.Response, status int, code string) (text string) {
	t.Helper()
	var body struct {
		Code, Error, Operation string
		TimestampMS            uint64 `json:"timestamp_ms"`
	}
	if r.Status != status {
		t.Errorf("%s: status %d, want %d: %s", what, r.Status, status, r.Body)
		return ""
	}
	d.JSON(r, &body)
	if body.Code != code || body.Error == "" || body.TimestampMS == 0 {
		t.Errorf("%s: body %s, want code %s, a text and a time", what, r.Body, code)
	}
	return body.Error
}

// 2.1: values that cannot be parsed, and repeated parameters, give 400 before
// the upgrade, with the name of the parameter.
func TestBadParameters(t *testing.T) {
	d := start(t)
	bad := map[string][]string{
		"/v1/ws/telemetry":      {"interval_ms=", "interval_ms=x", "interval_ms=-1", "interval_ms=1.5", "interval_ms=%201000", "interval_ms=0x10", "interval_ms=1e3", "interval_ms=99999999999999999999"},
		"/v1/ws/devices":        {"interval_ms=x"},
		"/v1/ws/updates":        {"heartbeat_ms=true", "heartbeat_ms=-5"},
		"/v1/ws/console":        {"cols=", "rows=ten", "cols=-80", "sessionId=", "sessionId=1234", "sessionId={9b2f0f2e-1c1d-4f53-8d6e-3a0d5b7c9e11}", "sessionId=zb2f0f2e-1c1d-4f53-8d6e-3a0d5b7c9e11"},
		"/v1/ws/logs":           {"lines=many", "lines=-1", "follow=1", "follow=True", "follow=", "follow=yes"},
		"/v1/ws/processes":      {"limit=all", "interval_ms=1,000"},
		streamSocket("metrics"): {"interval_ms=fast"},
		streamSocket("frames"):  {"restore=0", "poll_ms=x"},
		streamSocket("outputs"): {"interval_ms=x", "ports_interval_ms=-1"},
	}
	for path, queries := range bad {
		for _, query := range queries {
			name, _, _ := strings.Cut(query, "=")
			text := wantError(t, d, path+"?"+query, d.Get(path+"?"+query, upgrade()...), 400, "bad_request")
			if !strings.Contains(text, name) {
				t.Errorf("%s?%s: the error %q does not name the parameter", path, query, text)
			}
		}
	}
	twice := map[string]string{
		"/v1/ws/telemetry": "interval_ms=1000&interval_ms=1000", "/v1/ws/devices": "interval_ms=1&interval_ms=2",
		"/v1/ws/updates": "heartbeat_ms=1000&heartbeat_ms=2000", "/v1/ws/console": "cols=80&cols=80",
		"/v1/ws/logs": "source=journal&source=dmesg", "/v1/ws/processes": "limit=10&limit=10",
		streamSocket("metrics"): "interval_ms=1000&interval_ms=1000", streamSocket("frames"): "output=a&output=a",
	}
	for path, query := range twice {
		wantError(t, d, path+"?"+query, d.Get(path+"?"+query, upgrade()...), 400, "bad_request")
	}
	for _, kind := range []string{"metrics", "frames", "updates", "controls", "outputs"} {
		for _, id := range []string{"1", "not-a-uuid", strings.ReplaceAll(someStream, "-", ""), someStream + "0"} {
			path := "/v1/ws/streams/" + id + "/" + kind
			wantError(t, d, path, d.Get(path, upgrade()...), 400, "bad_request")
		}
	}
}

// 2.1: integers outside their range are clamped, not refused; unknown
// parameters are ignored. The value in force is told by ready.
func TestClamping(t *testing.T) {
	d := start(t)
	for _, c := range []struct {
		path, key string
		want      float64
	}{
		{"/v1/ws/devices", "interval_ms", 2000},
		{"/v1/ws/devices?interval_ms=0", "interval_ms", 250},
		{"/v1/ws/devices?interval_ms=249", "interval_ms", 250},
		{"/v1/ws/devices?interval_ms=251", "interval_ms", 251},
		{"/v1/ws/devices?interval_ms=18446744073709551615", "interval_ms", 10000},
		{"/v1/ws/devices?interval_ms=0001000&color=red&color=blue", "interval_ms", 1000},
		{"/v1/ws/updates", "heartbeat_ms", 15000},
		{"/v1/ws/updates?heartbeat_ms=1", "heartbeat_ms", 1000},
		{"/v1/ws/updates?heartbeat_ms=60001", "heartbeat_ms", 60000},
		{"/v1/ws/processes", "interval_ms", 1000},
		{"/v1/ws/processes?interval_ms=1", "interval_ms", 250},
		{"/v1/ws/processes?interval_ms=99999", "interval_ms", 10000},
		{"/v1/ws/console", "cols", 120},
		{"/v1/ws/console", "rows", 34},
		{"/v1/ws/console?cols=1", "cols", 40},
		{"/v1/ws/console?cols=70000", "cols", 320},
		{"/v1/ws/console?rows=0", "rows", 12},
		{"/v1/ws/console?rows=4294967296", "rows", 160},
	} {
		s := d.Dial(c.path)
		if got := number(t, s.Expect("ready").Map(), c.key); got != c.want {
			t.Errorf("%s: %s is %v, want %v", c.path, c.key, got, c.want)
		}
		s.Drop()
	}
}

// 2.1: query values are decoded as in forms.
func TestQueryDecoding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b+ü&c.log")
	if err := os.WriteFile(path, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := device.Start(t, device.Options{Args: []string{"--log-file", path}})
	encoded := strings.NewReplacer("%", "%25", " ", "+", "+", "%2B", "&", "%26", "/", "%2F", "ü", "%C3%BC").Replace("file:" + path)
	s := d.Dial("/v1/ws/logs?follow=false&source=" + encoded)
	ready := s.Expect("ready").Map()["source"].(map[string]any)
	if ready["id"] != "file:"+path {
		t.Errorf("source %v, want %s", ready, path)
	}
	wantText(t, s.Expect("line"), "line", "hello")
}

// 2.1: no subprotocol is needed, and none is agreed upon; permessage-deflate is
// used if and only if the client offers it.
func TestNegotiation(t *testing.T) {
	d := start(t)
	plain := d.DialWith("/v1/ws/telemetry?interval_ms=250", device.DialOptions{})
	if got := plain.Response.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("extensions %q without an offer", got)
	}
	packed := d.DialWith("/v1/ws/telemetry?interval_ms=250", device.DialOptions{Compress: true, Header: http.Header{"Sec-WebSocket-Protocol": {"x.y"}}})
	if got := packed.Response.Header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, "permessage-deflate") {
		t.Errorf("extensions %q", got)
	}
	if got := packed.Response.Header.Get("Sec-WebSocket-Protocol"); got != "" {
		t.Errorf("subprotocol %q was agreed upon", got)
	}
	if packed.Next().Map() == nil || plain.Next().Map() == nil {
		t.Error("no JSON objects")
	}
	raw := d.DialRaw("/v1/ws/telemetry", wsflate.Parameters{}.Option())
	if f, err := raw.Read(device.Patience); err != nil || len(f.Payload) == 0 || f.Payload[0] == '{' {
		t.Errorf("the sample was not compressed: %q %v", f.Payload, err)
	}
}

// 2.1: failures that depend on state are told on the socket, not by a status.
func TestStateFailuresAreTold(t *testing.T) {
	d := start(t)
	for _, path := range []string{
		"/v1/ws/console?sessionId=" + someStream, "/v1/ws/logs?source=file:/etc/shadow", "/v1/ws/ota",
		streamSocket("metrics"), streamSocket("frames"), streamSocket("updates"), streamSocket("controls"), streamSocket("outputs"),
	} {
		s := d.Dial(path)
		if m := s.Next().Map(); m["type"] != "error" && m["error"] == nil {
			t.Errorf("%s: first message %v", path, m)
		}
		if _, err := s.TryNext(device.Patience); err == nil {
			t.Errorf("%s: more than one message", path)
		}
		wantClose(t, s, 1000)
	}
}
