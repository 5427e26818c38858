package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// rawMode switches a terminal to raw mode and gives the way back, which may be
// called more than once.
func rawMode(f *os.File) (restore func(), err error) {
	before, err := term.MakeRaw(int(f.Fd()))
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(int(f.Fd()), before) }, nil
}

// readUntil reads from in and hands each piece to use, until the end of the
// input (nil), an error, or the end of ctx (its cause). The piece is use's only
// during the call. For a file the wait itself ends with ctx; another reader must
// return by itself.
func readUntil(ctx context.Context, in io.Reader, use func([]byte) error) error {
	wait := func() error { return context.Cause(ctx) }
	if f, ok := in.(*os.File); ok {
		ready, free, err := readiness(ctx, f)
		if err != nil {
			return err
		}
		defer free()
		wait = ready
	}
	buf := make([]byte, 4096)
	for {
		if err := wait(); err != nil {
			return err
		}
		n, err := in.Read(buf)
		if n > 0 {
			if err := use(buf[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// readiness gives a function that blocks until f can be read without blocking or
// ctx has ended. A read of a terminal cannot be cancelled otherwise.
func readiness(ctx context.Context, f *os.File) (wait func() error, free func(), err error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _, _ = w.Write([]byte{0}) })
	free = func() {
		stop()
		_ = w.Close()
		_ = r.Close()
	}
	input, wake := int32(f.Fd()), int32(r.Fd())
	wait = func() error {
		fds := []unix.PollFd{{Fd: input, Events: unix.POLLIN}, {Fd: wake, Events: unix.POLLIN}}
		for {
			_, err := unix.Poll(fds, -1)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err != nil:
				return err
			case fds[1].Revents != 0:
				return context.Cause(ctx)
			}
			return nil
		}
	}
	return wait, free, nil
}
