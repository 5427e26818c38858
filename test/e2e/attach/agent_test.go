package attach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// agent is a running heliograph attach.
type agent struct {
	t    *testing.T
	url  string
	cmd  *exec.Cmd
	log  *output
	done bool
}

// output is what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// attachTo starts the binary and waits until it listens and has found a page.
func attachTo(t *testing.T, b *browser, args ...string) *agent {
	t.Helper()
	a := startAgent(t, append([]string{"--cdp", b.url()}, args...)...)
	a.waitLog("attached to a page")
	return a
}

func startAgent(t *testing.T, args ...string) *agent {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{t: t, log: &output{}}
	out := &output{}
	a.cmd = exec.Command(path, append([]string{"attach", "--listen", "127.0.0.1:0"}, args...)...)
	a.cmd.Stdout, a.cmd.Stderr = out, a.log
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.stop)
	device.Poll(t, "the agent to listen", func() bool {
		_, rest, found := strings.Cut(out.String(), "listening on ")
		a.url, _, _ = strings.Cut(rest, "\n")
		return found && strings.Contains(rest, "\n")
	})
	return a
}

// stop ends the agent with SIGTERM; its exit code must be 0.
func (a *agent) stop() {
	if a.done {
		return
	}
	a.done = true
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- a.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			a.t.Errorf("the agent ended with %v", err)
		}
	case <-time.After(device.Patience):
		a.t.Error("the agent does not end")
		_ = a.cmd.Process.Kill()
		<-ended
	}
	if strings.Contains(a.log.String(), "DATA RACE") {
		a.t.Error("data race")
	}
	if a.t.Failed() {
		a.t.Logf("log of the agent:\n%s", a.log.String())
	}
}

func (a *agent) waitLog(text string) {
	a.t.Helper()
	a.waitLogs(text, 1)
}

func (a *agent) waitLogs(text string, n int) {
	a.t.Helper()
	device.Poll(a.t, "the log to say "+text, func() bool { return strings.Count(a.log.String(), text) >= n })
}

// ask sends a request to the agent and decodes the answer.
func (a *agent) ask(method, path string, into any) {
	a.t.Helper()
	a.post(method, path, "", into)
}

func (a *agent) post(method, path, body string, into any) {
	a.t.Helper()
	req, err := http.NewRequest(method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %s: %s %v %s", method, path, resp.Status, err, data)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(data, into); err != nil {
		a.t.Fatalf("%s %s: %v in %s", method, path, err, data)
	}
}

// stream is a socket of the agent that is read all the time.
type stream struct {
	t    *testing.T
	path string
	mu   sync.Mutex
	list []json.RawMessage
	err  error
}

// dial opens a socket. It is closed at the end of the test.
func (a *agent) dial(path string) *stream {
	a.t.Helper()
	conn, _, err := websocket.Dial(a.t.Context(), a.url+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	conn.SetReadLimit(-1)
	s := &stream{t: a.t, path: path}
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			_, data, err := conn.Read(context.Background())
			s.mu.Lock()
			if err != nil {
				s.err = err
			} else {
				s.list = append(s.list, data)
			}
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
	a.t.Cleanup(func() { _ = conn.CloseNow(); reading.Wait() })
	return s
}

// all returns what has come so far.
func (s *stream) all() []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && !errors.Is(s.err, io.EOF) {
		s.t.Logf("%s: %v", s.path, s.err)
	}
	return s.list[:len(s.list):len(s.list)]
}

// find waits for a message that is as wanted.
func find[T any](s *stream, what string, want func(*T) bool) *T {
	s.t.Helper()
	var found *T
	at := 0
	defer func() {
		if found == nil {
			for _, m := range s.all() {
				s.t.Logf("%.300s", m)
			}
		}
	}()
	device.Poll(s.t, what, func() bool {
		for list := s.all(); at < len(list); at++ {
			v := new(T)
			if json.Unmarshal(list[at], v) == nil && want(v) {
				found = v
				return true
			}
		}
		return false
	})
	return found
}

// event is a message of the user interface, of any kind.
type event struct {
	Type string
	Data struct {
		From, To, Route            *string
		State                      string
		ChangeType                 string
		ElementID, ElementType     string
		ParentID                   *string
		Title, Message, StackTrace *string
		Buttons                    []string
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// logEntry waits for an entry of the log.
func logEntry(s *stream, what string, want func(*wire.LogEntry) bool) wire.LogEntry {
	s.t.Helper()
	return find(s, what, func(m *wire.LogMessage) bool { return m.Type == "log" && want(&m.Data.Entry) }).Data.Entry
}
