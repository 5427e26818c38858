package http

import (
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

type health struct {
	OK       bool
	Time     int64 `json:"server_time_ms"`
	Uptime   int64 `json:"uptime_ms"`
	Version  string
	Features map[string]bool
	Needs    struct {
		Helper map[string]any `json:"api_tools_helper"`
	} `json:"dependencies"`
}

// 7.2: GET /health.
func TestHealth(t *testing.T) {
	d := start(t)
	first := read[health](t, d.Get("/v1/health"))
	version, _, _ := strings.Cut(strings.TrimPrefix(command(t, "version"), "heliograph "), "\n")
	if !first.OK || first.Version == "" || !strings.Contains(version, first.Version) {
		t.Errorf("%+v; the program says it is %q", first, version)
	}
	if age := time.Since(time.UnixMilli(first.Time)); age < -time.Second || age > time.Minute {
		t.Errorf("server_time_ms is %d", first.Time)
	}
	for _, feature := range []string{"shadow_recorder", "pipeline_registry_startup_warm", "pipeline_registry_prefetch"} {
		if on, has := first.Features[feature]; !has || on {
			t.Errorf("features: %v", first.Features)
		}
	}
	keys(t, "api_tools_helper", first.Needs.Helper, "ok", "path")
	device.Poll(t, "the uptime to grow", func() bool {
		return read[health](t, d.Get("/v1/health")).Uptime > first.Uptime
	})
}

// 7.2: GET /v1.
func TestSummary(t *testing.T) {
	d := start(t)
	summary := read[struct {
		Health  health
		Streams map[string]any
	}](t, d.Get("/v1"))
	if !summary.Health.OK {
		t.Errorf("%+v", summary)
	}
	keys(t, "streams", summary.Streams, "capabilities", "codecs", "resolvedStreams", "stale", "revision")
	if summary.Streams["stale"] != false {
		t.Errorf("%v", summary.Streams)
	}
	r := d.Get("/v1/streams")
	if string(r.Body) != "[]" || r.Header.Get("x-helios-revision") != "1" || summary.Streams["revision"] != 1.0 {
		t.Errorf("streams %s, %v, summary %v", r.Body, r.Header, summary.Streams)
	}
}

// 7.1: error bodies of unknown addresses and methods.
func TestUnknownAddressesAndMethods(t *testing.T) {
	d := start(t)
	for _, path := range []string{
		"/v1/nosuch", "/v1/", "/v1/ws/", "/v1/ws/nosuch", "/v1/device", "/v1/console/sessions/" + someID + "/x",
		"/v1/streams/" + someID + "/nosuch", "/v1/health/", "/v1/%2e%2e/x", "/v1/\u00fc",
	} {
		if body := wantError(t, path, d.Get(path), 404, "not_found"); !strings.HasPrefix(body.Operation, "GET /v1/") {
			t.Errorf("%s: operation %q", path, body.Operation)
		}
	}
	for _, c := range []struct{ method, path, allow string }{
		{"POST", "/v1/health", "GET"},
		{"DELETE", "/v1/health", "GET"},
		{"POST", "/v1", "GET"},
		{"PUT", "/v1/console/sessions", "GET, POST"},
		{"GET", "/v1/console/sessions/" + someID, "DELETE"},
		{"PATCH", "/v1/device/hostname", "GET, POST"},
		{"PUT", "/v1/errors", "GET, DELETE"},
		{"POST", "/v1/asyncapi.json", "GET"},
	} {
		r := d.Ask(c.method, c.path, "{}")
		body := wantError(t, c.method+" "+c.path, r, 405, "method_not_allowed")
		if r.Header.Get("Allow") != c.allow || body.Operation != c.method+" "+c.path {
			t.Errorf("%s %s: allow %q, operation %q", c.method, c.path, r.Header.Get("Allow"), body.Operation)
		}
	}
	if r := d.Ask("BREW", "/v1/health", ""); r.Status != 405 {
		t.Errorf("BREW: %d", r.Status)
	}
	if r := d.Ask("HEAD", "/v1/health", ""); r.Status != 200 || len(r.Body) != 0 {
		t.Errorf("HEAD: %d %q", r.Status, r.Body)
	}
	if r := d.Get("/nosuch"); r.Status != 404 {
		t.Errorf("/nosuch: %d", r.Status)
	}
}

// 2.5: the ids of a request are repeated, or made.
func TestRequestIDs(t *testing.T) {
	d := start(t)
	for _, path := range []string{"/v1/health", "/v1/nosuch"} {
		for _, c := range []struct{ name, request, trace, wantRequest, wantTrace string }{
			{"both", "r-1", "t-1", "r-1", "t-1"},
			{"request", "r-2", "", "r-2", "r-2"},
			{"trace", "", "t-3", "", "t-3"},
			{"none", "", "", "", ""},
			{"too long", strings.Repeat("x", 4000), "", "", ""},
			{"unfit for a log", "a b\x7f", "", "", ""},
		} {
			var headers []string
			if c.request != "" && c.name != "unfit for a log" {
				headers = append(headers, "X-Request-Id", c.request)
			}
			if c.name == "unfit for a log" {
				headers = append(headers, "X-Request-Id", "a b;{}")
			}
			if c.trace != "" {
				headers = append(headers, "X-Trace-Id", c.trace)
			}
			r := d.Get(path, headers...)
			request, trace := r.Header.Get("x-request-id"), r.Header.Get("x-trace-id")
			if c.wantRequest == "" && !isUUID(request) || c.wantRequest != "" && request != c.wantRequest {
				t.Errorf("%s: request id %q", c.name, request)
			}
			if c.wantTrace == "" && trace != request || c.wantTrace != "" && trace != c.wantTrace {
				t.Errorf("%s: trace id %q beside %q", c.name, trace, request)
			}
		}
	}
}

// 7.1, design 7: bodies are bounded, on every address that takes one.
func TestBodyTooLarge(t *testing.T) {
	d := start(t)
	large := `{"hostname":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, path := range []string{"/v1/device/hostname", "/v1/console/sessions"} {
		wantError(t, path, d.Post(path, large), 413, "payload_too_large")
		wantError(t, path, d.Post(path, large, "Transfer-Encoding", "chunked"), 413, "payload_too_large")
	}
	if r := d.Post("/v1/console/sessions", "{"+strings.Repeat(" ", 1<<19)+"}"); r.Status != 200 {
		t.Errorf("half a megabyte: %d %s", r.Status, r.Body)
	}
}

// 7.1: bodies that are no JSON object of the right types.
func TestBadBodies(t *testing.T) {
	d := start(t)
	for path, bodies := range map[string][]string{
		"/v1/console/sessions": {"{", "[]", "5", `"x"`, `{"cols":"80"}`, `{"cols":-1}`, `{"rows":1.5}`, `{"rows":[]}`, "\xff\xfe"},
		"/v1/device/hostname":  {"{", "[]", `{"hostname":5}`, `{"hostname":["a"]}`, ""},
	} {
		for _, body := range bodies {
			wantError(t, path+" "+body, d.Post(path, body), 400, "bad_request")
		}
	}
	if n := len(sessions(t, d)); n != 0 {
		t.Errorf("%d shells were started", n)
	}
}

// 2.5: revisioned lists carry their tag and answer 304 to whoever has it.
func TestRevisionedLists(t *testing.T) {
	d := start(t)
	for _, path := range []string{"/v1/streams", "/v1/peripherals", "/v1/peripherals/cameras", "/v1/device/logs/sources"} {
		first := d.Get(path)
		tag, revision := first.Header.Get("ETag"), first.Header.Get("x-helios-revision")
		if first.Status != 200 || tag != `W/"rev-`+revision+`"` || revision == "" || strings.Trim(revision, "0123456789") != "" {
			t.Errorf("%s: %d, tag %q, revision %q", path, first.Status, tag, revision)
		}
		for header, want := range map[string]int{
			tag: 304, "*": 304, `W/"rev-0", ` + tag + `,"x"`: 304, strings.TrimPrefix(tag, "W/"): 304,
			`W/"rev-999"`: 200, `"nonsense`: 200, "": 200,
		} {
			r := d.Get(path, "If-None-Match", header)
			if r.Status != want || (want == 304) != (len(r.Body) == 0) {
				t.Errorf("%s, If-None-Match %s: %d with %d bytes, want %d", path, header, r.Status, len(r.Body), want)
			}
			if r.Header.Get("ETag") != tag || r.Header.Get("x-helios-revision") != revision {
				t.Errorf("%s: the headers of %d are %v", path, r.Status, r.Header)
			}
		}
	}
}
