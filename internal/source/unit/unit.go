// Package unit reads the state of systemd units through systemctl.
package unit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/logline/unitname"
	"github.com/heliograph/heliograph/internal/topic"
)

// DefaultTimeout is how long systemctl may take.
const DefaultTimeout = 3 * time.Second

// maxOutput bounds what is read of systemctl's answer.
const maxOutput = 1 << 20

// Status is the state of a unit, as systemctl show tells it. The words are
// those of systemd, see org.freedesktop.systemd1(5).
type Status struct {
	LoadState     string // "loaded", "not-found", "masked", …
	ActiveState   string // "active", "inactive", "failed", …
	SubState      string // "running", "dead", …; depends on the unit's type
	UnitFileState string // "enabled", "static", …; empty if there is no file
	Description   string
	FragmentPath  string // of the unit file; empty if there is none
	// MainPID is the main process of a service; 0 if none runs.
	MainPID uint32
	// ExecMainStatus is the exit status of a service's main process, or the
	// number of the signal that ended it.
	ExecMainStatus int
}

// Options say how systemctl is run.
type Options struct {
	// Command is the program to run; empty means systemctl.
	Command string
	// Args are put before all other arguments, for example --user.
	Args []string
	// Timeout bounds one call; 0 means 3 s.
	Timeout time.Duration
}

// Reader reads the state of units. Its methods may be called concurrently.
type Reader struct {
	opts Options
}

// New returns a reader. It starts nothing.
func New(opts Options) *Reader {
	if opts.Command == "" {
		opts.Command = "systemctl"
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	return &Reader{opts: opts}
}

// Status returns the state of the units by the names given. A unit that does
// not exist has the LoadState "not-found". It blocks until systemd has
// answered, at most for the timeout, and then returns
// [context.DeadlineExceeded].
//
// The error wraps [topic.ErrNotPresent] if systemd does not run here, and
// [unitname.ErrInvalid] if a name is not that of a unit.
func (r *Reader) Status(ctx context.Context, units ...string) (map[string]Status, error) {
	if len(units) == 0 {
		return map[string]Status{}, nil
	}
	for _, name := range units {
		if err := unitname.Check(name); err != nil {
			return nil, fmt.Errorf("read state of units: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	out, err := r.run(ctx, append([]string{"show", "--no-pager", "--property=" + properties, "--"}, units...))
	if err != nil {
		return nil, err
	}
	states, err := parse(out)
	if err != nil {
		return nil, fmt.Errorf("read state of units: %w", err)
	}
	if len(states) != len(units) {
		return nil, fmt.Errorf("read state of units: asked for %d, systemctl answered with %d", len(units), len(states))
	}
	// systemctl keeps the order; the names it tells are those behind aliases.
	byName := make(map[string]Status, len(units))
	for i, name := range units {
		byName[name] = states[i]
	}
	return byName, nil
}

func (r *Reader) run(ctx context.Context, args []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, r.opts.Command, append(append([]string{}, r.opts.Args...), args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
	cmd.WaitDelay = 200 * time.Millisecond
	var out, said limited
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	switch message := strings.Join(strings.Fields(strings.ToValidUTF8(said.buffer.String(), "\uFFFD")), " "); {
	case err == nil:
		return out.buffer.Bytes(), nil
	case out.over:
		return nil, fmt.Errorf("read state of units: %w", errTooLong)
	case ctx.Err() != nil:
		return nil, fmt.Errorf("read state of units: %w", context.Cause(ctx))
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("%w: %s is not installed", topic.ErrNotPresent, r.opts.Command)
	case strings.Contains(message, "not been booted with systemd"), strings.Contains(message, "Failed to connect to bus"):
		return nil, fmt.Errorf("%w: systemd does not run here: %s", topic.ErrNotPresent, message)
	default:
		return nil, fmt.Errorf("read state of units: %w: %.500s", err, message)
	}
}

var errTooLong = errors.New("the answer of systemctl is too long")

// limited is a buffer that takes at most maxOutput bytes. It does not embed the
// buffer, whose ReadFrom knows no limit.
type limited struct {
	buffer bytes.Buffer
	over   bool
}

// Write fails beyond the limit, which ends the command.
func (l *limited) Write(p []byte) (int, error) {
	if l.buffer.Len()+len(p) > maxOutput {
		l.over = true
		return 0, errTooLong
	}
	return l.buffer.Write(p)
}

// properties are what parse knows, and Id, which every unit has.
const properties = "Id,LoadState,ActiveState,SubState,UnitFileState,Description,FragmentPath,MainPID,ExecMainStatus"

// parse reads blocks of KEY=value lines with an empty line between two.
// Unknown keys are ignored, missing ones stay empty.
func parse(out []byte) ([]Status, error) {
	var states []Status
	open := false
	for line := range strings.Lines(strings.ToValidUTF8(string(out), "\uFFFD")) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			open = false
			continue
		}
		if !open {
			states = append(states, Status{})
			open = true
		}
		key, value, _ := strings.Cut(line, "=")
		if err := states[len(states)-1].set(key, value); err != nil {
			return nil, err
		}
	}
	return states, nil
}

func (s *Status) set(key, value string) error {
	switch key {
	case "LoadState":
		s.LoadState = value
	case "ActiveState":
		s.ActiveState = value
	case "SubState":
		s.SubState = value
	case "UnitFileState":
		s.UnitFileState = value
	case "Description":
		s.Description = value
	case "FragmentPath":
		s.FragmentPath = value
	case "MainPID":
		pid, err := strconv.ParseUint(value, 10, 32)
		if err != nil {
			return fmt.Errorf("read MainPID: %w", err)
		}
		s.MainPID = uint32(pid)
	case "ExecMainStatus":
		status, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("read ExecMainStatus: %w", err)
		}
		s.ExecMainStatus = status
	}
	return nil
}
