package slots

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/source/ota/durable"
)

// open reads the head of a bundle and checks what can be told from it.
func (e *Engine) open(path string) (*os.File, header, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, header{}, fmt.Errorf("open bundle: %w", err)
	}
	h, err := e.head(f)
	if err != nil {
		return nil, header{}, errors.Join(err, f.Close())
	}
	return f, h, nil
}

func (e *Engine) head(f *os.File) (header, error) {
	info, err := f.Stat()
	if err != nil {
		return header{}, fmt.Errorf("open bundle: %w", err)
	}
	h, err := readHeader(f, info.Size(), e.opts.Keys)
	if err == nil && h.Compatible != e.opts.Compatible {
		err = invalid(fmt.Sprintf("it is for %q, and this device is %q", h.Compatible, e.opts.Compatible))
	}
	return h, err
}

// Peek reads the signed head of a bundle.
func (e *Engine) Peek(_ context.Context, path string) (ota.Manifest, error) {
	f, h, err := e.open(path)
	if err != nil {
		return ota.Manifest{}, err
	}
	return h.manifest(), f.Close()
}

func (m Manifest) manifest() ota.Manifest {
	return ota.Manifest{Version: m.Version, BuildID: m.BuildID, Compatible: m.Compatible}
}

// Verify checks the signature of a bundle and the SHA-256 of the image in it.
func (e *Engine) Verify(ctx context.Context, img ota.Image, report ota.Progress) (ota.Manifest, error) {
	f, h, err := e.open(img.Path)
	if err != nil {
		return ota.Manifest{}, err
	}
	defer f.Close()
	size := h.Image.SizeBytes
	sum, err := digest(ctx, io.NewSectionReader(f, h.offset, size), size, share(report, 0, 100, size, "verifying"))
	if err != nil {
		return ota.Manifest{}, fmt.Errorf("read bundle: %w", err)
	}
	if sum != h.Image.SHA256 {
		return ota.Manifest{}, damaged(sum, h)
	}
	return h.manifest(), nil
}

func damaged(sum string, h header) error {
	return invalid(fmt.Sprintf("its image has the SHA-256 %s, and %s was signed", sum, h.Image.SHA256))
}

// target finds the slot to be written: the one that does not run.
func (e *Engine) target(s bootState) (string, error) {
	name := e.opts.Slots[0].Name
	if s.Booted == name {
		name = e.opts.Slots[1].Name
	}
	switch {
	case s.Booted == "":
		return "", errors.New("it is not known which slot runs: nothing has selected one since the boot state was repaired")
	case s.Booted != s.Active:
		return "", fmt.Errorf("%w: the system that runs, in slot %s, has not been confirmed yet", ota.ErrBusy, s.Booted)
	}
	return name, nil
}

// Preflight compares the image with the slot.
func (e *Engine) Preflight(_ context.Context, img ota.Image) (ota.Report, error) {
	f, h, err := e.open(img.Path)
	if err != nil {
		return ota.Report{}, err
	}
	_ = f.Close() // only read
	size := uint64(h.Image.SizeBytes)
	r := ota.Report{ImageSizeBytes: &size}
	if e.opts.Slots[0].Path == "" || e.opts.Slots[1].Path == "" {
		r.Verdict, r.SingleSlot = ota.VerdictSingleSlotDisabled, true
		r.Summary = "the device has one slot only, and a system that runs is never overwritten"
		return r, nil
	}
	s, err := e.read()
	if err != nil {
		return r, err
	}
	name, err := e.target(s)
	if err != nil {
		return r, err
	}
	r.TargetDevice = e.path(name)
	room, err := capacity(r.TargetDevice)
	if err != nil {
		return r, err
	}
	there := uint64(room)
	r.TargetSizeBytes = &there
	if there < size {
		r.Verdict = ota.VerdictTargetTooSmall
		r.Summary = fmt.Sprintf("the image has %d bytes, slot %s has room for %d", size, name, there)
		return r, nil
	}
	r.Verdict, r.Summary = ota.VerdictReady, fmt.Sprintf("version %s can be written to slot %s", h.Version, name)
	return r, nil
}

// Begin chooses the slot.
func (e *Engine) Begin(_ context.Context, img ota.Image) (ota.Attempt, error) {
	f, h, err := e.open(img.Path)
	if err != nil {
		return ota.Attempt{}, err
	}
	_ = f.Close() // only read
	s, err := e.read()
	if err != nil {
		return ota.Attempt{}, err
	}
	name, err := e.target(s)
	if err != nil {
		return ota.Attempt{}, err
	}
	if e.path(name) == "" {
		return ota.Attempt{}, errors.New("the device has one slot only")
	}
	return ota.Attempt{UpdateID: img.UpdateID, Slot: name, Version: h.Version}, nil
}

// Install writes the image of a bundle to the slot, reads it back, and puts it
// on trial. Until then nothing boots the slot, and ctx stops it.
func (e *Engine) Install(ctx context.Context, img ota.Image, a ota.Attempt, report ota.Progress) (ota.Installed, error) {
	f, h, err := e.open(img.Path)
	if err != nil {
		return ota.Installed{}, err
	}
	defer f.Close()
	if err := e.release(a.Slot); err != nil {
		return ota.Installed{}, space(err)
	}
	if err := e.write(ctx, f, h, a.Slot, report); err != nil {
		return ota.Installed{}, space(err)
	}
	if ctx.Err() != nil {
		return ota.Installed{}, context.Cause(ctx)
	}
	report(99, "activating")
	s, err := e.activate(a, h)
	if err == nil {
		report(100, "activated")
		return installed(a, s), nil
	}
	if undo := e.release(a.Slot); undo != nil {
		err = fmt.Errorf("%w: %w; %w", ota.ErrUncertain, err, undo)
	}
	return ota.Installed{}, space(err)
}

func space(err error) error {
	if durable.NoSpace(err) {
		return fmt.Errorf("%w: %w", ota.ErrNoSpace, err)
	}
	return err
}

// noteBoots is the key under which an installation keeps the number of boots.
const noteBoots = "boots"

func installed(a ota.Attempt, s bootState) ota.Installed {
	return ota.Installed{
		UpdateID: a.UpdateID, Slot: a.Slot, Version: a.Version, RebootRequired: true,
		Notes: map[string]string{noteBoots: strconv.FormatUint(s.Boots, 10)},
	}
}

// release sees to it that nothing boots the slot, whatever happens: both copies
// of the boot state name the other one before the first byte is written.
func (e *Engine) release(name string) error {
	return e.change(true, func(s *bootState) error {
		if s.Booted == name || s.Active == name {
			return fmt.Errorf("slot %s is in use", name)
		}
		if s.Trial == name {
			s.Trial, s.Tries = "", 0
		}
		s.Update = ""
		*s.slot(name) = slotState{Name: name, Content: contentEmpty}
		return nil
	})
}

// write fills the slot and reads it back.
func (e *Engine) write(ctx context.Context, f *os.File, h header, name string, report ota.Progress) (err error) {
	e.step("open slot")
	d, err := openDevice(e.path(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.f.Close()) }()
	size := h.Image.SizeBytes
	copied := share(report, 0, 70, size, "copying")
	sum, err := d.fill(ctx, io.NewSectionReader(f, h.offset, size), size, func(done int64) {
		e.step("copied " + strconv.FormatInt(done, 10))
		copied(done)
	})
	if err != nil {
		return err
	}
	if sum != h.Image.SHA256 {
		return damaged(sum, h)
	}
	e.step("read back")
	d.forget()
	sum, err = digest(ctx, io.NewSectionReader(d.f, 0, size), size, share(report, 70, 98, size, "reading back"))
	if err != nil {
		return fmt.Errorf("read slot back: %w", err)
	}
	if sum != h.Image.SHA256 {
		return fmt.Errorf("slot %s does not hold what was written: SHA-256 %s instead of %s", name, sum, h.Image.SHA256)
	}
	return nil
}

// activate puts the slot on trial, and reads that back.
func (e *Engine) activate(a ota.Attempt, h header) (bootState, error) {
	err := e.change(false, func(s *bootState) error {
		s.Trial, s.Tries, s.Update = a.Slot, e.opts.Tries, a.UpdateID.String()
		*s.slot(a.Slot) = slotState{
			Name: a.Slot, Content: contentTrial, SHA256: h.Image.SHA256, Size: h.Image.SizeBytes, Version: h.Version, At: time.Now().Unix(),
		}
		return nil
	})
	if err != nil {
		return bootState{}, err
	}
	s, err := e.read()
	if err == nil && (s.Trial != a.Slot || s.Update != a.UpdateID.String()) {
		err = errors.New("the boot state does not name the new system")
	}
	return s, err
}
