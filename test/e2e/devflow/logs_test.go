package devflow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// array decodes an answer that must be an array, never an envelope.
func (a *agent) array(path string) []object {
	a.t.Helper()
	r := a.Get(path)
	var list []object
	if err := json.Unmarshal(r.Body, &list); err != nil || r.Status != 200 || list == nil {
		a.t.Fatalf("%s: status %d, %.300s: %v", path, r.Status, r.Body, err)
	}
	return list
}

// logged waits until the newest entry has the text.
func (a *agent) logged(text string) {
	a.t.Helper()
	device.Poll(a.t, "the entry "+text, func() bool { return texts(a.array("/api/v1/logs?limit=1"), "message") == text })
}

// allLevels logs one entry of each level, whose text is the level's name.
func (a *agent) allLevels() {
	a.t.Helper()
	for _, level := range []string{"trace", "debug", "info", "warning", "error", "critical"} {
		a.log(level, level, "logger", "app."+level)
	}
	a.logged("critical")
}

// TestLogsReplay: sections 4.3 (replay, level, source), 2.6 (order, filters), 2.7
// (parameters), 8.4 and 8.5.
func TestLogsReplay(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		empty := a.open("/ws/v1/logs?replay=5")
		if got := empty.next("replay").data()["entries"]; fmt.Sprint(got) != "[]" {
			t.Errorf("the replay of an empty buffer is %v", got)
		}
		a.allLevels()
		for query, want := range map[string]string{
			"":                                "critical error warning info", // the default is info, newest first
			"?level=trace":                    "critical error warning info debug trace",
			"?level=DEBUG":                    "critical error warning info debug",
			"?level=information":              "critical error warning info",
			"?level=warn":                     "critical error warning",
			"?level=Warning":                  "critical error warning",
			"?level=err":                      "critical error",
			"?level=error":                    "critical error",
			"?level=fatal":                    "critical",
			"?level=critical":                 "critical",
			"?level=loud":                     "critical error warning info",
			"?level=":                         "critical error warning info",
			"?level=critical&level=warn":      "critical error warning", // the last one counts
			"?replay=2":                       "critical error",
			"?replay=1&level=trace":           "critical",
			"?replay=2&source=native":         "critical error",
			"?replay=5000":                    "critical error warning info",
			"?replay=99999999999999999999999": "critical error warning info",
			"?replay=many":                    "critical error warning info",
			"?replay=1.5":                     "critical error warning info",
			"?replay=":                        "critical error warning info",
			"?replay=+1":                      "critical", // a plus is a plus, and +1 a number
			"?source=all":                     "critical error warning info",
			"?source=ALL":                     "critical error warning info",
			"?source=Native":                  "critical error warning info",
			"?source=webview":                 "",
			"?source=framework":               "",
			"?source=elsewhere":               "",
			"?unknown=1":                      "critical error warning info",
		} {
			s := a.open("/ws/v1/logs" + query)
			if got := s.next("replay").data().texts("entries", "message"); got != want {
				t.Errorf("%s: the replay is %q, want %q", query, got, want)
			}
			s.Drop()
		}
		// No replay message, not even an empty one.
		for _, query := range []string{"replay=0", "replay=-1"} {
			s := a.open("/ws/v1/logs?" + query)
			a.log("info", "after "+query)
			if got := s.next("log").data().object("entry").text("message"); got != "after "+query {
				t.Errorf("%s: the first message is about %q", query, got)
			}
		}
	})
}

// TestLogEntries: section 3.2, and what a stack becomes.
func TestLogEntries(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		s := a.open("/ws/v1/logs?level=trace&replay=0")
		for _, level := range []string{"trace", "debug", "info", "warning", "error", "critical"} {
			a.log(level, "text of "+level, "logger", "app."+level)
			e := s.next("log").data().object("entry")
			checkTimestamp(t, e.text("timestamp"))
			if e.text("level") != level || e.text("message") != "text of "+level || e.text("category") != "app."+level || e.text("source") != "native" {
				t.Errorf("entry %v", e)
			}
			if _, has := e["exception"]; has {
				t.Errorf("an entry without an exception has the member: %v", e)
			}
		}
		a.log("error", "failed", "error", "boom\n\tat main.go:1")
		if e := s.next("log").data().object("entry"); !strings.Contains(e.text("exception"), "at main.go:1") {
			t.Errorf("entry %v has no exception", e)
		}
		a.tell("/print", "text", "quite plain")
		if e := s.next("log").data().object("entry"); e.text("message") != "quite plain" || e.text("source") != "native" {
			t.Errorf("entry %v", e)
		}
	})
}

// TestLogsLive: section 2.6 (filters apply to live items; the order is that of
// recording), 8.6 (all clients see the same).
func TestLogsLive(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		all, alike := a.open("/ws/v1/logs?level=trace&replay=0"), a.open("/ws/v1/logs/?level=trace&replay=0")
		severe, none := a.open("/ws/v1/logs?level=error&replay=0"), a.open("/ws/v1/logs?source=webview&replay=0")
		a.allLevels()
		for _, level := range []string{"trace", "debug", "info", "warning", "error", "critical"} {
			one, other := all.next("log").data(), alike.next("log").data()
			if got := one.object("entry").text("message"); got != level || fmt.Sprint(one) != fmt.Sprint(other) {
				t.Errorf("%v and %v, want %s", one, other, level)
			}
		}
		for _, level := range []string{"error", "critical"} {
			if got := severe.next("log").data().object("entry").text("level"); got != level {
				t.Errorf("level %s passes the filter, want %s", got, level)
			}
		}
		severe.nothing()
		none.nothing()
		// 4.3: client messages are ignored.
		all.Send(`{"type":"clear"}`)
		all.Send(`nonsense`)
		all.nothing()
	})
}

// TestLogsOfTheAgent: section 3.2: what the agent says itself is of the source
// framework.
func TestLogsOfTheAgent(t *testing.T) {
	t.Parallel()
	a := startRun(t, "--reveal")
	s := a.open("/ws/v1/logs?source=framework")
	var e object
	if replay := s.next("replay").data().list("entries"); len(replay) > 0 {
		e = replay[0]
	} else {
		e = s.next("log").data().object("entry")
	}
	if e.text("level") != "warning" || e.text("source") != "framework" || !strings.Contains(e.text("message"), "secrets") {
		t.Errorf("entry %v", e)
	}
}

// TestLogsExactlyOnce: section 2.6 (no gap, no duplicate, also under concurrent
// handshakes), 8.3. Each client sees an unbroken series up to the last entry.
func TestLogsExactlyOnce(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		const entries, clients = 3000, 12
		a := startMode(t, compat)
		a.log("info", "first")
		var wg sync.WaitGroup
		wg.Go(func() { a.log("info", "", "n", strconv.Itoa(entries)) })
		for i := range clients {
			wg.Go(func() {
				s := a.open("/ws/v1/logs?replay=1000")
				if i%3 == 0 {
					s.Ping() // a later start for the next one
				}
				s.series(entries)
			})
		}
		wg.Wait()
		// 2.6: 1000 are kept.
		if got := texts(a.array("/api/v1/logs?limit=1000&skip=999"), "message"); got != strconv.Itoa(entries-1000) {
			t.Errorf("the oldest entry is %q", got)
		}
	})
}

// series reads the replay and what follows until entry number n-1, and wants numbers
// without a gap and without a duplicate.
func (s *socket) series(n int) {
	expected := -1
	take := func(text string) {
		got, err := strconv.Atoi(text)
		if err != nil {
			return // before the series
		}
		if expected >= 0 && got != expected {
			s.t.Errorf("entry %d follows %d", got, expected-1)
		}
		expected = got + 1
	}
	for expected < n {
		m, err := s.TryNext(device.Patience)
		if err != nil {
			s.t.Errorf("after entry %d: %v", expected-1, err)
			return
		}
		o := s.check(m)
		entries := o.data().list("entries")
		for i := len(entries) - 1; i >= 0; i-- { // newest first
			take(entries[i].text("message"))
		}
		if o.typ() == "log" {
			take(o.data().object("entry").text("message"))
		}
	}
	s.nothing()
}

// TestLogsHTTP: section 5.3.
func TestLogsHTTP(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		if list := a.array("/api/v1/logs"); len(list) != 0 {
			t.Errorf("entries before the first: %v", list)
		}
		a.allLevels()
		for query, want := range map[string]string{
			"":                           "critical error warning info debug trace",
			"?limit=2":                   "critical error",
			"?limit=0":                   "critical", // clamped
			"?limit=-3":                  "critical",
			"?limit=5000":                "critical error warning info debug trace",
			"?limit=few":                 "critical error warning info debug trace",
			"?skip=4":                    "debug trace",
			"?skip=-4&limit=1":           "critical",
			"?skip=x&limit=1":            "critical",
			"?skip=1&limit=2":            "error warning",
			"?skip=99":                   "",
			"?level=warning":             "critical error warning",
			"?level=warning&skip=1":      "error warning", // filters come first
			"?level=loud":                "critical error warning info debug trace",
			"?source=native&limit=1":     "critical",
			"?source=all&limit=1":        "critical",
			"?source=webview":            "",
			"?source=nowhere":            "",
			"?level=error&source=NATIVE": "critical error",
			"?level=%65rror":             "critical error",
		} {
			list := a.array("/api/v1/logs" + query)
			if got := texts(list, "message"); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
			for _, e := range list {
				checkTimestamp(t, e.text("timestamp"))
				checkEntryMirror(t, e, compat == "mirror")
			}
		}
		// 2.8: the request wins over the setting.
		for mode, mirror := range map[string]bool{"mirror": true, "none": false, "MIRROR": true, "other": compat == "mirror", "": compat == "mirror"} {
			for _, e := range a.array("/api/v1/logs?compat=" + mode) {
				checkEntryMirror(t, e, mirror)
			}
		}
		// Reading consumes nothing.
		if n := len(a.array("/api/v1/logs")); n != 6 {
			t.Errorf("%d entries are left", n)
		}
	})
}
