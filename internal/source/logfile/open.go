package logfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Why a path is refused.
var (
	errNotRegular  = errors.New("not a regular file")
	errForeignLink = errors.New("the symbolic link belongs to neither root nor the file's owner")
)

// maxHops is how many links the kernel follows, too.
const maxHops = 40

// open opens the regular file that path names, and returns the names that led
// to it: path itself and, for each symbolic link, what it points to.
//
// Each name is opened with O_PATH, which has no effect on a FIFO or a device,
// and only what turned out to be a regular file is opened for reading, through
// the descriptor, so that it cannot be exchanged in between.
func open(path string) (file *os.File, names []string, err error) {
	var owners []uint32
	name := path
	for range maxHops {
		names = append(names, name)
		handle, stat, err := openHandle(name)
		if err != nil {
			return nil, names, fmt.Errorf("open log file %s: %w", path, err)
		}
		if stat.Mode&unix.S_IFMT != unix.S_IFLNK {
			file, err := reopen(handle, stat, owners)
			if err != nil {
				return nil, names, fmt.Errorf("open log file %s: %w", path, err)
			}
			return file, names, nil
		}
		owners = append(owners, stat.Uid)
		target, err := readLink(handle)
		if err != nil {
			return nil, names, fmt.Errorf("open log file %s: %w", path, err)
		}
		if !filepath.IsAbs(target) {
			// Not Join, which would clean away a ".." behind another link.
			target = filepath.Dir(name) + "/" + target
		}
		name = target
	}
	return nil, names, fmt.Errorf("open log file %s: %w", path, syscall.ELOOP)
}

func openHandle(name string) (*os.File, *unix.Stat_t, error) {
	handle, err := os.OpenFile(name, unix.O_PATH|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(handle.Fd()), &stat); err != nil {
		handle.Close()
		return nil, nil, err
	}
	return handle, &stat, nil
}

// readLink closes handle.
func readLink(handle *os.File) (string, error) {
	defer handle.Close()
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(int(handle.Fd()), "", buffer)
	return string(buffer[:max(n, 0)]), err
}

// reopen closes handle and opens what it stands for.
func reopen(handle *os.File, stat *unix.Stat_t, links []uint32) (*os.File, error) {
	defer handle.Close()
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, errNotRegular
	}
	for _, owner := range links {
		if owner != 0 && owner != stat.Uid && owner != uint32(os.Geteuid()) {
			return nil, errForeignLink
		}
	}
	return os.OpenFile("/proc/self/fd/"+strconv.Itoa(int(handle.Fd())), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
}
