package client

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// Options of a Client. The zero value suits a server on this machine.
type Options struct {
	// Token is sent as a bearer token. It never appears in errors or logs.
	Token string
	// CA holds PEM certificates that are trusted instead of the system's.
	CA []byte
	// Fingerprint pins the server's certificate: SHA-256 over the certificate in
	// DER form, 64 hexadecimal digits, with or without colons and a leading
	// "sha256:". A pinned certificate needs no authority and no matching name,
	// which is what a self-signed one on a device has to offer.
	Fingerprint string
	// TLSConfig replaces the TLS settings; CA and Fingerprint are applied to a
	// copy of it.
	TLSConfig *tls.Config
	// HTTPClient replaces the HTTP client, for requests and handshakes alike.
	// CA, Fingerprint and TLSConfig must then be empty, and its transport must
	// allow WebSocket upgrades.
	HTTPClient *http.Client
	// Header is added to every request and handshake.
	Header http.Header
	// Logger gets what the client does in the background: lost connections,
	// attempts, messages that could not be read. Nil discards it.
	Logger *slog.Logger

	// Compress offers permessage-deflate: less traffic for more CPU on both
	// sides. Worth it on slow links.
	Compress bool
	// MaxMessage bounds one message, uncompressed, in bytes. Default 32 MiB.
	MaxMessage int64
	// DialTimeout bounds one attempt to connect. Default 10 s.
	DialTimeout time.Duration
	// PingEvery is the time between two pings of the client; a connection from
	// which nothing has come for three times that long is lost. Default 15 s.
	PingEvery time.Duration
	// Reconnect says what happens when a connection is lost.
	Reconnect Reconnect
}

// Reconnect is how a lost connection is opened again: after MinWait, then after
// twice as long and so on up to MaxWait. Each pause is shortened by a random
// part of up to one half, so that the clients of a server that came back do not
// all arrive at once.
type Reconnect struct {
	// MinWait is the first pause. Default 250 ms.
	MinWait time.Duration
	// MaxWait is the longest pause. Default 15 s.
	MaxWait time.Duration
	// GiveUpAfter ends a subscription whose connection has been down for this
	// long. 0 means never.
	GiveUpAfter time.Duration
	// Never ends a subscription at the first loss.
	Never bool
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&o.MaxMessage, 32<<20)
	setDefault(&o.DialTimeout, 10*time.Second)
	setDefault(&o.PingEvery, 15*time.Second)
	setDefault(&o.Reconnect.MinWait, 250*time.Millisecond)
	setDefault(&o.Reconnect.MaxWait, 15*time.Second)
	o.Reconnect.MaxWait = max(o.Reconnect.MaxWait, o.Reconnect.MinWait)
	return o
}

func setDefault[T ~int64](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// httpClient gives the client to use and whether it is ours to close.
func (o Options) httpClient() (*http.Client, bool, error) {
	if o.HTTPClient != nil {
		if o.CA != nil || o.Fingerprint != "" || o.TLSConfig != nil {
			return nil, false, errors.New("an HTTP client of your own excludes CA, fingerprint and TLS settings")
		}
		return o.HTTPClient, false, nil
	}
	conf, err := o.tlsConfig()
	if err != nil {
		return nil, false, err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		TLSClientConfig:       conf,
		TLSHandshakeTimeout:   o.DialTimeout,
		ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout:       60 * time.Second,
		MaxIdleConnsPerHost:   4,
	}
	return &http.Client{Transport: transport}, true, nil
}

func (o Options) tlsConfig() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLSConfig != nil {
		conf = o.TLSConfig.Clone()
	}
	if o.CA != nil {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("read the certificate authority: no PEM certificate in it")
		}
		conf.RootCAs = pool
	}
	if o.Fingerprint != "" {
		want, err := parseFingerprint(o.Fingerprint)
		if err != nil {
			return nil, err
		}
		// The chain is not looked at, the pinned certificate itself is.
		conf.InsecureSkipVerify = true
		conf.VerifyConnection = func(state tls.ConnectionState) error { return checkFingerprint(state, want) }
	}
	return conf, nil
}

func checkFingerprint(state tls.ConnectionState, want [sha256.Size]byte) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	got := sha256.Sum256(state.PeerCertificates[0].Raw)
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return fmt.Errorf("the server's certificate has another fingerprint: %x", got)
	}
	return nil
}

// parseFingerprint reads the SHA-256 fingerprint of a certificate.
func parseFingerprint(s string) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	digits := strings.ToLower(strings.TrimSpace(s))
	for _, prefix := range []string{"sha256:", "sha-256:", "sha256="} {
		digits = strings.TrimPrefix(digits, prefix)
	}
	digits = strings.ReplaceAll(digits, ":", "")
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != sha256.Size {
		return sum, errors.New("read the fingerprint: want 64 hexadecimal digits of a SHA-256 sum")
	}
	copy(sum[:], raw)
	return sum, nil
}
