package server

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"strings"
	"testing"
)

// trust makes the client accept the server's own certificate and nothing else.
func (h *house) trust() {
	h.t.Helper()
	data, err := os.ReadFile(h.srv.opts.State.Join("tls.pem"))
	if err != nil {
		h.t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		h.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	h.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
}

func TestSelfSignedTLS(t *testing.T) {
	h := start(t, func(o *Options) { o.TLS.Enabled = true })
	h.trust()
	if !strings.HasPrefix(h.srv.Login(), "https://127.0.0.1:") {
		t.Errorf("login URL %q", h.srv.Login())
	}
	r := h.get("/v1/view")
	if id := identityOf(t, r); id.Name == "" {
		t.Errorf("the user behind a TLS connection is unknown: %+v", id)
	}
	if csp := r.header.Get("Content-Security-Policy"); !strings.Contains(csp, "wss://127.0.0.1:") {
		t.Errorf("policy %q", csp)
	}
	if c := login(t, h); !c.Secure {
		t.Error("the cookie is not for TLS only")
	}
	want(t, h.ask(http.MethodPost, "/v1/control", "{}", "Origin", h.url), http.StatusOK)
	fp, err := h.srv.Fingerprint()
	if err != nil || len(fp) != 95 {
		t.Errorf("fingerprint %q, %v", fp, err)
	}
}

func TestTLSSpeaksHTTP1Only(t *testing.T) {
	h := start(t, func(o *Options) { o.TLS.Enabled = true })
	h.trust()
	resp, err := h.client.Do(h.request(http.MethodGet, "/healthz", ""))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 1 || resp.TLS.Version < tls.VersionTLS12 {
		t.Errorf("%s, TLS %x", resp.Proto, resp.TLS.Version)
	}
}

func TestPlainHTTPToTLSPort(t *testing.T) {
	h := start(t, func(o *Options) { o.TLS.Enabled = true })
	got := readEnd(t, h.raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	if !strings.Contains(got, " 400 ") || !strings.Contains(got, "HTTPS") {
		t.Errorf("got %q", got)
	}
}

func TestTLSFromFiles(t *testing.T) {
	first := start(t, func(o *Options) { o.TLS.Enabled = true })
	pemFile := first.srv.opts.State.Join("tls.pem")
	h := start(t, func(o *Options) { o.TLS = TLS{Enabled: true, CertFile: pemFile, KeyFile: pemFile} })
	a, _ := first.srv.Fingerprint()
	b, _ := h.srv.Fingerprint()
	if a != b || a == "" {
		t.Errorf("fingerprints %q and %q", a, b)
	}
	if _, err := os.Stat(h.srv.opts.State.Join("tls.pem")); err == nil {
		t.Error("a certificate was made beside the given one")
	}
}

func TestKeyIsPrivate(t *testing.T) {
	h := start(t, func(o *Options) { o.TLS.Enabled = true })
	info, err := os.Stat(h.srv.opts.State.Join("tls.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	data, _ := os.ReadFile(h.srv.opts.State.Join("tls.pem"))
	if !bytes.Contains(data, []byte("PRIVATE KEY")) {
		t.Error("no key in it")
	}
}
