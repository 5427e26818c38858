package capture

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/elazarl/goproxy"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
)

// BenchmarkProxy compares the proxy with the bare library that captures bodies, and
// with none: 50 connections that are kept alive, 1 KiB of JSON each way.
func BenchmarkProxy(b *testing.B) {
	body := `{"items":[` + strings.TrimSuffix(strings.Repeat(`{"id":12345,"name":"some thing","price":9.99,"ok":true},`, 17), ",") + `]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	b.Run("direct", func(b *testing.B) { load(b, server.URL, "") })
	b.Run("goproxy", func(b *testing.B) {
		bare := httptest.NewServer(bareCapture())
		defer bare.Close()
		load(b, server.URL, bare.URL)
	})
	b.Run("heliograph", func(b *testing.B) {
		authority, err := NewAuthority()
		if err != nil {
			b.Fatal(err)
		}
		rec := recorder.New(recorder.Options{Redact: recorder.Redaction(redact.New())})
		defer rec.Close()
		p := New(Options{Authority: authority, Network: rec.Network})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { _ = p.Serve(l) })
		load(b, server.URL, "http://"+l.Addr().String())
		p.Close()
		wg.Wait()
	})
}

// bareCapture is the least that a capturing proxy of the library does: it keeps the
// last 500 exchanges with their bodies.
func bareCapture() http.Handler {
	type kept struct {
		method, url string
		status      int
		body        []byte
	}
	var mu sync.Mutex
	var ring [500]kept
	n := 0
	f := goproxy.NewProxyHttpServer()
	f.Tr = &http.Transport{MaxIdleConnsPerHost: maxIdleServers, DisableCompression: true}
	f.OnResponse().DoFunc(func(resp *http.Response, ctx *goproxy.ProxyCtx) *http.Response {
		data, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(strings.NewReader(string(data)))
		mu.Lock()
		defer mu.Unlock()
		ring[n%len(ring)] = kept{ctx.Req.Method, ctx.Req.URL.String(), resp.StatusCode, data}
		n++
		return resp
	})
	return f
}

func load(b *testing.B, target, proxy string) {
	b.Helper()
	tr := &http.Transport{MaxIdleConnsPerHost: 50, MaxConnsPerHost: 50, DisableCompression: true}
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil {
			b.Fatal(err)
		}
		tr.Proxy = http.ProxyURL(u)
	}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr}
	var wg sync.WaitGroup
	jobs := make(chan struct{}, 50)
	for range 50 {
		wg.Go(func() {
			for range jobs {
				resp, err := client.Get(target)
				if err != nil {
					b.Error(err)
					continue
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		jobs <- struct{}{}
	}
	close(jobs)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
