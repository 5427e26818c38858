package child

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/topic"
)

// stage runs programs and keeps what they print.
type stage struct {
	t        *testing.T
	rec      *recorder.Recorder
	opts     Options
	out, err *sink
}

// sink reads what is written to a file.
type sink struct {
	file *os.File
	mu   sync.Mutex
	buf  bytes.Buffer
	wg   sync.WaitGroup
}

func newSink(t *testing.T) *sink {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{file: w}
	s.wg.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, err := r.Read(buf)
			s.mu.Lock()
			s.buf.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	t.Cleanup(func() { _ = w.Close(); s.wg.Wait(); _ = r.Close() })
	return s
}

func (s *sink) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func newStage(t *testing.T, command ...string) *stage {
	t.Helper()
	in, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, rec: recorder.New(recorder.Options{}), out: newSink(t), err: newSink(t)}
	t.Cleanup(func() { _ = in.Close(); s.rec.Close() })
	s.opts = Options{Command: command, Stdin: in, Stdout: s.out.file, Stderr: s.err.file, Recorder: s.rec}
	return s
}

func (s *stage) start() *Child {
	s.t.Helper()
	c, err := Start(s.opts)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *stage) entries() (list []recorder.LogEntry) {
	for _, e := range s.rec.Logs.Held() {
		list = append(list, e.Value)
	}
	return list
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestExit(t *testing.T) {
	for script, want := range map[string]Exit{
		"exit 0": {}, "exit 3": {Code: 3}, "exit 255": {Code: 255},
		"kill -TERM $$": {Signal: syscall.SIGTERM}, "kill -KILL $$": {Signal: syscall.SIGKILL}, "kill -INT $$": {Signal: syscall.SIGINT},
		"kill -SEGV $$": {Signal: syscall.SIGSEGV},
	} {
		c := newStage(t, "/bin/sh", "-c", script).start()
		if got := c.Wait(); got != want {
			t.Errorf("%s: %s", script, got)
		}
	}
	if s := (Exit{Signal: syscall.SIGKILL}).Status(); s != 137 {
		t.Errorf("status %d", s)
	}
}

func TestNotStarted(t *testing.T) {
	dir := t.TempDir()
	plain, noFirstLine := filepath.Join(dir, "plain"), filepath.Join(dir, "script")
	for path, mode := range map[string]os.FileMode{plain: 0o644, noFirstLine: 0o755} {
		if err := os.WriteFile(path, []byte("exit 7\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	for command, want := range map[string]error{
		"no-such-program-here": ErrNotFound, filepath.Join(dir, "none"): ErrNotFound, plain: ErrNotExecutable, dir: ErrNotExecutable,
	} {
		if _, err := Start(newStage(t, command).opts); !errors.Is(err, want) || !strings.Contains(err.Error(), command) {
			t.Errorf("%s: %v", command, err)
		}
	}
	if exit := newStage(t, noFirstLine).start().Wait(); exit.Code != 7 {
		t.Errorf("a script without a first line %s", exit)
	}
}

// TestCanceled has a signal come before the program is there to get it.
func TestCanceled(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "mark")
	s := newStage(t, "/bin/sh", "-c", `: >"$0"`, mark)
	canceled := make(chan struct{})
	close(canceled)
	s.opts.Canceled = canceled
	if _, err := Start(s.opts); !errors.Is(err, ErrCanceled) {
		t.Errorf("Start: %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the program was started")
	}
}

// Output is passed on byte for byte, and becomes entries.
func TestOutput(t *testing.T) {
	s := newStage(t, "/bin/sh", "-c", `printf 'one\r\n\000\377two\n'; printf 'ERROR: three\nfour\n' >&2; printf 'no newline'`)
	s.start().Wait()
	eventually(t, "the output", func() bool { return strings.HasSuffix(s.out.text(), "newline") })
	if got := s.out.text(); got != "one\r\n\x00\xfftwo\nno newline" {
		t.Errorf("standard output %q", got)
	}
	if got := s.err.text(); got != "ERROR: three\nfour\n" {
		t.Errorf("standard error %q", got)
	}
	got := map[string]string{}
	for _, e := range s.entries() {
		got[e.Message] = e.Level.String()
	}
	want := map[string]string{"one": "info", "\ufffdtwo": "info", "three": "error", "four": "warning", "no newline": "info"}
	for message, level := range want {
		if got[message] != level {
			t.Errorf("%q is %q, want %q; entries %v", message, got[message], level, got)
		}
	}
}

// What a program leaves behind does not keep us, and what it printed is there.
func TestBackgroundProcessDoesNotKeepUs(t *testing.T) {
	s := newStage(t, "/bin/sh", "-c", `sleep 60 & echo $!; echo last`)
	s.start().Wait()
	eventually(t, "the output", func() bool { return strings.HasSuffix(s.out.text(), "last\n") })
	var pid int
	for _, r := range strings.Fields(s.out.text())[0] {
		pid = pid*10 + int(r-'0')
	}
	if unix.Kill(pid, 0) != nil {
		t.Error("the process in the background is gone")
	}
	_ = unix.Kill(pid, unix.SIGKILL)
}

// A reader that goes away is the program's to know.
func TestClosedOutput(t *testing.T) {
	s := newStage(t, "/bin/sh", "-c", `while echo x; do :; done; echo "failed $?" >&2`)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s.opts.Stdout = w
	c := s.start()
	_, _ = io.ReadFull(r, make([]byte, 100))
	_ = r.Close()
	if exit := c.Wait(); exit.Signal != syscall.SIGPIPE && !strings.Contains(s.err.text(), "failed") {
		t.Errorf("it %s", exit)
	}
}

// The program waits for our output, as it would without us, and does not lose any of it.
func TestSlowOutput(t *testing.T) {
	const size = 4 << 20
	s := newStage(t, "/bin/sh", "-c", `head -c 4194304 /dev/zero | tr '\0' x; echo written >&2`)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.opts.Stdout = w
	c := s.start()
	select {
	case <-c.Ended():
		t.Error("it did not wait")
	case <-time.After(100 * time.Millisecond): // it cannot end, however long this is
	}
	if s.err.text() != "" {
		t.Error("more was taken than pipes hold")
	}
	n := make(chan int64)
	go func() {
		got, _ := io.Copy(io.Discard, r)
		n <- got
	}()
	if exit := c.Wait(); exit != (Exit{}) {
		t.Errorf("it %s", exit)
	}
	_ = w.Close()
	if got := <-n; got != size {
		t.Errorf("%d bytes arrived", got)
	}
	_ = r.Close()
}

// A program that prints faster than entries are made is not held up; what is left out
// is told.
func TestFlood(t *testing.T) {
	l := newLines(recorder.Info, &Child{opts: Options{Recorder: recorder.New(recorder.Options{}), Redact: func(s string) string { return s }}})
	chunk := bytes.Repeat([]byte("x\n"), 32<<10)
	for range 40 { // before anybody takes it
		l.add(chunk)
	}
	l.start()
	l.close()
	l.wait()
	held := l.logs.Held()
	last := held[len(held)-1].Value
	if want := "1572864 bytes of output"; !strings.HasPrefix(last.Message, want) || last.Source != recorder.SourceFramework || last.Level != recorder.Warning {
		t.Errorf("the last entry is %+v, want %q", last, want)
	}
}

func TestLongLine(t *testing.T) {
	s := newStage(t, "/bin/sh", "-c", `head -c 200000 /dev/zero | tr '\0' x; echo; echo short`)
	s.start().Wait()
	got := s.entries()
	if len(got) != 2 || len(got[0].Message) > 64<<10 || len(got[0].Message) < 60<<10 || got[1].Message != "short" {
		t.Errorf("%d entries, the first of %d bytes", len(got), len(got[0].Message))
	}
}

func TestLife(t *testing.T) {
	s := newStage(t, "/bin/sh", "-c", `echo ready; read x <&3; exit 0`)
	s.opts.Command = []string{"/bin/sleep", "100"}
	_, stream, err := s.rec.UI.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	c := s.start()
	state := func(want string) {
		t.Helper()
		eventually(t, want, func() bool { return s.rec.UI.State() == want })
	}
	state(recorder.StateStarted)
	c.Signal(syscall.SIGSTOP)
	state(recorder.StatePaused)
	c.Signal(syscall.SIGCONT)
	state(recorder.StateResumed)
	c.Signal(syscall.SIGSTOP)
	state(recorder.StatePaused)
	c.Signal(syscall.SIGKILL)
	if exit := c.Wait(); exit.Signal != syscall.SIGKILL {
		t.Errorf("it %s", exit)
	}
	c.Report("sleep")
	state(recorder.StateStopped)
	if e := s.entries(); len(e) != 1 || e[0].Message != "sleep was ended by SIGKILL" || e[0].Level != recorder.Error {
		t.Errorf("entries %+v", e)
	}
	c.Signal(syscall.SIGKILL) // nobody any more
}

// What a program dies of is an unhandled error.
func TestLastWords(t *testing.T) {
	s := newStage(t, "/bin/sh", "-c", `printf 'panic: oh no\n\ngoroutine 1 [running]:\nmain.main()\n\t/x.go:1\n' >&2; exit 2`)
	_, stream, err := s.rec.UI.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	c := s.start()
	c.Wait()
	c.Report("x")
	var items [16]topic.Item[recorder.UIEvent]
	n, _ := stream.Fill(items[:])
	for _, item := range items[:n] {
		if f := item.Event.Value.Failure; item.Event.Value.Kind == recorder.KindFailure {
			if f.Message != "panic: oh no" || !strings.Contains(f.Stack, "/x.go:1") {
				t.Errorf("failure %+v", f)
			}
			return
		}
	}
	t.Error("there is no failure")
}

// A terminal stays one, with its size, and bytes stay what they are.
func TestTerminal(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer slave.Close()
	if err := pty.Setsize(slave, &pty.Winsize{Rows: 33, Cols: 101}); err != nil {
		t.Fatal(err)
	}
	modes, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	modes.Oflag &^= unix.OPOST // so that this end shows what we write
	if err := unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, modes); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, "/bin/sh", "-c", `test -t 1 && test ! -t 2 && printf 'a\nb\n' && stty size <&1`)
	s.opts.Stdout = slave
	if exit := s.start().Wait(); exit != (Exit{}) {
		t.Fatalf("it %s: %s", exit, s.err.text())
	}
	got := make([]byte, 64)
	n, _ := master.Read(got)
	for !strings.Contains(string(got[:n]), "101\n") {
		m, err := master.Read(got[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += m
	}
	if string(got[:n]) != "a\nb\n33 101\n" {
		t.Errorf("got %q", got[:n])
	}
	if e := s.entries(); len(e) != 3 || e[1].Message != "b" {
		t.Errorf("entries %+v", e)
	}
}
