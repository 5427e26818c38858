package devflow

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestUISnapshot: section 4.6, 8.12: the present state first, then the present route
// with no from, and no replay of what was before.
func TestUISnapshot(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		first := a.open("/ws/v1/ui/events")
		if d := first.next("lifecycle").data(); d.text("state") != "started" {
			t.Errorf("the state is %v", d)
		}
		first.nothing() // there is no route yet
		a.tell("/navigate", "to", "/orders")
		a.tell("/navigate", "to", "/orders/17", "route", "/orders/{id}")
		a.tell("/lifecycle", "state", "paused")
		a.tell("/alert", "title", "Delete?", "buttons", "OK,Cancel")
		s := a.open("/ws/v1/ui/events/?unknown=1")
		if d := s.next("lifecycle").data(); d.text("state") != "paused" {
			t.Errorf("the state is %v", d)
		}
		d := s.next("navigation").data()
		checkTimestamp(t, d.text("timestamp"))
		if from, has := d["from"]; d.text("to") != "/orders/17" || d.text("route") != "/orders/{id}" || has && from != nil {
			t.Errorf("the route is %v", d)
		}
		s.nothing()
		// 2.6: the other client saw it happen.
		if d := first.next("navigation").data(); d.text("to") != "/orders" || d["from"] != nil {
			t.Errorf("navigation %v", d)
		}
		if d := first.next("navigation").data(); d.text("to") != "/orders/17" || d.text("from") != "/orders" {
			t.Errorf("navigation %v", d)
		}
		if d := first.next("lifecycle").data(); d.text("state") != "paused" {
			t.Errorf("lifecycle %v", d)
		}
		if d := first.next("alert").data(); d.text("title") != "Delete?" || d["message"] != nil || fmt.Sprint(d["buttons"]) != "[OK Cancel]" {
			t.Errorf("alert %v", d)
		}
	})
}

// TestUIEvents: section 4.6: the members of each type.
func TestUIEvents(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		s := a.open("/ws/v1/ui/events?compat=" + compat)
		s.next("lifecycle")
		for _, state := range []string{"resumed", "paused", "stopped", "backgrounded", "foregrounded", "started"} {
			a.tell("/lifecycle", "state", state)
			d := s.next("lifecycle").data()
			checkTimestamp(t, d.text("timestamp"))
			if d.text("state") != state {
				t.Errorf("%v, want the state %s", d, state)
			}
		}
		for _, change := range []string{"added", "removed", "modified"} {
			a.tell("/tree", "change", change, "id", "e", "type", "Row", "parent", "e-100")
			d := s.next("treeChange").data()
			checkTimestamp(t, d.text("timestamp"))
			if d.text("changeType") != change || d.text("elementId") != "e0" || d.text("elementType") != "Row" || d.text("parentId") != "e-100" {
				t.Errorf("tree change %v", d)
			}
		}
		a.tell("/tree", "change", "added", "id", "root", "type", "Window")
		if d := s.next("treeChange").data(); d["parentId"] != nil {
			t.Errorf("tree change %v", d)
		}
		a.tell("/alert", "message", "Saved")
		d := s.next("alert").data()
		checkTimestamp(t, d.text("timestamp"))
		if d["title"] != nil || d.text("message") != "Saved" || fmt.Sprint(d["buttons"]) != "[]" {
			t.Errorf("alert %v", d)
		}
		a.tell("/panic", "text", "index out of range")
		d = s.next("error").data()
		checkTimestamp(t, d.text("timestamp"))
		if d.text("message") != "index out of range" || !strings.Contains(d.text("stackTrace"), "goroutine ") {
			t.Errorf("error %v", d)
		}
	})
}

// uiSends tells one event of each kind and returns the types that have arrived when
// another client, which is subscribed to all, has seen the last.
func (s *socket) uiSends(a *agent, other *socket) string {
	s.t.Helper()
	a.tell("/navigate", "to", "/x")
	a.tell("/lifecycle", "state", "paused")
	a.tell("/lifecycle", "state", "resumed")
	a.tell("/tree", "change", "added", "id", "e", "type", "Row")
	a.tell("/alert", "title", "x")
	a.tell("/panic", "text", "x")
	for other.check(other.Next()).typ() != "error" {
	}
	s.Ping()
	var types []string
	for _, m := range s.Pending() {
		types = append(types, s.check(m).typ())
	}
	return strings.Join(types, " ")
}

// TestUISubscriptions: section 4.6, 8.12.
func TestUISubscriptions(t *testing.T) {
	const all = "navigation lifecycle lifecycle treeChange alert error"
	t.Parallel()
	a := startProgram(t, "none")
	for _, test := range []struct {
		query    string
		commands []string
		want     string
	}{
		{"", nil, all},
		{"?events=alert,error", nil, "alert error"},
		{"?events=ALERT", nil, "alert"},
		{"?events=alert,mystery", nil, "alert"},
		{"?events=mystery", nil, all},
		{"?events=", nil, all},
		{"?events=all,alert", nil, all},
		// From all, the named ones replace; then they are added.
		{"", []string{`{"type":"subscribe","data":{"events":["treeChange","alert"]}}`}, "treeChange alert"},
		{"", []string{`{"type":"subscribe","data":{"events":["TREECHANGE"]}}`, `{"type":"subscribe","data":{"events":["error"]}}`}, "treeChange error"},
		{"?events=alert", []string{`{"type":"subscribe","data":{"events":["navigation"]}}`}, "navigation alert"},
		{"?events=alert", []string{`{"type":"subscribe","data":{"events":["navigation","all"]}}`}, all},
		// Unknown names, none, and no array are ignored.
		{"", []string{`{"type":"subscribe","data":{"events":["mystery"]}}`, `{"type":"subscribe","data":{"events":[]}}`, `{"type":"subscribe","data":{}}`,
			`{"type":"subscribe"}`, `{"type":"unsubscribe","data":{"events":["mystery"]}}`, `{"type":"subscribe","data":{"events":"alert"}}`}, all},
		{"", []string{`{"type":"subscribe","data":{"events":["mystery","alert",7]}}`}, "alert"},
		// One of all leaves the other four; all leaves nothing.
		{"", []string{`{"type":"unsubscribe","data":{"events":["lifecycle"]}}`}, "navigation treeChange alert error"},
		{"", []string{`{"type":"unsubscribe","data":{"events":["all"]}}`}, ""},
		{"", []string{`{"type":"unsubscribe","data":{"events":["all"]}}`, `{"type":"subscribe","data":{"events":["alert"]}}`}, "alert"},
		{"?events=alert,error", []string{`{"type":"unsubscribe","data":{"events":["Alert"]}}`}, "error"},
		{"?events=alert", []string{`{"type":"unsubscribe","data":{"events":["alert"]}}`}, ""},
	} {
		t.Run(test.query+fmt.Sprint(test.commands), func(t *testing.T) {
			s, other := a.open("/ws/v1/ui/events"+test.query), a.open("/ws/v1/ui/events")
			defer s.Drop()
			defer other.Drop()
			other.next("lifecycle")
			for _, command := range test.commands {
				s.Send(command)
			}
			// Commands are not acknowledged: it is not told from when on they count, and the
			// last event may be on its way. Two times the same is no accident.
			right, got := 0, ""
			end := time.Now().Add(device.Patience / 3)
			for right < 2 && time.Now().Before(end) {
				if got = s.uiSends(a, other); got == test.want {
					right++
				} else {
					right = 0
				}
			}
			if right < 2 {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestUIOfAnyProgram: what heliograph run can tell of a program that knows nothing of
// it: its life.
func TestUIOfAnyProgram(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		a.tell("/print") // it has started
		s := a.open("/ws/v1/ui/events")
		if d := s.next("lifecycle").data(); d.text("state") != "started" {
			t.Errorf("the state is %v", d)
		}
		pid := a.object(a.Get("/api/v1/agent/status")).object("app").number("processId")
		for _, step := range []struct {
			signal syscall.Signal
			state  string
		}{{syscall.SIGSTOP, "paused"}, {syscall.SIGCONT, "resumed"}} {
			if err := syscall.Kill(pid, step.signal); err != nil {
				t.Fatal(err)
			}
			if d := s.next("lifecycle").data(); d.text("state") != step.state {
				t.Errorf("%v, want %s", d, step.state)
			}
		}
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if d := s.next("lifecycle").data(); d.text("state") != "stopped" {
			t.Errorf("%v, want stopped", d)
		}
		s.wantClosed(1001)
		a.Wait()
	})
}

// TestUIOrder: section 2.6: clients get all events in the order of recording; those that
// come while it happens, from some event on without a gap.
func TestUIOrder(t *testing.T) {
	t.Parallel()
	const changes = 2000
	a := startProgram(t, "none")
	first := a.open("/ws/v1/ui/events")
	first.next("lifecycle")
	var wg, recorded sync.WaitGroup
	recorded.Go(func() { a.tell("/tree", "change", "modified", "type", "Row", "n", fmt.Sprint(changes)) })
	clients := []*socket{first}
	for range 8 {
		s := a.open("/ws/v1/ui/events")
		s.next("lifecycle")
		clients = append(clients, s)
	}
	recorded.Wait()
	a.tell("/alert", "title", "done")
	for i, s := range clients {
		wg.Go(func() { s.changes(i == 0, changes) })
	}
	wg.Wait()
}

// changes reads changes of the tree, which are numbered, until an alert.
func (s *socket) changes(all bool, n int) {
	last := -1
	for {
		m, err := s.TryNext(device.Patience)
		if err != nil {
			s.t.Errorf("after change %d: %v", last, err)
			return
		}
		o := s.check(m)
		if o.typ() == "alert" {
			break
		}
		got, err := strconv.Atoi(o.data().text("elementId"))
		if err != nil || got != last+1 && (all || last >= 0) {
			s.t.Errorf("change %s follows %d", m.Data, last)
		}
		last = got
	}
	if last >= 0 && last != n-1 || all && last < 0 {
		s.t.Errorf("the last change is %d", last)
	}
}
