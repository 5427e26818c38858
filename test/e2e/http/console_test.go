package http

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// session is ConsoleSessionSummary of 7.4.
type session struct {
	SessionID    string    `json:"session_id"`
	Shell        string    `json:"shell"`
	Created      time.Time `json:"created_at"`
	LastActivity time.Time `json:"last_activity"`
	ExitCode     *int      `json:"exit_code"`
	Clients      *int      `json:"client_count"`
	Cols         int       `json:"cols"`
	Rows         int       `json:"rows"`
	Closed       *bool     `json:"closed"`
}

func sessions(t *testing.T, d *device.Device) []session {
	t.Helper()
	return read[struct{ Sessions []session }](t, d.Get("/v1/console/sessions")).Sessions
}

// 7.4: create, list, delete.
func TestConsoleSessions(t *testing.T) {
	d := start(t)
	if r := d.Get("/v1/console/sessions"); string(r.Body) != `{"sessions":[]}` {
		t.Errorf("none: %s", r.Body)
	}
	made := read[session](t, d.Post("/v1/console/sessions", "{}"))
	if !isUUID(made.SessionID) || made.Shell != "/bin/bash" || made.Cols != 120 || made.Rows != 34 || made.ExitCode != nil ||
		made.Closed == nil || *made.Closed || made.Clients == nil || *made.Clients != 0 || time.Since(made.Created) > time.Minute {
		t.Errorf("%+v", made)
	}
	s := d.Dial("/v1/ws/console?sessionId=" + made.SessionID)
	s.Expect("ready")
	device.Poll(t, "the viewer to be counted", func() bool { return *sessions(t, d)[0].Clients == 1 })
	s.Drop()
	device.Poll(t, "the viewer to be forgotten", func() bool { return *sessions(t, d)[0].Clients == 0 })
	if r := d.Ask("DELETE", "/v1/console/sessions/"+made.SessionID, ""); r.Status != 204 || len(r.Body) > 0 {
		t.Errorf("DELETE: %d %s", r.Status, r.Body)
	}
	if list := sessions(t, d); len(list) != 0 {
		t.Errorf("still there: %+v", list)
	}
	wantError(t, "deleted twice", d.Ask("DELETE", "/v1/console/sessions/"+made.SessionID, ""), 404, "not_found")
}

// 7.4, 3.6: sizes are clamped; an empty body is as good as an empty object.
func TestConsoleSessionSizes(t *testing.T) {
	d := start(t)
	for body, want := range map[string][2]int{
		"": {120, 34}, "{}": {120, 34}, `{"cols":null,"rows":null,"colour":"red"}`: {120, 34},
		`{"cols":80,"rows":24}`: {80, 24}, `{"cols":80}`: {80, 34}, `{"rows":24}`: {120, 24},
		`{"cols":0,"rows":0}`: {40, 12}, `{"cols":39,"rows":11}`: {40, 12}, `{"cols":321,"rows":161}`: {320, 160},
		`{"cols":70000,"rows":70000}`: {320, 160},
	} {
		r := d.Post("/v1/console/sessions", body)
		made := read[session](t, r)
		if made.Cols != want[0] || made.Rows != want[1] {
			t.Errorf("%q: %dx%d, want %v", body, made.Cols, made.Rows, want)
		}
		d.Ask("DELETE", "/v1/console/sessions/"+made.SessionID, "")
	}
}

// 7.4: 404 for an unknown session, 400 for what is no UUID.
func TestConsoleSessionErrors(t *testing.T) {
	d := start(t)
	wantError(t, "unknown", d.Ask("DELETE", "/v1/console/sessions/"+someID, ""), 404, "not_found")
	for _, id := range []string{"x", "6f1c1d1e2a3b4c5d8e9f001122334455", someID + "0", "{" + someID + "}", "urn:uuid:" + someID, "6f1c1d1e-2a3b-4c5d-8e9f-00112233445g"} {
		wantError(t, id, d.Ask("DELETE", "/v1/console/sessions/"+id, ""), 400, "bad_request")
	}
}

// quiet has a shell do nothing from now on: a prompt that comes late would be a
// use of its session.
func quiet(t *testing.T, d *device.Device, id string) {
	t.Helper()
	s := d.Dial("/v1/ws/console?sessionId=" + id)
	s.Expect("ready")
	s.SendBinary([]byte("exec sh -c 'echo asl''eep; exec sleep 1000'\n"))
	seen := ""
	s.Find("the shell asleep", func(m device.Message) bool {
		text, _ := m.Map()["data"].(string)
		seen += text
		return strings.Contains(seen, "asleep")
	})
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// 7.4: the session used last comes first; one whose shell has ended stays until
// it is deleted.
func TestConsoleSessionList(t *testing.T) {
	d := start(t)
	var ids []string
	for range 3 {
		ids = append(ids, read[session](t, d.Post("/v1/console/sessions", "{}")).SessionID)
	}
	for _, id := range []string{ids[0], ids[2]} {
		quiet(t, d, id)
	}
	s := d.Dial("/v1/ws/console?sessionId=" + ids[1])
	s.Expect("ready")
	s.SendBinary([]byte("exit 7\n"))
	s.Find("the exit", func(m device.Message) bool { return m.Type() == "exit" })
	list := sessions(t, d)
	if len(list) != 3 || list[0].SessionID != ids[1] || !*list[0].Closed || list[0].ExitCode == nil || *list[0].ExitCode != 7 {
		data, _ := json.Marshal(list)
		t.Errorf("used last was %s: %s", ids[1], data)
	}
	for i := 1; i < len(list); i++ {
		if list[i].LastActivity.After(list[i-1].LastActivity) {
			t.Errorf("%d was used after %d", i, i-1)
		}
	}
	if r := d.Ask("DELETE", "/v1/console/sessions/"+ids[1], ""); r.Status != 204 || len(sessions(t, d)) != 2 {
		t.Errorf("an ended session cannot be deleted: %d", r.Status)
	}
}

// 7.4, 3.6: at the limit of living shells creation fails, over HTTP with 503 and
// on a socket with a message; ended ones do not count.
func TestConsoleSessionLimit(t *testing.T) {
	d := device.Start(t, device.Options{Config: "console:\n  max_sessions: 3\n"})
	for range 3 {
		read[session](t, d.Post("/v1/console/sessions", "{}"))
	}
	body := wantError(t, "the 4th", d.Post("/v1/console/sessions", "{}"), 503, "service_unavailable")
	if body.Error != "too many console sessions" || body.Retryable == nil || !*body.Retryable {
		t.Errorf("%+v", body)
	}
	s := d.Dial("/v1/ws/console")
	if m := s.Expect("error").Map(); m["message"] != "too many console sessions" {
		t.Errorf("%v", m)
	}
	s.WaitClose()
	if n := len(sessions(t, d)); n != 3 {
		t.Errorf("%d sessions", n)
	}
	a := d.Dial("/v1/ws/console?sessionId=" + sessions(t, d)[0].SessionID)
	a.Expect("ready")
	a.SendBinary([]byte("exit\n"))
	a.Find("the exit", func(m device.Message) bool { return m.Type() == "exit" })
	read[session](t, d.Post("/v1/console/sessions", "{}"))
	if n := len(sessions(t, d)); n != 4 {
		t.Errorf("%d sessions, want 3 living and an ended one", n)
	}
}

// 7.4, 9.3: by default there are 16.
func TestConsoleSessionDefaultLimit(t *testing.T) {
	d := start(t)
	for i := range 16 {
		if r := d.Post("/v1/console/sessions", "{}"); r.Status != 200 {
			t.Fatalf("%d: %d %s", i, r.Status, r.Body)
		}
	}
	wantError(t, "the 17th", d.Post("/v1/console/sessions", "{}"), 503, "service_unavailable")
}

// 7.4: 500 if the shell cannot be started; 503 if consoles are switched off.
func TestConsoleThatCannotBe(t *testing.T) {
	for config, want := range map[string]struct {
		status int
		code   string
	}{
		"console:\n  shell: /etc/hostname\n": {500, "internal"},
		"console:\n  shell: /nonexistent\n":  {500, "internal"},
		"console:\n  disabled: true\n":       {503, "service_unavailable"},
	} {
		d := device.Start(t, device.Options{Config: config})
		wantError(t, config, d.Post("/v1/console/sessions", "{}"), want.status, want.code)
		s := d.Dial("/v1/ws/console")
		if m := s.Expect("error").Map(); fmt.Sprint(m["message"]) == "" {
			t.Errorf("%v", m)
		}
		s.WaitClose()
	}
}
