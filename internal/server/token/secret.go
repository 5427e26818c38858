package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

// Prefix starts every token, so that scanners for leaked secrets can find one.
const Prefix = "hg_"

// MaxLen bounds what is accepted as a token or session id, in bytes.
const MaxLen = 128

// hash is the SHA-256 of a secret; in JSON it is lower-case hexadecimal.
type hash [sha256.Size]byte

// MarshalText returns the hexadecimal form.
func (h hash) MarshalText() ([]byte, error) {
	return hex.AppendEncode(nil, h[:]), nil
}

// UnmarshalText reads the hexadecimal form.
func (h *hash) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw) != len(h) {
		return fmt.Errorf("a hash has %d hexadecimal digits", 2*len(h))
	}
	copy(h[:], raw)
	return nil
}

// equal compares in constant time.
func (h hash) equal(other hash) bool {
	return subtle.ConstantTimeCompare(h[:], other[:]) == 1
}

func hashOf(secret string) hash { return sha256.Sum256([]byte(secret)) }

// newSecret returns 256 random bits as text that is safe in URLs and headers.
func newSecret() string {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails: it ends the program instead
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
