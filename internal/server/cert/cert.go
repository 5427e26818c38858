package cert

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"strings"
)

// Source gives the certificate for each handshake. It is safe for concurrent
// use.
type Source interface {
	// Get returns the certificate in force. It may read files.
	Get() (*tls.Certificate, error)
}

// Config returns the TLS settings of the server: TLS 1.2 or newer, HTTP/1.1
// only (WebSockets need it), the certificate of source for every handshake.
func Config(source Source) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return source.Get()
		},
	}
}

// Fingerprint returns the SHA-256 of the certificate in the form that browsers
// and openssl show: upper-case hexadecimal pairs with colons.
func Fingerprint(c *tls.Certificate) string {
	sum := sha256.Sum256(c.Certificate[0])
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(pairs, ":")
}
