package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/cli/fakehelios"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A result is what a command line did.
type result struct {
	code     int
	out, err string
}

// line is a command line to run; the zero value runs without input and environment.
type line struct {
	in  io.Reader
	env map[string]string
}

func (l line) run(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs buffer
	in := l.in
	if in == nil {
		in = strings.NewReader("")
	}
	streams := Streams{In: in, Out: &out, Err: &errs, Getenv: func(name string) string { return l.env[name] }}
	root := New(BuildInfo{Version: "1.2.3"}, Deps{}, streams)
	code := Execute(t.Context(), root, args)
	return result{code, out.String(), errs.String()}
}

// run runs a command line against a server.
func run(t *testing.T, s *fakehelios.Server, args ...string) result {
	t.Helper()
	return line{}.run(t, append(args, "--server", s.URL)...)
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// until polls a condition; it fails the test when it does not come true.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func lines(t *testing.T, text string) (objects []map[string]any) {
	t.Helper()
	for l := range strings.Lines(text) {
		var o map[string]any
		if err := json.Unmarshal([]byte(l), &o); err != nil {
			t.Fatalf("line %q: %v", l, err)
		}
		objects = append(objects, o)
	}
	return objects
}

// want checks a result; texts must be somewhere in its error output.
func (r result) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d; stderr: %s", r.code, code, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.err, text) {
			t.Errorf("stderr lacks %q: %s", text, r.err)
		}
	}
	if len(texts) > 0 && strings.Count(strings.TrimSpace(r.err), "\n") != 0 {
		t.Errorf("the error is more than one line: %q", r.err)
	}
}
