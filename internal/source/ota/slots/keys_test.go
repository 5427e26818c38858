package slots

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestShell makes a bundle with openssl and nothing of ours, as the package's
// comment says.
func TestShell(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	openssl := func(args ...string) {
		t.Helper()
		cmd := exec.Command("openssl", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	image := []byte("an image")
	m := manifest("1")
	m.Format, m.Image = 1, ManifestImage{SizeBytes: int64(len(image)), SHA256: sumOf(image)}
	body, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	head := append(binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(body))), body...)
	if err := os.WriteFile(filepath.Join(dir, "head"), head, 0o600); err != nil {
		t.Fatal(err)
	}
	openssl("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
	openssl("pkey", "-in", "key.pem", "-pubout", "-out", "trusted.pem")
	openssl("pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "head", "-out", "signature")
	trusted, err := ParsePublicKey(string(read("trusted.pem")))
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.Join([][]byte{head, read("signature"), image}, nil)
	h, err := readHeader(bytes.NewReader(whole), int64(len(whole)), []ed25519.PublicKey{trusted})
	if err != nil || h.Manifest != m {
		t.Errorf("%+v, %v", h, err)
	}
	secret, err := ParsePrivateKey(string(read("key.pem")))
	if err != nil {
		t.Fatal(err)
	}
	var ours bytes.Buffer
	if err := WriteBundle(&ours, manifest("1"), secret, bytes.NewReader(image)); err != nil || !bytes.Equal(ours.Bytes(), whole) {
		t.Errorf("ours is another: %q, %v", ours.Bytes(), err)
	}
	openssl("genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "ec.pem")
	openssl("pkey", "-in", "ec.pem", "-pubout", "-out", "ec-pub.pem")
	if _, err := ParsePublicKey(string(read("ec-pub.pem"))); err == nil {
		t.Error("a key of another kind is taken")
	}
	if _, err := ParsePrivateKey(string(read("ec.pem"))); err == nil {
		t.Error("a key of another kind is taken")
	}
}

func FuzzPublicKey(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString(key().Public().(ed25519.PublicKey)))
	f.Add("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParsePublicKey(text); err == nil && len(k) != ed25519.PublicKeySize {
			t.Errorf("%q is a key of %d bytes", text, len(k))
		}
		if k, err := ParsePrivateKey(text); err == nil && len(k) != ed25519.PrivateKeySize {
			t.Errorf("%q is a key of %d bytes", text, len(k))
		}
	})
}
