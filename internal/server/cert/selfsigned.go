package cert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/server/statedir"
)

// Life is how long a self-signed certificate is valid.
const Life = 397 * 24 * time.Hour

// early is how long before its end a certificate is replaced.
const early = 30 * 24 * time.Hour

// skew is how far before its making a certificate is already valid, for clients
// whose clock is behind.
const skew = 24 * time.Hour

const selfSignedFile = "tls.pem"

// SelfSigned is a certificate that the server signs itself (ECDSA P-256). It is
// kept with its key in tls.pem (mode 0600) in the state directory, so that its
// fingerprint stays the same, and is replaced when fewer than 30 days remain.
// A device without a clock battery may make one in 1970; it is replaced as soon
// as the clock is right.
type SelfSigned struct {
	dir   *statedir.Dir
	names func() (dns []string, ips []net.IP)
	log   *slog.Logger
	now   func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
}

// NewSelfSigned reads the certificate or makes one for the names and addresses
// that names returns. A file that cannot be understood is an error, as a new
// certificate would make clients that know the old one refuse to connect. A nil
// log discards.
func NewSelfSigned(dir *statedir.Dir, names func() ([]string, []net.IP), log *slog.Logger) (*SelfSigned, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &SelfSigned{dir: dir, names: names, log: log, now: time.Now}
	data, err := dir.Read(selfSignedFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if s.current, err = parse(data); err != nil {
			return nil, fmt.Errorf("read %s: %w; remove it to make a new certificate", dir.Join(selfSignedFile), err)
		}
	}
	if _, err := s.Get(); err != nil {
		return nil, err
	}
	return s, nil
}

// Get implements Source.
func (s *SelfSigned) Get() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.current != nil && now.Before(s.current.Leaf.NotAfter.Add(-early)) {
		return s.current, nil
	}
	data, err := s.make(now)
	if err != nil {
		return nil, fmt.Errorf("make a TLS certificate: %w", err)
	}
	made, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("make a TLS certificate: %w", err)
	}
	if err := s.dir.Write(selfSignedFile, data); err != nil {
		// It still serves; the next start makes another.
		s.log.Error("keep the tls certificate", "err", err)
	}
	s.log.Info("made a self-signed tls certificate", "fingerprint", Fingerprint(made), "until", made.Leaf.NotAfter)
	s.current = made
	return made, nil
}

// make returns a certificate and its key as PEM.
func (s *SelfSigned) make(now time.Time) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	dns, ips := s.names()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "heliograph"},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(Life),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              dns,
		IPAddresses:           ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	_ = pem.Encode(&out, &pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	return out.Bytes(), nil
}

// parse reads what make made.
func parse(data []byte) (*tls.Certificate, error) {
	c, err := tls.X509KeyPair(data, data)
	if err != nil {
		return nil, err
	}
	if c.Leaf == nil {
		if c.Leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return nil, err
		}
	}
	return &c, nil
}
