package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/elazarl/goproxy"
)

// keptExchanges is how many exchanges both proxies keep.
const keptExchanges = 500

// floor is the least that a capturing proxy of the library does: it keeps the newest
// exchanges with their headers and bodies.
type floor struct {
	mu   sync.Mutex
	ring [keptExchanges]kept
	n    int
}

type kept struct {
	method, url     string
	status          int
	request, answer http.Header
	sent, body      []byte
	start, end      time.Time
}

// serveFloor is a proxy to compare with: "reverse", "bare" or "tuned".
func serveFloor(kind string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	if kind == "reverse" {
		return http.Serve(l, &httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}})
	}
	var f floor
	p := goproxy.NewProxyHttpServer()
	if kind == "tuned" {
		p.Tr = &http.Transport{MaxIdleConnsPerHost: connections, DisableCompression: true}
	}
	p.OnRequest().DoFunc(f.request)
	p.OnResponse().DoFunc(f.response)
	return http.Serve(l, p)
}

func (f *floor) request(r *http.Request, ctx *goproxy.ProxyCtx) (*http.Request, *http.Response) {
	k := &kept{method: r.Method, url: r.URL.String(), request: r.Header.Clone(), start: time.Now()}
	if r.ContentLength != 0 {
		k.sent, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(k.sent))
	}
	ctx.UserData = k
	return r, nil
}

func (f *floor) response(resp *http.Response, ctx *goproxy.ProxyCtx) *http.Response {
	k, ok := ctx.UserData.(*kept)
	if !ok || resp == nil {
		return resp
	}
	k.body, _ = io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(k.body))
	k.status, k.answer, k.end = resp.StatusCode, resp.Header, time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ring[f.n%len(f.ring)] = *k
	f.n++
	return resp
}
