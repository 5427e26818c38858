package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/internal/recorder"
)

// patience bounds every wait of a test.
const patience = 20 * time.Second

// fake is a debug port that a test speaks for.
type fake struct {
	*httptest.Server
	t       *testing.T
	targets []Target
	// answer returns the result of a command, or an error text; nil answers {}.
	answer func(method string, params json.RawMessage) (result any, wrong string)
	opened chan *fakeTarget
}

// fakeTarget is a connection to the fake.
type fakeTarget struct {
	t    *testing.T
	conn *websocket.Conn
	mu   sync.Mutex
	got  []string // methods
	done chan struct{}
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, opened: make(chan *fakeTarget, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("/json/list", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(f.targets) })
	mux.HandleFunc("/json/version", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"Browser":"Chrome/1.2.3","Android-Package":"org.example"}`)
	})
	mux.HandleFunc("/devtools/", f.serve)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	// The browser names another host, as behind a forwarded port.
	f.targets = []Target{{ID: "A", Type: "page", Title: "Shop", URL: "http://shop.test/", Socket: "ws://elsewhere.invalid:1/devtools/page/A"}}
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	x := &fakeTarget{t: f.t, conn: conn, done: make(chan struct{})}
	defer close(x.done)
	f.opened <- x
	for {
		_, data, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		var c struct {
			ID     int64
			Method string
			Params json.RawMessage
		}
		if json.Unmarshal(data, &c) != nil {
			continue
		}
		x.mu.Lock()
		x.got = append(x.got, c.Method)
		x.mu.Unlock()
		reply := map[string]any{"id": c.ID, "result": struct{}{}}
		if f.answer != nil {
			result, wrong := f.answer(c.Method, c.Params)
			if result == nil && wrong == "" {
				continue // no answer
			}
			if reply["result"] = result; wrong != "" {
				delete(reply, "result")
				reply["error"] = map[string]any{"code": -32601, "message": wrong}
			}
		}
		x.write(reply)
	}
}

func (x *fakeTarget) write(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		x.t.Error(err)
	}
	_ = x.conn.Write(context.Background(), websocket.MessageText, data)
}

// event sends an event, whose parameters are given as JSON.
func (x *fakeTarget) event(method, params string) {
	x.t.Helper()
	x.write(map[string]any{"method": method, "params": json.RawMessage(params)})
}

func (x *fakeTarget) asked(method string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, m := range x.got {
		if m == method {
			n++
		}
	}
	return n
}

// look runs a source against the fake until the test ends, and returns the first
// connection.
func (f *fake) look(opts Options, recording recorder.Options) (*recorder.Recorder, *fakeTarget) {
	f.t.Helper()
	opts.Endpoint = f.URL
	s, err := New(opts)
	if err != nil {
		f.t.Fatal(err)
	}
	recording.Profiler = recorder.ProfilerOptions{Sampler: s.Sampler(), Abilities: s.Abilities()}
	rec := recorder.New(recording)
	ctx, cancel := context.WithCancel(f.t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx, rec) })
	f.t.Cleanup(func() { cancel(); running.Wait(); rec.Close() })
	return rec, f.next()
}

// next waits for a connection.
func (f *fake) next() *fakeTarget {
	f.t.Helper()
	select {
	case x := <-f.opened:
		return x
	case <-time.After(patience):
		f.t.Fatal("nobody attaches")
		return nil
	}
}

func poll(t *testing.T, what string, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ready(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// messages returns the texts of the log.
func messages(rec *recorder.Recorder) string {
	var all []string
	for _, e := range rec.Logs.Held() {
		all = append(all, e.Value.Message)
	}
	return strings.Join(all, "\n")
}

func exchangesOf(rec *recorder.Recorder) []recorder.Exchange {
	var all []recorder.Exchange
	for _, e := range rec.Network.Held() {
		x, _, _ := rec.Network.Find(e.Value.Exchange.ID)
		all = append(all, x)
	}
	return all
}
