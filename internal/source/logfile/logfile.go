// Package logfile reads log files: it follows one by name, tails it and dumps
// it.
//
// # Following
//
// [Source.Run] survives all the ways in which logs are rotated:
//
//   - renamed and created anew: the old file is read to its end before the new
//     one begins, and is watched for another 10 s, since a service goes on
//     writing into it until it is told to reopen its log;
//   - copied and truncated: reading goes on at the new start;
//   - removed: the source waits, quietly, until the name exists again;
//   - a symbolic link that is pointed elsewhere: like renamed and created.
//
// A file that is truncated and grows beyond the old size between two looks
// cannot be told from one that only grew. Looks follow within a millisecond of a
// write, but are a second apart where inotify does not work (network file
// systems).
//
// A last line without a newline is held back until the newline comes. It is
// published as it is when nothing was added for a second, or when its file is
// rotated; what is added later is a line of its own.
//
// # What is opened
//
// Only regular files, so that neither a FIFO nor a device can block the reader
// or notice it. Symbolic links are followed, they are usual below /var/log, but
// as the last part of the path only if the link belongs to root, to the user of
// this process or to the owner of the file: a service that owns its log folder
// cannot make a server that runs as root show other people's files.
//
// The package follows files itself: nxadm/tail keeps a process-wide goroutine
// for inotify and opens FIFOs and devices, and its channel of single lines
// costs more than the budget for a whole line.
package logfile

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/topic"
)

// quietAfter is how long nothing must have been added to a file before a last
// line without newline is taken as complete.
const quietAfter = time.Second

// Options describe a log file.
type Options struct {
	// Path is the absolute path of the file.
	Path string
	// Poll is how often the path is looked at, beside inotify; 0 means 1 s.
	Poll time.Duration
	// Logger gets a record when the file cannot be followed any more; nil means
	// no log.
	Logger *slog.Logger
}

// Source reads one log file. Its methods may be called concurrently.
type Source struct {
	opts Options
}

// New returns the source. It opens nothing.
func New(opts Options) *Source {
	if opts.Poll <= 0 {
		opts.Poll = time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Source{opts: opts}
}

// Run is a [topic.Source]. It publishes the last [logline.StartLines] lines, as
// far as they lie in the last 8 MiB of the file, tells that it is ready, and
// follows the file until ctx is done. Lines have no priority.
//
// It returns an error that wraps [topic.ErrNotPresent] if there is no such
// file, if it may not be read, or if it is not a regular file; other errors
// mean that reading failed. Once the source is ready, a file that vanishes or
// becomes unreadable is not an error.
func (s *Source) Run(ctx context.Context, out *topic.Publisher[logline.Line]) error {
	f := &follower{opts: s.opts, feed: logline.NewFeed(out)}
	defer f.close()
	return f.run(ctx)
}

// Tail returns the last n lines, oldest first, as far as they lie in the last
// 16 MiB of the file.
func (s *Source) Tail(ctx context.Context, n int) ([]string, error) {
	last := logline.NewLast(n, logline.TailBytes)
	err := s.read(ctx, n, logline.TailBytes, func(text string) error {
		last.Add(logline.Line{Text: text})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return last.Texts(), nil
}

// Dump writes the last n lines to w, or all if n is 0, each with a newline. It
// writes what the file held when it was called, in constant memory.
func (s *Source) Dump(ctx context.Context, w io.Writer, n int) error {
	buffered := bufio.NewWriterSize(w, chunkSize)
	err := s.read(ctx, n, 0, func(text string) error {
		_, err := buffered.WriteString(text)
		if err == nil {
			err = buffered.WriteByte('\n')
		}
		return err
	})
	// What was read before the failure is worth having.
	return errors.Join(err, buffered.Flush())
}

// read yields the last n lines (0: all) of what the file holds now, from the
// last window bytes (0: no bound).
func (s *Source) read(ctx context.Context, n int, window int64, yield func(string) error) error {
	f, _, err := open(s.opts.Path)
	if err != nil {
		return notPresent(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read log file %s: %w", s.opts.Path, err)
	}
	quiet := time.Since(info.ModTime()) >= quietAfter
	if n > 0 && !quiet && !endsLine(f, info.Size()) {
		n++ // the line that is being written does not count
	}
	r := reader{file: f, end: info.Size()}
	if r.offset, err = startOf(ctx, f, info.Size(), n, window); err != nil {
		return fmt.Errorf("read log file %s: %w", s.opts.Path, err)
	}
	if err := r.drain(ctx, yield); err != nil {
		return fmt.Errorf("read log file %s: %w", s.opts.Path, err)
	}
	if r.offset < info.Size() {
		return fmt.Errorf("read log file %s: it was truncated: %w", s.opts.Path, io.ErrUnexpectedEOF)
	}
	if quiet {
		return r.split.flush(yield)
	}
	return nil
}

// notPresent marks the errors that say that this file cannot be had here.
func notPresent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, errNotRegular) || errors.Is(err, errForeignLink) {
		return fmt.Errorf("%w: %w", topic.ErrNotPresent, err)
	}
	return err
}
