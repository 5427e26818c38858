package console

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// tty is the master side of a pseudo-terminal, in non-blocking mode, so that
// Close and deadlines end a read or a write that is under way.
type tty struct {
	file *os.File
	raw  syscall.RawConn
}

// openTTY returns the master and the slave side of a new pseudo-terminal of
// the given size, set up for UTF-8.
func openTTY(size Size) (*tty, *os.File, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("open pseudo-terminal: %w", err)
	}
	defer func() { _ = master.Close() }()
	t, err := newTTY(master)
	if err == nil {
		err = t.setUTF8()
	}
	if err == nil {
		err = t.resize(size)
	}
	if err != nil {
		if t != nil {
			t.close()
		}
		_ = slave.Close()
		return nil, nil, fmt.Errorf("set up pseudo-terminal: %w", err)
	}
	return t, slave, nil
}

// newTTY duplicates master, which the PTY library leaves in blocking mode, into
// a file that the runtime polls.
func newTTY(master *os.File) (*tty, error) {
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	file := os.NewFile(uintptr(fd), master.Name())
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &tty{file: file, raw: raw}, nil
}

// setUTF8 makes the line discipline erase whole characters.
func (t *tty) setUTF8() error {
	return t.control(func(fd int) error {
		mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			return err
		}
		mode.Iflag |= unix.IUTF8
		return unix.IoctlSetTermios(fd, unix.TCSETS, mode)
	})
}

// resize sets the size; the kernel sends SIGWINCH to the foreground.
func (t *tty) resize(s Size) error {
	return t.control(func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: s.Rows, Col: s.Cols})
	})
}

// read waits for output and then takes all there is, up to len(buf): while a
// program floods, several reads become one, and an echo is never held. It
// returns io.EOF while nobody has the slave side open, and
// os.ErrDeadlineExceeded or os.ErrClosed.
func (t *tty) read(buf []byte) (int, error) {
	n, result := 0, error(nil)
	err := t.raw.Read(func(fd uintptr) bool {
		for n < len(buf) {
			m, err := unix.Read(int(fd), buf[n:])
			switch {
			case m > 0:
				n += m
			case errors.Is(err, unix.EINTR):
			case errors.Is(err, unix.EAGAIN):
				return n > 0
			case err == nil, errors.Is(err, unix.EIO): // EIO: the other side is closed
				result = io.EOF
				return true
			default:
				result = err
				return true
			}
		}
		return true
	})
	switch {
	case n > 0:
		return n, nil // an error comes again with the next read
	case err != nil:
		return 0, err
	}
	return 0, result
}

// write writes p, or as much as fits before the timeout.
func (t *tty) write(p []byte, timeout time.Duration) (int, error) {
	if err := t.file.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	return t.file.Write(p)
}

// expireRead makes a read that is under way, and later ones, fail after d.
func (t *tty) expireRead(d time.Duration) { _ = t.file.SetReadDeadline(time.Now().Add(d)) }

// close hangs up the terminal: the kernel sends SIGHUP to the shell and to the
// foreground.
func (t *tty) close() { _ = t.file.Close() }

// signalKeys returns the characters that now make the terminal send SIGINT,
// SIGQUIT and SIGTSTP, or an empty map.
func (t *tty) signalKeys() map[byte]unix.Signal {
	keys := map[byte]unix.Signal{}
	_ = t.control(func(fd int) error {
		mode, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil || mode.Lflag&unix.ISIG == 0 {
			return err
		}
		for index, signal := range map[int]unix.Signal{unix.VINTR: unix.SIGINT, unix.VQUIT: unix.SIGQUIT, unix.VSUSP: unix.SIGTSTP} {
			if key := mode.Cc[index]; key != 0 { // 0 disables
				keys[key] = signal
			}
		}
		return nil
	})
	return keys
}

// interrupt discards the input that no program has read and sends signal to
// the foreground, as the terminal does for a key that reaches it.
func (t *tty) interrupt(signal unix.Signal) error {
	return t.control(func(fd int) error {
		_ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH)
		peer, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER,
			unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
		if errno == 0 {
			_ = unix.IoctlSetInt(int(peer), unix.TCFLSH, unix.TCIFLUSH)
			_ = unix.Close(int(peer))
		}
		return unix.IoctlSetInt(fd, unix.TIOCSIG, int(signal))
	})
}

func (t *tty) control(f func(fd int) error) error {
	var inner error
	if err := t.raw.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}
