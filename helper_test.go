package heliograph

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const patience = 20 * time.Second

// viewer is a client of an agent whose handler is mounted in a server.
type viewer struct {
	t     *testing.T
	agent *Agent
	url   string
	http  *http.Client
}

func newViewer(t *testing.T, opts *Options) *viewer {
	t.Helper()
	a := New(opts)
	server := httptest.NewServer(a.Handler())
	v := &viewer{t: t, agent: a, url: server.URL, http: server.Client()}
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = a.Close() })
	return v
}

// serving is a viewer of an agent that listens itself.
func serving(t *testing.T, opts Options) *viewer {
	t.Helper()
	opts.Addr = "127.0.0.1:0"
	a := New(&opts)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.ListenAndServe(ctx); err != nil {
			t.Error(err)
		}
	})
	poll(t, "the agent to listen", func() bool { return a.Addr() != "" })
	v := &viewer{t: t, agent: a, url: "http://" + a.Addr(), http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { _ = a.Close() })
	t.Cleanup(cancel)
	t.Cleanup(v.http.CloseIdleConnections)
	return v
}

func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// do sends a request and returns status and body.
func (v *viewer) do(method, path, body string, header ...string) (int, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// get decodes the answer of a GET.
func get[T any](v *viewer, path string) T {
	v.t.Helper()
	var into T
	status, text := v.do("GET", path, "")
	if status != 200 {
		v.t.Fatalf("%s: %d %s", path, status, text)
	}
	if err := json.Unmarshal([]byte(text), &into); err != nil {
		v.t.Fatalf("%s: %v in %s", path, err, text)
	}
	return into
}

// socket is a stream.
type socket struct {
	t *testing.T
	c *websocket.Conn
}

func (v *viewer) dial(path string) *socket {
	v.t.Helper()
	c, _, err := websocket.Dial(v.t.Context(), "ws"+strings.TrimPrefix(v.url, "http")+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	v.t.Cleanup(func() { _ = c.CloseNow() })
	return &socket{v.t, c}
}

// message is one of any channel.
type message struct {
	Type string
	Data map[string]any
}

func (s *socket) next() message {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	_, text, err := s.c.Read(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}
