package httpcapture

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/internal/recorder"
)

// TestInterfacesOfWriters: a handler must be able to do with our writer what it can
// do with the server's, and no more.
func TestInterfacesOfWriters(t *testing.T) {
	abilities := func(w http.ResponseWriter) [4]bool {
		_, f := w.(http.Flusher)
		_, h := w.(http.Hijacker)
		_, r := w.(io.ReaderFrom)
		_, p := w.(http.Pusher)
		return [4]bool{f, h, r, p}
	}
	for name, start := range map[string]func(*httptest.Server){"HTTP/1.1": plain, "HTTP/2.0": http2} {
		var observed, bare [4]bool
		var controlled error
		r := newRig(t, recorder.Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			observed = abilities(w)
			bare = abilities(w.(interface{ Unwrap() http.ResponseWriter }).Unwrap())
			controlled = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute))
		}), start)
		r.get("/")
		if observed != bare || !bare[0] || controlled != nil {
			t.Errorf("%s: %v, the server's %v; deadline: %v", name, observed, bare, controlled)
		}
	}
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	type base struct{ http.ResponseWriter }
	for want, w := range map[[4]bool]http.ResponseWriter{
		{}: base{},
		{true}: struct {
			base
			http.Flusher
		}{},
		{false, true}: struct {
			base
			http.Hijacker
		}{},
		{false, false, true}: struct {
			base
			io.ReaderFrom
		}{},
		{true, true}: struct {
			base
			http.Flusher
			http.Hijacker
		}{},
		{true, false, true}: struct {
			base
			http.Flusher
			io.ReaderFrom
		}{},
		{false, true, true}: struct {
			base
			http.Hijacker
			io.ReaderFrom
		}{},
		{true, true, true}: struct {
			base
			http.Flusher
			http.Hijacker
			io.ReaderFrom
		}{},
		{true, false, false, true}: struct {
			base
			http.Flusher
			http.Pusher
		}{base{}, nil, pusher{}},
	} {
		if got := abilities((&response{ResponseWriter: w}).dressed()); got != want {
			t.Errorf("%T: %v, want %v", w, got, want)
		}
	}
}

type pusher struct{ http.Pusher }

func TestMiddlewareSeesWhatIsWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	capacity := recorder.DefaultCapacity()
	capacity.Body = 1000
	mux := http.NewServeMux()
	var pattern string
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	mux.HandleFunc("/nothing", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		w.Header().Set("Late", "not sent")
		_, _ = io.WriteString(w, "a")
		_, _ = w.(io.StringWriter).WriteString("b")
	})
	r := newRig(t, recorder.Options{Capacity: &capacity}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		pattern = r.Pattern
	}), plain)

	if made, served := r.get("/file"); served.ResponseSize != 1<<20 || served.Status != 200 || len(served.ResponseBody.Data) != 1000 || !served.ResponseBody.Truncated || made.ResponseSize != 1<<20 {
		t.Errorf("file: %+v", served.Summary)
	}
	if pattern != "/file" {
		t.Errorf("what the router says of the request is lost: %q", pattern)
	}
	if _, served := r.get("/nothing"); served.ResponseSize != 0 || served.Status != 200 || served.StatusText != "OK" || served.ResponseBody.Truncated {
		t.Errorf("nothing: %+v", served)
	}
	if made, served := r.get("/early"); served.Status != 418 || made.Status != 418 || string(served.ResponseBody.Data) != "ab" || served.ResponseHeader["Late"] != nil {
		t.Errorf("early hints: %+v", served)
	}
}

// TestUpgrade: a WebSocket goes through the client's transport and the server's
// middleware, and is one exchange on each side.
func TestUpgrade(t *testing.T) {
	r := newRig(t, recorder.Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		kind, text, err := c.Read(r.Context())
		if err != nil {
			t.Error(err)
		}
		_ = c.Write(r.Context(), kind, text)
		_ = c.Close(websocket.StatusNormalClosure, "")
	}), plain)
	c, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(r.URL, "http"), &websocket.DialOptions{HTTPClient: r.client})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	if _, text, err := c.Read(t.Context()); string(text) != "hello" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	_, _, _ = c.Read(t.Context())
	_ = c.CloseNow()
	if x := r.last(r.made); x.Status != 101 || x.RequestSize < 11 || x.ResponseSize < 7 || len(x.ResponseBody.Data) != 0 {
		t.Errorf("%+v", x)
	}
	if x := r.last(r.served); x.Status != 101 || x.ResponseSize != -1 {
		t.Errorf("%+v", x)
	}
}

func TestUnobserved(t *testing.T) {
	rec := recorder.New(recorder.Options{Mode: recorder.OnDemand})
	defer rec.Close()
	resp, w := &http.Response{StatusCode: 200, Body: http.NoBody}, httptest.NewRecorder()
	var through http.ResponseWriter
	transport := &Transport{Network: rec.Network, Next: roundTripper(func(*http.Request) (*http.Response, error) { return resp, nil })}
	handler := Middleware(rec.Network, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { through = w }))
	req := httptest.NewRequest("GET", "http://a.test/x", nil)
	if n := testing.AllocsPerRun(1000, func() {
		if got, _ := transport.RoundTrip(req); got != resp {
			t.Error("another response")
		}
		handler.ServeHTTP(w, req)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if through != http.ResponseWriter(w) {
		t.Error("the handler got another writer")
	}
	if n := len(rec.Network.Held()); n != 0 {
		t.Errorf("%d exchanges", n)
	}
}

func BenchmarkRequest(b *testing.B) {
	for name, mode := range map[string]recorder.Mode{"unobserved": recorder.OnDemand, "observed": recorder.Always} {
		rec := recorder.New(recorder.Options{Mode: mode})
		defer rec.Close()
		resp, w := &http.Response{StatusCode: 200, Body: http.NoBody}, httptest.NewRecorder()
		transport := &Transport{Network: rec.Network, Next: roundTripper(func(*http.Request) (*http.Response, error) { return resp, nil })}
		handler := Middleware(rec.Network, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		req := httptest.NewRequest("GET", "http://a.test/x", nil)
		b.Run(name+"/made", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = transport.RoundTrip(req)
			}
		})
		b.Run(name+"/served", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(w, req)
			}
		})
	}
}

func FuzzDecoded(f *testing.F) {
	f.Add("gzip", zipped("text"))
	f.Add("deflate, gzip", []byte("x"))
	f.Fuzz(func(t *testing.T, encoding string, data []byte) {
		out, whole, ok := decoded([]string{encoding}, data, true, 100)
		if !ok && (out != nil || whole) {
			t.Errorf("%q, %t", out, whole)
		}
	})
}
