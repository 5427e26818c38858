package devflow

import (
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// all five kinds, in an order that shows gaps.
func (a *agent) touch() {
	a.rec.UI.TreeChange(recorder.TreeChange{Change: "added", ElementID: "e-118", ElementType: "Row", ParentID: "e-100"}, time.Time{})
	a.rec.UI.Alert(recorder.Alert{Title: "Delete?", Buttons: []string{"OK", "Cancel"}}, time.Time{})
	a.rec.UI.Failure(recorder.Failure{Message: "boom", Stack: "at main"}, time.Time{})
	a.rec.UI.Navigate(recorder.Navigation{To: "/settings", Route: "/:page"}, time.Time{})
	a.rec.UI.Lifecycle(recorder.StatePaused, time.Time{})
	a.rec.UI.Lifecycle(recorder.StateResumed, time.Time{})
}

func TestUISnapshotThenEvents(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		s := a.dial("/ws/v1/ui/events?compat=" + compat)
		if got := s.next("lifecycle").data().text("state"); got != "started" {
			t.Errorf("present state %s", got)
		}
		a.rec.UI.Navigate(recorder.Navigation{To: "/home"}, time.Time{})
		if d := s.next("navigation").data(); d.text("to") != "/home" || d["from"] != nil {
			t.Errorf("first navigation %v", d)
		}
		a.touch()
		d := s.next("treeChange").data()
		if d.text("changeType") != "added" || d.text("elementId") != "e-118" || d.text("elementType") != "Row" || d.text("parentId") != "e-100" {
			t.Errorf("tree change %v", d)
		}
		checkTimestamp(t, d.text("timestamp"))
		d = s.next("alert").data()
		if buttons, _ := d["buttons"].([]any); d.text("title") != "Delete?" || d["message"] != nil || len(buttons) != 2 {
			t.Errorf("alert %v", d)
		}
		if d = s.next("error").data(); d.text("message") != "boom" || d.text("stackTrace") != "at main" {
			t.Errorf("error %v", d)
		}
		if d = s.next("navigation").data(); d.text("from") != "/home" || d.text("to") != "/settings" || d.text("route") != "/:page" {
			t.Errorf("navigation %v", d)
		}
		s.next("lifecycle")
		s.next("lifecycle")
		late := a.dial("/ws/v1/ui/events?compat=" + compat)
		if got := late.next("lifecycle").data().text("state"); got != "resumed" {
			t.Errorf("present state %s", got)
		}
		d = late.next("navigation").data()
		if from, has := d["from"]; !has || from != nil || d.text("to") != "/settings" {
			t.Errorf("present route %v", d)
		}
	})
}

func TestUISubscriptions(t *testing.T) {
	for _, test := range []struct {
		name, query string
		commands    []string
		want        string
	}{
		{"all", "", nil, "treeChange alert error navigation lifecycle lifecycle"},
		{"query", "?events=ALERT,+nonsense,error", nil, "alert error"},
		{"query of nonsense", "?events=nonsense", nil, "treeChange alert error navigation lifecycle lifecycle"},
		{"replace all", "", []string{`{"type":"subscribe","data":{"events":["treeChange","alert"]}}`}, "treeChange alert"},
		{"replace, then add", "", []string{
			`{"type":"subscribe","data":{"events":["TREECHANGE"]}}`, `{"type":"subscribe","data":{"events":["error","nonsense"]}}`,
		}, "treeChange error"},
		{"unsubscribe from all", "", []string{`{"type":"unsubscribe","data":{"events":["lifecycle"]}}`}, "treeChange alert error navigation"},
		{"then added", "", []string{
			`{"type":"unsubscribe","data":{"events":["lifecycle","alert"]}}`, `{"type":"subscribe","data":{"events":["alert"]}}`,
		}, "treeChange alert error navigation"},
		{"nothing and something", "", []string{
			`{"type":"unsubscribe","data":{"events":["alert","all"]}}`, `{"type":"subscribe","data":{"events":["error"]}}`,
		}, "error"},
		{"all again", "?events=alert", []string{`{"type":"subscribe","data":{"events":["all","alert"]}}`}, "treeChange alert error navigation lifecycle lifecycle"},
		{"ignored", "?events=alert", []string{
			`{"type":"subscribe","data":{"events":[]}}`, `{"type":"subscribe","data":{}}`, `{"type":"subscribe"}`, `{"type":"unsubscribe","data":{"events":["x"]}}`,
			`{"type":"subscribe","data":{"events":"all"}}`, `{"type":"subscribe","data":{"events":[7,null]}}`, `{"type":"mystery","data":{"events":["all"]}}`,
		}, "alert"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newAgent(t, recorder.Options{}, Deps{})
			s := a.dial("/ws/v1/ui/events" + test.query)
			if !strings.HasPrefix(test.query, "?events=ALERT") && !strings.HasPrefix(test.query, "?events=alert") {
				s.next("lifecycle")
			}
			waitReaders(t, a, 1)
			for _, c := range test.commands {
				s.write(c)
			}
			a.settle(s)
			a.touch()
			for _, want := range strings.Fields(test.want) {
				s.next(want)
			}
		})
	}
}

// settle makes sure that earlier commands of the only client were obeyed. There is no
// acknowledgement, but the last of more messages than the channel's queue holds is read
// only after the channel has taken the first of them.
func (a *agent) settle(s *socket) {
	for range inboxSize + 2 {
		s.write(`{"type":"settle"}`)
	}
	eventually(a.t, "commands are read", func() bool { return int(a.api.Stats().Received) == s.sent })
}

func TestUIEmptySetStaysOpen(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	s := a.dial("/ws/v1/ui/events")
	s.next("lifecycle")
	s.write(`{"type":"unsubscribe","data":{"events":["all"]}}`)
	a.settle(s)
	a.touch()
	s.write(`{"type":"subscribe","data":{"events":["alert"]}}`)
	a.settle(s)
	a.rec.UI.Alert(recorder.Alert{Title: "second"}, time.Time{})
	if got := s.next("alert").data().text("title"); got != "second" {
		t.Errorf("an event from before the subscription: %s", got)
	}
}
