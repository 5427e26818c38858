package http

import (
	"net/http"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// Design 7: pages of other sites are refused before anything happens, with and
// without a token, also with --insecure-no-auth.
func TestForeignOrigins(t *testing.T) {
	for _, args := range [][]string{nil, {"--insecure-no-auth"}} {
		d := start(t, args...)
		for _, origin := range []string{
			"null", "http://evil.example", "https://127.0.0.1.evil.example", "http://evil.example:" + strings.Split(d.Addr(), ":")[1],
			"file://", "chrome-extension://abcdef", "x", "http://127.0.0.1@evil.example",
		} {
			headers := []string{"Origin", origin}
			if args == nil {
				headers = append(headers, "Authorization", "Bearer "+d.Token())
			}
			for _, path := range []string{"/", "/v1/health", "/healthz", "/metrics"} {
				wantError(t, origin+" "+path, d.Get(path, headers...), 403, "origin_not_allowed")
			}
			wantError(t, origin, d.Post("/v1/console/sessions", "{}", headers...), 403, "origin_not_allowed")
			r := d.Ask("OPTIONS", "/v1/console/sessions", "", append(headers, "Access-Control-Request-Method", "POST")...)
			if r.Status != 403 || r.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: preflight %d %v", origin, r.Status, r.Header)
			}
			for _, path := range []string{"/v1/ws", "/v1/ws/console", "/v1/ws/telemetry"} {
				_, answer, err := d.TryDial(path, device.DialOptions{Header: http.Header{"Origin": {origin}}})
				if err == nil || answer == nil || answer.StatusCode != 403 {
					t.Errorf("%s: %s was opened: %v", origin, path, err)
				}
			}
		}
		// A page that a browser says is foreign needs no Origin to be refused.
		if r := d.Get("/v1/health", "Sec-Fetch-Site", "cross-site"); r.Status != 403 {
			t.Errorf("cross-site: %d", r.Status)
		}
		if n := len(sessions(t, d)); n != 0 {
			t.Errorf("a foreign page opened %d shells", n)
		}
	}
}

// Design 7: names that are not the device's are refused, whatever the origin.
func TestForeignHosts(t *testing.T) {
	d := device.Start(t, device.Options{Args: []string{"--allow-host", "panel.example"}})
	port := ":" + strings.Split(d.Addr(), ":")[1]
	for _, host := range []string{"evil.example", "evil.example" + port, "127.0.0.1.evil.example" + port, "localhost.evil.example", "panel.example.evil.example", "a b"} {
		for _, path := range []string{"/", "/v1/health", "/asyncapi.json", "/v1/console/sessions"} {
			r, err := d.TryAsk("GET", path, "", "Host", host, "Origin", "http://"+host)
			if err == nil && r.Status != 403 && r.Status != 400 {
				t.Errorf("%s %s: %d", host, path, r.Status)
			}
		}
		_, answer, err := d.TryDial("/v1/ws/console", device.DialOptions{Header: http.Header{"Host": {host}, "Origin": {"http://" + host}}})
		if err == nil || answer != nil && answer.StatusCode == 101 {
			t.Errorf("%s: a console was opened", host)
		}
	}
	for _, host := range []string{"localhost", "localhost" + port, "127.0.0.1", "[::1]" + port, "192.0.2.7", "panel.example", "PANEL.example" + port} {
		if r := d.Get("/v1/health", "Host", host); r.Status != 200 {
			t.Errorf("%s: %d %s", host, r.Status, r.Body)
		}
	}
}

// Design 7: a page of another port of this host may only look, unless it shows a
// token.
func TestPageOfAnotherPort(t *testing.T) {
	d := start(t)
	page := []string{"Origin", "http://127.0.0.1:1"}
	if r := d.Get("/v1/health", page...); r.Status != 200 || r.Header.Get("Access-Control-Allow-Origin") != page[1] {
		t.Errorf("%d %v", r.Status, r.Header)
	}
	wantError(t, "control", d.Ask("DELETE", "/v1/errors", "", page...), 403, "forbidden")
	wantError(t, "console", d.Post("/v1/console/sessions", "{}", page...), 403, "forbidden")
	if _, _, err := d.TryDial("/v1/ws/console", device.DialOptions{Header: http.Header{"Origin": {page[1]}}}); err == nil {
		t.Error("it got a console")
	}
	page = append(page, "Authorization", "Bearer "+d.Token())
	if r := d.Post("/v1/console/sessions", "{}", page...); r.Status != 200 {
		t.Errorf("with the token: %d %s", r.Status, r.Body)
	}
}

// Design 7: --insecure-no-auth lets everybody in, and warns.
func TestInsecureNoAuth(t *testing.T) {
	d := start(t, "--insecure-no-auth")
	device.Poll(t, "the warning", func() bool {
		return strings.Contains(d.Log(), "level=WARN") && strings.Contains(d.Log(), "authentication is off")
	})
	if strings.Contains(d.Output(), "token") {
		t.Errorf("a token was made: %s", d.Output())
	}
	calls := everything(d, nil)
	for i, o := range visit(t, calls) {
		if o.Status >= 300 || o.Err != "" {
			t.Errorf("%+v: %+v", calls[i], o)
		}
	}
}
