// Package journal reads the systemd journal, whole or of one unit, through
// journalctl.
//
// The lines have the form that "journalctl -o short-iso" prints:
//
//	2031-02-27T13:46:46+0000 board api[412]: listening
//
// with the device's local time, taken from the sender's time stamp if there is
// one. A message of several lines becomes as many lines, each with that prefix,
// so that each can be searched and coloured by itself.
//
// The source reads JSON and keeps the cursor of the last entry. A journalctl
// that dies is started again behind that cursor: nothing is missed, nothing
// comes twice. Restarts of journald and rotations are journalctl's business and
// go unnoticed.
package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/logline/unitname"
	"github.com/heliograph/heliograph/internal/topic"
)

// How often and how late a journalctl that died is started again. The count
// begins anew when one has delivered an entry or has lived for restartMax.
const (
	restarts     = 5
	restartMin   = 100 * time.Millisecond
	restartMax   = 5 * time.Second
	checkTimeout = 10 * time.Second
)

// Options describe what to read.
type Options struct {
	// Unit limits the journal to one systemd unit, by its full name; empty
	// means all of the journal.
	Unit string
	// Command is the program to run; empty means journalctl.
	Command string
	// Args are put before all other arguments, for example --namespace=NAME.
	Args []string
	// Location is the time zone of the lines; nil means the device's.
	Location *time.Location
	// Logger gets a record when journalctl has to be started again; nil means
	// no log.
	Logger *slog.Logger
}

// Source reads a journal. Its methods may be called concurrently; each call
// runs a journalctl of its own.
type Source struct {
	opts   Options
	format format
}

// New returns the source. It starts nothing.
func New(opts Options) *Source {
	if opts.Command == "" {
		opts.Command = "journalctl"
	}
	if opts.Location == nil {
		opts.Location = time.Local
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Source{opts: opts, format: format{location: opts.Location}}
}

// Run is a [topic.Source]. It publishes the last [logline.StartLines] lines,
// tells that it is ready, and follows the journal until ctx is done. Lines have
// the priority of their entry. While subscribers are behind, journalctl is
// paused by its full pipe.
//
// It returns an error that wraps [topic.ErrNotPresent] if there is no
// journalctl or no journal that this process may read, one that wraps
// [unitname.ErrInvalid] if the unit's name is no name of a unit, and otherwise
// what journalctl said when it failed for good.
func (s *Source) Run(ctx context.Context, out *topic.Publisher[logline.Line]) error {
	feed := logline.NewFeed(out)
	publish := func(line logline.Line) error { return feed.Add(ctx, line) }
	last, err := s.recent(ctx, logline.StartLines, publish)
	if err != nil && (last.entries == 0 || ctx.Err() != nil) {
		return err
	}
	// What a journalctl that died early has left out comes after Ready.
	feed.Ready()
	return s.follow(ctx, last.cursor, publish)
}

// Tail returns the last n lines, oldest first, at most 16 MiB of text. The
// errors are those of Run.
func (s *Source) Tail(ctx context.Context, n int) ([]string, error) {
	last := logline.NewLast(n, logline.TailBytes)
	_, err := s.recent(ctx, n, func(line logline.Line) error {
		last.Add(line)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return last.Texts(), nil
}

// Dump writes the lines of the last n entries to w, or of all if n is 0, each
// with a newline. It needs little memory, whatever the size of the journal. The
// errors are those of Run, and those of w.
func (s *Source) Dump(ctx context.Context, w io.Writer, n int) error {
	buffered := bufio.NewWriterSize(w, 64<<10)
	_, err := s.recent(ctx, n, func(line logline.Line) error {
		_, err := buffered.WriteString(line.Text)
		if err == nil {
			err = buffered.WriteByte('\n')
		}
		return err
	})
	// What was read before the failure is worth having.
	return errors.Join(err, buffered.Flush())
}

// progress is how far a journalctl has come.
type progress struct {
	entries int
	cursor  string // of the last entry
}

// recent yields the lines of the last n entries (0: all) that exist now.
func (s *Source) recent(ctx context.Context, n int, yield func(logline.Line) error) (progress, error) {
	var args []string
	if n > 0 {
		args = append(args, "--lines="+strconv.Itoa(n))
	}
	var p progress
	if err := s.read(ctx, args, &p, yield); err != nil {
		return p, err
	}
	if p.entries > 0 {
		return p, nil
	}
	return p, s.check(ctx)
}

// follow yields what comes behind cursor.
func (s *Source) follow(ctx context.Context, cursor string, yield func(logline.Line) error) error {
	for failed := 0; ; {
		// Without a cursor nothing matched so far: whatever there is, is new.
		args := []string{"--follow", "--no-tail"}
		if cursor != "" {
			// Not --after-cursor: that leaves out one entry too many when the
			// one at the cursor has been vacuumed. It is left out here.
			args = append(args, "--cursor="+cursor)
		}
		began, p := time.Now(), progress{cursor: cursor}
		err := s.read(ctx, args, &p, yield)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil {
			err = errors.New("read journal: journalctl ended by itself")
		}
		if cursor = p.cursor; p.entries > 0 || time.Since(began) > restartMax {
			failed = 0
		}
		if failed++; failed > restarts || errors.Is(err, topic.ErrNotPresent) {
			return err
		}
		s.opts.Logger.Warn("journalctl is started again", "unit", s.opts.Unit, "failed", failed, "err", err)
		select {
		case <-time.After(min(restartMin<<(failed-1), restartMax)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// read runs one journalctl to its end.
func (s *Source) read(ctx context.Context, args []string, p *progress, yield func(logline.Line) error) error {
	args = append(args,
		"--output=json",
		"--all", // or long fields would be null
		"--quiet",
		"--no-pager",
		"--output-fields="+strings.Join(fieldNames(), ","),
	)
	if s.opts.Unit != "" {
		if err := unitname.Check(s.opts.Unit); err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		args = append(args, "--unit="+s.opts.Unit)
	}
	c, err := s.start(ctx, args)
	if err != nil {
		return err
	}
	scan := newScanner(c.out)
	failed := s.readEntries(scan, p, yield)
	if failed != nil {
		// Nobody reads on. The child's own end says nothing then.
		c.kill()
		_ = c.wait()
		return failed
	}
	err = c.wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("read journal: %w", err)
	}
	return nil
}

// readEntries yields the lines of all entries. It returns the error of yield
// only: the end of the child tells about everything else.
func (s *Source) readEntries(scan *scanner, p *progress, yield func(logline.Line) error) error {
	var e entry
	for scan.next() {
		now := time.Now()
		if len(scan.line) == 0 {
			continue
		}
		if scan.skipped > 0 || e.decode(scan.line) != nil {
			// What cannot be shown is told; the cursor stays where it is.
			text := fmt.Sprintf("heliograph: a journal entry of %d bytes could not be shown", len(scan.line)+scan.skipped)
			if err := yield(logline.Line{Read: now, Text: text, Priority: 4}); err != nil {
				return err
			}
			continue
		}
		if e.Cursor != "" && e.Cursor == p.cursor {
			continue
		}
		if err := s.format.lines(&e, now, yield); err != nil {
			return err
		}
		p.entries++
		p.cursor = e.Cursor
	}
	return nil
}

func (s *Source) start(ctx context.Context, args []string) (*child, error) {
	c, err := startChild(ctx, s.opts.Command, append(append([]string{}, s.opts.Args...), args...))
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: no journal: %s is not installed", topic.ErrNotPresent, s.opts.Command)
	}
	if err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	return c, nil
}

// check tells apart a journal without entries and no journal at all, for which
// journalctl gives neither entries nor an error: with --header it describes all
// files that it could open.
func (s *Source) check(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	c, err := s.start(bounded, []string{"--header", "--no-pager"})
	if err != nil {
		return err
	}
	var first [1]byte
	n, _ := io.ReadFull(c.out, first[:])
	_, _ = io.Copy(io.Discard, c.out) // how it ends is told by wait
	err = c.wait()
	switch said := c.said(); {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case n > 0:
		return nil
	case said != "":
		return fmt.Errorf("%w: no journal: %s", topic.ErrNotPresent, said)
	case err != nil:
		return fmt.Errorf("read journal: %w", err)
	}
	return fmt.Errorf("%w: no journal files were found", topic.ErrNotPresent)
}
