package devflow

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

func (a *agent) log(level recorder.Level, text string) {
	a.rec.Logs.Record(recorder.LogEntry{Level: level, Category: "test", Message: text})
}

func TestLogsReplayThenLive(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		a.log(recorder.Info, "first")
		a.rec.Logs.Record(recorder.LogEntry{Level: recorder.Error, Message: "second", Exception: "why", Source: "webview"})
		a.log(recorder.Debug, "quiet")
		s := a.dial("/ws/v1/logs?compat=" + compat)
		replay := s.next("replay")
		if got := replay.data().texts("entries", "message"); got != "second first" {
			t.Errorf("replay %q", got)
		}
		a.log(recorder.Debug, "quiet")
		a.log(recorder.Critical, "third")
		live := s.next("log")
		entry := message(live.data()["entry"].(map[string]any))
		if entry.text("message") != "third" || entry.text("level") != "critical" || entry.text("source") != "native" || entry.text("category") != "test" {
			t.Errorf("live %v", entry)
		}
		checkTimestamp(t, entry.text("timestamp"))
		if compat == "none" {
			return
		}
		for name, want := range map[string]string{"l": "Critical", "c": "test", "m": "third", "s": "native", "t": entry.text("timestamp")} {
			if entry.text(name) != want {
				t.Errorf("mirror %s is %q, want %q", name, entry.text(name), want)
			}
		}
		if got := replay.texts("entries", "m"); got != "second first" {
			t.Errorf("mirrored entries %q", got)
		}
		if e := replay.list("entries")[0]; e.text("e") != "why" || e.text("l") != "Error" || replay.list("entries")[1].text("l") != "Information" {
			t.Errorf("mirrored entry %v", e)
		}
		if fmt.Sprint(live["entry"]) != fmt.Sprint(live.data()["entry"]) {
			t.Errorf("mirrored entry %v", live["entry"])
		}
	})
}

func TestLogsParameters(t *testing.T) {
	for _, test := range []struct {
		query string
		want  int // -1: no replay
	}{
		{"", 12}, {"?level=trace", 18}, {"?level=DEBUG", 15}, {"?level=information", 12}, {"?level=warn", 9}, {"?level=err", 6},
		{"?level=fatal", 3}, {"?level=critical", 3}, {"?level=loud", 12}, {"?level=", 12},
		{"?source=native", 4}, {"?source=WebView", 4}, {"?source=all", 12}, {"?source=ALL&level=trace", 18}, {"?source=nobody", 0},
		{"?replay=5", 5}, {"?replay=0", -1}, {"?replay=-3", -1}, {"?replay=many", 12}, {"?replay=5.0", 12}, {"?replay=99999999999999999999", 12},
		{"?replay=3&replay=7", 7}, {"?replay=3&replay=", 12}, {"?unknown=1", 12}, {"?level=trace&replay=1000", 18},
		{"/?replay=1", 1},
	} {
		t.Run(test.query, func(t *testing.T) {
			a := newAgent(t, recorder.Options{}, Deps{})
			for i, source := range []string{"native", "webview", "framework"} {
				for level := recorder.Trace; level <= recorder.Critical; level++ {
					a.rec.Logs.Record(recorder.LogEntry{Level: level, Message: fmt.Sprint(i, level), Source: source})
				}
			}
			s := a.dial("/ws/v1/logs" + test.query)
			if test.want >= 0 {
				if got := len(s.next("replay").data().list("entries")); got != test.want {
					t.Errorf("%d entries, want %d", got, test.want)
				}
				return
			}
			waitReaders(t, a, 1)
			a.rec.Logs.Record(recorder.LogEntry{Level: recorder.Critical, Message: "live"})
			s.next("log")
		})
	}
}

// waitReaders waits until so many connections are open and subscribed: the handshake
// is answered before the channel has begun.
func waitReaders(t *testing.T, a *agent, n int) {
	t.Helper()
	eventually(t, "the channel begins", func() bool {
		a.api.watch.mu.Lock()
		defer a.api.watch.mu.Unlock()
		return len(a.api.watch.feeds) >= n
	})
}

func TestEmptyBuffersReplayNothing(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		for path, list := range map[string]string{"/ws/v1/logs": "entries", "/ws/v1/network": "entries", "/ws/v1/ble": "events"} {
			s := a.dial(path + "?compat=" + compat)
			if compat == "mirror" && list == "events" {
				s.next("subscribed")
			}
			m := s.next("replay")
			if items, ok := m.data()[list].([]any); !ok || len(items) != 0 {
				t.Errorf("%s: replay %v", path, m)
			}
			if items, ok := m[list].([]any); compat == "mirror" && (!ok || len(items) != 0) {
				t.Errorf("%s: mirrored replay %v", path, m)
			}
		}
	})
}

// TestHandshakeWhileRecording: neither gap nor duplicate, for several clients that
// connect while entries are recorded.
func TestHandshakeWhileRecording(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		const total, clients = 1500, 6
		a := newAgent(t, recorder.Options{Capacity: &recorder.Capacity{Logs: total}}, Deps{})
		var recording, reading sync.WaitGroup
		recording.Go(func() {
			for i := range total {
				a.log(recorder.Info, fmt.Sprint(i))
				if i%50 == 0 {
					<-time.After(time.Millisecond)
				}
			}
		})
		for range clients {
			s := a.dial("/ws/v1/logs?replay=1000&compat=" + compat)
			s.sparse = true
			reading.Go(func() {
				held := s.next("replay").data().list("entries")
				next := 0
				for i := range held {
					if n := held[len(held)-1-i].text("message"); i == 0 {
						fmt.Sscan(n, &next)
					} else if n != fmt.Sprint(next) {
						t.Errorf("replay has %s, want %d", n, next)
					}
					next++
				}
				if len(held) == 0 {
					next = -1
				}
				for next != total {
					got := message(s.next("log").data()["entry"].(map[string]any)).text("message")
					if next >= 0 && got != fmt.Sprint(next) {
						t.Errorf("live %s, want %d", got, next)
					}
					fmt.Sscan(got, &next)
					next++
				}
			})
		}
		recording.Wait()
		reading.Wait()
	})
}

func TestHTTPLogs(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{Mirror: compat == "mirror"})
		for i := range 150 {
			a.rec.Logs.Record(recorder.LogEntry{Level: recorder.Level(i % 6), Message: fmt.Sprint(i), Source: []string{"native", "webview"}[i%2]})
		}
		for _, test := range []struct {
			query string
			n     int
			first string
		}{
			{"", 100, "149"}, {"?limit=5", 5, "149"}, {"?limit=0", 1, "149"}, {"?limit=-4", 1, "149"}, {"?limit=5000", 150, "149"}, {"?limit=x", 100, "149"},
			{"?limit=2&skip=3", 2, "146"}, {"?skip=-1", 100, "149"}, {"?skip=x", 100, "149"}, {"?skip=1000", 0, ""},
			{"?source=native&limit=1", 1, "148"}, {"?source=ALL&limit=1", 1, "149"}, {"?source=nobody", 0, ""},
			{"?level=critical", 25, "149"}, {"?level=loud", 100, "149"}, {"?level=critical&skip=1&limit=1", 1, "143"},
		} {
			got := a.do("GET", "/api/v1/logs"+test.query, "").ok().array()
			if len(got) != test.n || test.n > 0 && got[0].text("message") != test.first {
				t.Errorf("%s: %d entries, %v", test.query, len(got), got[:min(1, len(got))])
			}
			if len(got) > 0 && (got[0]["t"] != nil) != (compat == "mirror") {
				t.Errorf("mode %s: %v", compat, got[0])
			}
		}
		if got := a.do("GET", "/api/v1/logs?compat=none&limit=1", "").array(); got[0]["t"] != nil {
			t.Errorf("overridden, but %v", got[0])
		}
	})
}
