package channels

import (
	"net/http"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 2.1: which origins get in, on every socket and before the upgrade.
func TestOrigins(t *testing.T) {
	d := device.Start(t, device.Options{Args: []string{"--allow-origin", "https://panel.example"}})
	host, _, _ := strings.Cut(d.Addr(), ":")
	for _, path := range sockets() {
		for _, from := range []string{"http://" + d.Addr(), "https://panel.example"} {
			dialFrom(t, d, path, from, "")
		}
		// Any port of the same device. Where other users could have such a
		// page, it may only view unless it shows a token.
		for _, from := range []string{"http://" + host + ":9999", "http://" + host} {
			dialFrom(t, d, path, from, d.Token())
		}
		for _, from := range []string{
			"null", "http://panel.example", "https://panel.example:8443", "http://evil.example",
			"http://" + host + ".evil.example", "file://", "http://" + d.Addr() + "@evil.example",
		} {
			for _, token := range []string{"", "Bearer " + d.Token()} {
				if r := d.Get(path, upgrade("Origin", from, "Authorization", token)...); r.Status != 403 || !strings.Contains(string(r.Body), "origin") {
					t.Errorf("%s, origin %q: status %d, want 403: %s", path, from, r.Status, r.Body)
				}
			}
		}
	}
	dialFrom(t, d, "/v1/ws/telemetry", "http://"+host+":9999", "")
	if r := d.Get("/v1/ws/console", upgrade("Origin", "http://"+host+":9999")...); r.Status != 403 {
		t.Errorf("a page of another port gets a shell without a token: %d", r.Status)
	}
}

func dialFrom(t *testing.T, d *device.Device, path, from, token string) {
	t.Helper()
	header := http.Header{"Origin": {from}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	s, r, err := d.TryDial(path, device.DialOptions{Header: header})
	if err != nil {
		t.Errorf("%s, origin %s: %v %v", path, from, r.Status, err)
		return
	}
	s.Drop()
}

// 2.5: the same origins may use the HTTP side: any header, these methods.
func TestCORS(t *testing.T) {
	d := device.Start(t, device.Options{Args: []string{"--allow-origin", "https://panel.example"}})
	for _, from := range []string{"https://panel.example", d.URL, "http://127.0.0.1:1"} {
		r := d.Ask(http.MethodOptions, "/v1/errors", "", "Origin", from,
			"Access-Control-Request-Method", "DELETE", "Access-Control-Request-Headers", "x-anything, content-type")
		if r.Status != 204 || r.Header.Get("Access-Control-Allow-Origin") != from {
			t.Errorf("preflight from %s: %d %v", from, r.Status, r.Header)
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			if !strings.Contains(r.Header.Get("Access-Control-Allow-Methods"), method) {
				t.Errorf("%s is not allowed: %v", method, r.Header)
			}
		}
		if got := r.Header.Get("Access-Control-Allow-Headers"); got != "x-anything, content-type" {
			t.Errorf("headers %q", got)
		}
		if r := d.Get("/v1/health", "Origin", from); r.Status != 200 || r.Header.Get("Access-Control-Allow-Origin") != from {
			t.Errorf("request from %s: %d %v", from, r.Status, r.Header)
		}
	}
	for _, from := range []string{"null", "https://evil.example"} {
		for _, method := range []string{"OPTIONS", "GET", "DELETE"} {
			r := d.Ask(method, "/v1/errors", "", "Origin", from, "Access-Control-Request-Method", "GET")
			if r.Status != 403 || r.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s from %s: %d %v", method, from, r.Status, r.Header)
			}
		}
	}
}

// 2.5: request and trace ids, of answers, refusals and handshakes.
func TestRequestIDs(t *testing.T) {
	d := start(t)
	for _, path := range []string{"/v1/health", "/v1/nothing", "/v1/ws/telemetry?interval_ms=x", "/v1/ws/telemetry", "/asyncapi.json"} {
		r := d.Get(path)
		id := r.Header.Get("X-Request-Id")
		if len(id) != 36 || strings.Count(id, "-") != 4 || r.Header.Get("X-Trace-Id") != id {
			t.Errorf("%s: new ids %q and %q", path, id, r.Header.Get("X-Trace-Id"))
		}
		r = d.Get(path, "X-Request-Id", "r-1")
		if r.Header.Get("X-Request-Id") != "r-1" || r.Header.Get("X-Trace-Id") != "r-1" {
			t.Errorf("%s: given request id: %v", path, r.Header)
		}
		r = d.Get(path, "X-Request-Id", "r-1", "X-Trace-Id", "t-1")
		if r.Header.Get("X-Request-Id") != "r-1" || r.Header.Get("X-Trace-Id") != "t-1" {
			t.Errorf("%s: given ids: %v", path, r.Header)
		}
	}
	s := d.DialWith("/v1/ws/devices", device.DialOptions{Header: http.Header{"X-Request-Id": {"r-2"}, "X-Trace-Id": {"t-2"}}})
	if s.Response.Header.Get("X-Request-Id") != "r-2" || s.Response.Header.Get("X-Trace-Id") != "t-2" {
		t.Errorf("handshake: %v", s.Response.Header)
	}
	if len(d.Dial("/v1/ws/devices").Response.Header.Get("X-Request-Id")) != 36 {
		t.Error("handshake without a new id")
	}
}

// 2.5: the revisioned lists. That the number grows when a body changes is shown
// with the states of the units, where there are any; see the tests of
// internal/helios for the counter itself.
func TestRevisionedLists(t *testing.T) {
	d := start(t)
	for _, path := range []string{"/v1/streams", "/v1/peripherals", "/v1/peripherals/cameras", "/v1/device/logs/sources"} {
		r := d.Get(path)
		tag, revision := r.Header.Get("ETag"), r.Header.Get("X-Helios-Revision")
		if r.Status != 200 || revision == "" || tag != `W/"rev-`+revision+`"` {
			t.Errorf("%s: %d, tag %q, revision %q", path, r.Status, tag, revision)
			continue
		}
		for _, match := range []string{tag, "*", `W/"rev-0", ` + tag, tag + `,"x"`} {
			r := d.Get(path, "If-None-Match", match)
			if r.Status != 304 || len(r.Body) != 0 || r.Header.Get("ETag") != tag || r.Header.Get("X-Helios-Revision") != revision {
				t.Errorf("%s, If-None-Match %s: %d %v %q", path, match, r.Status, r.Header, r.Body)
			}
		}
		if r := d.Get(path, "If-None-Match", `W/"rev-999"`); r.Status != 200 || len(r.Body) == 0 {
			t.Errorf("%s with another tag: %d", path, r.Status)
		}
	}
}
