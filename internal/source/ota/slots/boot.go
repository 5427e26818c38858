package slots

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// Resume looks whether the boot state names the slot as written by the update:
// that is stored last, after the slot was read back.
func (e *Engine) Resume(_ context.Context, a ota.Attempt, _ ota.Progress) (ota.Installed, error) {
	s, err := e.read()
	if err != nil {
		return ota.Installed{}, err
	}
	if s.Update != a.UpdateID.String() || !s.has(a.Slot) {
		return ota.Installed{}, fmt.Errorf("%w: slot %s was not activated", ota.ErrNotInstalled, a.Slot)
	}
	switch sl := s.slot(a.Slot); {
	case sl.Content == contentBad:
		return ota.Installed{}, fmt.Errorf("%w: the new system in slot %s did not come up", ota.ErrNotInstalled, a.Slot)
	case s.Trial != a.Slot && s.Active != a.Slot:
		return ota.Installed{}, fmt.Errorf("%w: slot %s is not to be booted", ota.ErrNotInstalled, a.Slot)
	}
	in := installed(a, s)
	if s.Booted == a.Slot {
		in.Notes[noteBoots] = "0" // it was restarted since
	}
	return in, nil
}

// Booted tells from the boot state which system runs.
func (e *Engine) Booted(_ context.Context, in ota.Installed) (ota.Boot, error) {
	s, err := e.read()
	if err != nil {
		return ota.BootPending, err
	}
	mine := s.Update == in.UpdateID.String()
	switch {
	case mine && s.Booted == in.Slot && (s.Trial == in.Slot || s.Active == in.Slot):
		return ota.BootNew, nil
	case mine && s.Trial == in.Slot && strconv.FormatUint(s.Boots, 10) == in.Notes[noteBoots] && s.Booted != "":
		return ota.BootPending, nil
	case mine && s.Trial == in.Slot && e.opts.Booted != nil:
		return ota.BootOld, nil // the boot loader chose otherwise
	case mine && s.Trial == in.Slot:
		return ota.BootPending, nil
	}
	return ota.BootOld, nil
}

// Confirm makes the slot on trial the active one, in both copies of the state.
func (e *Engine) Confirm(_ context.Context, in ota.Installed) error {
	return e.change(true, func(s *bootState) error {
		if s.Update != in.UpdateID.String() || s.Booted != in.Slot || s.Trial != in.Slot && s.Active != in.Slot {
			return fmt.Errorf("%w: the system that runs, in slot %s, is not the new one", ota.ErrNotInstalled, s.Booted)
		}
		s.Active, s.Trial, s.Tries = in.Slot, "", 0
		s.slot(in.Slot).Content = contentGood
		return nil
	})
}

// Reject takes the slot off trial; the next boot is of the old one.
func (e *Engine) Reject(_ context.Context, in ota.Installed) error {
	err := e.change(false, func(s *bootState) error {
		if s.Active == in.Slot {
			return errors.New("the system was confirmed already")
		}
		if s.Trial == in.Slot {
			s.Trial, s.Tries = "", 0
		}
		s.slot(in.Slot).Content = contentBad
		return nil
	})
	return err
}
