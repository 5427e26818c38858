package mux

import (
	"strings"
	"testing"
)

const console = "console.session"

type readyEvent struct {
	SessionID  string `json:"session_id"`
	Shell      string
	Cols, Rows int
}

func (p *peer) openConsole(payload ...any) readyEvent {
	p.t.Helper()
	p.request(console, payload...)
	return decode[readyEvent](p.t, p.want(console, "ready"))
}

// 5.4: the ways to open a console, and the size that each gives.
func TestConsoleOpens(t *testing.T) {
	d := start(t)
	for _, c := range []struct {
		name       string
		payload    []any
		cols, rows int
	}{
		{"no payload", nil, 120, 34},
		{"open", []any{object{"type": "open"}}, 120, 34},
		{"open with a size", []any{object{"type": "open", "cols": 100, "rows": 50}}, 100, 50},
		{"open with half a size", []any{object{"type": "open", "cols": 100}}, 100, 34},
		{"resize", []any{object{"type": "resize", "cols": 90, "rows": 20}}, 90, 20},
		{"input", []any{object{"type": "input", "data": "echo first-$((40+2))\n"}}, 120, 34},
	} {
		p := dial(t, d)
		ready := p.openConsole(c.payload...)
		if ready.Cols != c.cols || ready.Rows != c.rows || ready.Shell != "/bin/bash" {
			t.Errorf("%s: %+v", c.name, ready)
		}
		if c.name == "input" {
			p.output("first-42")
		}
	}
	for _, c := range [][4]int{{0, 0, 40, 12}, {39, 11, 40, 12}, {321, 161, 320, 160}, {1 << 40, 1 << 40, 320, 160}} {
		for _, kind := range []string{"open", "resize"} {
			p := dial(t, d)
			p.odd(console, object{"type": kind, "cols": c[0], "rows": c[1]})
			if ready := decode[readyEvent](t, p.want(console, "ready")); ready.Cols != c[2] || ready.Rows != c[3] {
				t.Errorf("%s %v: %+v", kind, c, ready)
			}
			p.Drop()
			d.Ask("DELETE", "/v1/console/sessions/"+sessionsOf(d)[0], "")
		}
	}
}

// 5.4, 3.6: input, resize and binary frames of an open console.
func TestConsoleInput(t *testing.T) {
	p := dial(t, start(t))
	p.openConsole()
	p.request(console, object{"type": "input", "data": "echo text-$((1+1)); export PS1=; stty -echo\n"})
	p.output("text-2")
	p.SendBinary([]byte("echo binary-$((2+3))\n"))
	p.output("binary-5")
	p.request(console, object{"type": "resize", "cols": 132, "rows": 43})
	p.SendBinary([]byte("stty size\n"))
	p.output("43 132")
	p.odd(console, object{"type": "resize", "cols": 5, "rows": 500})
	p.SendBinary([]byte("stty size\n"))
	p.output("160 40")
	p.SendBinary(nil)
	p.request(console, object{"type": "input", "data": ""})
	p.request(console, object{"type": "input", "data": "echo 'gr\u00fc\u00df \U0001F600'\n"})
	p.output("grüß \U0001F600")
}

// 5.4, 5.2: messages of a wrong shape are invalid_payload and leave the console
// open; so is a further open, in each of its forms.
func TestConsoleInvalidInput(t *testing.T) {
	p := dial(t, start(t))
	ready := p.openConsole()
	for _, payload := range []any{
		object{"type": "open"}, object{"type": "open", "session_id": ready.SessionID}, object{}, nil,
		object{"type": "exec"}, object{"type": "input"}, object{"type": "input", "data": 7},
		object{"type": "resize", "cols": 80}, object{"type": "resize", "cols": "80", "rows": "24"}, "ls\n", []any{},
	} {
		p.odd(console, payload)
		for e := p.of(console); e.kind() != "error invalid_payload"; e = p.of(console) {
			if e.kind() != "output" {
				t.Fatalf("%v: %s", payload, e)
			}
		}
	}
	p.SendBinary([]byte("echo still-$((1+1))\n"))
	p.output("still-2")
}

// 5.2: binary input with no console open is not_open, before and after.
func TestBinaryWithoutConsole(t *testing.T) {
	p := dial(t, start(t))
	check := func() {
		t.Helper()
		p.SendBinary([]byte("ls\n"))
		if e := p.want("", "error not_open"); e.text("message") == "" {
			t.Error(e)
		}
	}
	check()
	p.request("sensors.stream") // takes no binary input either
	check()
	p.openConsole()
	p.close(console)
	for p.of(console).kind() != "closed client" {
	}
	check()
}

// 5.2.5, 3.6: the end of the shell is exit and then channel.closed; the next
// request opens another shell.
func TestConsoleExit(t *testing.T) {
	p := dial(t, start(t))
	seen := map[string]bool{}
	for i, c := range []struct {
		input string
		code  any
	}{{"exit 3\n", 3.0}, {"exit\n", 0.0}, {"kill -9 $$\n", nil}} {
		ready := p.openConsole()
		if seen[ready.SessionID] {
			t.Errorf("round %d attached to the old shell", i)
		}
		seen[ready.SessionID] = true
		p.SendBinary([]byte(c.input))
		e := p.of(console)
		for e.kind() == "output" {
			e = p.of(console)
		}
		code, has := e.object()["code"]
		if e.kind() != "exit" || !has || code != c.code {
			t.Fatalf("%q: %s", c.input, e)
		}
		p.want(console, "closed ended")
		p.quiet(console)
	}
}

// 5.2.4, 3.6: closing the channel does not end the shell; another connection
// attaches to it, and gets what was printed.
func TestConsoleAttach(t *testing.T) {
	d := start(t)
	p := dial(t, d)
	ready := p.openConsole(object{"type": "open", "cols": 99, "rows": 33})
	p.SendBinary([]byte("x=secret; echo kept-$((1+1))\n"))
	p.output("kept-2")
	p.close(console)
	for p.of(console).kind() != "closed client" {
	}
	q := dial(t, d)
	again := q.openConsole(object{"type": "open", "session_id": ready.SessionID, "cols": 50, "rows": 50})
	if again != ready {
		t.Errorf("attached to %+v, want %+v", again, ready)
	}
	q.output("kept-2")
	q.SendBinary([]byte("echo variable-$x\n"))
	q.output("variable-secret")
	// Both watch it now.
	if again := p.openConsole(object{"type": "open", "session_id": ready.SessionID}); again != ready {
		t.Errorf("attached to %+v, want %+v", again, ready)
	}
	p.SendBinary([]byte("echo both-$((3+3))\n"))
	p.output("both-6")
	q.output("both-6")
}

// 3.6: an ended session gives ready and the replay, and then nothing; deleting a
// session ends the channels that are attached.
func TestConsoleEndedAndDeleted(t *testing.T) {
	d := start(t)
	p := dial(t, d)
	ready := p.openConsole()
	p.SendBinary([]byte("echo last-$((1+1)); exit\n"))
	p.output("last-2")
	for p.of(console).kind() != "closed ended" {
	}
	p.openConsole(object{"type": "open", "session_id": ready.SessionID})
	p.output("last-2")
	p.barrier()
	for _, e := range p.held {
		if e.subject() == console && e.kind() != "output" {
			t.Errorf("an ended session: %s", e)
		}
	}
	p.close(console)
	for p.of(console).kind() != "closed client" {
	}
	live := p.openConsole()
	if r := d.Ask("DELETE", "/v1/console/sessions/"+live.SessionID, ""); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	e := p.of(console)
	for e.kind() == "output" {
		e = p.of(console)
	}
	if e.kind() != "exit" {
		t.Errorf("deleted: %s", e)
	}
	p.want(console, "closed ended")
}

// 5.4: input that crosses with the end of the shell holds up nothing else on the
// connection.
func TestConsoleInputAfterTheEnd(t *testing.T) {
	p := dial(t, start(t))
	p.openConsole()
	p.SendBinary([]byte("exit\n"))
	for range 500 {
		p.request(console, object{"type": "input", "data": ""})
	}
	p.close(console)
	p.barrier()
	for _, e := range p.held {
		if e.Cmd == "channel.error" && !strings.HasPrefix(e.kind(), "error not_open") {
			t.Errorf("unexpected: %s", e)
		}
	}
}
