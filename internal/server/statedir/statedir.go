package statedir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

var (
	// ErrInUse is returned by Open when another server holds the directory.
	ErrInUse = errors.New("the state directory is in use")
	// ErrUnsafe is returned when somebody else owns the directory or may write to it.
	ErrUnsafe = errors.New("the state directory is not safe")
)

const lockName = "lock"

// Dir is a state directory. Its methods are safe for concurrent use.
type Dir struct {
	path string
	uid  int // owner, who gets the files
	gid  int
	lock *os.File // nil unless opened as the server
}

// Default returns the directory to use when the user names none:
// $STATE_DIRECTORY (systemd; the first of several), else
// $XDG_STATE_HOME/heliograph, else /var/lib/heliograph for root and
// ~/.local/state/heliograph for others. getenv is os.Getenv.
func Default(getenv func(string) string) (string, error) {
	if list := getenv("STATE_DIRECTORY"); list != "" {
		first, _, _ := strings.Cut(list, ":")
		return first, nil
	}
	// A relative path is to be ignored, says the XDG specification.
	if base := getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "heliograph"), nil
	}
	if os.Geteuid() == 0 {
		return "/var/lib/heliograph", nil
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "heliograph"), nil
	}
	return "", errors.New("no place for the state directory: neither XDG_STATE_HOME nor HOME is set; choose one with --state-dir")
}

// Open makes the directory (mode 0700) if need be and takes it for a server,
// until Close. It fails with ErrInUse while another process has it, and with
// ErrUnsafe when it belongs to another user or group or others may write to it.
func Open(path string) (*Dir, error) {
	d, err := prepare(path, false)
	if err != nil {
		return nil, err
	}
	if err := d.takeLock(); err != nil {
		return nil, err
	}
	return d, nil
}

// Use opens the directory beside a server that may be running, for commands
// such as `heliograph token`. It takes no lock. Root may use another user's
// directory; files it makes there belong to that user.
func Use(path string) (*Dir, error) {
	return prepare(path, os.Geteuid() == 0)
}

func prepare(path string, anyOwner bool) (*Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("state directory %s: %w", path, err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w", err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("state directory %s: %w", abs, err)
	}
	d := &Dir{path: abs, uid: os.Geteuid(), gid: os.Getegid()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		d.uid, d.gid = int(st.Uid), int(st.Gid)
	}
	if !anyOwner && d.uid != os.Geteuid() {
		return nil, fmt.Errorf("%w: %s belongs to user %d, this is user %d; choose another with --state-dir", ErrUnsafe, abs, d.uid, os.Geteuid())
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%w: others may write to %s; run chmod go-w on it or choose another with --state-dir", ErrUnsafe, abs)
	}
	return d, nil
}

// takeLock takes the lock file and writes the process id into it, which is only
// there to be named in the error of the next one who tries.
func (d *Dir) takeLock() error {
	f, err := os.OpenFile(d.Join(lockName), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("lock the state directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		holder := readHolder(f)
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return fmt.Errorf("%w: another heliograph%s uses %s; choose another with --state-dir", ErrInUse, holder, d.path)
		}
		return fmt.Errorf("lock the state directory: %w", err)
	}
	// A full disk must not keep the server from starting: the lock is held
	// whether or not the number could be written.
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	d.lock = f
	return nil
}

func readHolder(f *os.File) string {
	buf := make([]byte, 16)
	n, _ := f.ReadAt(buf, 0)
	pid := strings.TrimSpace(string(buf[:n]))
	if pid == "" {
		return ""
	}
	return " (process " + pid + ")"
}

// Path returns the absolute path of the directory.
func (d *Dir) Path() string { return d.path }

// Join returns the path of name in the directory.
func (d *Dir) Join(name string) string { return filepath.Join(d.path, name) }

// Close gives the directory free for the next server. It is safe to call twice.
func (d *Dir) Close() error {
	if d.lock == nil {
		return nil
	}
	err := d.lock.Close()
	d.lock = nil
	return err
}

// Read returns the content of a file that this package wrote. It refuses a
// symbolic link, and a file that others may write to. The error matches
// fs.ErrNotExist when there is none.
func (d *Dir) Read(name string) ([]byte, error) {
	f, err := os.OpenFile(d.Join(name), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%w: others may write to %s, or it is no regular file", ErrUnsafe, d.Join(name))
	}
	const most = 4 << 20
	if info.Size() > most {
		return nil, fmt.Errorf("read state: %s has %d bytes, more than %d", d.Join(name), info.Size(), most)
	}
	data := make([]byte, info.Size())
	n, err := f.ReadAt(data, 0)
	if err != nil && n < len(data) {
		return nil, fmt.Errorf("read state: %w", err)
	}
	return data, nil
}

// Write replaces a file (mode 0600) so that a reader, a crash or a full disk
// sees the old content or the new one, never a part. It blocks until the data
// is on the disk.
func (d *Dir) Write(name string, data []byte) error {
	f, err := os.CreateTemp(d.path, "."+name+".*")
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	err = d.fill(f, data)
	if err == nil {
		err = os.Rename(f.Name(), d.Join(name))
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write state: %w", err)
	}
	d.syncDir()
	return nil
}

// fill writes, hands the file to the owner of the directory, syncs and closes.
func (d *Dir) fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil && d.uid != os.Geteuid() {
		err = f.Chown(d.uid, d.gid)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes the rename durable. Some filesystems cannot do that, and then
// there is nothing to be done about it.
func (d *Dir) syncDir() {
	if f, err := os.Open(d.path); err == nil {
		_ = f.Sync()
		f.Close()
	}
}

// Exclusive runs fn while no other process is in Exclusive for the same name:
// for changes that read, alter and write. It blocks until the other is done.
func (d *Dir) Exclusive(name string, fn func() error) error {
	f, err := os.OpenFile(d.Join("."+name+".lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	defer f.Close()
	if d.uid != os.Geteuid() {
		if err := f.Chown(d.uid, d.gid); err != nil {
			return fmt.Errorf("lock %s: %w", name, err)
		}
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return fn()
}
