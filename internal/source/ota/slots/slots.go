package slots

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// DefaultTries is how often a new system is booted before the old one is again.
const DefaultTries = 3

// Slot is a place for a system.
type Slot struct {
	// Name is what the boot loader knows it by: 1 to 16 lower-case letters,
	// digits, dots, dashes and underscores.
	Name string
	// Path is a block device, or a file, which need not be there yet.
	Path string
}

// Options describe the engine.
type Options struct {
	// Slots are the two slots. Before anything was ever installed, the first is
	// the one in use. A device with one only cannot be updated: the second has an
	// empty path then, and preflight says so.
	Slots [2]Slot
	// StateDir is the folder of the boot state; see [Select]. It must not be in a
	// slot.
	StateDir string
	// Compatible is the kind of this device; bundles for others are refused.
	Compatible string
	// Keys are the public keys that are trusted; at least one.
	Keys []ed25519.PublicKey
	// Tries is how often a new system is booted before the old one is again, 1 to
	// 99; 0 means 3.
	Tries int
	// Booted tells the name of the slot that runs, for boot loaders that tell it,
	// for example on the kernel's command line. Nil: what Select chose.
	Booted func() (string, error)
	// Logger may be nil.
	Logger *slog.Logger
}

// Engine is the built-in update engine; see [ota.Engine] for its methods.
type Engine struct {
	opts Options
	log  *slog.Logger
	mu   sync.Mutex // guards the boot state files

	step func(name string) // told before each change; for tests
}

var _ ota.Engine = (*Engine)(nil)

// New checks the options, and makes the boot state if there is none yet. It
// fails with an error that names the option.
func New(opts Options) (*Engine, error) {
	if opts.Tries == 0 {
		opts.Tries = DefaultTries
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(opts.StateDir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of the boot state: %w", err)
	}
	e := &Engine{opts: opts, log: opts.Logger, step: func(string) {}}
	return e, e.prepare()
}

func (o *Options) check() error {
	a, b := o.Slots[0], o.Slots[1]
	switch {
	case !slotName(a.Name) || !slotName(b.Name) || a.Name == b.Name:
		return errors.New("two different names of lower-case letters and digits are needed")
	case a.Path == "" && b.Path == "" || a.Path == b.Path:
		return errors.New("two different paths are needed")
	case o.StateDir == "":
		return errors.New("the folder of the boot state is missing")
	case !printable(o.Compatible) || o.Compatible == "":
		return errors.New("compatible is missing, too long or not plain")
	case len(o.Keys) == 0:
		return errors.New("no key is trusted")
	case o.Tries < 1 || o.Tries > maxTries:
		return fmt.Errorf("tries must be 1 to %d", maxTries)
	}
	for _, key := range o.Keys {
		if len(key) != ed25519.PublicKeySize {
			return errors.New("a trusted key is not an Ed25519 key")
		}
	}
	ia, errA := os.Stat(a.Path)
	ib, errB := os.Stat(b.Path)
	if errA == nil && errB == nil && os.SameFile(ia, ib) {
		return errors.New("both paths are the same thing")
	}
	return nil
}

// prepare makes the first boot state, or repairs the one that is there.
func (e *Engine) prepare() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, fromBackup, err := readState(e.opts.StateDir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		first := e.opts.Slots[0].Name
		s = bootState{Active: first, Booted: first}
		s.Slots[0] = slotState{Name: first, Content: contentGood}
		s.Slots[1] = slotState{Name: e.opts.Slots[1].Name, Content: contentEmpty}
		if err := saveState(e.opts.StateDir, s); err != nil {
			return err
		}
		return saveBackup(e.opts.StateDir, s)
	case err != nil:
		return err
	case !s.has(e.opts.Slots[0].Name) || !s.has(e.opts.Slots[1].Name):
		return fmt.Errorf("the boot state in %s is of slots with other names", e.opts.StateDir)
	case fromBackup:
		e.log.Warn("boot state was damaged, the backup is used", "folder", e.opts.StateDir, "active", s.Active)
		return saveState(e.opts.StateDir, s)
	}
	return nil
}

// read returns the boot state, with the slot that runs.
func (e *Engine) read() (bootState, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.readLocked()
}

func (e *Engine) readLocked() (bootState, error) {
	s, _, err := readState(e.opts.StateDir)
	if err != nil {
		return bootState{}, err
	}
	if e.opts.Booted != nil {
		if s.Booted, err = e.opts.Booted(); err != nil {
			return bootState{}, fmt.Errorf("find the slot that runs: %w", err)
		}
		if !s.has(s.Booted) {
			return bootState{}, fmt.Errorf("find the slot that runs: there is no slot %q", s.Booted)
		}
	}
	return s, nil
}

// change stores what f makes of the boot state, and what is confirmed of it if
// backup is set.
func (e *Engine) change(backup bool, f func(*bootState) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	s, err := e.readLocked()
	if err != nil {
		return err
	}
	if err := f(&s); err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return fmt.Errorf("change boot state: %w", err)
	}
	e.step("save boot state")
	if err := saveState(e.opts.StateDir, s); err != nil || !backup {
		return err
	}
	e.step("save backup of boot state")
	return saveBackup(e.opts.StateDir, s)
}

func (e *Engine) path(name string) string {
	for _, s := range e.opts.Slots {
		if s.Name == name {
			return s.Path
		}
	}
	return ""
}

// Features returns the name slots; an installation can be stopped.
func (e *Engine) Features() ota.Features { return ota.Features{Name: "slots", CancelInstall: true} }

// Present tells whether the boot state can be read.
func (e *Engine) Present(context.Context) error {
	_, err := e.read()
	return err
}

// Slots returns both slots, without looking at what is in them.
func (e *Engine) Slots(context.Context) ([]ota.Slot, error) {
	s, err := e.read()
	if err != nil {
		return nil, err
	}
	next := s.Active
	if s.Trial != "" && s.Tries > 0 {
		next = s.Trial
	}
	var out []ota.Slot
	for _, o := range e.opts.Slots {
		if o.Path == "" {
			continue
		}
		sl := s.slot(o.Name)
		slot := ota.Slot{
			Name: o.Name, Class: "system", Device: o.Path, BootName: o.Name, Booted: s.Booted == o.Name, Primary: next == o.Name,
			Version: sl.Version, SHA256: sl.SHA256, SizeBytes: uint64(sl.Size),
		}
		if sl.Content != contentEmpty {
			slot.Health = sl.Content
		}
		if sl.At > 0 {
			slot.InstalledAt = time.Unix(sl.At, 0).UTC()
		}
		out = append(out, slot)
	}
	return out, nil
}
