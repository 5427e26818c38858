package devflow

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

const sessions = "/api/v1/profiler/sessions"

// post sends v as JSON.
func (a *agent) post(path string, v any) device.Response {
	a.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.Post(path, string(data))
}

// stopSession ends a session.
func (a *agent) stopSession(id string) object {
	a.t.Helper()
	return a.object(a.Ask("DELETE", sessions+"/"+id, ""))
}

// mark posts markers and spans with numbers as names.
func (a *agent) mark(n int) {
	a.t.Helper()
	for i := range n {
		a.done(a.post("/api/v1/profiler/markers", object{"name": strconv.Itoa(i), "type": "test"}))
		a.done(a.post("/api/v1/profiler/spans", object{"name": strconv.Itoa(i), "kind": "test"}))
	}
}

// named leaves items of a kind, which the tests have made, and drops what the program
// and the agent do by themselves.
func named(list []object, member, kind string) []object {
	var found []object
	for _, one := range list {
		if one.text(member) == kind {
			found = append(found, one)
		}
	}
	return found
}

var sessionForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// TestProfilerSessions: section 5.5 (sessions) and 3.7 (ProfilerSessionInfo).
func TestProfilerSessions(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		// There has never been one.
		if list := a.array(sessions); len(list) != 0 {
			t.Errorf("sessions %v", list)
		}
		o := a.stopSession("CURRENT")
		if v, has := o["session"]; !has || v != nil || o.text("stoppedAtUtc") == "" {
			t.Errorf("stopping what was never there: %v", o)
		}
		if b := a.object(a.Get(sessions + "/Current/samples")); b.text("sessionId") != "" || b["isActive"] != false || len(b.list("samples")) != 0 {
			t.Errorf("batch %v", b)
		}
		for _, path := range []string{"/api/v1/profiler/markers", "/api/v1/profiler/spans", "/api/v1/profiler/hotspots"} {
			if list := a.array(path); len(list) != 0 {
				t.Errorf("%s: %v", path, list)
			}
		}
		for _, body := range []string{`{"sampleIntervalMs":49}`, `{"sampleIntervalMs":60001}`, `{"sampleIntervalMs":0}`, `{"sampleIntervalMs":-1}`,
			`{"sampleIntervalMs":100.5}`, `{"sampleIntervalMs":"100"}`, `{"sampleIntervalMs":1e3}`, `{"sampleIntervalMs":true}`} {
			a.wantError(a.Post(sessions, body), 400, "invalid_sampleIntervalMs")
		}
		first := a.session(`{"sampleIntervalMs":50}`)
		id := first.text("sessionId")
		checkTimestamp(t, first.text("startedAtUtc"))
		if !sessionForm.MatchString(id) || first.number("sampleIntervalMs") != 50 || first["isActive"] != true || first.object("capabilities")["available"] != true {
			t.Errorf("session %v", first)
		}
		for name, v := range first.object("session") {
			if first[name] != v {
				t.Errorf("%s is %v below session and %v above", name, v, first[name])
			}
		}
		if again := a.session(`{"sampleIntervalMs":60000}`); again.text("sessionId") != id || again.number("sampleIntervalMs") != 50 {
			t.Errorf("a second start gives %v", again)
		}
		if list := a.array(sessions); len(list) != 1 || list[0].text("sessionId") != id || list[0]["isActive"] != true {
			t.Errorf("sessions %v", list)
		}
		for range 2 { // an ended one is returned again
			o := a.stopSession(id)
			checkTimestamp(t, o.text("stoppedAtUtc"))
			if o.text("sessionId") != id || o["isActive"] != false || o.object("session")["isActive"] != false {
				t.Errorf("stopped %v", o)
			}
		}
		second := a.session("")
		if second.text("sessionId") == id || second.number("sampleIntervalMs") != 500 {
			t.Errorf("session %v", second)
		}
		a.wantError(a.Ask("DELETE", sessions+"/"+id, ""), 404, "not_found")
		a.wantError(a.Get(sessions+"/"+id+"/samples"), 404, "not_found")
		if o := a.stopSession("current"); o.text("sessionId") != second.text("sessionId") {
			t.Errorf("stopped %v", o)
		}
	})
}

// TestProfilerCapabilities: section 3.7: all booleans, among them those that older
// clients look for.
func TestProfilerCapabilities(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		for _, a := range []*agent{startMode(t, compat), startProgram(t, compat)} {
			o := a.object(a.Get("/api/v1/profiler/capabilities"))
			for _, name := range []string{
				"managedMemorySupported", "nativeMemorySupported", "gcSupported", "cpuPercentSupported", "fpsSupported", "frameTimingsEstimated",
				"nativeFrameTimingsSupported", "jankEventsSupported", "uiThreadStallSupported", "threadCountSupported",
			} {
				if _, ok := o[name].(bool); !ok {
					t.Errorf("%s is %v", name, o[name])
				}
			}
			for _, name := range []string{"available", "supportedInBuild", "featureEnabled", "cpuPercentSupported", "nativeMemorySupported", "threadCountSupported"} {
				if o[name] != true {
					t.Errorf("%s is %v", name, o[name])
				}
			}
			if o.text("platform") != "linux" {
				t.Errorf("platform %v", o["platform"])
			}
		}
	})
}

// TestProfilerSamples: section 3.7 (ProfilerSample) of a real program, over HTTP.
func TestProfilerSamples(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		for _, a := range []*agent{startMode(t, compat), startProgram(t, compat)} {
			id := a.session(`{"sampleIntervalMs":50}`).text("sessionId")
			var b object
			device.Poll(t, "three samples", func() bool {
				b = a.object(a.Get(sessions + "/" + id + "/samples"))
				return len(b.list("samples")) >= 3
			})
			last := ""
			for _, s := range b.list("samples") {
				checkTimestamp(t, s.text("tsUtc"))
				if s.text("tsUtc") < last {
					t.Errorf("%s follows %s", s.text("tsUtc"), last)
				}
				last = s.text("tsUtc")
				for _, name := range []string{"managedBytes", "gc0", "gc1", "gc2", "jankFrameCount", "uiThreadStallCount", "nativeMemoryBytes", "threadCount"} {
					if v, ok := s[name].(float64); !ok || v < 0 || v != float64(int64(v)) {
						t.Errorf("%s is %v", name, s[name])
					}
				}
				if v, given := s["cpuPercent"].(float64); given && (v < 0 || v > 100) || s.number("nativeMemoryBytes") < 1<<20 || s.number("threadCount") < 1 {
					t.Errorf("sample %v", s)
				}
			}
			if n := len(b.list("samples")); b.number("sampleCursor") != n || b["isActive"] != true {
				t.Errorf("cursor %d after %d samples", b.number("sampleCursor"), n)
			}
			a.stopSession(id)
		}
	})
}

// TestMarkersAndSpans: section 5.5 (POST and GET of markers and spans) and 3.7.
func TestMarkersAndSpans(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		for _, path := range []string{"/api/v1/profiler/markers", "/api/v1/profiler/spans"} {
			a.wantError(a.Post(path, `{"name":"x"}`), 400, "no_active_session")
		}
		id := a.session("").text("sessionId")
		for _, path := range []string{"/api/v1/profiler/markers", "/api/v1/profiler/spans"} {
			for _, body := range []string{"", "{}", `{"name":""}`, `{"name":null}`, `{"name":7}`, "nonsense"} {
				a.wantError(a.Post(path, body), 400, "")
			}
		}
		a.done(a.Post("/api/v1/profiler/markers", `{"name":"plain"}`))
		a.done(a.Post("/api/v1/profiler/markers", `{"NAME":"full","Type":"checkpoint","payloadJson":"{\"a\":1}"}`))
		a.done(a.Post("/api/v1/profiler/markers", `{"name":"null","payloadJson":null}`))
		var plainMarker, full object
		for _, m := range a.array("/api/v1/profiler/markers") {
			checkTimestamp(t, m.text("tsUtc"))
			switch m.text("name") {
			case "plain":
				plainMarker = m
			case "full":
				full = m
			}
		}
		if plainMarker.text("type") != "user.action" || plainMarker["payloadJson"] != nil || full.text("type") != "checkpoint" || full.text("payloadJson") != `{"a":1}` {
			t.Errorf("markers %v and %v", plainMarker, full)
		}

		now := time.Now().UTC()
		at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339Nano) }
		for _, body := range []object{
			{"name": "plain"},
			{
				"name": "full", "kind": "db.query", "status": "error", "startTsUtc": at(0), "endTsUtc": at(1500 * time.Millisecond), "parentSpanId": "p", "traceId": "t",
				"screen": "Orders", "elementPath": "/a/b", "tagsJson": `{"rows":3}`, "error": "locked",
			},
			{"name": "backwards", "startTsUtc": at(0), "endTsUtc": at(-time.Second)},
			{"name": "offset", "startTsUtc": "2026-03-04T10:15:30.125+01:00", "endTsUtc": "2026-03-04T10:15:30.375+01:00"},
		} {
			a.done(a.post("/api/v1/profiler/spans", body))
		}
		for _, body := range []object{{"name": "x", "startTsUtc": "yesterday"}, {"name": "x", "endTsUtc": "2026"}, {"name": "x", "startTsUtc": 7}} {
			a.wantError(a.post("/api/v1/profiler/spans", body), 400, "")
		}
		spans := map[string]object{}
		ids := map[string]bool{}
		for _, s := range a.array("/api/v1/profiler/spans") {
			spans[s.text("name")] = s
			ids[s.text("spanId")] = true
			if _, has := s["threadId"]; has {
				t.Errorf("span %v", s)
			}
		}
		if len(ids) != 4 || ids[""] {
			t.Errorf("span ids %v", ids)
		}
		s := spans["plain"]
		if s.text("kind") != "ui.operation" || s.text("status") != "ok" || s.number("durationMs") != 0 || s.text("startTsUtc") != s.text("endTsUtc") || s.text("traceId") != id {
			t.Errorf("span %v", s)
		}
		checkTimestamp(t, s.text("startTsUtc"))
		if s = spans["full"]; s.text("kind") != "db.query" || s.text("status") != "error" || s.number("durationMs") != 1500 || s.text("parentSpanId") != "p" || s.text("traceId") != "t" ||
			s.text("screen") != "Orders" || s.text("elementPath") != "/a/b" || s.text("tagsJson") != `{"rows":3}` || s.text("error") != "locked" {
			t.Errorf("span %v", s)
		}
		if s = spans["backwards"]; s.number("durationMs") != 0 || s.text("endTsUtc") != s.text("startTsUtc") {
			t.Errorf("span %v", s)
		}
		if s = spans["offset"]; s.text("startTsUtc") != "2026-03-04T09:15:30.125000Z" || s.number("durationMs") != 250 {
			t.Errorf("span %v", s)
		}
		for query, want := range map[string]string{"?limit=2": "plain full", "?cursor=2": "backwards offset", "?cursor=1&limit=1": "full", "?cursor=99": "", "?cursor=x&limit=1": "plain", "?limit=0": "plain"} {
			if got := texts(a.array("/api/v1/profiler/spans"+query), "name"); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		a.stopSession(id)
		a.wantError(a.Post("/api/v1/profiler/markers", `{"name":"late"}`), 400, "no_active_session")
		if n := len(a.array("/api/v1/profiler/spans")); n != 4 {
			t.Errorf("%d spans after the end", n)
		}
	})
}

// TestHotspots: section 5.5.
func TestHotspots(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		a.session("")
		span := func(kind, name, screen, status string, ms ...int) {
			for _, d := range ms {
				a.done(a.post("/api/v1/profiler/spans", object{
					"kind": kind, "name": name, "screen": screen, "status": status,
					"startTsUtc": "2026-03-04T09:00:00.000Z", "endTsUtc": time.UnixMilli(1772614800000 + int64(d)).UTC().Format(time.RFC3339Nano),
				}))
			}
		}
		span("db", "query", "Orders", "ok", 10, 20, 30, 40)
		span("db", "query", "Orders", "error", 100)
		span("db", "query", "", "ok", 500)
		span("ui", "draw", "", "cancelled", 20, 20)
		list := a.array("/api/v1/profiler/hotspots")
		var got []string
		for _, h := range list {
			got = append(got, fmt.Sprint(h["kind"], h["name"], h["screen"], h["count"], h["errorCount"], h["avgDurationMs"], h["p95DurationMs"], h["maxDurationMs"]))
		}
		// 10 ms is below the least duration; p95 of four is the last.
		if want := "dbquery<nil> 1 0 500 500 500, dbqueryOrders4 1 47.5 100 100, uidraw<nil> 2 2 20 20 20"; strings.Join(got, ", ") != want {
			t.Errorf("hotspots %q, want %q", strings.Join(got, ", "), want)
		}
		for query, want := range map[string]string{
			"?limit=1": "query", "?limit=0": "query", "?limit=x": "query query draw", "?kind=UI": "draw", "?kind=u": "", "?minDurationMs=50": "query query",
			"?minDurationMs=0&kind=db": "query query", "?minDurationMs=-5&kind=ui": "draw", "?minDurationMs=99999": "",
		} {
			if got := texts(a.array("/api/v1/profiler/hotspots"+query), "name"); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		if h := a.array("/api/v1/profiler/hotspots?minDurationMs=0"); h[1].number("count") != 5 {
			t.Errorf("hotspots %v", h)
		}
	})
}

// TestProfilerOfExchanges: section 5.5: exchanges during a session are markers, and
// spans when they fail.
func TestProfilerOfExchanges(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	a.session("")
	a.fetch("GET", "http://127.0.0.1:1/")
	a.requested(1)
	device.Poll(t, "the span of an exchange", func() bool {
		markers := texts(a.array("/api/v1/profiler/markers"), "type")
		spans := named(a.array("/api/v1/profiler/spans"), "kind", "network.request")
		return strings.Contains(markers, "network.request.start") && strings.Contains(markers, "network.request.end") && len(spans) == 1 && spans[0].text("status") == "error"
	})
}
