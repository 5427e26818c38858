package devflow

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/internal/recorder"
)

func (a *agent) session(t *testing.T) string {
	t.Helper()
	s, err := a.rec.Profiler.Start(50 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return s.ID
}

func (a *agent) profile(n int) {
	for i := range n {
		a.rec.Profiler.Sample(recorder.Sample{ManagedBytes: int64(i), GC0: 1})
		a.rec.Profiler.Marker(recorder.Marker{Name: fmt.Sprint("m", i)})
		a.rec.Profiler.Span(recorder.Span{Name: fmt.Sprint("s", i), Start: time.Now(), End: time.Now().Add(time.Second)})
	}
}

func TestProfilerStream(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		id := a.session(t)
		s := a.dial("/ws/v1/profiler?sessionId=CURRENT&limit=1&compat=" + compat)
		first := s.next("batch").data()
		if first.text("sessionId") != id || first["isActive"] != true || len(first.list("samples"))+len(first.list("spans")) != 0 || first["markers"] == nil {
			t.Errorf("first batch %v", first)
		}
		a.profile(10)
		var samples, markers, spans int
		for samples < 10 || markers < 10 || spans < 10 {
			b := s.next("batch").data()
			if len(b.list("samples")) > 1 || len(b.list("markers")) > 1 || len(b.list("spans")) > 1 {
				t.Errorf("more than the limit: %v", b)
			}
			for _, v := range b.list("samples") {
				if v.number("managedBytes") != samples || v.text("frameSource") != "none" || v["gc1"] != 0.0 {
					t.Errorf("sample %v, want %d", v, samples)
				}
				samples++
			}
			for _, v := range b.list("markers") {
				if v.text("name") != fmt.Sprint("m", markers) || v.text("type") != "user.action" {
					t.Errorf("marker %v", v)
				}
				markers++
			}
			for _, v := range b.list("spans") {
				if v.text("name") != fmt.Sprint("s", spans) || v.text("traceId") != id || v.text("kind") != "ui.operation" || v["threadId"] != nil {
					t.Errorf("span %v", v)
				}
				spans++
			}
			if b.number("sampleCursor") != samples || b.number("markerCursor") != markers || b.number("spanCursor") != spans {
				t.Errorf("cursors of %v after %d, %d, %d", b, samples, markers, spans)
			}
		}
		a.profile(3)
		if m := a.do("DELETE", "/api/v1/profiler/sessions/current?compat="+compat, "").ok().object(); m["isActive"] != false || m.text("stoppedAtUtc") == "" {
			t.Errorf("stopped: %v", m)
		}
		last := message{}
		for samples < 13 || last["isActive"] != false || last.number("spanCursor") < 13 {
			last = s.next("batch").data()
			samples += len(last.list("samples"))
		}
		if got := s.next("stopped").data().text("sessionId"); got != id {
			t.Errorf("stopped %s", got)
		}
		if code := s.closed(); code != websocket.StatusNormalClosure {
			t.Errorf("close code %d", code)
		}
		// The session that has ended is kept.
		again := a.dial("/ws/v1/profiler?sessionId=" + id + "&sampleCursor=5&spanCursor=12&markerCursor=99&compat=" + compat)
		b := again.next("batch").data()
		if len(b.list("samples")) != 8 || len(b.list("spans")) != 1 || len(b.list("markers")) != 0 || b.number("markerCursor") != 13 || b["isActive"] != false {
			t.Errorf("resumed: %v", b)
		}
		again.next("stopped")
		again.closed()
	})
}

func TestProfilerStreamRefusals(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		for _, query := range []string{"", "sessionId=", "sessionId=nope"} {
			s := a.dial("/ws/v1/profiler?" + query + "&compat=" + compat)
			s.next("error")
			if code := s.closed(); code != websocket.StatusPolicyViolation {
				t.Errorf("%q: close code %d", query, code)
			}
		}
		s := a.dial("/ws/v1/profiler?sessionId=current&compat=" + compat)
		if got := s.next("stopped").data().text("sessionId"); got != "current" {
			t.Errorf("never a session: stopped %s", got)
		}
		if code := s.closed(); code != websocket.StatusNormalClosure {
			t.Errorf("close code %d", code)
		}
	})
}

func TestProfilerSessionReplaced(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	if _, err := a.rec.Profiler.Start(time.Minute); err != nil {
		t.Fatal(err)
	}
	s := a.dial("/ws/v1/profiler?sessionId=current&sampleCursor=x&markerCursor=-3&limit=0")
	old := s.next("batch").data().text("sessionId")
	// The end is told at once although a batch may be sent every 30 s only.
	if _, err := a.rec.Profiler.Stop(old); err != nil {
		t.Fatal(err)
	}
	a.session(t)
	data, err := s.raw()
	if err != nil {
		t.Fatal(err)
	}
	if m := s.check(data); m.typ() == "batch" {
		s.next("stopped")
	} else if m.typ() != "stopped" || m.data().text("sessionId") != old {
		t.Errorf("got %s", data)
	}
	s.closed()
}

func TestProfilerSlowReaderOfABatchIsTold(t *testing.T) {
	a := newAgent(t, recorder.Options{Capacity: &recorder.Capacity{Profiler: 10}}, Deps{})
	if _, err := a.rec.Profiler.Start(4 * time.Second); err != nil {
		t.Fatal(err)
	}
	s := a.dial("/ws/v1/profiler?sessionId=current&limit=1")
	s.next("batch")
	// More than is held, before the next batch is due in 2 s.
	a.profile(recorder.Window + 2)
	for {
		data, err := s.raw()
		if err != nil {
			if code := websocket.CloseStatus(err); code != websocket.StatusTryAgainLater {
				t.Errorf("close code %d (%v)", code, err)
			}
			return
		}
		s.sparse = true
		s.check(data)
	}
}

func TestHTTPProfiler(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{Profiler: recorder.ProfilerOptions{Abilities: recorder.Abilities{GC: true}}}, Deps{Mirror: compat == "mirror"})
		caps := a.do("GET", "/api/v1/profiler/capabilities", "").ok().object()
		if caps["available"] != true || caps["supportedInBuild"] != true || caps["featureEnabled"] != true || caps["gcSupported"] != true || caps["fpsSupported"] != false || caps.text("platform") != "linux" {
			t.Errorf("capabilities %v", caps)
		}
		if m := a.do("DELETE", "/api/v1/profiler/sessions/CURRENT", "").ok().object(); m["session"] != nil || m.text("stoppedAtUtc") == "" || m["sessionId"] != nil {
			t.Errorf("never a session: %v", m)
		}
		if b := a.do("GET", "/api/v1/profiler/sessions/current/samples", "").ok().object(); b["sessionId"] != "" || b["samples"] == nil || b["isActive"] != false {
			t.Errorf("never a session: %v", b)
		}
		a.do("GET", "/api/v1/profiler/sessions/nope/samples", "").fails(404, "not_found")
		a.do("DELETE", "/api/v1/profiler/sessions/nope", "").fails(404, "not_found")
		a.do("POST", "/api/v1/profiler/markers", `{"name":"early"}`).fails(400, "no_active_session")
		if list := a.do("GET", "/api/v1/profiler/sessions", "").ok().array(); len(list) != 0 {
			t.Errorf("sessions %v", list)
		}
		for _, body := range []string{`{"sampleIntervalMs":49}`, `{"sampleIntervalMs":60001}`, `{"sampleIntervalMs":"x"}`, `{"sampleIntervalMs":500.5}`, `{"sampleIntervalMs":-1}`, `[]`, `{`} {
			if r := a.do("POST", "/api/v1/profiler/sessions", body); r.status != 400 || r.object().text("errorCode") != "invalid-argument" {
				t.Errorf("%s: %d %s", body, r.status, r.body)
			}
		}
		m := a.do("POST", "/api/v1/profiler/sessions", `{"SAMPLEINTERVALMS":250}`).ok().object()
		inner, _ := m["session"].(map[string]any)
		id := m.text("sessionId")
		if len(id) != 32 || m["isActive"] != true || m.number("sampleIntervalMs") != 250 || inner["sessionId"] != id || m["capabilities"] == nil || m["stoppedAtUtc"] != nil {
			t.Errorf("started: %v", m)
		}
		for _, body := range []string{"", "null", "{}", `{"sampleIntervalMs":null}`, `{"sampleIntervalMs":100}`} {
			if again := a.do("POST", "/api/v1/profiler/sessions", body).ok().object(); again.text("sessionId") != id || again.number("sampleIntervalMs") != 250 {
				t.Errorf("started twice: %v", again)
			}
		}
		a.do("POST", "/api/v1/profiler/markers", `{}`).fails(400, "invalid_name")
		a.do("POST", "/api/v1/profiler/markers", `{"name":7}`).fails(400, "invalid_name")
		a.do("POST", "/api/v1/profiler/markers", `{"Name":"go","payloadJson":"{\"a\":1}"}`).done()
		a.do("POST", "/api/v1/profiler/markers", `{"name":"stop","type":"custom","payloadJson":null}`).done()
		a.do("POST", "/api/v1/profiler/spans", `{"kind":"x"}`).fails(400, "invalid_name")
		a.do("POST", "/api/v1/profiler/spans", `{"name":"x","startTsUtc":"yesterday"}`).fails(400, "invalid_startTsUtc")
		a.do("POST", "/api/v1/profiler/spans", `{"name":"load","startTsUtc":"2026-03-04T09:00:00.000Z","endTsUtc":"2026-03-04T10:00:01.500+01:00","kind":"layout","status":"error","screen":"home","error":"e","tagsJson":"{}","elementPath":"/a","parentSpanId":"p"}`).done()
		a.do("POST", "/api/v1/profiler/spans", `{"name":"backwards","startTsUtc":"2026-03-04T09:00:00Z","endTsUtc":"2026-03-04T08:00:00Z"}`).done()
		markers := a.do("GET", "/api/v1/profiler/markers", "").ok().array()
		if len(markers) != 2 || markers[0].text("type") != "user.action" || markers[0].text("payloadJson") != `{"a":1}` || markers[1].text("type") != "custom" {
			t.Errorf("markers %v", markers)
		}
		if rest := a.do("GET", "/api/v1/profiler/markers?cursor=1&limit=9", "").ok().array(); len(rest) != 1 || rest[0].text("name") != "stop" {
			t.Errorf("markers after 1: %v", rest)
		}
		spans := a.do("GET", "/api/v1/profiler/spans", "").ok().array()
		if len(spans) != 2 || spans[0]["durationMs"] != 1500.0 || spans[0].text("traceId") != id || spans[0].text("status") != "error" || spans[0].text("spanId") == "" ||
			spans[1]["durationMs"] != 0.0 || spans[1].text("endTsUtc") != spans[1].text("startTsUtc") {
			t.Errorf("spans %v", spans)
		}
		b := a.do("GET", "/api/v1/profiler/sessions/Current/samples?limit=1&markerCursor=0", "").ok().object()
		if len(b.list("markers")) != 1 || b.number("markerCursor") != 1 || b.number("spanCursor") != 1 || b.text("sessionId") != id {
			t.Errorf("batch %v", b)
		}
		if b = a.do("GET", "/api/v1/profiler/sessions/"+id+"/samples?markerCursor=1&spanCursor=50", "").ok().object(); len(b.list("markers")) != 1 || b.number("spanCursor") != 2 {
			t.Errorf("batch %v", b)
		}
		for range 2 {
			if m := a.do("DELETE", "/api/v1/profiler/sessions/"+id, "").ok().object(); m["isActive"] != false || m.text("sessionId") != id {
				t.Errorf("stopped: %v", m)
			}
		}
		if list := a.do("GET", "/api/v1/profiler/sessions/", "").ok().array(); len(list) != 1 || list[0].text("sessionId") != id {
			t.Errorf("sessions %v", list)
		}
		a.do("POST", "/api/v1/profiler/spans", `{"name":"late"}`).fails(400, "no_active_session")
	})
}

func TestHotspots(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	if list := a.do("GET", "/api/v1/profiler/hotspots", "").ok().array(); len(list) != 0 {
		t.Errorf("never a session: %v", list)
	}
	a.session(t)
	at := time.Now()
	span := func(kind, name, status string, ms int) {
		a.rec.Profiler.Span(recorder.Span{Kind: kind, Name: name, Status: status, Start: at, End: at.Add(time.Duration(ms) * time.Millisecond)})
	}
	for i := 1; i <= 20; i++ {
		span("render", "list", "ok", 10*i)
	}
	span("layout", "once", "error", 16)
	span("layout", "short", "ok", 15)
	list := a.do("GET", "/api/v1/profiler/hotspots", "").ok().array()
	if len(list) != 2 {
		t.Fatalf("hotspots %v", list)
	}
	// 10 ms is below the default minimum: 19 spans from 20 to 200; index ceil(18.05) = 19 is beyond, so 18.
	if h := list[0]; h.text("name") != "list" || h.number("count") != 19 || h["p95DurationMs"] != 200.0 || h["maxDurationMs"] != 200.0 || h["avgDurationMs"] != 110.0 || h["errorCount"] != 0.0 {
		t.Errorf("hotspot %v", h)
	}
	if h := list[1]; h.text("name") != "once" || h["p95DurationMs"] != 16.0 || h["errorCount"] != 1.0 {
		t.Errorf("hotspot %v", h)
	}
	for query, n := range map[string]int{"?limit=1": 1, "?minDurationMs=0": 3, "?minDurationMs=17": 1, "?kind=LAYOUT": 1, "?kind=none": 0, "?limit=0": 1, "?limit=x&minDurationMs=y": 2} {
		if got := a.do("GET", "/api/v1/profiler/hotspots"+query, "").ok().array(); len(got) != n {
			t.Errorf("%s: %d hotspots, want %d", query, len(got), n)
		}
	}
}

func TestProfilerOff(t *testing.T) {
	a := newAgent(t, recorder.Options{Profiler: recorder.ProfilerOptions{Disabled: true}}, Deps{})
	if caps := a.do("GET", "/api/v1/profiler/capabilities", "").ok().object(); caps["available"] != false || caps["featureEnabled"] != false {
		t.Errorf("capabilities %v", caps)
	}
	for _, e := range profilerEndpoints() {
		if strings.HasSuffix(e.Path, "/capabilities") {
			continue
		}
		r := a.do(e.Method, strings.ReplaceAll(e.Path, "{id}", "current"), "")
		if r.fails(501, "not_supported"); r.object().text("errorCode") != "unsupported-capability" {
			t.Errorf("%s: %s", e.Path, r.body)
		}
	}
	s := a.dial("/ws/v1/profiler?sessionId=current")
	s.next("error")
	s.closed()
	if a.do("GET", "/api/v1/agent/status", "").object()["capabilities"].(map[string]any)["profiler"] != false {
		t.Error("the status says that there is a profiler")
	}
}

func TestExchangesAreProfiled(t *testing.T) {
	a := newAgent(t, recorder.Options{Mode: recorder.OnDemand, Profiler: recorder.ProfilerOptions{
		Sampler: recorder.SamplerFunc(func() func(context.Context) (recorder.Sample, error) {
			n := int64(0)
			return func(context.Context) (recorder.Sample, error) { n++; return recorder.Sample{ManagedBytes: n}, nil }
		}),
	}}, Deps{})
	if a.rec.Network.Wants() {
		t.Error("exchanges are wanted without a session")
	}
	a.session(t)
	a.fetch("GET", "http://slow.test/", 200)
	quick := exchange("GET", "http://quick.test/", 404)
	quick.Duration = time.Millisecond
	a.rec.Network.Record(quick)
	quick.Status = 200
	a.rec.Network.Record(quick)
	eventually(t, "samples", func() bool {
		return len(a.do("GET", "/api/v1/profiler/sessions/current/samples", "").object().list("samples")) > 1
	})
	b := a.do("GET", "/api/v1/profiler/sessions/current/samples", "").object()
	if got := b.texts("markers", "type"); got != strings.TrimSpace(strings.Repeat("network.request.start network.request.end ", 3)) {
		t.Errorf("markers %s", got)
	}
	spans := b.list("spans")
	if len(spans) != 2 || spans[0].text("kind") != "network.request" || spans[0].text("status") != "ok" || spans[1].text("status") != "error" {
		t.Errorf("spans %v", spans)
	}
}
