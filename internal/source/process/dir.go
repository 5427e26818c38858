package process

import (
	"bytes"
	"encoding/binary"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/procfile"
)

// dir is the folder /proc, kept open, so that the kernel looks up paths from
// there and not from the root.
type dir struct {
	path    string
	fd      int
	entries []byte // buffer for folder entries
}

func openDir(path string) (*dir, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err == nil {
			return &dir{path: path, fd: fd, entries: make([]byte, 32<<10)}, nil
		}
		if err != unix.EINTR {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

func (d *dir) close() { _ = unix.Close(d.fd) }

// pids appends the numbers of all processes to dst, in the kernel's order.
func (d *dir) pids(dst []uint32) ([]uint32, error) {
	if _, err := unix.Seek(d.fd, 0, unix.SEEK_SET); err != nil {
		return dst, &fs.PathError{Op: "seek", Path: d.path, Err: err}
	}
	for {
		n, err := unix.ReadDirent(d.fd, d.entries)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return dst, &fs.PathError{Op: "readdir", Path: d.path, Err: err}
		}
		if n <= 0 {
			return dst, nil
		}
		dst = appendPIDs(dst, d.entries[:n])
	}
}

// Layout of struct linux_dirent64: inode u64, offset i64, length u16, type u8,
// name, NUL.
const (
	direntLength = 16
	direntName   = 19
)

// appendPIDs takes the names that are numbers out of folder entries.
func appendPIDs(dst []uint32, entries []byte) []uint32 {
	for len(entries) > direntName {
		length := int(binary.NativeEndian.Uint16(entries[direntLength:]))
		if length <= direntName || length > len(entries) {
			return dst
		}
		name := entries[direntName:length]
		entries = entries[length:]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if pid, n, ok := procfile.Uint(name); ok && n == len(name) && pid > 0 && pid <= 1<<31 {
			dst = append(dst, uint32(pid))
		}
	}
	return dst
}

// read reads what one system call gives of a file below the folder. For the
// files we read that is the whole file, or as much of it as fits in buf.
func (d *dir) read(name string, buf []byte) (int, error) {
	fd, err := unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	for err == unix.EINTR {
		fd, err = unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	}
	if err != nil {
		return 0, err
	}
	n, err := unix.Read(fd, buf)
	for err == unix.EINTR {
		n, err = unix.Read(fd, buf)
	}
	_ = unix.Close(fd)
	return max(n, 0), err
}
