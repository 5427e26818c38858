package cli

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
	"golang.org/x/sys/unix"
)

const (
	sessionID = "9b2f0f2e-1c1d-4f53-8d6e-3a0d5b7c9e11"
	readyText = `{"type":"ready","session_id":"` + sessionID + `","shell":"/bin/sh","cols":90,"rows":30}`
)

// A terminal under test: what a user at it sees and types.
type testTTY struct {
	t     *testing.T
	user  *os.File // the user's side
	tty   *os.File // the program's side
	seen  buffer
	errs  buffer
	code  chan int
	stop  context.CancelFunc
	state unix.Termios
}

// openTTY starts a command line on a new terminal of 90x30.
func openTTY(t *testing.T, args ...string) *testTTY {
	t.Helper()
	user, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	x := &testTTY{t: t, user: user, tty: tty, code: make(chan int, 1)}
	if err := pty.Setsize(tty, &pty.Winsize{Cols: 90, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	x.state = x.termios()
	var reader, program sync.WaitGroup
	reader.Go(func() { _, _ = io.Copy(&x.seen, user) })
	var ctx context.Context
	ctx, x.stop = context.WithCancel(context.Background())
	root := New(BuildInfo{}, Deps{}, Streams{In: tty, Out: tty, Err: &x.errs})
	program.Go(func() { x.code <- Execute(ctx, root, args) })
	t.Cleanup(func() { x.stop(); program.Wait(); tty.Close(); user.Close(); reader.Wait() })
	return x
}

func (x *testTTY) termios() unix.Termios {
	x.t.Helper()
	state, err := unix.IoctlGetTermios(int(x.tty.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return *state
}

func (x *testTTY) typeKeys(text string) {
	x.t.Helper()
	if _, err := io.WriteString(x.user, text); err != nil {
		x.t.Fatal(err)
	}
}

func (x *testTTY) sees(text string) {
	x.t.Helper()
	until(x.t, "on the terminal: "+text, func() bool { return strings.Contains(x.seen.String(), text) })
}

// ends waits for the exit code and checks that the terminal is as before.
func (x *testTTY) ends(code int) {
	x.t.Helper()
	if got := <-x.code; got != code {
		x.t.Errorf("exit code %d, want %d; stderr %s", got, code, x.errs.String())
	}
	if x.termios() != x.state {
		x.t.Error("the terminal was not put back")
	}
}

// echo is a shell that prints what is typed, in angle brackets.
func echo(c *fakehelios.Conn) {
	c.Send(readyText, `{"type":"output","data":"$ "}`)
	for {
		binary, data, ok := c.Receive()
		switch {
		case !ok:
			return
		case !binary:
			c.Send(output(string(data)))
		case string(data) == "x":
			c.Send(`{"type":"exit","code":42}`)
			return
		case string(data) == "k":
			c.Send(`{"type":"exit","code":null}`)
			return
		default:
			c.Send(output("<" + string(data) + ">"))
		}
	}
}

func output(data string) string {
	text, _ := json.Marshal(helios.ConsoleOutput{Type: "output", Data: data})
	return string(text)
}

func TestConsoleOnATerminal(t *testing.T) {
	s := fakehelios.New(t)
	var query string
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) { query = c.Request.URL.RawQuery; echo(c) })
	x := openTTY(t, "console", "--server", s.URL)
	x.sees("$ ")
	if query != "cols=90&rows=30" {
		t.Errorf("query %s", query)
	}
	x.typeKeys("l")
	x.sees("<l>")
	x.typeKeys("\x03") // is the shell's, not ours
	x.sees("<\x03>")
	if err := pty.Setsize(x.tty, &pty.Winsize{Cols: 100, Rows: 40}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGWINCH); err != nil {
		t.Fatal(err)
	}
	x.sees(`{"type":"resize","cols":100,"rows":40}`)
	x.typeKeys("x")
	x.ends(42)
}

func TestConsoleDetach(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) {
		c.Send(readyText, `{"type":"output","data":"\u001b[?1049h\u001b[?25lscreen"}`)
		c.Wait()
	})
	x := openTTY(t, "console", "--server", s.URL)
	x.sees("screen")
	x.typeKeys("\x1dd")
	x.ends(ExitOK)
	x.sees("\x1b[?1049l\x1b[?25h")
	if !strings.Contains(x.errs.String(), `"heliograph console 9b2f0f2e" attaches again`) {
		t.Errorf("stderr %q", x.errs.String())
	}
}

func TestConsoleEndsBySignalAndKill(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/console", echo)
	x := openTTY(t, "console", "--server", s.URL)
	x.sees("$ ")
	x.stop() // what SIGTERM does
	x.ends(ExitInterrupted)
	x = openTTY(t, "console", "--server", s.URL)
	x.sees("$ ")
	x.typeKeys("k")
	x.ends(ExitConsoleLost)
}

// TestConsolePanic: a defect of ours must not cost the user their terminal.
func TestConsolePanic(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/console", echo)
	user, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer user.Close()
	defer tty.Close()
	x := &testTTY{t: t, user: user, tty: tty}
	before := x.termios()
	a := &attachment{s: &shared{streams: Streams{In: tty, Out: tty, Err: &x.errs}}, tty: tty, restore: func() {}}
	ctx, leave := context.WithCancelCause(t.Context())
	a.leave = leave
	if err := a.raw(); err != nil {
		t.Fatal(err)
	}
	var workers sync.WaitGroup
	a.guard(&workers, func() error { panic("defect") })
	workers.Wait()
	a.restore()
	if err := context.Cause(ctx); err == nil || !strings.Contains(err.Error(), "defect") {
		t.Errorf("cause %v", err)
	}
	if x.termios() != before {
		t.Error("the terminal was not put back")
	}
}

func TestConsoleComesBackAfterALoss(t *testing.T) {
	s := fakehelios.New(t)
	queries := make(chan string, 2)
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) {
		queries <- c.Request.URL.RawQuery
		echo(c)
	})
	x := openTTY(t, "console", "--server", s.URL)
	x.sees("$ ")
	<-queries
	s.CutAll()
	if again := <-queries; !strings.Contains(again, "sessionId="+sessionID) {
		t.Errorf("attached again with %s", again)
	}
	x.sees("\x1b[2J") // the repeated output gets an empty screen
	if !strings.Contains(x.errs.String(), "connection lost") {
		t.Errorf("stderr %q", x.errs.String())
	}
	x.typeKeys("x")
	x.ends(42)
}

func TestConsoleWhoseShellIsGoneAfterALoss(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) {
		if c.Query("sessionId") != "" {
			c.Send(`{"type":"error","message":"console session not found"}`)
			return
		}
		echo(c)
	})
	x := openTTY(t, "console", "--server", s.URL)
	x.sees("$ ")
	s.CutAll()
	x.ends(ExitConsoleLost)
	if text := x.errs.String(); !strings.Contains(text, "this shell is gone") || strings.Contains(text, "attaches again") {
		t.Errorf("stderr %q", text)
	}
}

func TestConsoleOfPipes(t *testing.T) {
	s := fakehelios.New(t)
	var typed buffer
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) {
		c.Send(readyText)
		for {
			_, data, ok := c.Receive()
			if !ok {
				return
			}
			_, _ = typed.Write(data)
			if strings.Count(string(data), "\x04") > 0 && strings.Count(typed.String(), "\x04") == 2 { // the first one gets lost
				c.Send(`{"type":"output","data":"bye\n"}`, `{"type":"exit","code":3}`)
				return
			}
		}
	})
	r := line{in: strings.NewReader("ls\n")}.run(t, "console", "--server", s.URL)
	if r.code != 3 || r.out != "bye\n" || typed.String() != "ls\n\x04\x04" {
		t.Errorf("%+v, typed %q", r, typed.String())
	}
}

func TestConsoleThatCannotBe(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) { c.Send(`{"type":"error","message":"too many console sessions"}`) })
	run(t, s, "console").want(t, ExitFailure, "too many console sessions")
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) { c.Send(readyText); c.Close(1008, "no") })
	if r := run(t, s, "console"); r.code != ExitConsoleLost {
		t.Errorf("%+v", r)
	}
}

func TestConsoleSessions(t *testing.T) {
	s := fakehelios.New(t)
	other := strings.Replace(sessionID, "9b2f", "9b3f", 1)
	s.JSON("GET /v1/console/sessions", map[string]any{"sessions": []any{
		map[string]any{"session_id": sessionID, "shell": "/bin/sh", "created_at": "2020-01-01T00:00:00Z", "last_activity": "2020-01-01T00:00:00Z", "cols": 90, "rows": 30},
		map[string]any{"session_id": other, "shell": "/bin/sh", "created_at": "2020-01-01T00:00:00Z", "last_activity": "2020-01-01T00:00:00Z", "closed": true, "exit_code": 7},
	}})
	deleted := ""
	s.HTTP("DELETE /v1/console/sessions/"+sessionID, noContent(&deleted))
	r := run(t, s, "console", "--list")
	if !strings.Contains(r.out, "running") || !strings.Contains(r.out, "ended (7)") {
		t.Errorf("got %q", r.out)
	}
	if o := lines(t, run(t, s, "console", "--list", "--json").out); len(o) != 2 || o[0]["session_id"] != sessionID {
		t.Errorf("got %v", o)
	}
	run(t, s, "console", "--delete", "9B2f").want(t, ExitOK, "deleted session "+sessionID)
	if deleted == "" {
		t.Error("nothing was deleted")
	}
	run(t, s, "console", "9b").want(t, ExitUsage, "2 sessions begin with")
	run(t, s, "console", "77").want(t, ExitNotFound, "no session begins with", "console --list")
	// Of an ended shell the output is shown, without what a terminal would answer.
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) {
		c.Send(readyText, `{"type":"output","data":"last \u001b[6nwords\n"}`)
		c.Wait()
	})
	if r := run(t, s, "console", "9b3"); r.code != 7 || r.out != "last words\n" || !strings.Contains(r.err, "ended (7)") {
		t.Errorf("%+v", r)
	}
}

func TestTopOnATerminal(t *testing.T) {
	s := fakehelios.New(t)
	serveTop(s)
	x := openTTY(t, "top", "--server", s.URL)
	x.sees("\x1b[?1049h")
	x.sees("2 processes")
	x.typeKeys("/init\r")
	x.sees("1 processes with \"init\"")
	s.CutAll()
	x.typeKeys("q")
	x.ends(ExitOK)
	x.sees("\x1b[?1049l\x1b[?25h")

	x = openTTY(t, "top", "--server", s.URL)
	x.sees("2 processes")
	x.stop()
	x.ends(ExitOK)
}
