package capture

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// firstByte is how long a client may take to begin within CONNECT before it is taken
// for one that waits for the server to speak first.
const firstByte = time.Second

const recordTypeHandshake = 22 // of TLS, RFC 8446 section 5.1

// tunnel is a client's connection within CONNECT.
type tunnel struct {
	net.Conn
	r      *bufio.Reader
	host   string // host:port, as asked for
	scheme string
}

// Read implements net.Conn.
func (t *tunnel) Read(p []byte) (int, error) {
	if t.r.Buffered() > 0 {
		return t.r.Read(p)
	}
	return t.Conn.Read(p)
}

func tunnelOf(c net.Conn) *tunnel {
	if encrypted, ok := c.(*tls.Conn); ok {
		c = encrypted.NetConn()
	}
	t, _ := c.(*tunnel)
	return t
}

// connect answers CONNECT: it looks how the client begins, and hands TLS and HTTP to
// the server as connections of their own.
func (p *Proxy) connect(r *http.Request, client net.Conn) {
	disown := p.own(client)
	defer disown()
	t := &tunnel{Conn: client, r: bufio.NewReader(client), host: withPort(r.Host), scheme: "http"}
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = client.Close()
		return
	}
	_ = client.SetReadDeadline(time.Now().Add(firstByte))
	first, err := t.r.Peek(1)
	prior := err == nil && first[0] == 'P' && speaksHTTP2(t.r)
	_ = client.SetReadDeadline(time.Time{})
	switch {
	case err != nil && !isTimeout(err):
		_ = client.Close()
	case err == nil && first[0] == recordTypeHandshake && !p.opaque.has(t.host):
		p.intercept(r, t)
	case err == nil && first[0] >= 'A' && first[0] <= 'Z' && !prior:
		p.inner.give(t)
	default:
		p.passThrough(r, t)
	}
}

// speaksHTTP2 reports whether a client begins with HTTP/2 without TLS, as gRPC does:
// that is passed through unseen.
func speaksHTTP2(r *bufio.Reader) bool {
	preface, _ := r.Peek(4) // of a method such as PUT or POST this is less than a line, too
	return string(preface) == "PRI "
}

// intercept speaks TLS with the client in the server's name.
func (p *Proxy) intercept(r *http.Request, t *tunnel) {
	name, _, _ := net.SplitHostPort(t.host)
	server := tls.Server(t, &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName != "" {
				name = hello.ServerName
			}
			return p.opts.Authority.Certificate(strings.ToLower(name))
		},
	})
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	if err := server.HandshakeContext(ctx); err != nil {
		_ = t.Close()
		p.distrusted(r, t, err)
		return
	}
	t.scheme = "https"
	p.inner.give(server)
}

// distrusted leaves the host alone from now on, if the client has rejected the
// certificate.
func (p *Proxy) distrusted(r *http.Request, t *tunnel, err error) {
	var alert tls.AlertError
	if !errors.As(err, &alert) && !strings.Contains(err.Error(), "certificate") {
		p.log.Debug("no tls with the client", "host", t.host, "err", err)
		return
	}
	p.opaque.add(t.host)
	p.log.Warn("a client does not trust the capture authority; its host is passed through unseen from now on", "host", t.host, "err", err)
	p.recordConnect(r, time.Now(), 0, 0, "the client does not trust heliograph's certificate authority; later connections to this host are passed through unseen: "+err.Error())
}

// passThrough copies bytes between the client and the server.
func (p *Proxy) passThrough(r *http.Request, t *tunnel) {
	defer t.Close()
	start := time.Now()
	server, err := p.dial(r.Context(), t.host)
	if err != nil {
		p.recordConnect(r, start, 0, 0, err.Error())
		return
	}
	defer p.own(server)()
	defer server.Close()
	sent, received := relay(server, t, t)
	p.recordConnect(r, start, sent, received, "")
}

// recordConnect records a connection of which only the sizes are known.
func (p *Proxy) recordConnect(r *http.Request, start time.Time, sent, received int64, problem string) {
	if !p.opts.Network.Wants() {
		return
	}
	var e recorder.Exchange
	e.Start, e.Duration = start, time.Since(start)
	e.Method, e.Host = http.MethodConnect, r.URL.Hostname()
	e.URL = (&url.URL{Scheme: "https", Host: r.Host, Path: "/"}).String()
	e.Error, e.RequestSize, e.ResponseSize = problem, sent, received
	if problem == "" {
		e.Status, e.StatusText = http.StatusOK, "Connection established (not looked into)"
	}
	e.RequestHeader = r.Header.Clone()
	p.opts.Network.Record(e)
}

// dial connects to a server, through the next proxy if there is one.
func (p *Proxy) dial(ctx context.Context, host string) (net.Conn, error) {
	if p.opts.Upstream != nil {
		next, err := p.opts.Upstream(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
		if err != nil {
			return nil, err
		}
		if next != nil {
			return p.forward.NewConnectDialToProxy(next.String())("tcp", host)
		}
	}
	return p.transport.DialContext(ctx, "tcp", host)
}

// relay copies in both directions until one of them ends for good, and returns the
// bytes that went each way. The end of one direction is passed on where the
// connection can be half closed; otherwise it ends both.
func relay(server, client io.ReadWriteCloser, fromClient io.Reader) (sent, received int64) {
	var up, down atomic.Int64
	var wg sync.WaitGroup
	one := func(dst io.Writer, src io.Reader, n *atomic.Int64) {
		copied, err := io.Copy(dst, src)
		n.Store(copied)
		if half, ok := dst.(interface{ CloseWrite() error }); ok && err == nil && half.CloseWrite() == nil {
			return
		}
		_ = server.Close()
		_ = client.Close()
	}
	wg.Go(func() { one(server, fromClient, &up) })
	wg.Go(func() { one(client, server, &down) })
	wg.Wait()
	return up.Load(), down.Load()
}

// CloseWrite passes the end of a direction on.
func (t *tunnel) CloseWrite() error {
	if half, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "443")
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// maxOpaque bounds the hosts that are left alone because clients do not trust the
// authority; the oldest are tried again.
const maxOpaque = 256

// opaque are the hosts that are not looked into.
type opaque struct {
	mu      sync.Mutex
	given   []string
	learned []string // host:port, oldest first
}

func newOpaque(hosts []string) *opaque {
	o := &opaque{}
	for _, h := range hosts {
		o.given = append(o.given, strings.ToLower(h))
	}
	return o
}

func (o *opaque) has(hostPort string) bool {
	host, _, _ := net.SplitHostPort(hostPort)
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.given, strings.ToLower(host)) || slices.Contains(o.learned, strings.ToLower(hostPort))
}

func (o *opaque) add(hostPort string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	hostPort = strings.ToLower(hostPort)
	if slices.Contains(o.learned, hostPort) {
		return
	}
	if len(o.learned) == maxOpaque {
		o.learned = slices.Delete(o.learned, 0, 1)
	}
	o.learned = append(o.learned, hostPort)
}

// handover is a listener that accepts the connections that it is given.
type handover struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newHandover() *handover {
	return &handover{conns: make(chan net.Conn), done: make(chan struct{})}
}

// give hands a connection to whoever accepts, or closes it after Close.
func (h *handover) give(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.done:
		_ = c.Close()
	}
}

// Accept implements net.Listener.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

// Addr implements net.Listener.
func (h *handover) Addr() net.Addr { return &net.TCPAddr{} }
