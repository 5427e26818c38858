package host

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/procfile"
)

// MaxHostname is the length of a host name that Linux can hold, in bytes.
const MaxHostname = 64

// ErrInvalidHostname is wrapped by the errors of [ValidHostname].
var ErrInvalidHostname = errors.New("invalid host name")

// Hostname returns the name that the kernel uses now, or else the one that is
// configured.
func Hostname(root string) (string, error) {
	for _, name := range []string{"proc/sys/kernel/hostname", "etc/hostname"} {
		if hostname := procfile.ReadString(filepath.Join(root, name)); hostname != "" {
			return hostname, nil
		}
	}
	return "", fmt.Errorf("read host name: %w", fs.ErrNotExist)
}

// ValidHostname checks a name against RFC 1123 and the limit of Linux: labels
// of letters, digits and hyphens, divided by dots, of 1 to 63 bytes each, that
// neither begin nor end with a hyphen. The error tells what is wrong and wraps
// [ErrInvalidHostname].
func ValidHostname(name string) error {
	if name == "" {
		return fmt.Errorf("%w: it is empty", ErrInvalidHostname)
	}
	if len(name) > MaxHostname {
		return fmt.Errorf("%w: longer than %d bytes", ErrInvalidHostname, MaxHostname)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return fmt.Errorf("%w: it is an address", ErrInvalidHostname)
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return fmt.Errorf("%w: a part between dots is empty", ErrInvalidHostname)
		case len(label) > 63:
			return fmt.Errorf("%w: a part is longer than 63 bytes", ErrInvalidHostname)
		case label[0] == '-' || label[len(label)-1] == '-':
			return fmt.Errorf("%w: a part begins or ends with a hyphen", ErrInvalidHostname)
		case strings.ContainsFunc(label, func(c rune) bool { return !isNameRune(c) }):
			return fmt.Errorf("%w: only letters a to z, digits, hyphens and dots are allowed", ErrInvalidHostname)
		}
	}
	return nil
}

func isNameRune(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-'
}

// SetHostname gives the machine a name, now and for the next start: it tells
// the kernel and writes /etc/hostname. If the file cannot be written, the
// kernel gets the old name back. Errors wrap [ErrInvalidHostname] for a bad
// name, and fs.ErrPermission without the privilege.
func SetHostname(root, name string) error {
	if err := ValidHostname(name); err != nil {
		return err
	}
	old, err := Hostname(root)
	if err != nil {
		return err
	}
	if err := setKernelName(root, name); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	if err := writeName(filepath.Join(root, "etc/hostname"), name+"\n"); err != nil {
		return errors.Join(fmt.Errorf("store host name: %w", err), setKernelName(root, old))
	}
	return nil
}

// setKernelName tells the kernel of this machine by the system call, which
// works where /proc/sys is read-only, and that of another root by its file.
func setKernelName(root, name string) error {
	if filepath.Clean(root) == "/" {
		return unix.Sethostname([]byte(name))
	}
	return os.WriteFile(filepath.Join(root, "proc/sys/kernel/hostname"), []byte(name+"\n"), 0o644)
}

// writeName replaces a file so that after a power cut it holds either the old
// or the new content. Where it is a mount of its own, as in containers, it
// cannot be replaced and is overwritten.
func writeName(path, content string) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".hostname-*")
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err == nil {
		return syncDir(filepath.Dir(path))
	}
	_ = os.Remove(file.Name())
	if errors.Is(err, unix.EBUSY) {
		return os.WriteFile(path, []byte(content), 0o644)
	}
	return err
}

// syncDir makes a rename in a folder last.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, unix.EINVAL) { // this filesystem has nothing to sync
		err = nil
	}
	return errors.Join(err, dir.Close())
}
