package heliograph

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
)

// idle are the things that a program does all the time, with an agent that nobody
// looks at and without one.
func idle(tb testing.TB) map[string][2]func() {
	a := New(nil)
	tb.Cleanup(func() { _ = a.Close() })
	resp := &http.Response{StatusCode: 200, Body: http.NoBody}
	transport := roundTripper(func(*http.Request) (*http.Response, error) { return resp, nil })
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	req, w := httptest.NewRequest("GET", "http://a.test/x", nil), httptest.NewRecorder()
	ctx := context.Background()
	work := func(a *Agent) map[string]func() {
		own := slog.New(a.SlogHandler(slog.NewTextHandler(io.Discard, nil))) //nolint:sloglint // which formats what it discards
		with := slog.New(a.SlogHandler(passes{}))
		transport, handler := a.RoundTripper(transport), a.Middleware(handler)
		return map[string]func(){
			"log disabled":   func() { own.Debug("request", "id", 17, "path", "/x") },
			"log unobserved": func() { with.Info("request", "id", 17, "path", "/x") },
			"request made":   func() { _, _ = transport.RoundTrip(req) },
			"request served": func() { handler.ServeHTTP(w, req) },
			"span": func() {
				_, s := a.StartSpan(ctx, "db", "load", slog.Int("n", 1))
				s.End()
			},
			"marker":      func() { a.Marker("cache", "miss", slog.String("key", "x")) },
			"tree change": func() { a.TreeChange(TreeChange{Change: Added, ElementID: "x", ElementType: "y"}) },
		}
	}
	both := map[string][2]func(){}
	without := work(nil)
	for name, f := range work(a) {
		both[name] = [2]func(){without[name], f}
	}
	return both
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// passes is a handler that costs nothing.
type passes struct{}

func (passes) Enabled(context.Context, slog.Level) bool  { return true }
func (passes) Handle(context.Context, slog.Record) error { return nil }
func (p passes) WithAttrs([]slog.Attr) slog.Handler      { return p }
func (p passes) WithGroup(string) slog.Handler           { return p }

func TestUnobservedAllocatesNothing(t *testing.T) {
	for name, f := range idle(t) {
		if n := testing.AllocsPerRun(1000, f[1]); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkUnobserved(b *testing.B) {
	for name, f := range idle(b) {
		for i, which := range []string{"without", "with"} {
			b.Run(name+"/"+which, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f[i]()
				}
			})
		}
	}
}
