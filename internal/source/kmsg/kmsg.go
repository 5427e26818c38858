// Package kmsg reads the kernel's log from /dev/kmsg.
//
// The lines look as those of "dmesg --time-format=iso":
//
//	2031-02-27T13:46:46,123456+00:00 usb 1-1: new high-speed USB device
//
// The kernel stamps records with the time since boot, not counting suspend, so
// the time shown for a record from before a suspend is too late by its length.
//
// Like dmesg, the source begins at what was last cleared with "dmesg --clear",
// which hides records but does not remove them, and shows every record as lines
// of its own, the fragments of a continued line too: the kernel gives no way to
// tell what they continue.
package kmsg

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/topic"
)

// maxBacklog bounds how many records are read as the past. The kernel's buffer
// holds fewer, but somebody may write as fast as we read.
const maxBacklog = 1 << 20

// Options describe the kernel log.
type Options struct {
	// Path is the device; empty means /dev/kmsg.
	Path string
	// BootTime returns the instant at which the kernel's time stamps are zero.
	// It is asked for each record, since the clock may be set at any time. Nil
	// means the wall clock less the monotonic clock.
	BootTime func() time.Time
	// Location is the time zone of the lines; nil means the device's.
	Location *time.Location
}

// Source reads the kernel log. Its methods may be called concurrently; each
// call opens the device for itself.
type Source struct {
	opts Options
}

// New returns the source. It opens nothing.
func New(opts Options) *Source {
	if opts.Path == "" {
		opts.Path = "/dev/kmsg"
	}
	if opts.BootTime == nil {
		opts.BootTime = bootTime
	}
	if opts.Location == nil {
		opts.Location = time.Local
	}
	return &Source{opts: opts}
}

func bootTime() time.Time {
	var since unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &since); err != nil {
		return time.Time{} // cannot happen: Linux always has this clock
	}
	return time.Now().Add(-time.Duration(since.Nano()))
}

// Run is a [topic.Source]. It publishes the last [logline.StartLines] lines,
// tells that it is ready, and follows the log until ctx is done. Lines have the
// priority of their record. Records that the kernel has overwritten before they
// were read are told by a line that says how many they were.
//
// It returns an error that wraps [topic.ErrNotPresent] if there is no kernel
// log or this process may not read it.
func (s *Source) Run(ctx context.Context, out *topic.Publisher[logline.Line]) error {
	feed := logline.NewFeed(out)
	return s.read(ctx, true, feed.Ready, func(line logline.Line) error { return feed.Add(ctx, line) })
}

// Tail returns the last n lines, oldest first, at most 16 MiB of text. The
// errors are those of Run.
func (s *Source) Tail(ctx context.Context, n int) ([]string, error) {
	last, err := s.last(ctx, n)
	if err != nil {
		return nil, err
	}
	return last.Texts(), nil
}

// Dump writes the last n lines to w, or all if n is 0, each with a newline. The
// errors are those of Run, and those of w.
func (s *Source) Dump(ctx context.Context, w io.Writer, n int) error {
	buffered := bufio.NewWriter(w)
	write := func(line logline.Line) error {
		_, err := buffered.WriteString(line.Text + "\n")
		return err
	}
	if n == 0 {
		err := s.read(ctx, false, func() {}, write)
		return errors.Join(err, buffered.Flush())
	}
	last, err := s.last(ctx, n)
	if err != nil {
		return err
	}
	for _, line := range last.Lines() {
		if err := write(line); err != nil {
			return err
		}
	}
	return buffered.Flush()
}

func (s *Source) last(ctx context.Context, n int) (*logline.Last, error) {
	// The kernel's whole buffer is not much larger than this bound.
	last := logline.NewLast(n, logline.TailBytes)
	err := s.read(ctx, false, func() {}, func(line logline.Line) error {
		last.Add(line)
		return nil
	})
	return last, err
}

// read yields the lines of all records. At the end of what there is now it
// calls caughtUp, once, and then waits for more if follow is set.
func (s *Source) read(ctx context.Context, follow bool, caughtUp func(), yield func(logline.Line) error) error {
	dev, err := openDevice(ctx, s.opts.Path)
	if err != nil {
		return s.openError(err)
	}
	defer dev.close()
	r := reader{device: dev, boot: s.opts.BootTime, location: s.opts.Location}
	for range maxBacklog {
		more, err := r.next(false, yield)
		if err == nil {
			err = ctx.Err() // there may be no read that waits
		}
		if err != nil {
			return s.readError(ctx, err)
		}
		if !more {
			break
		}
	}
	caughtUp()
	for follow {
		if _, err := r.next(true, yield); err != nil {
			return s.readError(ctx, err)
		}
	}
	return nil
}

func (s *Source) openError(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: no permission to read the kernel log (it takes CAP_SYSLOG where kernel.dmesg_restrict is set): %w", topic.ErrNotPresent, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: no kernel log: %w", topic.ErrNotPresent, err)
	}
	return fmt.Errorf("read kernel log: %w", err)
}

func (s *Source) readError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, fs.ErrPermission):
		return s.openError(err) // some kernels check at the first read
	}
	return fmt.Errorf("read kernel log: %w", err)
}
