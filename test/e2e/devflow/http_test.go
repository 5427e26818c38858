package devflow

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestPaths: section 2.2: percent signs, plus, trailing slashes, methods, unknown
// parameters.
func TestPaths(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	for _, path := range []string{
		"/api/v1/agent/status/", "/api/v1/agent/%73tatus", "/api/v1/agent/status?window=3&x=y", "/api/v1/agent/status?%zz&&=",
	} {
		if r := a.Get(path); r.Status != 200 {
			t.Errorf("%s: status %d", path, r.Status)
		}
	}
	for path, name := range map[string]string{
		"/api/v1/network/requests/a+b":          "a+b",
		"/api/v1/network/requests/a%2Bb":        "a+b",
		"/api/v1/network/requests/a%20b":        "a b",
		"/api/v1/network/requests/a%2Fb":        "a/b",
		"/api/v1/network/requests/a%252Fb":      "a%2Fb",
		"/api/v1/network/requests/%C3%A9/":      "é",
		"/api/v1/profiler/sessions/a+b/samples": "a+b",
	} {
		body := a.wantError(a.Get(path), 404, "not_found")
		if !strings.Contains(body.text("detail"), "'"+name+"'") {
			t.Errorf("%s: detail %q, want the name %q", path, body.text("detail"), name)
		}
	}
	for _, request := range [][2]string{
		{"POST", "/api/v1/agent/status"}, {"DELETE", "/api/v1/logs"}, {"GET", "/api/v1/device/ble/enable"}, {"PUT", "/api/v1/network/requests"},
		{"PATCH", "/api/v1/profiler/sessions/current"}, {"GET", "/api/v1/device/sensors/compass/start"},
	} {
		r := a.Ask(request[0], request[1], "")
		a.wantError(r, 405, "method_not_allowed")
		if r.Header.Get("Allow") == "" {
			t.Errorf("%v: headers %v", request, r.Header)
		}
	}
	if r := a.Ask("HEAD", "/api/v1/agent/status", ""); r.Status != 200 || len(r.Body) != 0 {
		t.Errorf("HEAD: %d %s", r.Status, r.Body)
	}
}

// TestBodies: section 2.2: with a length or chunked, none, null, names in any case,
// and at most 1 MiB.
func TestBodies(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	const path = "/api/v1/profiler/sessions"
	stop := func() { a.Ask("DELETE", path+"/current", "") }
	for body, interval := range map[string]int{
		"": 500, "null": 500, " ": 500, "{}": 500, `{"sampleIntervalMs":50}`: 50, `{"SAMPLEINTERVALMS":70,"more":[]}`: 70, `{"sampleIntervalMs":null}`: 500,
	} {
		for _, send := range []func() object{
			func() object { return a.object(a.Post(path, body)) },
			func() object { return a.chunked(path, body) },
		} {
			if got := send().number("sampleIntervalMs"); got != interval {
				t.Errorf("%q: interval %d, want %d", body, got, interval)
			}
			stop()
		}
	}
	for _, body := range []string{"[", "[]", "7", `"text"`, `{"sampleIntervalMs":`, "{}{}"} {
		a.wantError(a.Post(path, body), 400, "")
	}
	large := `{"sampleIntervalMs":100,"pad":"` + strings.Repeat("x", 1<<20) + `"}`
	if body := a.wantError(a.Post(path, large), 413, "payload_too_large"); body.text("type") != "urn:devflow:error:payload-too-large" {
		t.Errorf("error body %v", body)
	}
	for _, path := range []string{"/api/v1/profiler/markers", "/api/v1/profiler/spans"} {
		a.wantError(a.Post(path, large), 413, "payload_too_large")
	}
}

func (a *agent) object(r device.Response) object {
	a.t.Helper()
	if r.Status != 200 {
		a.t.Fatalf("status %d: %s", r.Status, r.Body)
	}
	var o object
	a.JSON(r, &o)
	return o
}

// chunked posts a body whose length is not announced.
func (a *agent) chunked(path, body string) object {
	a.t.Helper()
	conn, err := net.Dial("tcp", a.Addr())
	if err != nil {
		a.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", path, a.Addr())
	for _, c := range body {
		fmt.Fprintf(conn, "1\r\n%c\r\n", c)
	}
	fmt.Fprint(conn, "0\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	var o object
	if err := json.NewDecoder(answer.Body).Decode(&o); err != nil || answer.StatusCode != 200 {
		a.t.Fatalf("status %d: %v", answer.StatusCode, err)
	}
	return o
}

// session starts a profiler session.
func (a *agent) session(body string) object {
	a.t.Helper()
	return a.object(a.Post("/api/v1/profiler/sessions", body))
}

// TestErrorBodies: section 2.3: every error code, with the members that it needs.
func TestErrorBodies(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		for _, test := range []struct {
			r              device.Response
			status         int
			typ, code, why string
		}{
			{a.Get("/api/v1/device/ble/events?limit=abc"), 400, "invalid-argument", "invalid-argument", "invalid_limit"},
			{a.Get("/api/v1/nowhere"), 404, "not-found", "", "not_found"},
			{a.Post("/api/v1/logs", ""), 405, "method-not-allowed", "", "method_not_allowed"},
			{a.Post("/api/v1/profiler/markers", strings.Repeat(" ", 1<<20+1)), 413, "payload-too-large", "", "payload_too_large"},
			{a.Get("/ws/v1/logs"), 426, "upgrade-required", "", ""},
			{a.Post("/api/v1/device/sensors/compass/start", ""), 501, "unsupported-capability", "unsupported-capability", "not_supported"},
			{a.Get("/api/v1/logs", "Origin", "null"), 403, "forbidden", "", "origin_not_allowed"},
		} {
			body := a.wantError(test.r, test.status, test.why)
			if body.text("type") != "urn:devflow:error:"+test.typ || body.text("errorCode") != test.code || body.text("title") == "" ||
				body.text("error") != body.text("detail") {
				t.Errorf("error body %v, want %s", body, test.typ)
			}
			if _, has := body["errorCode"]; has != (test.code != "") {
				t.Errorf("an empty errorCode in %v", body)
			}
		}
		body := a.wantError(a.Get("/api/v1/device/ble/events?limit=abc"), 400, "invalid_limit")
		if body.text("detail") != "limit must be a non-negative integer" || body.text("instance") != "/api/v1/device/ble/events" ||
			body.object("details").text("limit") != "abc" {
			t.Errorf("not the example of the contract: %v", body)
		}
	})
}
