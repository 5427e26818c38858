package logfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
)

// oldFor is how long a file that was rotated away is still read: services are
// told to reopen their log some time after it was renamed.
const oldFor = 10 * time.Second

// follower is one run of a source: one file that has the name, and perhaps one
// that had it before.
type follower struct {
	opts  Options
	feed  *logline.Feed
	watch *watcher

	now      *followed
	old      *followed // nil, or the file before now
	oldUntil time.Time

	refused string // why the name could not be opened, as last logged
}

// followed is an open file of the follower.
type followed struct {
	reader
	info os.FileInfo // its identity
}

func (f *follower) close() {
	f.watch.close()
	for _, file := range []*followed{f.now, f.old} {
		if file != nil {
			file.file.Close()
		}
	}
}

func (f *follower) run(ctx context.Context) error {
	file, names, err := open(f.opts.Path)
	if err != nil {
		return notPresent(err)
	}
	// Watching begins before the first read, or a write in between would be
	// noticed late.
	f.watch = newWatcher(names, f.opts.Poll)
	if f.now, err = newFollowed(file); err == nil {
		err = f.begin(ctx)
	}
	for err == nil {
		err = f.look(ctx)
		if err == nil {
			err = f.watch.wait(ctx)
		}
	}
	if ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("follow log file %s: %w", f.opts.Path, err)
}

// newFollowed takes over file.
func newFollowed(file *os.File) (*followed, error) {
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &followed{reader: reader{file: file}, info: info}, nil
}

// begin reads the last lines that the file holds now.
func (f *follower) begin(ctx context.Context) error {
	size := f.now.info.Size()
	start, err := startOf(ctx, f.now.file, size, logline.StartLines, logline.HistoryBytes)
	if err != nil {
		return err
	}
	f.now.offset, f.now.end = start, size
	if start < size {
		err = f.drain(ctx, f.now)
	}
	f.now.end = 0
	if err == nil && time.Since(f.now.info.ModTime()) >= quietAfter {
		err = f.flush(ctx, f.now)
	}
	f.feed.Ready()
	return err
}

// look brings everything up to date: what was added, what was truncated, and
// which file has the name now.
func (f *follower) look(ctx context.Context) error {
	if f.old != nil {
		if err := f.lookOld(ctx); err != nil {
			return err
		}
	}
	if err := f.lookAt(ctx, f.now); err != nil {
		return err
	}
	if !f.watch.namesMayHaveChanged() {
		return nil
	}
	info, err := os.Stat(f.opts.Path)
	if err != nil || os.SameFile(info, f.now.info) {
		return nil // gone for now, or still the same
	}
	return f.rotate(ctx)
}

// lookAt reads what was added to a file.
func (f *follower) lookAt(ctx context.Context, file *followed) error {
	before := file.offset
	if err := f.drain(ctx, file); err != nil {
		return err
	}
	if file.offset > before {
		return nil
	}
	info, err := file.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < file.offset {
		if err := f.flush(ctx, file); err != nil {
			return err
		}
		file.offset = 0
		return f.drain(ctx, file)
	}
	if len(file.split.part) > 0 && time.Since(file.read) >= quietAfter {
		return f.flush(ctx, file)
	}
	return nil
}

func (f *follower) lookOld(ctx context.Context) error {
	if err := f.lookAt(ctx, f.old); err != nil {
		return err
	}
	if time.Now().Before(f.oldUntil) {
		return nil
	}
	return f.dropOld(ctx)
}

func (f *follower) dropOld(ctx context.Context) error {
	old := f.old
	f.old = nil
	defer old.file.Close()
	return f.flush(ctx, old)
}

// rotate goes over to the file that has the name now, if it may be read.
func (f *follower) rotate(ctx context.Context) error {
	file, names, err := open(f.opts.Path)
	if err != nil {
		f.refuse(err)
		return nil
	}
	f.refused = ""
	next, err := newFollowed(file)
	if err != nil {
		return err
	}
	if os.SameFile(next.info, f.now.info) {
		file.Close()
		return nil
	}
	if f.old != nil {
		err = f.dropOld(ctx)
	}
	f.old, f.oldUntil, f.now = f.now, time.Now().Add(oldFor), next
	f.watch.setNames(names)
	// What was written to the old file before the new one was seen.
	return errors.Join(err, f.lookAt(ctx, f.old), f.lookAt(ctx, f.now))
}

// refuse logs, once per reason, why the file cannot be followed at present.
func (f *follower) refuse(err error) {
	if reason := err.Error(); reason != f.refused {
		f.refused = reason
		f.opts.Logger.Warn("log file cannot be followed", "path", f.opts.Path, "err", err)
	}
}

func (f *follower) drain(ctx context.Context, file *followed) error {
	return file.drain(ctx, f.yield(ctx, file))
}

func (f *follower) flush(ctx context.Context, file *followed) error {
	return file.split.flush(f.yield(ctx, file))
}

func (f *follower) yield(ctx context.Context, file *followed) func(string) error {
	return func(text string) error {
		return f.feed.Add(ctx, logline.Line{Read: file.read, Text: text, Priority: logline.NoPriority})
	}
}
