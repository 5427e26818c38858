package app

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"

	"github.com/heliograph/heliograph/internal/source/ota/slots"
)

// What the built-in update engine needs besides the daemon, for the command line.

// SelectSlot is what the boot loader does once at each boot: it counts the boot
// in the boot state in dir and returns the slot to boot. With an error, a name
// that is not empty is that of the slot that may be booted nevertheless.
func SelectSlot(dir string) (string, error) { return slots.Select(dir) }

// Bundle describes an update to be made for the built-in engine.
type Bundle struct {
	Compatible, Version, BuildID string
	// KeyFile is a PEM file with the Ed25519 key to sign with.
	KeyFile string
}

// WriteBundle makes an update of an image, which is read twice.
func WriteBundle(w io.Writer, b Bundle, image io.ReadSeeker) error {
	text, err := readSmallFile(b.KeyFile, maxKeyFile)
	if err != nil {
		return fmt.Errorf("read private key: %w", err)
	}
	key, err := slots.ParsePrivateKey(string(text))
	if err != nil {
		return err
	}
	return slots.WriteBundle(w, slots.Manifest{Compatible: b.Compatible, Version: b.Version, BuildID: b.BuildID}, key, image)
}

// NewSigningKey makes a pair of keys: the private one as PEM, and the public one
// in base64 for ota.slots.keys.
func NewSigningKey() (private []byte, public string, err error) {
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, "", fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, "", fmt.Errorf("make key: %w", err)
	}
	private = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return private, base64.StdEncoding.EncodeToString(pub), nil
}
