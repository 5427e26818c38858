// Package simulated is an update engine that changes no device: it reads the
// image, takes its time, and remembers in memory what it would have installed. It
// is for working on user interfaces and clients without a device, and says so in
// every text.
package simulated

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// FailPrefix is how an image begins whose installation fails at 60 %.
const FailPrefix = "simulate failure"

// DefaultDuration is how long an installation seems to take.
const DefaultDuration = 10 * time.Second

// Options describe the engine.
type Options struct {
	// Duration is how long an installation takes, a fifth of that a
	// verification; 0 means 10 s.
	Duration time.Duration
}

// Engine is the simulated update engine; see [ota.Engine] for its methods. It
// needs no reboot, so that updates become complete. An image that has a line
// version=… in its first 4 KiB tells its version.
type Engine struct {
	opts Options

	mu    sync.Mutex
	slots [2]ota.Slot
}

var _ ota.Engine = (*Engine)(nil)

// New returns an engine whose first slot is in use.
func New(opts Options) *Engine {
	if opts.Duration <= 0 {
		opts.Duration = DefaultDuration
	}
	e := &Engine{opts: opts}
	for i, name := range []string{"a", "b"} {
		e.slots[i] = ota.Slot{Name: name, Class: "simulated", Device: "simulated:" + name, BootName: name}
	}
	e.slots[0].Booted, e.slots[0].Primary, e.slots[0].Health = true, true, "good"
	return e
}

// Features returns the name simulated.
func (e *Engine) Features() ota.Features {
	return ota.Features{Name: "simulated", Simulated: true, CancelInstall: true}
}

// Present returns nil.
func (e *Engine) Present(context.Context) error { return nil }

// Slots returns the slots that do not exist.
func (e *Engine) Slots(context.Context) ([]ota.Slot, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]ota.Slot(nil), e.slots[:]...), nil
}

// Peek reads the version of an image.
func (e *Engine) Peek(_ context.Context, path string) (ota.Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return ota.Manifest{}, fmt.Errorf("simulated: open image: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, 4<<10))
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "version="); ok {
			return ota.Manifest{Version: v}, nil
		}
	}
	return ota.Manifest{}, nil // lines that are too long hold no version either
}

// Verify takes its time.
func (e *Engine) Verify(ctx context.Context, img ota.Image, report ota.Progress) (ota.Manifest, error) {
	if err := e.pass(ctx, e.opts.Duration/5, 100, report, "simulated: verifying"); err != nil {
		return ota.Manifest{}, err
	}
	return e.Peek(ctx, img.Path)
}

// Preflight says ready.
func (e *Engine) Preflight(context.Context, ota.Image) (ota.Report, error) {
	return ota.Report{Verdict: ota.VerdictReady, Summary: "simulated: nothing is in the way", TargetDevice: "simulated:" + e.target()}, nil
}

func (e *Engine) target() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.slots[0].Booted {
		return e.slots[1].Name
	}
	return e.slots[0].Name
}

// Begin chooses the slot.
func (e *Engine) Begin(ctx context.Context, img ota.Image) (ota.Attempt, error) {
	m, err := e.Peek(ctx, img.Path)
	return ota.Attempt{UpdateID: img.UpdateID, Slot: e.target(), Version: m.Version}, err
}

// Install takes its time, and fails if the image wants it.
func (e *Engine) Install(ctx context.Context, img ota.Image, a ota.Attempt, report ota.Progress) (ota.Installed, error) {
	fails, err := begins(img.Path, FailPrefix)
	if err != nil {
		return ota.Installed{}, err
	}
	if err := e.pass(ctx, e.opts.Duration*3/5, 60, report, "simulated: copying"); err != nil {
		return ota.Installed{}, err
	}
	if fails {
		return ota.Installed{}, errors.New("simulated: the image wants to fail")
	}
	rest := func(p int, d string) { report(60+p, d) }
	if err := e.pass(ctx, e.opts.Duration*2/5, 40, rest, "simulated: activating"); err != nil {
		return ota.Installed{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.slots {
		s := &e.slots[i]
		mine := s.Name == a.Slot
		s.Booted, s.Primary = mine, mine
		if mine {
			s.Health, s.Version, s.SHA256, s.SizeBytes, s.InstalledAt = "good", a.Version, img.SHA256, uint64(img.SizeBytes), time.Now()
		}
	}
	return ota.Installed{UpdateID: a.UpdateID, Slot: a.Slot, Version: a.Version}, nil
}

// pass lets time go by, in up to percent steps.
func (e *Engine) pass(ctx context.Context, d time.Duration, percent int, report ota.Progress, detail string) error {
	tick := time.NewTicker(max(d/time.Duration(percent), 1))
	defer tick.Stop()
	for p := 1; p <= percent; p++ {
		select {
		case <-tick.C:
			report(p, detail)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func begins(path, with string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fmt.Errorf("simulated: open image: %w", err)
	}
	defer f.Close()
	b := make([]byte, len(with))
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, fmt.Errorf("simulated: read image: %w", err)
	}
	return string(b[:n]) == with, nil
}

// Resume returns ErrNotInstalled: memory is all there was.
func (e *Engine) Resume(context.Context, ota.Attempt, ota.Progress) (ota.Installed, error) {
	return ota.Installed{}, fmt.Errorf("%w: simulated: it was interrupted", ota.ErrNotInstalled)
}

// Booted returns BootNew.
func (e *Engine) Booted(context.Context, ota.Installed) (ota.Boot, error) { return ota.BootNew, nil }

// Confirm does nothing.
func (e *Engine) Confirm(context.Context, ota.Installed) error { return nil }

// Reject does nothing.
func (e *Engine) Reject(context.Context, ota.Installed) error { return nil }
