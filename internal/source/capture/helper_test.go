package capture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// stage is a proxy between a client and servers.
type stage struct {
	t       *testing.T
	rec     *recorder.Recorder
	proxy   *Proxy
	address string
	trusted *x509.CertPool // by the client
}

func newStage(t *testing.T, servers *x509.CertPool, change ...func(*Options)) *stage {
	t.Helper()
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, rec: recorder.New(recorder.Options{}), trusted: x509.NewCertPool()}
	s.trusted.AppendCertsFromPEM(authority.PEM())
	opts := Options{Authority: authority, Network: s.rec.Network, Roots: servers}
	for _, f := range change {
		f(&opts)
	}
	s.proxy = New(opts)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.proxy.Serve(l) }()
	t.Cleanup(func() {
		s.proxy.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		s.rec.Close()
	})
	return s
}

// client returns a client that goes through the proxy.
func (s *stage) client(h2 bool) *http.Client {
	tr := &http.Transport{
		Proxy:              http.ProxyURL(&url.URL{Scheme: "http", Host: s.address}),
		TLSClientConfig:    &tls.Config{RootCAs: s.trusted},
		DisableCompression: true,
		ForceAttemptHTTP2:  h2,
	}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 20 * time.Second}
}

// wait returns the recorded exchanges, when there are n of them.
func (s *stage) wait(n int) []recorder.Exchange {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	wake := make(chan struct{}, 1)
	stream, err := s.rec.Network.Open(func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer stream.Close()
	for {
		if held := s.rec.Network.Held(); len(held) >= n {
			all := make([]recorder.Exchange, len(held))
			for i, e := range held {
				all[i], _, _ = s.rec.Network.Find(e.Value.Exchange.ID)
			}
			return all
		}
		select {
		case <-wake:
		case <-time.After(5 * time.Millisecond): // the buffer is what counts
		case <-ctx.Done():
			s.t.Fatalf("%d of %d exchanges recorded", len(s.rec.Network.Held()), n)
		}
	}
}

// one returns the only exchange.
func (s *stage) one() recorder.Exchange {
	s.t.Helper()
	all := s.wait(1)
	if len(all) != 1 {
		s.t.Fatalf("%d exchanges recorded: %+v", len(all), all)
	}
	return all[0]
}

// tlsServer starts a server that speaks HTTP/2, too, and returns who signed it.
func tlsServer(t *testing.T, h http.Handler) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s, pool
}

func plainServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}
