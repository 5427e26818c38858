package capture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/elazarl/goproxy"
	"golang.org/x/net/netutil"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Bounds of a proxy.
const (
	maxClients       = 512
	maxIdleServers   = 64
	idleServer       = 90 * time.Second
	idleClient       = 5 * time.Minute
	handshakeTimeout = 10 * time.Second
	dialTimeout      = 30 * time.Second
	headerTimeout    = 30 * time.Second
	maxHeaderBytes   = 1 << 20
	copyBuffer       = 32 << 10
)

// Options of a proxy. Authority and Network are required.
type Options struct {
	Authority *Authority
	Network   *recorder.Network
	// Roots are the authorities that servers are verified with; nil means those of
	// the system.
	Roots *x509.CertPool
	// Upstream returns the proxy to reach a server through, as
	// http.ProxyFromEnvironment does; nil means none.
	Upstream func(*http.Request) (*url.URL, error)
	// Allow tells who may use the proxy; nil means whoever can connect.
	Allow func(remote net.Addr) bool
	// Opaque are hosts whose TLS is passed through unseen.
	Opaque []string
	// Redact takes secrets out of what is logged; nil leaves it as it is.
	Redact func(string) string
	// Logger may be nil.
	Logger *slog.Logger
}

// Proxy is a capturing proxy. Make one with New, let it serve a listener, and close
// it.
type Proxy struct {
	opts      Options
	log       *slog.Logger
	transport *http.Transport
	forward   *goproxy.ProxyHttpServer
	server    *http.Server
	inner     *handover // connections within CONNECT
	opaque    *opaque
	buffers   sync.Pool // of *[copyBuffer]byte

	mu      sync.Mutex
	closed  bool
	hijacks map[net.Conn]bool
	running sync.WaitGroup // handlers, with what they took over from the server
}

// New returns a proxy that does not serve anything yet.
func New(opts Options) *Proxy {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Redact == nil {
		opts.Redact = func(s string) string { return s }
	}
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	p := &Proxy{
		opts: opts,
		log:  opts.Logger,
		transport: &http.Transport{
			DialContext:           tracedDial(dialer),
			Proxy:                 opts.Upstream,
			TLSClientConfig:       &tls.Config{RootCAs: opts.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:   handshakeTimeout,
			ForceAttemptHTTP2:     true,
			DisableCompression:    true, // the application decides
			MaxIdleConns:          maxIdleServers,
			MaxIdleConnsPerHost:   maxIdleServers,
			IdleConnTimeout:       idleServer,
			ExpectContinueTimeout: time.Second,
		},
		inner:   newHandover(),
		opaque:  newOpaque(opts.Opaque),
		hijacks: map[net.Conn]bool{},
	}
	p.buffers.New = func() any { return new([copyBuffer]byte) }
	p.forward = p.newForward()
	p.server = &http.Server{
		Handler:           p,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleClient,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnContext:       p.connContext,
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	return p
}

// newForward sets goproxy up: it does what a proxy does with a request, with our
// round trip, and leaves what is within CONNECT to us.
func (p *Proxy) newForward() *goproxy.ProxyHttpServer {
	f := goproxy.NewProxyHttpServer()
	f.Tr = p.transport
	f.ConnectDial = nil
	f.KeepAcceptEncoding = true
	f.Logger = printer(p.debug)
	f.NonproxyHandler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "this is a proxy: requests must name the whole URL", http.StatusBadRequest)
	})
	f.OnRequest().HandleConnectFunc(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		return &goproxy.ConnectAction{
			Action: goproxy.ConnectHijack,
			Hijack: func(r *http.Request, client net.Conn, _ *goproxy.ProxyCtx) { p.connect(r, client) },
		}, host
	})
	round := goproxy.RoundTripperFunc(func(r *http.Request, _ *goproxy.ProxyCtx) (*http.Response, error) { return p.roundTrip(r) })
	f.OnRequest().DoFunc(func(r *http.Request, ctx *goproxy.ProxyCtx) (*http.Request, *http.Response) {
		ctx.RoundTripper = round
		return r, nil
	})
	f.OnResponse().DoFunc(func(resp *http.Response, ctx *goproxy.ProxyCtx) *http.Response {
		if resp == nil && ctx.Error != nil {
			return goproxy.NewResponse(ctx.Req, goproxy.ContentTypeText, http.StatusBadGateway, "heliograph: "+ctx.Error.Error()+"\n")
		}
		return resp
	})
	return f
}

// Serve serves the clients that a listener accepts, until Close. It returns why it
// ended, nil after Close.
func (p *Proxy) Serve(l net.Listener) error {
	if !p.enter() {
		_ = l.Close()
		return nil
	}
	p.running.Go(func() { _ = p.server.Serve(p.inner) })
	p.leave()
	if err := p.server.Serve(netutil.LimitListener(l, maxClients)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the capturing proxy: %w", err)
	}
	return nil
}

// Close ends all exchanges, which are recorded as broken off, and waits for
// everything that the proxy has started.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	for c := range p.hijacks {
		_ = c.Close()
	}
	p.mu.Unlock()
	_ = p.server.Close()
	_ = p.inner.Close()
	p.running.Wait()
	p.transport.CloseIdleConnections()
}

// enter counts a handler, for which Close waits until it leaves. It reports false
// once Close was called.
func (p *Proxy) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.running.Add(1)
	return true
}

func (p *Proxy) leave() { p.running.Done() }

// own takes note of a connection that is no longer the server's, so that Close ends
// it. The returned function gives it back.
func (p *Proxy) own(c net.Conn) (disown func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = c.Close()
	}
	p.hijacks[c] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.hijacks, c)
	}
}

func (p *Proxy) debug(text string) { p.log.Debug("proxy", "text", p.opts.Redact(text)) }

// printer is a goproxy.Logger.
type printer func(string)

// Printf implements goproxy.Logger.
func (p printer) Printf(format string, args ...any) {
	p(strings.TrimSpace(fmt.Sprintf(format, args...)))
}

type contextKey int

const (
	tunnelKey contextKey = iota
	deniedKey
	streamKey
)

// connContext notes of a connection which CONNECT it is in, and whether its client
// may use the proxy.
func (p *Proxy) connContext(ctx context.Context, c net.Conn) context.Context {
	if t := tunnelOf(c); t != nil {
		return context.WithValue(ctx, tunnelKey, t)
	}
	if p.opts.Allow != nil && !p.opts.Allow(c.RemoteAddr()) {
		return context.WithValue(ctx, deniedKey, true)
	}
	return ctx
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !p.enter() {
		return
	}
	defer p.leave()
	if r.Context().Value(deniedKey) != nil {
		http.Error(w, "this proxy belongs to another user", http.StatusForbidden)
		return
	}
	if t, ok := r.Context().Value(tunnelKey).(*tunnel); ok && !r.URL.IsAbs() {
		r.URL.Scheme, r.URL.Host = t.scheme, r.Host
		if r.Host == "" {
			r.URL.Host = t.host
		}
	}
	switch {
	case r.Method == http.MethodConnect:
		p.forward.ServeHTTP(w, r)
	case r.URL.IsAbs() && upgrade(r.Header) != "":
		p.serveUpgrade(w, r)
	default:
		// The server may answer before it has read the request. HTTP/2 does so anyway.
		_ = http.NewResponseController(w).EnableFullDuplex()
		s := &streaming{ResponseWriter: w, buffers: &p.buffers}
		p.forward.ServeHTTP(s, p.watched(r, s))
		if s.from != nil && s.from.err != nil {
			panic(http.ErrAbortHandler) // otherwise the client would see a whole response
		}
	}
}

// watched returns a request with its way back, and with an exchange for it if one is
// wanted.
func (p *Proxy) watched(r *http.Request, s *streaming) *http.Request {
	ctx := context.WithValue(r.Context(), streamKey, s)
	if p.opts.Network.Wants() {
		s.exchange = newExchange(p.opts.Network)
		ctx = httptrace.WithClientTrace(ctx, s.exchange.phases.trace(r.URL.Scheme == "https"))
	}
	return r.WithContext(ctx)
}

// tracedDial is a dialer's function that tells the exchange that the connection is
// for.
func tracedDial(d *net.Dialer) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if s, ok := ctx.Value(streamKey).(*streaming); ok && s.exchange != nil {
			ctx = httptrace.WithClientTrace(ctx, s.exchange.phases.traceDial())
		}
		return d.DialContext(ctx, network, addr)
	}
}

// roundTrip sends a request on, and records the exchange when it is over.
func (p *Proxy) roundTrip(r *http.Request) (*http.Response, error) {
	s := r.Context().Value(streamKey).(*streaming)
	x := s.exchange
	if x != nil {
		x.begin(r)
	}
	resp, err := p.transport.RoundTrip(r)
	if err != nil {
		if x != nil {
			x.failed(err)
		}
		return nil, err
	}
	body := &broken{ReadCloser: resp.Body}
	s.from, resp.Body = body, body
	if x != nil {
		resp.Body = x.watch(resp, body)
	}
	return resp, nil
}

// broken remembers why a body could not be read to its end.
type broken struct {
	io.ReadCloser
	err error
}

func (b *broken) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// streaming sends on what was read of a body before more of it is waited for.
type streaming struct {
	http.ResponseWriter
	left     int64     // of a known length; negative: unknown
	from     *broken   // nil: there is no response of a server
	exchange *exchange // nil: it is not recorded

	buffers *sync.Pool // of *[copyBuffer]byte
}

// WriteHeader implements http.ResponseWriter.
func (s *streaming) WriteHeader(status int) {
	var err error
	if s.left, err = strconv.ParseInt(s.Header().Get("Content-Length"), 10, 64); err != nil {
		s.left = -1
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s *streaming) Write(b []byte) (int, error) {
	n, err := s.ResponseWriter.Write(b)
	if s.left >= 0 {
		s.left = max(s.left-int64(n), 0)
	}
	if err == nil && s.left != 0 {
		err = http.NewResponseController(s.ResponseWriter).Flush()
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom, so that io.Copy needs no buffer of its own.
func (s *streaming) ReadFrom(r io.Reader) (n int64, err error) {
	buf := s.buffers.Get().(*[copyBuffer]byte)
	defer s.buffers.Put(buf)
	for {
		read, err := r.Read(buf[:])
		if read > 0 {
			written, err := s.Write(buf[:read])
			if n += int64(written); err != nil {
				return n, err
			}
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// Unwrap is for http.ResponseController.
func (s *streaming) Unwrap() http.ResponseWriter { return s.ResponseWriter }
