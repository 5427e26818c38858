package console

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// patience bounds how long a test waits for something that must come.
const patience = 60 * time.Second

// newManager returns a manager that is closed with the test.
func newManager(t testing.TB, opts Options) *Manager {
	t.Helper()
	m := NewManager(opts)
	t.Cleanup(m.Close)
	return m
}

// newShell starts a session of a plain sh.
func newShell(t testing.TB) *Session {
	t.Helper()
	return create(t, newManager(t, Options{Shell: "/bin/sh", Env: []string{"PS1=$ "}}))
}

// newHelper starts a session in which this test binary does a job.
func newHelper(t testing.TB, job string) *Session {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return create(t, newManager(t, Options{Shell: self, Env: []string{
		helperEnv + "=" + job,
		"GOCOVERDIR=" + t.TempDir(), // or it prints a warning
	}}))
}

// newRawHelper waits until the helper has set up its terminal, which would
// act on some of the input before.
func newRawHelper(t testing.TB, job string) *Session {
	t.Helper()
	s := newHelper(t, job)
	eventually(t, "raw terminal", func() bool { return len(s.tty.signalKeys()) == 0 })
	return s
}

func create(t testing.TB, m *Manager) *Session {
	t.Helper()
	s, err := m.Create(Size{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// viewer reads an attachment as a connection would.
type viewer struct {
	*Attachment
	awake chan struct{}
	items [64]topic.Item[Chunk]
}

func attach(t testing.TB, s *Session) *viewer {
	t.Helper()
	v := &viewer{awake: make(chan struct{}, 1)}
	a, err := s.Attach(func() {
		select {
		case v.awake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	v.Attachment = a
	t.Cleanup(a.Close)
	return v
}

var errTimeout = errors.New("nothing came in time")

// next waits for at most limit items.
func (v *viewer) next(limit int) ([]topic.Item[Chunk], error) {
	for timeout := time.After(patience); ; {
		n, err := v.Fill(v.items[:limit])
		if n > 0 || err != nil {
			return v.items[:n], err
		}
		select {
		case <-v.awake:
		case <-timeout:
			return nil, errTimeout
		}
	}
}

// until reads up to the first occurrence of want, and returns all it read.
func (v *viewer) until(t testing.TB, want string) string {
	t.Helper()
	var text []byte
	for !bytes.Contains(text, []byte(want)) {
		items, err := v.next(len(v.items))
		if err != nil {
			t.Fatalf("waiting for %q: %v after %q", want, err, text)
		}
		for _, it := range items {
			text = append(text, it.Event.Value.Data...)
		}
	}
	return string(text)
}

// rest reads to the end of the session.
func (v *viewer) rest(t testing.TB) string {
	t.Helper()
	var text []byte
	for {
		items, err := v.next(len(v.items))
		if errors.Is(err, io.EOF) {
			return string(text)
		}
		if err != nil {
			t.Fatalf("%v after %q", err, text)
		}
		for _, it := range items {
			text = append(text, it.Event.Value.Data...)
		}
	}
}

func send(t testing.TB, s *Session, text string) {
	t.Helper()
	if err := s.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// eventually polls a condition.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(patience); !holds(); {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("never happened: " + what)
		}
	}
}

func wait(t testing.TB, s *Session) Info {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(patience):
		t.Fatal("session did not end")
	}
	return s.Info()
}
