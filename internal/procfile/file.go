package procfile

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// MaxSize bounds what [File.Read] takes of one file, in bytes. The largest file
// we read, /proc/stat of a machine with very many interrupts, is far smaller.
const MaxSize = 4 << 20

// ErrTooLarge is returned by [File.Read] for a file larger than [MaxSize].
var ErrTooLarge = errors.New("file is too large")

// File is a file of /proc or /sys that is kept open and read from its start
// each time. The kernel makes the content anew for each read. A File is used by
// one goroutine at a time and must be closed by its owner.
type File struct {
	path string
	fd   int
	buf  []byte
}

// Open opens a file for reading. Errors are of type *fs.PathError.
func Open(path string) (*File, error) {
	for {
		// The descriptor stays out of the runtime's poller on purpose: these
		// files are always ready, and registering each costs two system calls.
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err == nil {
			return &File{path: path, fd: fd}, nil
		}
		if err != unix.EINTR {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// Path returns the path given to Open.
func (f *File) Path() string { return f.path }

// Read returns the whole content as it is now. The bytes belong to the File
// and are valid until the next call. A device that went away since Open gives
// an error, often ENODEV or ESRCH.
func (f *File) Read() ([]byte, error) {
	if f.buf == nil {
		f.buf = make([]byte, 4096)
	}
	total := 0
	for {
		n, err := f.pread(f.buf[total:], int64(total))
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return f.buf[:total], nil
		}
		if total += n; total < len(f.buf) {
			continue
		}
		if total >= MaxSize {
			return nil, fmt.Errorf("read %s: %w", f.path, ErrTooLarge)
		}
		f.buf = append(f.buf, make([]byte, len(f.buf))...)
	}
}

// ReadAttr returns what one system call gives, at most 4096 bytes, which is
// all of a sysfs attribute. The bytes belong to the File and are valid until
// the next call.
func (f *File) ReadAttr() ([]byte, error) {
	if f.buf == nil {
		// Most attributes are one number; the buffer grows when one is not.
		f.buf = make([]byte, 64)
	}
	n, err := f.pread(f.buf, 0)
	if err == nil && n == len(f.buf) && n < 4096 {
		f.buf = make([]byte, 4096)
		n, err = f.pread(f.buf, 0)
	}
	if err != nil {
		return nil, err
	}
	return f.buf[:n], nil
}

// Int returns the number that the attribute holds and whether it holds one
// that can be read now. Many sensors refuse to be read while they sleep.
func (f *File) Int() (int64, bool) {
	if f == nil {
		return 0, false
	}
	text, err := f.ReadAttr()
	if err != nil {
		return 0, false
	}
	return Int(text)
}

func (f *File) pread(p []byte, offset int64) (int, error) {
	for {
		n, err := unix.Pread(f.fd, p, offset)
		if err == nil {
			return n, nil
		}
		if err != unix.EINTR {
			return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
		}
	}
}

// Changed reports whether the kernel says that the content has changed since
// the last call, for the few files that announce it, such as mountinfo. On
// ordinary files it is always false.
func (f *File) Changed() bool {
	fds := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLPRI}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLPRI|unix.POLLERR) != 0
}

// Close releases the file. Closing a nil File does nothing.
func (f *File) Close() {
	if f != nil && f.fd >= 0 {
		_ = unix.Close(f.fd) // nothing was written, so nothing can be lost
		f.fd = -1
	}
}
