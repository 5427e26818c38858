package child

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// isTerminal reports whether a file is a terminal, without changing its mode.
func isTerminal(f *os.File) (is bool) {
	_ = withFd(f, func(fd uintptr) error {
		is = term.IsTerminal(int(fd))
		return nil
	})
	return is
}

// rawOutput gives a pseudo-terminal the modes of a real one, but for the processing
// of its output, which the real one does.
func rawOutput(slave, like *os.File) error {
	return withFd(like, func(fd uintptr) error {
		modes, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
		if err != nil {
			return fmt.Errorf("modes of the terminal: %w", err)
		}
		modes.Oflag &^= unix.OPOST
		if err := unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, modes); err != nil {
			return fmt.Errorf("modes of the terminal: %w", err)
		}
		return nil
	})
}

// resize gives the program's terminal the size of the real one.
func (r *relay) resize() {
	if !r.tty {
		return
	}
	_ = withFd(r.to, func(fd uintptr) error {
		size, err := unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ)
		if err != nil {
			return err
		}
		return withFd(r.from, func(fd uintptr) error { return unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size) })
	})
}
