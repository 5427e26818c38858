package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/server/token"
	"github.com/prometheus/client_golang/prometheus"
)

// needRoot ends a test that only root can run; where everything must run it
// fails.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("this test must run as root")
	}
	t.Skip("this test must run as root")
}

// logBuffer collects what is logged.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// house is a running server.
type house struct {
	t      *testing.T
	srv    *Server
	url    string
	token  string // with all rights
	store  *token.Store
	logs   *logBuffer
	client *http.Client
	stop   func() error // shuts down and returns what Run returned
}

// stranger makes every local peer a process of another user, so that tests see
// what the token alone gives.
func stranger(net.Conn) (uint32, error) { return 4711, nil }

// start runs a server on 127.0.0.1 until the test ends.
func start(t *testing.T, change func(*Options)) *house {
	t.Helper()
	state, err := statedir.Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, logs: &logBuffer{}, store: token.NewStore(state)}
	opts := Options{
		State:    state,
		Routes:   testRoutes(),
		Registry: prometheus.NewRegistry(),
		Logger:   slog.New(slog.NewJSONHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Hostname: func() (string, error) { return "robot", nil },
	}
	if change != nil {
		change(&opts)
	}
	if opts.Listeners == nil {
		if opts.Listeners, err = Listen(t.Context(), []string{"127.0.0.1:0"}); err != nil {
			t.Fatal(err)
		}
	}
	if h.srv, err = New(opts); err != nil {
		t.Fatal(err)
	}
	h.url = h.srv.URLs()[0]
	_, h.token, _ = strings.Cut(h.srv.Login(), "#token=")
	h.client = &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	h.run(state)
	return h
}

func (h *house) run(state *statedir.Dir) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.srv.Run(ctx) }()
	h.stop = sync.OnceValue(func() error {
		h.client.CloseIdleConnections()
		cancel()
		return <-done
	})
	h.t.Cleanup(func() {
		if err := h.stop(); err != nil {
			h.t.Errorf("Run: %v", err)
		}
		h.client.CloseIdleConnections()
		state.Close()
	})
}

// reply is an answer that was read.
type reply struct {
	status int
	header http.Header
	body   string
}

// request is a request to be changed.
func (h *house) request(method, path, body string) *http.Request {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

func (h *house) do(req *http.Request) reply {
	h.t.Helper()
	resp, err := h.client.Do(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// get asks with headers given as pairs; "Host" sets the host.
func (h *house) get(path string, headers ...string) reply {
	return h.ask(http.MethodGet, path, "", headers...)
}

func (h *house) ask(method, path, body string, headers ...string) reply {
	h.t.Helper()
	req := h.request(method, path, body)
	setHeaders(req, headers)
	return h.do(req)
}

func setHeaders(req *http.Request, headers []string) {
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Add(headers[i], headers[i+1])
	}
}

func (h *house) bearer() []string { return []string{"Authorization", "Bearer " + h.token} }

func want(t *testing.T, r reply, status int) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
}

// wantCode checks status and code of an error body, and that the text is a
// sentence.
func wantCode(t *testing.T, r reply, status int, code string) {
	t.Helper()
	want(t, r, status)
	var body errorBody
	if err := json.Unmarshal([]byte(r.body), &body); err != nil {
		t.Fatalf("the error body %q is no JSON: %v", r.body, err)
	}
	if body.Code != code || len(body.Error) < 10 || body.RequestID == "" {
		t.Errorf("error body %+v, want code %s", body, code)
	}
}

// testRoutes are handlers of each kind.
func testRoutes() []Route {
	echo := func(w http.ResponseWriter, r *http.Request) {
		id, _ := access.From(r.Context())
		_ = json.NewEncoder(w).Encode(id)
	}
	return []Route{
		{Pattern: "GET /{$}", Public: true, Handler: text("the user interface")},
		{Pattern: "/v1/view", Scope: access.View, Handler: http.HandlerFunc(echo)},
		{Pattern: "POST /v1/control", Scope: access.Control, Handler: http.HandlerFunc(echo)},
		{Pattern: "/v1/console", Scope: access.Console, Handler: http.HandlerFunc(echo)},
		{Pattern: "/v1/ws", Scope: access.View, Handler: http.HandlerFunc(upgrade)},
		{Pattern: "/v1/panic", Scope: access.View, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })},
		{Pattern: "/v1/late", Scope: access.View, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			_ = http.NewResponseController(w).Flush()
			panic("boom")
		})},
		{Pattern: "/other/", Scope: access.View, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }), Fail: otherForm},
		{Pattern: "POST /v1/body", Scope: access.View, MaxBody: 10, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			}
		})},
	}
}

// otherForm is how another protocol writes errors.
func otherForm(w http.ResponseWriter, r *http.Request, status int, code, text string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "%s says %d %s: %s", r.URL.Path, status, code, text)
}

func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) })
}

// upgrade says hello over a WebSocket and closes it.
func upgrade(w http.ResponseWriter, r *http.Request) {
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = ws.WriteFrame(conn, ws.NewTextFrame([]byte("hello")))
	_ = ws.WriteFrame(conn, ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
}

// eventually polls until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		}
	}
}
