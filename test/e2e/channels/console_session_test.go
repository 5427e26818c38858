package channels

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 3.6: exit codes, null for a signal; every viewer is told, after all output.
func TestConsoleExit(t *testing.T) {
	d := start(t)
	for _, c := range []struct {
		command string
		want    any
	}{{"exit 0", 0.0}, {"exit 7", 7.0}, {"exit 255", 255.0}, {"kill -9 $$", nil}, {"exec sh -c 'exit 3'", 3.0}, {"exec sh -c 'kill $$'", nil}} {
		a := open(t, d, "")
		a.run("true")
		b := a.attach()
		b.run("echo last$((1))words; " + c.command)
		for _, viewer := range []*terminal{a, b} {
			if code := viewer.expectExit(); code != c.want {
				t.Errorf("%s: code %v, want %v", c.command, code, c.want)
			}
			if !strings.Contains(viewer.seen.String(), "last1words") {
				t.Errorf("%s: exit came before the output %q", c.command, viewer.seen.String())
			}
		}
		s := a.summary()
		if !s.Closed || s.ClientCount != 0 || (s.ExitCode == nil) != (c.want == nil) || s.ExitCode != nil && float64(*s.ExitCode) != c.want {
			t.Errorf("%s: listed as %+v", c.command, s)
		}
	}
}

// 3.6: an ended session that is attached to again gives ready and the replay,
// and then stays open and idle until it is deleted.
func TestConsoleEndedSession(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	c.run("echo remem$((1))ber; exit 5")
	c.expectExit()
	for range 3 { // stock clients come back after every close
		again := c.attach()
		again.expect("remem1ber")
		for range 3 {
			again.Ping()
		}
		for _, m := range again.Pending() {
			if m.Type() != "output" {
				t.Errorf("the ended session sends %s", m.Data)
			}
		}
		again.input("x")
		m := again.Find("the answer", func(m device.Message) bool { return m.Type() != "output" })
		wantText(t, m, "message", "failed to write to console")
		again.SendJSON(map[string]any{"type": "resize", "cols": 100, "rows": 30})
		again.Ping()
		if m, err := again.TryNext(0); !errors.Is(err, device.ErrQuiet) {
			t.Errorf("the ended session sends %s %v", m.Data, err)
		}
		again.Drop()
	}
	last := c.attach()
	last.expect("remem1ber")
	last.delete()
	if code := last.expectExit(); code != 5.0 {
		t.Errorf("code %v", code)
	}
	if len(sessions(t, d)) != 0 {
		t.Error("the deleted session is listed")
	}
}

// 3.6, 2.3: the shell survives all its viewers, and goes on while there is none.
func TestConsoleSurvivesDisconnect(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	c.run("secret=$((6*7)); cd /tmp; echo se$((1))t")
	c.expect("se1t")
	mark := d.Home + "/went-on"
	c.run("(sleep 0.3; echo beh$((1))ind; touch " + mark + ") &")
	if c.summary().ClientCount != 1 {
		t.Errorf("listed as %+v", c.summary())
	}
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	device.Poll(t, "no client to be counted", func() bool { return c.summary().ClientCount == 0 })
	device.Poll(t, "the shell to go on", func() bool { _, err := os.Stat(mark); return err == nil })
	back := c.attach()
	back.expect("se1t") // the replay
	back.expect("beh1ind")
	back.run("echo $secret in $PWD")
	back.expect("42 in /tmp")
	back.Drop()
	c.attach().expect("42 in /tmp")
}

// 3.6, 9.2: a session that is not there.
func TestConsoleUnknownSession(t *testing.T) {
	d := start(t)
	s := d.Dial("/v1/ws/console?sessionId=" + someStream)
	wantText(t, s.Expect("error"), "message", "console session not found")
	wantClose(t, s, 1000)
	c := open(t, d, "")
	c.delete()
	c.expectExit()
	s = d.Dial("/v1/ws/console?sessionId=" + c.ready.SessionID)
	wantText(t, s.Expect("error"), "message", "console session not found")
	wantClose(t, s, 1000)
}

// 3.6: deleting ends the shell and what it runs, also what does not want to;
// viewers get exit and are closed.
func TestConsoleDelete(t *testing.T) {
	t.Parallel()
	d := start(t)
	c := open(t, d, "")
	other := c.attach()
	shell := c.pid()
	stubborn := d.Home + "/stubborn"
	c.run(`sh -c 'trap "" TERM HUP; echo $$ > ` + stubborn + `.tmp; mv ` + stubborn + `.tmp ` + stubborn + `; while :; do sleep 1; done'`)
	device.Poll(t, "the stubborn process", func() bool { _, err := os.Stat(stubborn); return err == nil })
	text, err := os.ReadFile(stubborn)
	if err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(string(text), &child); err != nil {
		t.Fatal(err)
	}
	c.delete()
	c.expectExit()
	other.expectExit()
	for _, pid := range []int{shell, child} {
		device.Poll(t, fmt.Sprintf("process %d to end", pid), func() bool { return !alive(pid) })
	}
	if len(sessions(t, d)) != 0 {
		t.Error("the deleted session is listed")
	}
	if r := d.Ask("DELETE", "/v1/console/sessions/"+c.ready.SessionID, ""); r.Status != 404 {
		t.Errorf("deleted twice: %d", r.Status)
	}
}

// alive reports whether a process runs; a zombie does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := bytes.Cut(stat, []byte(") "))
	return err == nil && !bytes.HasPrefix(after, []byte("Z"))
}

// 3.6, 7.4, 9.3: at most 16 live shells; ended ones do not count.
func TestConsoleLimit(t *testing.T) {
	d := start(t)
	var open16 []*terminal
	for range 12 {
		open16 = append(open16, open(t, d, ""))
	}
	for range 4 {
		if r := d.Post("/v1/console/sessions", `{"cols":1}`); r.Status != 200 {
			t.Fatalf("create: %d %s", r.Status, r.Body)
		}
	}
	refused := func() {
		t.Helper()
		s := d.Dial("/v1/ws/console")
		wantText(t, s.Expect("error"), "message", "too many console sessions")
		wantClose(t, s, 1000)
		if text := wantError(t, d, "create", d.Post("/v1/console/sessions", "{}"), 503, "service_unavailable"); text != "too many console sessions" {
			t.Errorf("create: %q", text)
		}
	}
	refused()
	open16[1].attach().run("true") // attaching is no creation
	open16[0].run("exit")
	open16[0].expectExit()
	open(t, d, "").run("true")
	refused()
	open16[1].delete()
	device.Poll(t, "a place to be free", func() bool { return d.Post("/v1/console/sessions", "{}").Status == 200 })
}

// 3.6, 9.2: a shell that cannot be started, and consoles switched off.
func TestConsoleCannotStart(t *testing.T) {
	for config, status := range map[string]int{"console:\n  shell: /nonexistent/shell\n": 500, "console:\n  disabled: true\n": 503} {
		d := device.Start(t, device.Options{Config: config})
		s := d.Dial("/v1/ws/console")
		if m := s.Expect("error").Map(); m["message"] == "" {
			t.Errorf("error %v", m)
		}
		wantClose(t, s, 1000)
		if r := d.Post("/v1/console/sessions", "{}"); r.Status != status {
			t.Errorf("%q: create: %d %s", config, r.Status, r.Body)
		}
	}
}
