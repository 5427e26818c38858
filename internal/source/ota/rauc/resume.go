package rauc

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// Resume finds out what became of an installation; see the package's comment.
func (e *Engine) Resume(ctx context.Context, a ota.Attempt, report ota.Progress) (ota.Installed, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return ota.Installed{}, err
	}
	defer c.close()
	signals, err := c.listen(ctx)
	if err != nil {
		return ota.Installed{}, err
	}
	var operation string
	if err := c.property(ctx, "Operation", &operation); err != nil { // starts the service where it can be
		return ota.Installed{}, err
	}
	boot, err := e.opts.BootID()
	if err != nil {
		return ota.Installed{}, fmt.Errorf("read boot id: %w", err)
	}
	if boot != a.Notes[noteBoot] {
		return e.rebooted(ctx, c, a)
	}
	owner, err := c.owner(ctx)
	if err != nil {
		return ota.Installed{}, err
	}
	if owner != a.Notes[noteOwner] {
		return ota.Installed{}, e.notInstalled(ctx, a, errVanished)
	}
	return e.rejoin(ctx, c, a, signals, operation, report)
}

// rejoin is Resume while the service that installs, or has installed, lives.
func (e *Engine) rejoin(ctx context.Context, c *client, a ota.Attempt, signals <-chan *dbus.Signal, operation string, report ota.Progress) (ota.Installed, error) {
	var err error
	if operation == "installing" {
		report(0, "the installation goes on")
		err = c.await(ctx, signals, dbus.NoSequence, report)
	} else {
		var text string
		if err = c.property(ctx, "LastError", &text); err == nil && text != "" {
			err = fmt.Errorf("rauc: %s", text)
		}
	}
	if err == nil {
		var in ota.Installed
		if in, err = c.readBack(ctx, a, true); err == nil {
			return in, nil
		}
	}
	if ctx.Err() != nil {
		return ota.Installed{}, context.Cause(ctx)
	}
	return ota.Installed{}, e.notInstalled(ctx, a, err)
}

// rebooted is Resume after the device was restarted: what runs is the proof.
func (e *Engine) rebooted(ctx context.Context, c *client, a ota.Attempt) (ota.Installed, error) {
	st, err := c.status(ctx)
	if err != nil {
		return ota.Installed{}, err
	}
	in, _, err := prove(a, st, true)
	if err == nil {
		for _, s := range st.slots {
			if s.Name == in.Slot && s.Booted {
				in.RebootRequired = true
				return in, nil
			}
		}
		err = errors.New("the device was restarted and runs the system it had before")
	}
	return ota.Installed{}, e.notInstalled(ctx, a, err)
}

func (e *Engine) notInstalled(ctx context.Context, a ota.Attempt, why error) error {
	return fmt.Errorf("%w: %w", ota.ErrNotInstalled, e.undo(ctx, a, why))
}

// Booted tells which slot runs.
func (e *Engine) Booted(ctx context.Context, in ota.Installed) (ota.Boot, error) {
	boot, err := e.opts.BootID()
	if err != nil {
		return ota.BootPending, fmt.Errorf("read boot id: %w", err)
	}
	slots, err := e.Slots(ctx)
	if err != nil {
		return ota.BootPending, err
	}
	for _, s := range slots {
		if s.Name == in.Slot && s.Booted {
			return ota.BootNew, nil
		}
	}
	if boot == in.Notes[noteBoot] {
		return ota.BootPending, nil
	}
	return ota.BootOld, nil
}

// Confirm marks the slot that runs as good, and reads that back.
func (e *Engine) Confirm(ctx context.Context, in ota.Installed) error {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.mark(ctx, "good", "booted"); err != nil {
		return err
	}
	st, err := c.status(ctx)
	if err != nil {
		return err
	}
	for _, s := range st.slots {
		if s.Name == in.Slot && s.Booted {
			if s.Health == "bad" {
				return fmt.Errorf("rauc: slot %s stays bad", s.Name)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: slot %s does not run", ota.ErrNotInstalled, in.Slot)
}

// Reject marks the slot as bad and activates the other one.
func (e *Engine) Reject(ctx context.Context, in ota.Installed) error {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.mark(ctx, "bad", in.Slot); err != nil {
		return err
	}
	st, err := c.status(ctx)
	if err != nil || st.primary != in.Slot {
		return err
	}
	return c.mark(ctx, "active", "other")
}
