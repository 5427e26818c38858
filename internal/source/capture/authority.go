package capture

import (
	"container/list"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"sync"
	"time"
)

const (
	authorityLife = 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	clockSkew     = time.Hour
	maxLeaves     = 1024
)

// Authority signs the certificates that the proxy shows to its clients. Its key
// never leaves the process, except to its own file. It is safe for concurrent use.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	leaf *ecdsa.PrivateKey // of all certificates that are shown

	mu     sync.Mutex
	leaves map[string]*list.Element // by host, of *signed
	recent *list.List               // newest use first
}

type signed struct {
	host string
	cert *tls.Certificate
}

// NewAuthority makes an authority that lasts as long as the process.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the authority: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("make the key of the authority: %w", err)
	}
	id := sha256.Sum256(public)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{Organization: []string{"heliograph"}, CommonName: fmt.Sprintf("heliograph capture %x", id[:4])},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		SubjectKeyId:          id[:20],
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of the authority: %w", err)
	}
	return newAuthority(der, key)
}

// LoadAuthority reads the authority from a file with its certificate and its key in
// PEM, or makes the file, readable by its owner only. A file that others may read is
// an error, and so is one that has expired.
func LoadAuthority(path string) (*Authority, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createAuthority(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the capture authority: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the capture authority: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("read the capture authority: others may read %s: its mode must be 0600", path)
	}
	a, err := parseAuthority(data)
	if err != nil {
		return nil, fmt.Errorf("read the capture authority %s: %w", path, err)
	}
	return a, nil
}

func createAuthority(path string) (*Authority, error) {
	a, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("write the capture authority: %w", err)
	}
	data := append(a.PEM(), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write the capture authority: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("write the capture authority: %w", err)
	}
	return a, nil
}

func parseAuthority(data []byte) (*Authority, error) {
	var der []byte
	var key *ecdsa.PrivateKey
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			der = block.Bytes
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("private key: %w", err)
			}
			var ok bool
			if key, ok = parsed.(*ecdsa.PrivateKey); !ok {
				return nil, errors.New("the private key is not of the kind ECDSA")
			}
		}
	}
	if der == nil || key == nil {
		return nil, errors.New("there must be a certificate and a private key in it")
	}
	a, err := newAuthority(der, key)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(a.cert.PublicKey) {
		return nil, errors.New("the key does not belong to the certificate")
	}
	if time.Now().After(a.cert.NotAfter) {
		return nil, fmt.Errorf("it has expired on %s: remove the file to get a new one", a.cert.NotAfter.Format(time.DateOnly))
	}
	return a, nil
}

func newAuthority(der []byte, key *ecdsa.PrivateKey) (*Authority, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	return &Authority{cert: cert, key: key, leaf: leaf, leaves: map[string]*list.Element{}, recent: list.New()}, nil
}

// PEM returns the certificate that clients have to trust.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Certificate returns a certificate for a host name or an address.
func (a *Authority) Certificate(host string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e, ok := a.leaves[host]; ok {
		if s := e.Value.(*signed); time.Until(s.cert.Leaf.NotAfter) > clockSkew {
			a.recent.MoveToFront(e)
			return s.cert, nil
		}
		a.recent.Remove(e)
		delete(a.leaves, host)
	}
	cert, err := a.sign(host)
	if err != nil {
		return nil, fmt.Errorf("make a certificate for %s: %w", host, err)
	}
	a.leaves[host] = a.recent.PushFront(&signed{host, cert})
	for a.recent.Len() > maxLeaves {
		oldest := a.recent.Back()
		delete(a.leaves, a.recent.Remove(oldest).(*signed).host)
	}
	return cert, nil
}

func (a *Authority) sign(host string) (*tls.Certificate, error) {
	now := time.Now()
	until := now.Add(leafLife)
	if until.After(a.cert.NotAfter) {
		until = a.cert.NotAfter
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{Organization: []string{"heliograph"}, CommonName: cut(host, 64)}, // 64: RFC 5280, ub-common-name
		NotBefore:    now.Add(-clockSkew),
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &a.leaf.PublicKey, a.key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: a.leaf, Leaf: leaf}, nil
}

func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never returns an error
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}

func cut(s string, n int) string { return s[:min(len(s), n)] }
