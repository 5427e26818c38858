package httpcapture

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/heliograph/heliograph/internal/recorder"
)

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Set-Cookie", "session=s3cr3t-cookie")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.Copy(w, r.Body)
}

func TestExchange(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){"HTTP/1.1": plain, "HTTP/2.0": http2} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, recorder.Options{}, http.HandlerFunc(echo), start)
			sent := `{"sku":"A-1","password":"s3cr3t"}`
			req, _ := http.NewRequestWithContext(t.Context(), "POST", r.URL+"/orders?dry=1&token=s3cr3t", strings.NewReader(sent))
			req.Header.Set("Authorization", "Bearer s3cr3t")
			req.Header.Set("Content-Type", "application/json")
			resp, text := r.do(req)
			if text != sent || resp.StatusCode != 201 {
				t.Errorf("the client got %d %q", resp.StatusCode, text)
			}
			if req.Header.Get("Authorization") != "Bearer s3cr3t" || resp.Header.Get("Set-Cookie") != "session=s3cr3t-cookie" {
				t.Error("what the program has was redacted")
			}
			for side, x := range map[string]recorder.Exchange{"made": r.last(r.made), "served": r.last(r.served)} {
				host, _, _ := net.SplitHostPort(r.Listener.Addr().String())
				if x.Method != "POST" || x.Status != 201 || x.StatusText != "Created" || x.Host != host || x.Path != "/orders" ||
					x.RequestType != "application/json" || x.ResponseType != "application/json" || x.Error != "" || x.Protocol != name ||
					x.RequestSize != int64(len(sent)) || x.ResponseSize != int64(len(sent)) || x.Duration <= 0 {
					t.Errorf("%s: %+v", side, x.Summary)
				}
				if x.RequestBody.Truncated || x.ResponseBody.Truncated || !strings.Contains(string(x.ResponseBody.Data), `"sku":"A-1"`) {
					t.Errorf("%s: bodies %s, %s", side, x.RequestBody.Data, x.ResponseBody.Data)
				}
				if all := fmt.Sprintf("%+v %s %s", x, x.RequestBody.Data, x.ResponseBody.Data); strings.Contains(all, "s3cr3t") {
					t.Errorf("%s: a secret is kept: %s", side, all)
				}
				if side == "made" && (x.Timings.Wait < 0 || x.Timings.Connect <= 0) {
					t.Errorf("timings %+v", x.Timings)
				}
			}
		})
	}
}

func TestBodies(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 100)
	capacity := recorder.DefaultCapacity()
	capacity.Body = 100
	none := capacity
	none.Body = 0
	for _, test := range []struct {
		name     string
		capacity recorder.Capacity
		encoding string
		body     []byte
		want     string
		cut      bool
	}{
		{"whole", capacity, "", []byte("short"), "short", false},
		{"cut", capacity, "", []byte(long), long[:100], true},
		{"exactly", capacity, "", []byte(long[:100]), long[:100], false},
		{"gzip", capacity, "gzip", zipped("text"), "text", false},
		{"gzip, cut after decoding", capacity, "gzip", zipped(long), long[:100], true},
		{"said to be gzip", capacity, "gzip", []byte("text"), "", true},
		{"unknown encoding", capacity, "br", []byte("whatever"), "", true},
		{"not kept", none, "", []byte("text"), "", true},
		{"empty", capacity, "", nil, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t, recorder.Options{Capacity: &test.capacity}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if test.encoding != "" {
					w.Header().Set("Content-Encoding", test.encoding)
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = w.Write(test.body)
			}), plain)
			r.upstream.DisableCompression = true
			req, _ := http.NewRequestWithContext(t.Context(), "POST", r.URL, bytes.NewReader(test.body))
			req.Header.Set("Content-Encoding", test.encoding)
			if _, text := r.do(req); text != string(test.body) {
				t.Errorf("the client got %q", text)
			}
			for side, x := range map[string]recorder.Exchange{"made": r.last(r.made), "served": r.last(r.served)} {
				if x.RequestSize != int64(len(test.body)) || x.ResponseSize != int64(len(test.body)) {
					t.Errorf("%s: sizes %d, %d of %d", side, x.RequestSize, x.ResponseSize, len(test.body))
				}
				for of, b := range map[string]recorder.Body{"request": x.RequestBody, "response": x.ResponseBody} {
					if string(b.Data) != test.want || b.Truncated != test.cut {
						t.Errorf("%s %s: %q, truncated %t", side, of, b.Data, b.Truncated)
					}
				}
			}
		})
	}
}

// TestStreamingIsNotDelayed: each line must arrive before the next one is written.
func TestStreamingIsNotDelayed(t *testing.T) {
	more := make(chan struct{})
	r := newRig(t, recorder.Options{}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range 3 {
			_, _ = io.WriteString(w, "line\n")
			w.(http.Flusher).Flush()
			<-more
		}
	}), plain)
	resp, err := r.client.Get(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for range 3 {
		if line, err := lines.ReadString('\n'); line != "line\n" || err != nil {
			t.Fatalf("%q, %v", line, err)
		}
		if n := len(r.made.Network.Held()) + len(r.served.Network.Held()); n != 0 {
			t.Errorf("%d exchanges before the end", n)
		}
		more <- struct{}{}
	}
	if _, err := lines.ReadByte(); err != io.EOF {
		t.Error(err)
	}
	if x := r.last(r.made); x.ResponseSize != 15 || x.ResponseBody.Truncated {
		t.Errorf("%+v", x)
	}
}

func TestFailures(t *testing.T) {
	r := newRig(t, recorder.Options{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "begun")
		w.(http.Flusher).Flush()
		switch r.URL.Path {
		case "/breaks":
			panic(http.ErrAbortHandler)
		case "/hangs":
			<-r.Context().Done()
		default:
			_, _ = w.Write(make([]byte, 995))
		}
	}), plain)
	ctx, cancel := context.WithCancel(t.Context())
	open := func(path string) *http.Response {
		req, _ := http.NewRequestWithContext(ctx, "GET", r.URL+path, nil)
		resp, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}

	resp := open("/breaks")
	if _, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the client got %v", err)
	}
	resp.Body.Close()
	if x := r.last(r.made); x.Error != "the response broke off: unexpected EOF" || x.ResponseSize != 5 || x.Status != 200 || !x.ResponseBody.Truncated {
		t.Errorf("%+v", x)
	}
	if x := r.last(r.served); x.Error != "the handler panicked" || x.Status != 200 || x.ResponseSize != 5 {
		t.Errorf("%+v", x)
	}

	resp = open("/early")
	_, _ = io.ReadFull(resp.Body, make([]byte, 2))
	resp.Body.Close()
	if x := r.last(r.made); x.Error != "" || x.ResponseSize != 2 || !x.ResponseBody.Truncated || string(x.ResponseBody.Data) != "be" {
		t.Errorf("closed early: %+v", x)
	}

	resp = open("/hangs")
	cancel()
	_, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
	if x := r.last(r.made); x.Error != "the response broke off: context canceled" {
		t.Errorf("cancelled: %+v", x)
	}
	poll(t, "the server to notice", func() bool {
		held := r.served.Network.Held()
		return len(held) > 0 && strings.HasPrefix(held[len(held)-1].Value.Exchange.Error, "the client went away")
	})

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	if _, err = r.client.Post(nobody+"/x", "text/plain", strings.NewReader("hello")); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("the client got %v", err)
	}
	if x := r.last(r.made); x.Status != 0 || !strings.Contains(x.Error, "refused") || x.URL != nobody+"/x" || x.RequestType != "text/plain" {
		t.Errorf("%+v", x)
	}
	if _, err := (&Transport{Next: r.upstream, Network: r.made.Network}).RoundTrip(&http.Request{Body: io.NopCloser(strings.NewReader(""))}); err == nil {
		t.Error("a request without a URL is none")
	}
}

func TestRedirectsAreExchangesOfTheirOwn(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/old", http.RedirectHandler("/new", http.StatusTemporaryRedirect))
	mux.HandleFunc("/new", echo)
	r := newRig(t, recorder.Options{}, mux, plain)
	req, _ := http.NewRequestWithContext(t.Context(), "POST", r.URL+"/old", strings.NewReader("hello"))
	if _, text := r.do(req); text != "hello" {
		t.Errorf("got %q", text)
	}
	all := r.all(r.made, 2)
	if all[0].Path != "/old" || all[0].Status != 307 || all[1].Path != "/new" || all[1].Status != 201 || string(all[1].RequestBody.Data) != "hello" {
		t.Errorf("%+v", all)
	}
}

// TestRetryOnAnotherConnection: a server may close an idle connection in the moment
// in which a request is sent on it. The transport then sends it again, by GetBody.
func TestRetryOnAnotherConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer l.Close()
	wg.Go(func() {
		// The first connection answers once and is closed with the second request on it.
		for answers := range 2 {
			c, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(c)
			for i := 0; i < 2-answers; i++ {
				req, err := http.ReadRequest(in)
				if err != nil {
					break
				}
				body, _ := io.ReadAll(req.Body) // whole, else closing would reset what the client writes
				if answers == 0 && i == 1 {
					break
				}
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
			}
			c.Close()
		}
	})
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	client := &http.Client{Transport: &Transport{Next: &http.Transport{}, Network: rec.Network}}
	defer client.CloseIdleConnections()
	for range 2 {
		req, _ := http.NewRequestWithContext(t.Context(), "PUT", "http://"+l.Addr().String()+"/x", strings.NewReader("hello"))
		req.Header.Set("Idempotency-Key", "1")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(text) != "hello" {
			t.Errorf("got %q", text)
		}
	}
	held := rec.Network.Held()
	if len(held) != 2 {
		t.Fatalf("%d exchanges", len(held))
	}
	if x, _, _ := rec.Network.Find(held[1].Value.Exchange.ID); string(x.RequestBody.Data) != "hello" || x.RequestSize != 5 || x.RequestBody.Truncated {
		t.Errorf("%+v", x)
	}
}

// TestRequestIsLeftAlone: a RoundTripper must not change the request, and a program
// may tell that there is no body.
func TestRequestIsLeftAlone(t *testing.T) {
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	var got *http.Request
	next := roundTripper(func(r *http.Request) (*http.Response, error) {
		got = r
		return &http.Response{StatusCode: 204, Body: http.NoBody, Header: http.Header{"X": {"1"}}, Request: r}, nil
	})
	transport := &Transport{Next: next, Network: rec.Network}
	for _, body := range []io.ReadCloser{nil, http.NoBody, io.NopCloser(strings.NewReader("x"))} {
		req := &http.Request{Method: "get", URL: mustURL("http://u:p4ss@a.test/x"), Body: body, Host: "b.test"}
		before := *req
		resp, err := transport.RoundTrip(req)
		if err != nil || resp.Body != http.NoBody {
			t.Errorf("%v, body %v", err, resp.Body)
		}
		if req.Body != before.Body || req.Header != nil || req.GetBody != nil || req.Host != before.Host {
			t.Error("the request was changed")
		}
		if (body == nil || body == http.NoBody) && got.Body != body {
			t.Errorf("the transport got a body: %v", got.Body)
		}
		x, _, _ := rec.Network.Find(rec.Network.Held()[0].Value.Exchange.ID)
		if x.Method != "GET" || x.Status != 204 || x.RequestHeader["Host"][0] != "b.test" {
			t.Errorf("%+v", x)
		}
		rec.Network.Clear()
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
