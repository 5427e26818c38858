package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func private(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestDefault(t *testing.T) {
	home := "/home/x/.local/state/heliograph"
	if os.Geteuid() == 0 {
		home = "/var/lib/heliograph"
	}
	tests := []struct {
		name string
		env  map[string]string
		want string
	}{
		{"systemd", map[string]string{"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "XDG_STATE_HOME": "/x"}, "/var/lib/a"},
		{"xdg", map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/home/x"}, "/x/heliograph"},
		{"relative xdg is ignored", map[string]string{"XDG_STATE_HOME": "x", "HOME": "/home/x"}, home},
		{"home", map[string]string{"HOME": "/home/x"}, home},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Default(func(k string) string { return tt.env[k] })
			if err != nil || got != tt.want {
				t.Errorf("Default = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestOpenMakesAPrivateDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b")
	open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("mode %v, %v, want 0700", info.Mode(), err)
	}
}

func TestSecondServerIsRefused(t *testing.T) {
	path := private(t)
	first := open(t, path)
	_, err := Open(path)
	if !errors.Is(err, ErrInUse) {
		t.Fatalf("second Open: %v, want ErrInUse", err)
	}
	for _, part := range []string{path, fmt.Sprint(os.Getpid()), "--state-dir"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name %s", err, part)
		}
	}
	if _, err := Use(path); err != nil {
		t.Errorf("Use beside a server: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestUnsafeDirectories(t *testing.T) {
	for _, mode := range []os.FileMode{0o777, 0o770, 0o1777} {
		path := private(t)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, ErrUnsafe) {
			t.Errorf("mode %o: %v, want ErrUnsafe", mode, err)
		}
		if info, _ := os.Stat(path); info.Mode().Perm() != mode&0o777 {
			t.Errorf("mode %o was changed to %v", mode, info.Mode())
		}
	}
}

func TestForeignDirectory(t *testing.T) {
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") != "":
		t.Fatal("this test must run as root: it gives a directory away")
	default:
		t.Skip("this test must run as root: it gives a directory away")
	}
	path := private(t)
	if err := os.Chown(path, 4711, 4712); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); !errors.Is(err, ErrUnsafe) {
		t.Errorf("Open of another user's directory: %v, want ErrUnsafe", err)
	}
	d, err := Use(path)
	if err != nil {
		t.Fatalf("root may use it: %v", err)
	}
	if err := d.Write("f", []byte("x")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(d.Join("f"))
	if err != nil {
		t.Fatal(err)
	}
	if uid, gid := owner(info); uid != 4711 || gid != 4712 {
		t.Errorf("file belongs to %d:%d", uid, gid)
	}
}

func TestWriteReplacesAndIsPrivate(t *testing.T) {
	d := open(t, private(t))
	if _, err := d.Read("f"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Read of nothing: %v", err)
	}
	var last Stamp
	for _, text := range []string{"one", "two!"} {
		if err := d.Write("f", []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := d.Read("f")
		if err != nil || string(got) != text {
			t.Fatalf("Read = %q, %v", got, err)
		}
		stamp, err := d.Stat("f")
		if err != nil || stamp == last {
			t.Errorf("Stamp did not change: %v, %v", stamp, err)
		}
		last = stamp
	}
	info, err := os.Stat(d.Join("f"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(d.Path())
	if err != nil || len(entries) != 2 { // f and the lock
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestReadRefusesWhatOthersControl(t *testing.T) {
	d := open(t, private(t))
	if err := os.Symlink("/etc/hostname", d.Join("link")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read("link"); err == nil {
		t.Error("followed a symbolic link")
	}
	if err := os.WriteFile(d.Join("wide"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(d.Join("wide"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Read("wide"); !errors.Is(err, ErrUnsafe) {
		t.Errorf("file for everybody: %v, want ErrUnsafe", err)
	}
}

func TestStampSettles(t *testing.T) {
	d := open(t, private(t))
	if stamp, err := d.Stat("f"); err != nil || stamp != (Stamp{}) || !stamp.Settled(time.Now()) {
		t.Errorf("missing file: %v, %v", stamp, err)
	}
	if err := d.Write("f", nil); err != nil {
		t.Fatal(err)
	}
	stamp, err := d.Stat("f")
	if err != nil || stamp.Settled(time.Now()) || stamp.Settled(time.Now().Add(-time.Hour)) || !stamp.Settled(time.Now().Add(time.Hour)) {
		t.Errorf("new file: %v, %v", stamp, err)
	}
}

func TestExclusive(t *testing.T) {
	path := private(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			d, err := Use(path)
			if err != nil {
				t.Error(err)
				return
			}
			err = d.Exclusive("n", func() error {
				old, err := d.Read("n")
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return err
				}
				return d.Write("n", append(old, 'x'))
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	d, _ := Use(path)
	if got, err := d.Read("n"); err != nil || len(got) != 8 {
		t.Errorf("8 changes gave %q, %v", got, err)
	}
}
