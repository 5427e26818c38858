package slots

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/heliograph/heliograph/internal/source/ota"
)

const (
	magic       = "HGOTA1\r\n"
	prefixBytes = len(magic) + 4
	maxManifest = 64 << 10
	maxText     = 128
)

// Manifest describes the image of a bundle.
type Manifest struct {
	Format     int           `json:"format"`     // 1
	Compatible string        `json:"compatible"` // kind of device, as Options.Compatible
	Version    string        `json:"version"`
	BuildID    string        `json:"build_id,omitempty"`
	Image      ManifestImage `json:"image"`
}

// ManifestImage is what the signature says of the image.
type ManifestImage struct {
	SizeBytes int64  `json:"size_bytes"`
	SHA256    string `json:"sha256"` // 64 lower-case hex digits
}

// WriteBundle makes a bundle of an image, which is read twice. The image part of
// the manifest is filled in.
func WriteBundle(w io.Writer, m Manifest, key ed25519.PrivateKey, image io.ReadSeeker) error {
	sum := sha256.New()
	n, err := io.Copy(sum, image)
	if err != nil {
		return fmt.Errorf("read image: %w", err)
	}
	m.Format = 1
	m.Image = ManifestImage{SizeBytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}
	if err := m.check(); err != nil {
		return err
	}
	if len(key) != ed25519.PrivateKeySize {
		return errors.New("the signing key is not an Ed25519 key")
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	head := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(body)))
	head = append(head, body...)
	head = append(head, ed25519.Sign(key, head)...)
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	if _, err := image.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read image: %w", err)
	}
	if _, err := io.CopyN(w, image, n); err != nil {
		return fmt.Errorf("write bundle: %w", err)
	}
	return nil
}

// header is the signed head of a bundle, and where its image begins.
type header struct {
	Manifest
	offset int64
}

// readHeader reads the head of a bundle of size bytes. What is wrong with it is
// ota.ErrInvalid; errors of r are passed on.
func readHeader(r io.ReaderAt, size int64, keys []ed25519.PublicKey) (header, error) {
	var prefix [prefixBytes]byte
	if err := readAt(r, prefix[:], 0, size); err != nil {
		return header{}, err
	}
	if string(prefix[:len(magic)]) != magic {
		return header{}, invalid("it is not a bundle of this updater")
	}
	n := int(binary.LittleEndian.Uint32(prefix[len(magic):]))
	if n > maxManifest {
		return header{}, invalid("its manifest is too large")
	}
	head := make([]byte, prefixBytes+n+ed25519.SignatureSize)
	if err := readAt(r, head, 0, size); err != nil {
		return header{}, err
	}
	m, err := parseHead(head, keys)
	if err != nil {
		return header{}, err
	}
	h := header{Manifest: m, offset: int64(len(head))}
	if size-h.offset != m.Image.SizeBytes {
		return header{}, invalid(fmt.Sprintf("it holds %d bytes of an image of %d", size-h.offset, m.Image.SizeBytes))
	}
	return h, nil
}

func readAt(r io.ReaderAt, b []byte, off, size int64) error {
	if int64(len(b))+off > size {
		return invalid("it ends too early")
	}
	if _, err := r.ReadAt(b, off); err != nil {
		return fmt.Errorf("read bundle: %w", err)
	}
	return nil
}

// parseHead checks the signature of a complete head, and only then reads the
// manifest in it.
func parseHead(head []byte, keys []ed25519.PublicKey) (Manifest, error) {
	signed, sig := head[:len(head)-ed25519.SignatureSize], head[len(head)-ed25519.SignatureSize:]
	ok := false
	for _, key := range keys {
		ok = ok || ed25519.Verify(key, signed, sig)
	}
	if !ok {
		return Manifest{}, invalid("signature verification failed: no trusted key has signed it")
	}
	return parseManifest(signed[prefixBytes:])
}

// parseManifest reads a manifest strictly.
func parseManifest(body []byte) (Manifest, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	var m Manifest
	if err := dec.Decode(&m); err != nil {
		return Manifest{}, invalid("its manifest cannot be read: " + err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Manifest{}, invalid("there is something behind its manifest")
	}
	return m, m.check()
}

func (m Manifest) check() error {
	sum, err := hex.DecodeString(m.Image.SHA256)
	switch {
	case m.Format != 1:
		return invalid(fmt.Sprintf("its format is %d, only 1 is known", m.Format))
	case m.Image.SizeBytes <= 0:
		return invalid("its image is empty")
	case err != nil || len(sum) != sha256.Size || hex.EncodeToString(sum) != m.Image.SHA256:
		return invalid("its manifest has no SHA-256 of the image")
	case m.Compatible == "" || m.Version == "":
		return invalid("its manifest lacks compatible or version")
	case !printable(m.Compatible) || !printable(m.Version) || !printable(m.BuildID):
		return invalid("its manifest holds texts that are too long or cannot be printed")
	}
	return nil
}

// printable tells whether a text is short and plain ASCII, as the boot state
// needs it.
func printable(s string) bool {
	if len(s) > maxText {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func invalid(why string) error { return fmt.Errorf("%w: %s", ota.ErrInvalid, why) }
