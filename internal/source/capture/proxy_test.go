package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
)

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header()["X-Two"] = []string{"a", "b"}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"proto":%q,"got":%q}`, r.Proto, body)
}

func TestExchange(t *testing.T) {
	plain := plainServer(t, http.HandlerFunc(echo))
	secure, pool := tlsServer(t, http.HandlerFunc(echo))
	for _, c := range []struct {
		name, base string
		h2         bool
		upstream   string
	}{
		{"http", plain.URL, false, "HTTP/1.1"},
		{"https", secure.URL, false, "HTTP/2.0"},
		{"https over http2", secure.URL, true, "HTTP/2.0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, pool)
			resp, err := s.client(c.h2).Post(c.base+"/a%20b?q=1&r=2", "text/plain; charset=utf-8", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			want := fmt.Sprintf(`{"proto":%q,"got":"hello"}`, c.upstream)
			if err != nil || string(body) != want || resp.StatusCode != http.StatusCreated || resp.ContentLength != int64(len(want)) {
				t.Errorf("the client got %d %q of length %d, %v", resp.StatusCode, body, resp.ContentLength, err)
			}
			if (resp.ProtoMajor == 2) != c.h2 {
				t.Errorf("the client was spoken to in %s", resp.Proto)
			}
			x := s.one()
			if x.Method != "POST" || x.URL != c.base+"/a%20b?q=1&r=2" || x.Path != "/a%20b" || x.Host != "127.0.0.1" {
				t.Errorf("recorded as %s %s (host %s, path %s)", x.Method, x.URL, x.Host, x.Path)
			}
			if x.Status != 201 || x.StatusText != "Created" || x.Error != "" || x.Protocol != c.upstream {
				t.Errorf("recorded with %d %s %s, error %q", x.Status, x.StatusText, x.Protocol, x.Error)
			}
			if x.RequestType != "text/plain" || x.ResponseType != "application/json" || x.RequestSize != 5 || x.ResponseSize != int64(len(want)) {
				t.Errorf("recorded %s of %d, %s of %d bytes", x.RequestType, x.RequestSize, x.ResponseType, x.ResponseSize)
			}
			if string(x.RequestBody.Data) != "hello" || string(x.ResponseBody.Data) != want || x.RequestBody.Truncated || x.ResponseBody.Truncated {
				t.Errorf("recorded bodies %q and %q", x.RequestBody.Data, x.ResponseBody.Data)
			}
			if got := x.ResponseHeader["X-Two"]; !slices.Equal(got, []string{"a", "b"}) {
				t.Errorf("recorded header %v", got)
			}
			if x.Duration <= 0 || x.Timings.Wait < 0 || x.Timings.Connect <= 0 || (x.Timings.TLS > 0) != (c.name != "http") {
				t.Errorf("recorded after %v with %+v", x.Duration, x.Timings)
			}
		})
	}
}

func TestEncodingsAreKeptAndDecoded(t *testing.T) {
	const text = "a text, a text, a text"
	encode := map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"br":   func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
	}
	for name, f := range encode {
		var raw bytes.Buffer
		w := f(&raw)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		server := plainServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("Accept-Encoding"); got != name {
				t.Errorf("%s: the server was asked for %q", name, got)
			}
			w.Header().Set("Content-Encoding", name)
			_, _ = w.Write(raw.Bytes())
		}))
		s := newStage(t, nil)
		r, _ := http.NewRequest("GET", server.URL, nil)
		r.Header.Set("Accept-Encoding", name)
		resp, err := s.client(false).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if !bytes.Equal(got, raw.Bytes()) {
			t.Errorf("%s: the client got %q", name, got)
		}
		if x := s.one(); string(x.ResponseBody.Data) != text || x.ResponseBody.Truncated || x.ResponseSize != int64(raw.Len()) {
			t.Errorf("%s: recorded %q of %d bytes", name, x.ResponseBody.Data, x.ResponseSize)
		}
	}
}

// A body of any length goes through, of which the beginning is kept.
func TestLongBodies(t *testing.T) {
	const size = 3 << 20
	server := plainServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
	}))
	s := newStage(t, nil)
	sent := bytes.Repeat([]byte("0123456789abcdef"), size/16)
	resp, err := s.client(false).Post(server.URL, "application/octet-stream", io.MultiReader(bytes.NewReader(sent)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !bytes.Equal(got, sent) {
		t.Fatalf("%d bytes came back, %v", len(got), err)
	}
	x := s.one()
	limit := s.rec.Network.BodyLimit()
	if x.RequestSize != size || x.ResponseSize != size || len(x.RequestBody.Data) != limit || len(x.ResponseBody.Data) != limit {
		t.Errorf("recorded %d and %d bytes of %d and %d", len(x.RequestBody.Data), len(x.ResponseBody.Data), x.RequestSize, x.ResponseSize)
	}
	if !x.RequestBody.Truncated || !x.ResponseBody.Truncated || !bytes.HasPrefix(sent, x.ResponseBody.Data) {
		t.Error("the bodies are not marked as cut")
	}
}

// What the server sends arrives before the server has finished, and the other way
// round.
func TestBodiesAreNotDelayed(t *testing.T) {
	server, pool := tlsServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			fmt.Fprintf(w, "%s!\n", lines.Text())
			_ = rc.Flush()
		}
	}))
	for _, h2 := range []bool{false, true} {
		s := newStage(t, pool)
		in, out := io.Pipe()
		type answer struct {
			resp *http.Response
			err  error
		}
		answers := make(chan answer, 1)
		go func() {
			resp, err := s.client(h2).Post(server.URL, "text/plain", in)
			answers <- answer{resp, err}
		}()
		_, _ = io.WriteString(out, "one\n")
		a := <-answers
		if a.err != nil {
			t.Fatal(a.err)
		}
		lines := bufio.NewReader(a.resp.Body)
		for _, line := range []string{"one", "two", "three"} {
			if line != "one" {
				_, _ = io.WriteString(out, line+"\n")
			}
			if got, err := lines.ReadString('\n'); err != nil || got != line+"!\n" {
				t.Errorf("http2 %v: got %q, %v", h2, got, err)
			}
		}
		out.Close()
		_, _ = io.Copy(io.Discard, lines)
		a.resp.Body.Close()
		if x := s.one(); string(x.RequestBody.Data) != "one\ntwo\nthree\n" || string(x.ResponseBody.Data) != "one!\ntwo!\nthree!\n" || x.Error != "" {
			t.Errorf("http2 %v: recorded %q and %q, error %q", h2, x.RequestBody.Data, x.ResponseBody.Data, x.Error)
		}
	}
}

func TestWebSocketIsOneExchange(t *testing.T) {
	server, pool := tlsServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		kind, data, _ := c.Read(r.Context())
		_ = c.Write(r.Context(), kind, data)
		_ = c.Close(websocket.StatusNormalClosure, "bye")
	}))
	s := newStage(t, pool)
	c, _, err := websocket.Dial(t.Context(), strings.Replace(server.URL, "https", "wss", 1)+"/chat", &websocket.DialOptions{HTTPClient: s.client(false)})
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Write(t.Context(), websocket.MessageText, []byte("hello"))
	if _, data, err := c.Read(t.Context()); err != nil || string(data) != "hello" {
		t.Errorf("got %q, %v", data, err)
	}
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Errorf("ended with %v", err)
	}
	if x := s.one(); x.Status != 101 || !strings.HasSuffix(x.URL, "/chat") || x.RequestSize < 11 || x.ResponseSize < 7 || x.Error != "" {
		t.Errorf("recorded %+v", x.Summary)
	}
}

func TestServerIsNotThere(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	s := newStage(t, nil)
	resp, err := s.client(false).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "refused") {
		t.Errorf("the client got %d %q", resp.StatusCode, body)
	}
	if x := s.one(); x.Status != 0 || !strings.Contains(x.Error, "refused") {
		t.Errorf("recorded %+v", x.Summary)
	}
}

func TestResponseBreaksOff(t *testing.T) {
	for name, length := range map[string]string{"of known length": "100", "chunked": ""} {
		server := plainServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		s := newStage(t, nil)
		resp, err := s.client(false).Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(resp.Body); err == nil || string(body) != "half" {
			t.Errorf("%s: the client got %q, %v", name, body, err)
		}
		resp.Body.Close()
		if x := s.one(); x.Status != 200 || !strings.Contains(x.Error, "broke off") || x.ResponseSize != 4 || !x.ResponseBody.Truncated {
			t.Errorf("%s: recorded %+v", name, x.Summary)
		}
	}
}

// A client that pins certificates is told on, and then left alone.
func TestClientThatDoesNotTrust(t *testing.T) {
	server, pool := tlsServer(t, http.HandlerFunc(echo))
	s := newStage(t, pool)
	s.trusted = pool // the server's own certificate only
	_, err := s.client(false).Get(server.URL)
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Fatalf("the first request: %v", err)
	}
	if x := s.one(); x.Method != "CONNECT" || !strings.Contains(x.Error, "does not trust") {
		t.Errorf("recorded %+v", x.Summary)
	}
	client := s.client(false)
	resp, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	client.CloseIdleConnections()
	if x := s.wait(2)[1]; x.Method != "CONNECT" || x.Status != 200 || x.ResponseSize <= int64(len(body)) || len(x.ResponseBody.Data) != 0 {
		t.Errorf("recorded %+v", x.Summary)
	}
}

// A protocol that is not HTTP, in which the server speaks first.
func TestOtherProtocol(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "220 ready\r\n")
		_, _ = io.Copy(io.Discard, c)
		_ = c.Close()
	}()
	s := newStage(t, nil)
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", l.Addr(), l.Addr())
	r := bufio.NewReader(c)
	for _, want := range []string{"HTTP/1.1 200 Connection established", "", "220 ready"} {
		if got, err := r.ReadString('\n'); err != nil || strings.TrimSpace(got) != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	_, _ = io.WriteString(c, "QUIT\r\n")
	_ = c.Close()
	if x := s.one(); x.Method != "CONNECT" || x.RequestSize != 6 || x.ResponseSize != 11 {
		t.Errorf("recorded %+v", x.Summary)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	server := plainServer(t, http.HandlerFunc(echo))
	s := newStage(t, nil, func(o *Options) { o.Allow = func(net.Addr) bool { return false } })
	resp, err := s.client(false).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden || len(s.rec.Network.Held()) != 0 {
		t.Errorf("answered with %d", resp.StatusCode)
	}
}

func TestNoProxyRequest(t *testing.T) {
	s := newStage(t, nil)
	resp, err := http.Get("http://" + s.address + "/x")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("answered with %d", resp.StatusCode)
	}
}

// Close does not wait for servers that never answer.
func TestCloseEndsEverything(t *testing.T) {
	arrived, release := make(chan bool), make(chan bool)
	server, pool := tlsServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- true
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer close(release)
	s := newStage(t, pool)
	failed := make(chan error, 1)
	go func() {
		_, err := s.client(false).Get(server.URL)
		failed <- err
	}()
	<-arrived
	s.proxy.Close()
	if err := <-failed; err == nil {
		t.Error("the request has succeeded")
	}
	if x := s.one(); x.Error == "" {
		t.Errorf("recorded %+v", x.Summary)
	}
}

// HTTP/2 without TLS, of which the client knows beforehand, as gRPC does.
func TestHTTP2WithoutTLSPassesThrough(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	s := newStage(t, nil)
	tr := &http.Transport{
		Protocols: server.Config.Protocols,
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", addr, addr)
			head := make([]byte, len("HTTP/1.1 200 Connection established\r\n\r\n"))
			_, err = io.ReadFull(c, head)
			return c, err
		},
	}
	resp, err := (&http.Client{Transport: tr}).Post(server.URL, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	tr.CloseIdleConnections()
	if !strings.Contains(string(body), `"proto":"HTTP/2.0","got":"hello"`) {
		t.Errorf("got %s", body)
	}
	if x := s.one(); x.Method != "CONNECT" || x.Status != 200 || x.ResponseSize <= int64(len(body)) {
		t.Errorf("recorded %+v", x.Summary)
	}
}
