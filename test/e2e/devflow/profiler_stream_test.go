package devflow

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// cursors are those of a batch, as a query.
func cursors(b object) string {
	return fmt.Sprintf("sampleCursor=%d&markerCursor=%d&spanCursor=%d", b.number("sampleCursor"), b.number("markerCursor"), b.number("spanCursor"))
}

// TestProfilerCursors: section 3.7 (cursors) and 8.11: nothing is lost at limit=1, over
// HTTP and over WebSocket.
func TestProfilerCursors(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		const items = 8
		a := startMode(t, compat)
		id := a.session(`{"sampleIntervalMs":50}`).text("sessionId")
		a.mark(items)
		var names []string
		for i := 0; i < items; i++ {
			names = append(names, strconv.Itoa(i))
		}
		want := strings.Join(names, " ")

		at, markers, spans := "", []object{}, []object{}
		for {
			b := a.object(a.Get(sessions + "/current/samples?limit=1&" + at))
			if len(b.list("samples")) > 1 || len(b.list("markers")) > 1 || len(b.list("spans")) > 1 {
				t.Fatalf("more than 1: %v", b)
			}
			markers, spans = append(markers, b.list("markers")...), append(spans, b.list("spans")...)
			at = cursors(b)
			if len(b.list("markers")) == 0 && len(b.list("spans")) == 0 {
				break
			}
		}
		if texts(named(markers, "type", "test"), "name") != want || texts(named(spans, "kind", "test"), "name") != want {
			t.Errorf("markers %v and spans %v", texts(markers, "name"), texts(spans, "name"))
		}
		// Beyond the newest: nothing, and the newest number.
		b := a.object(a.Get(sessions + "/current/samples?sampleCursor=999&markerCursor=99999999999&spanCursor=999"))
		if len(b.list("markers")) != 0 || len(b.list("spans")) != 0 || b.number("spanCursor") != items || b.number("markerCursor") < len(markers) {
			t.Errorf("batch %v", b)
		}
		for _, query := range []string{"sampleCursor=-1&markerCursor=x&spanCursor=", "limit=0", "limit=99999", "limit=x"} {
			b := a.object(a.Get(sessions + "/" + strings.ToUpper("current") + "/samples?" + query))
			if n := len(named(b.list("spans"), "kind", "test")); n != items && !(query == "limit=0" && n == 1) {
				t.Errorf("%s: %d spans", query, n)
			}
		}

		s := a.open("/ws/v1/profiler?limit=1&sessionId=" + id)
		markers, spans = nil, nil
		for len(named(spans, "kind", "test")) < items || len(named(markers, "type", "test")) < items {
			d := s.next("batch").data()
			if len(d.list("markers")) > 1 || len(d.list("spans")) > 1 || d.text("sessionId") != id || d["isActive"] != true {
				t.Fatalf("batch %v", d)
			}
			markers, spans = append(markers, d.list("markers")...), append(spans, d.list("spans")...)
			at = cursors(d)
		}
		if texts(named(markers, "type", "test"), "name") != want || texts(named(spans, "kind", "test"), "name") != want {
			t.Errorf("markers %v and spans %v", texts(markers, "name"), texts(spans, "name"))
		}
		// Resumed, from where it was: only what is new.
		s.Drop()
		resumed := a.open("/ws/v1/profiler?sessionId=CURRENT&" + at)
		if d := resumed.next("batch").data(); len(named(d.list("spans"), "kind", "test")) != 0 {
			t.Errorf("the first batch after resuming is %v", d)
		}
		a.done(a.post("/api/v1/profiler/spans", object{"name": "new", "kind": "test"}))
		for {
			if d := resumed.next("batch").data(); len(d.list("spans")) > 0 {
				if got := texts(d.list("spans"), "name"); got != "new" {
					t.Errorf("spans %q", got)
				}
				break
			}
		}
	})
}

// TestProfilerEnds: section 4.5 and 8.11: the rest, stopped, and close 1000; sessions
// that have ended, were replaced, or never were.
func TestProfilerEnds(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		for _, test := range [][2]string{{"", "sessionId"}, {"?sessionId=", "sessionId"}, {"?sessionId=nope", "not found"}} {
			s := a.open("/ws/v1/profiler" + test[0])
			if got := s.next("error").data().text("message"); !strings.Contains(got, test[1]) {
				t.Errorf("%q: the error is %q", test[0], got)
			}
			s.wantClosed(1008)
		}
		never := a.open("/ws/v1/profiler?sessionId=Current")
		if d := never.next("stopped").data(); d.text("sessionId") != "current" {
			t.Errorf("stopped %v", d)
		}
		never.wantClosed(1000)

		id := a.session(`{"sampleIntervalMs":50}`).text("sessionId")
		s := a.open("/ws/v1/profiler/?sessionId=current")
		s.next("batch") // at once
		s.Send(`{"type":"stop"}`)
		a.done(a.post("/api/v1/profiler/markers", object{"name": "the last", "type": "test"}))
		a.stopSession(id)
		found := false
		var active any
		for {
			o := s.check(s.Next())
			if o.typ() == "stopped" {
				if o.data().text("sessionId") != id {
					t.Errorf("stopped %v", o)
				}
				break
			}
			found = found || len(named(o.data().list("markers"), "type", "test")) == 1
			active = o.data()["isActive"]
		}
		if !found || active != false {
			t.Errorf("the last marker came: %v; the last batch is active: %v", found, active)
		}
		s.wantClosed(1000)

		ended := a.open("/ws/v1/profiler?sessionId=" + id)
		if d := ended.next("batch").data(); d["isActive"] != false || len(named(d.list("markers"), "type", "test")) != 1 {
			t.Errorf("batch %v", d)
		}
		ended.next("stopped")
		ended.wantClosed(1000)

		// Closing a connection does not stop the session.
		second := a.session("").text("sessionId")
		s = a.open("/ws/v1/profiler?sessionId=" + second)
		s.next("batch")
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if list := a.array(sessions); list[0]["isActive"] != true {
			t.Errorf("sessions %v", list)
		}
		gone := a.open("/ws/v1/profiler?sessionId=" + id)
		gone.next("error")
		gone.wantClosed(1008)
	})
}
