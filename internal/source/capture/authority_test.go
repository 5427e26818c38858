package capture

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCertificatesAreTrusted(t *testing.T) {
	a, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.PEM())
	for _, host := range []string{"example.test", "127.0.0.1", "::1", strings.Repeat("a", 60) + "." + strings.Repeat("b", 60)} {
		cert, err := a.Certificate(host)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if again, _ := a.Certificate(host); again != cert {
			t.Errorf("%s is signed twice", host)
		}
	}
	for i := range maxLeaves + 10 {
		if _, err := a.Certificate(fmt.Sprintf("h%d.test", i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.leaves) != maxLeaves || a.recent.Len() != maxLeaves {
		t.Errorf("%d certificates are kept", len(a.leaves))
	}
}

func TestAuthorityInAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authority.pem")
	made, err := LoadAuthority(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	read, err := LoadAuthority(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(read.PEM()) != string(made.PEM()) {
		t.Error("another authority was read than was made")
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAuthority(path); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a file that others may read: %v", err)
	}
	other, _ := NewAuthority()
	for name, data := range map[string]string{"empty": "", "no key": string(other.PEM())} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		_ = os.Chmod(path, 0o600)
		if _, err := LoadAuthority(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecoded(f *testing.F) {
	f.Add("gzip", []byte("\x1f\x8b\x08\x00"), true)
	f.Add("br, gzip", []byte("abc"), false)
	f.Add("zstd", []byte("\x28\xb5\x2f\xfd"), true)
	f.Add("deflate", []byte("\x78\x9c"), true)
	f.Fuzz(func(t *testing.T, encoding string, data []byte, whole bool) {
		const limit = 4096
		if out, complete := decoded(encoding, data, whole, limit); len(out) > max(limit, len(data)) || complete && !whole {
			t.Errorf("%d bytes, whole %v", len(out), complete)
		}
	})
}
