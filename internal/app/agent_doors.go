package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"

	"golang.org/x/net/http/httpproxy"

	"github.com/heliograph/heliograph/internal/server/peer"
	"github.com/heliograph/heliograph/internal/source/capture"
	"github.com/heliograph/heliograph/internal/source/otlp"
)

// doors are the ways by which a program's traffic and telemetry come to us, each on
// a loopback port that takes connections of our own user only.
type doors struct {
	proxy       *capture.Proxy // nil: none
	proxyAt     net.Listener
	telemetry   *otlp.Receiver // nil: none
	telemetryAt net.Listener
	trusted     []byte // PEM: the authorities that the program has to trust
}

// openDoors opens those that are wanted.
func (p *program) openDoors(ctx context.Context) error {
	if !p.opts.NoProxy {
		if err := p.openProxy(ctx); err != nil {
			return err
		}
	}
	if !p.opts.NoOTLP {
		l, err := listenForOwnUser(ctx)
		if err != nil {
			p.doors.close()
			return err
		}
		p.doors.telemetryAt = l
		p.doors.telemetry = otlp.New(otlp.Options{Recorder: p.rec, Redact: p.redact, Logger: p.log})
	}
	return nil
}

func (p *program) openProxy(ctx context.Context) error {
	roots, extra, err := upstreamRoots(p.opts.UpstreamCA)
	if err != nil {
		return err
	}
	authority, err := capture.NewAuthority()
	if err != nil {
		return err
	}
	if p.doors.proxyAt, err = listenForOwnUser(ctx); err != nil {
		return err
	}
	p.doors.trusted = append(authority.PEM(), extra...)
	// The proxy that the user has set is behind ours.
	behind := httpproxy.FromEnvironment().ProxyFunc()
	p.doors.proxy = capture.New(capture.Options{
		Authority: authority, Network: p.rec.Network, Roots: roots, Opaque: p.opts.Opaque, Redact: p.redact, Logger: p.log,
		Upstream: func(r *http.Request) (*url.URL, error) { return behind(r.URL) },
	})
	return nil
}

// upstreamRoots returns the system's authorities and those of a file, and what is in
// the file. Without a file it returns nil, which means those of the system.
func upstreamRoots(path string) (*x509.CertPool, []byte, error) {
	if path == "" {
		return nil, nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read the authorities of servers: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, nil, fmt.Errorf("read the system's authorities: %w", err)
	}
	if !pool.AppendCertsFromPEM(data) {
		return nil, nil, fmt.Errorf("read the authorities of servers: there is no certificate in %s", path)
	}
	return pool, data, nil
}

// serve serves the doors in goroutines until close.
func (d *doors) serve(wg *sync.WaitGroup, log *slog.Logger) {
	tell := func(err error) {
		if err != nil {
			log.Warn("serve the program", "err", err)
		}
	}
	if d.proxy != nil {
		wg.Go(func() { tell(d.proxy.Serve(d.proxyAt)) })
	}
	if d.telemetry != nil {
		wg.Go(func() { tell(d.telemetry.Serve(d.telemetryAt)) })
	}
}

// close closes them; twice is nothing.
func (d *doors) close() {
	if d.proxy != nil {
		d.proxy.Close()
		_ = d.proxyAt.Close() // if it was never served
	}
	if d.telemetry != nil {
		d.telemetry.Close()
		_ = d.telemetryAt.Close()
	}
}

// proxyAddr returns the address of the proxy; empty: there is none.
func (d *doors) proxyAddr() string {
	if d.proxy == nil {
		return ""
	}
	return d.proxyAt.Addr().String()
}

func port(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

// listenForOwnUser opens a loopback port for processes of our own user.
func listenForOwnUser(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a port for the program: %w", err)
	}
	return &ownUserListener{Listener: l, uid: uint32(os.Geteuid())}, nil
}

// ownUserListener refuses the connections of other users, to whom the program's
// traffic is none of their business, and neither is a proxy into its network.
type ownUserListener struct {
	net.Listener
	uid uint32
}

// Accept implements net.Listener.
func (l *ownUserListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		uid, err := peer.UID(conn)
		if err == nil && uid == l.uid {
			return conn, nil
		}
		if err == nil || !errors.Is(err, net.ErrClosed) {
			// It fits into the socket's buffer: this does not wait.
			_, _ = conn.Write([]byte("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
		}
		_ = conn.Close()
	}
}
