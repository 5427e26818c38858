package cert

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/server/statedir"
)

func dir(t *testing.T) *statedir.Dir {
	t.Helper()
	d, err := statedir.Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func names() ([]string, []net.IP) {
	return []string{"localhost", "robot.local"}, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
}

func TestSelfSignedIsKept(t *testing.T) {
	d := dir(t)
	first, err := NewSelfSigned(d, names, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := first.Get()
	for _, host := range []string{"localhost", "robot.local", "127.0.0.1", "::1"} {
		if err := c.Leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	info, err := os.Stat(d.Join("tls.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	second, err := NewSelfSigned(d, names, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := second.Get()
	if Fingerprint(c) != Fingerprint(again) {
		t.Error("a restart changed the certificate")
	}
	if fp := Fingerprint(c); len(fp) != 32*3-1 || strings.ToUpper(fp) != fp {
		t.Errorf("fingerprint %q", fp)
	}
}

func TestSelfSignedIsRenewed(t *testing.T) {
	s, err := NewSelfSigned(dir(t), names, nil)
	if err != nil {
		t.Fatal(err)
	}
	old, _ := s.Get()
	for _, left := range []time.Duration{early - time.Hour, -time.Hour} {
		at := old.Leaf.NotAfter.Add(-left)
		s.now = func() time.Time { return at }
		c, err := s.Get()
		if err != nil {
			t.Fatal(err)
		}
		if Fingerprint(c) == Fingerprint(old) || !c.Leaf.NotAfter.After(at.Add(early)) {
			t.Errorf("with %v left the certificate was kept", left)
		}
		old = c
	}
}

func TestDamagedFile(t *testing.T) {
	d := dir(t)
	if err := d.Write("tls.pem", []byte("nonsense")); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSelfSigned(d, names, nil); err == nil || !strings.Contains(err.Error(), "tls.pem") {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestFilesAreReadAgain(t *testing.T) {
	d := dir(t)
	write := func() string {
		s := &SelfSigned{dir: d, names: names}
		data, err := s.make(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write("own.pem", data); err != nil {
			t.Fatal(err)
		}
		c, _ := parse(data)
		return Fingerprint(c)
	}
	get := func(f *Files) string {
		c, err := f.Get()
		if err != nil {
			t.Fatal(err)
		}
		return Fingerprint(c)
	}
	want := write()
	f, err := NewFiles(d.Join("own.pem"), d.Join("own.pem"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if get(f) != want {
		t.Error("another certificate than the file's")
	}
	want = write()
	if get(f) != want {
		t.Error("the new certificate is not used")
	}
	if err := d.Write("own.pem", []byte("half")); err != nil {
		t.Fatal(err)
	}
	if get(f) != want {
		t.Error("a damaged file took the certificate away")
	}
	want = write()
	if get(f) != want {
		t.Error("the repaired file is not used")
	}
	if _, err := NewFiles(d.Join("none"), d.Join("none"), nil); err == nil {
		t.Error("missing files are no error")
	}
}
