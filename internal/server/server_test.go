package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/access"
)

func TestPortInUse(t *testing.T) {
	first, err := Listen(t.Context(), []string{"127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer first[0].Close()
	addr := first[0].Addr().String()
	_, err = Listen(t.Context(), []string{"127.0.0.1:0", addr})
	if !errors.Is(err, ErrPortInUse) {
		t.Fatalf("error %v, want ErrPortInUse", err)
	}
	for _, part := range []string{"listen on " + addr, "another heliograph", "--listen"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

func TestListenErrors(t *testing.T) {
	for addr, part := range map[string]string{
		"203.0.113.7:0":   "does not have this address",
		"127.0.0.1":       "127.0.0.1",
		"127.0.0.1:99999": "99999",
	} {
		if _, err := Listen(t.Context(), []string{addr}); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("listen on %s: %v, want %q in it", addr, err, part)
		}
	}
}

func TestSeveralListeners(t *testing.T) {
	listeners, err := Listen(t.Context(), []string{"127.0.0.1:0", "[::1]:0", ":0"})
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, func(o *Options) { o.Listeners = listeners })
	urls := h.srv.URLs()
	if len(urls) != 3 || !strings.HasPrefix(urls[1], "http://[::1]:") || !strings.HasPrefix(urls[2], "http://127.0.0.1:") {
		t.Fatalf("URLs %v", urls)
	}
	for _, url := range urls {
		h.url = url
		if id := identityOf(t, h.get("/v1/view")); id.Via != access.ViaLocalUser {
			t.Errorf("%s: identity %+v", url, id)
		}
	}
}

func TestBadOptions(t *testing.T) {
	ok := func(string) Route { return Route{Pattern: "/x", Handler: text("x"), Scope: access.View} }
	tests := map[string]func(*Options){
		"no listener":        func(o *Options) { o.Listeners = nil },
		"state directory":    func(o *Options) { o.State = nil },
		"unknown scope":      func(o *Options) { r := ok("/x"); r.Scope = ""; o.Routes = []Route{r} },
		"has no handler":     func(o *Options) { r := ok("/x"); r.Handler = nil; o.Routes = []Route{r} },
		"public and has":     func(o *Options) { r := ok("/x"); r.Public = true; o.Routes = []Route{r} },
		"both a certificate": func(o *Options) { o.TLS = TLS{Enabled: true, CertFile: "x"} },
		"allowed host":       func(o *Options) { o.AllowHosts = []string{"*"} },
		"allowed origin":     func(o *Options) { o.AllowOrigins = []string{"*"} },
	}
	h := start(t, nil)
	for part, change := range tests {
		listeners, err := Listen(t.Context(), []string{"127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		opts := Options{Listeners: listeners, State: h.srv.opts.State}
		change(&opts)
		if _, err := New(opts); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %q", err, part)
		}
		for _, l := range listeners {
			l.Close()
		}
	}
}

func TestIDs(t *testing.T) {
	h := start(t, nil)
	r := h.get("/healthz")
	id := r.header.Get("X-Request-Id")
	if len(id) != 36 || r.header.Get("X-Trace-Id") != id {
		t.Errorf("made ids %q, %q", id, r.header.Get("X-Trace-Id"))
	}
	r = h.get("/healthz", "X-Request-Id", "my-1", "X-Trace-Id", "00-abc")
	if r.header.Get("X-Request-Id") != "my-1" || r.header.Get("X-Trace-Id") != "00-abc" {
		t.Errorf("ids were not kept: %v", r.header)
	}
	for _, odd := range []string{strings.Repeat("a", maxID+1), "a b", `a"b`, "ä"} {
		if got := h.get("/healthz", "X-Request-Id", odd).header.Get("X-Request-Id"); len(got) != 36 {
			t.Errorf("id %q became %q", odd, got)
		}
	}
}

func TestHealthNeedsNothingAndTellsNothing(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	r := h.get("/healthz")
	want(t, r, http.StatusOK)
	if strings.TrimSpace(r.body) != `{"ok":true}` {
		t.Errorf("body %s", r.body)
	}
}

func TestMetrics(t *testing.T) {
	h := start(t, nil)
	h.get("/v1/view")
	h.get("/nowhere")
	h.get("/", "Host", "evil.example")
	r := h.get("/metrics")
	want(t, r, http.StatusOK)
	for _, line := range []string{
		`heliograph_http_requests_total{route="/v1/view",status="200"} 1`,
		`heliograph_http_requests_total{route="none",status="404"} 1`,
		`heliograph_http_refused_total{check="host"} 1`,
		"heliograph_http_connections ",
	} {
		if !strings.Contains(r.body, line) {
			t.Errorf("metrics lack %q", line)
		}
	}
}

func TestPanics(t *testing.T) {
	h := start(t, nil)
	wantCode(t, h.get("/v1/panic"), http.StatusInternalServerError, "internal")
	resp, err := h.client.Do(h.request(http.MethodGet, "/v1/late", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("half an answer was taken for the whole")
	}
	want(t, h.get("/v1/view"), http.StatusOK)
	if text := h.logs.String(); strings.Count(text, "a handler panicked") != 2 || !strings.Contains(text, "boom") {
		t.Error("the panics are not in the log")
	}
}

func TestAccessLogHoldsNoSecrets(t *testing.T) {
	h := start(t, nil)
	h.get("/v1/view?key=s3cret", append(h.bearer(), "Cookie", "heliograph_1=s3cret", "X-Api-Key", "s3cret")...)
	c := login(t, h)
	h.get("/v1/view", "Cookie", c.Name+"="+c.Value)
	h.ask(http.MethodPost, "/auth/session", `{"token":"s3cret"}`)
	eventually(t, "four lines", func() bool { return strings.Count(h.logs.String(), `"msg":"request"`) >= 4 })
	text := h.logs.String()
	for _, secret := range []string{"s3cret", h.token, c.Value} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	for _, part := range []string{`"who":"first"`, `"via":"token"`, `"via":"cookie"`, `"status":401`, `"client":"127.0.0.1:`} {
		if !strings.Contains(text, part) {
			t.Errorf("the log lacks %s", part)
		}
	}
}

func TestShutdownOrder(t *testing.T) {
	var order []string
	var dialErr error
	var h *house
	entered, release := make(chan struct{}), make(chan struct{})
	h = start(t, func(o *Options) {
		o.Routes = []Route{{Pattern: "/v1/slow", Scope: access.View, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-release
			_, _ = io.WriteString(w, "whole answer")
		})}}
		o.Stop = []Hook{
			{"sockets", func(context.Context) error {
				order = append(order, "sockets")
				_, dialErr = net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
				return nil
			}},
			{"sources", func(context.Context) error {
				order = append(order, "sources")
				close(release)
				return errors.New("a source is stuck")
			}},
		}
	})
	answer := make(chan reply, 1)
	go func() { answer <- h.get("/v1/slow") }()
	<-entered
	err := h.stop()
	if got := <-answer; got.body != "whole answer" {
		t.Errorf("a request in work got %q", got.body)
	}
	if !slices.Equal(order, []string{"sockets", "sources"}) {
		t.Errorf("order %v", order)
	}
	if dialErr == nil {
		t.Error("the listener was open when the first hook ran")
	}
	if err == nil || !strings.Contains(err.Error(), "stop sources: a source is stuck") {
		t.Errorf("Run = %v", err)
	}
	h.stop = func() error { return nil } // the cleanup must not report it again
}

func TestShutdownDeadline(t *testing.T) {
	entered := make(chan struct{})
	h := start(t, func(o *Options) {
		o.Limits.ShutdownTimeout = 50 * time.Millisecond
		o.Routes = []Route{{Pattern: "/v1/stuck", Scope: access.View, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(entered)
			<-r.Context().Done()
		})}}
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if resp, err := h.client.Do(h.request(http.MethodGet, "/v1/stuck", "")); err == nil {
			resp.Body.Close()
		}
	}()
	<-entered
	if err := h.stop(); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 requests did not end") {
		t.Errorf("Run = %v", err)
	}
	<-done
	h.stop = func() error { return nil }
}

func TestShutdownWaitsForHijackedHandlers(t *testing.T) {
	entered, ended := make(chan net.Conn), make(chan struct{})
	h := start(t, func(o *Options) {
		o.Routes = []Route{{Pattern: "/v1/tunnel", Scope: access.View, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			entered <- conn
			_, _ = io.Copy(io.Discard, conn)
			close(ended)
		})}}
		o.Stop = []Hook{{"tunnels", func(context.Context) error { return (<-entered).Close() }}}
	})
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := h.request(http.MethodGet, "/v1/tunnel", "").Write(conn); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the handler runs", func() bool { return h.srv.busy.count() == 1 })
	if err := h.stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	select {
	case <-ended:
	default:
		t.Error("Run returned before the handler")
	}
}
