package httpcapture

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
)

const patience = 20 * time.Second

// rig is a server with middleware and a client with a transport, each with a
// recorder of its own.
type rig struct {
	*httptest.Server
	t        *testing.T
	made     *recorder.Recorder // by the client
	served   *recorder.Recorder
	client   *http.Client
	upstream *http.Transport
}

func newRig(t *testing.T, opts recorder.Options, handler http.Handler, start func(*httptest.Server)) *rig {
	t.Helper()
	opts.Redact = recorder.Redaction(redact.New())
	r := &rig{t: t, made: recorder.New(opts), served: recorder.New(opts)}
	t.Cleanup(r.made.Close)
	t.Cleanup(r.served.Close)
	r.Server = httptest.NewUnstartedServer(Middleware(r.served.Network, handler))
	start(r.Server)
	t.Cleanup(r.Server.Close)
	r.upstream = r.Server.Client().Transport.(*http.Transport)
	r.client = &http.Client{Transport: &Transport{Next: r.upstream, Network: r.made.Network}}
	t.Cleanup(r.client.CloseIdleConnections)
	return r
}

func plain(s *httptest.Server) { s.Start() }

func http2(s *httptest.Server) {
	s.EnableHTTP2 = true
	s.StartTLS()
}

// get fetches a path and returns what was recorded on both sides.
func (r *rig) get(path string) (made, served recorder.Exchange) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(req)
	return r.last(r.made), r.last(r.served)
}

// do sends a request and reads the response to its end.
func (r *rig) do(req *http.Request) (*http.Response, string) {
	r.t.Helper()
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, string(text)
}

// last waits for an exchange, and returns the newest one and forgets all.
func (r *rig) last(of *recorder.Recorder) recorder.Exchange {
	r.t.Helper()
	all := r.all(of, 1)
	return all[len(all)-1]
}

// all waits for so many exchanges, and forgets them.
func (r *rig) all(of *recorder.Recorder, n int) []recorder.Exchange {
	r.t.Helper()
	var found []recorder.Exchange
	poll(r.t, "exchanges", func() bool {
		found = nil
		for _, e := range of.Network.Held() {
			if e.Value.Exchange != nil {
				x, _, _ := of.Network.Find(e.Value.Exchange.ID)
				found = append(found, x)
			}
		}
		return len(found) >= n
	})
	of.Network.Clear()
	return found
}

func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.Bytes()
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}
