package rauc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// errVanished says that the service died.
var errVanished = errors.New("the rauc service vanished during the installation")

// listen subscribes to what is told of an installation. The channel is closed
// with the connection.
func (c *client) listen(ctx context.Context) (<-chan *dbus.Signal, error) {
	signals := make(chan *dbus.Signal, 64)
	c.bus.Signal(signals)
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(service), dbus.WithMatchInterface(installer)},
		{dbus.WithMatchSender(service), dbus.WithMatchInterface("org.freedesktop.DBus.Properties"), dbus.WithMatchObjectPath(root)},
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, service)},
	} {
		if err := c.bus.AddMatchSignalContext(ctx, match...); err != nil {
			return nil, fmt.Errorf("rauc: listen: %w", err)
		}
	}
	return signals, nil
}

// Install has RAUC install a bundle, waits for the result, and reads the slots
// back. When ctx is done it stops waiting, and RAUC goes on.
func (e *Engine) Install(ctx context.Context, img ota.Image, a ota.Attempt, report ota.Progress) (ota.Installed, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return ota.Installed{}, err
	}
	defer c.close()
	signals, err := c.listen(ctx)
	if err != nil {
		return ota.Installed{}, err
	}
	if err := c.idle(ctx); err != nil {
		return ota.Installed{}, err
	}
	callCtx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	call := c.service.CallWithContext(callCtx, installer+".InstallBundle", 0, img.Path, map[string]dbus.Variant{})
	if err := told("InstallBundle", call.Err, func() error { return nil }); err != nil {
		return ota.Installed{}, err
	}
	// What was sent before the answer belongs to somebody else's installation.
	err = c.await(ctx, signals, call.ResponseSequence, report)
	if err == nil {
		var in ota.Installed
		if in, err = c.readBack(ctx, a, false); err == nil {
			return in, nil
		}
	}
	if ctx.Err() != nil {
		return ota.Installed{}, context.Cause(ctx)
	}
	return ota.Installed{}, e.undo(ctx, a, err)
}

// await waits for the result of the installation. It returns nil only after
// Completed(0).
func (c *client) await(ctx context.Context, signals <-chan *dbus.Signal, after dbus.Sequence, report ota.Progress) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case s, ok := <-signals:
			if !ok {
				return errors.New("the connection to the system bus was lost during the installation")
			}
			if s.Sequence <= after {
				continue
			}
			done, err := c.handle(ctx, s, report)
			if done || err != nil {
				return err
			}
		}
	}
}

// handle takes a signal and tells whether the installation has ended.
func (c *client) handle(ctx context.Context, s *dbus.Signal, report ota.Progress) (done bool, err error) {
	switch s.Name {
	case "org.freedesktop.DBus.NameOwnerChanged":
		if gone(s.Body) {
			return true, errVanished
		}
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		if percent, text, ok := progressIn(s.Body); ok {
			report(min(percent, 99), text) // 100 is said of failures too
		}
	case installer + ".Completed":
		code, ok := result(s.Body)
		switch {
		case !ok:
			return true, errors.New("rauc: Completed without a result")
		case code == 0:
			return true, nil
		}
		return true, c.lastError(ctx, code)
	}
	return false, nil
}

// gone reads the arguments of NameOwnerChanged: name, old and new owner.
func gone(body []any) bool {
	if len(body) != 3 {
		return false
	}
	name, _ := body[0].(string)
	old, _ := body[1].(string)
	return name == service && old != ""
}

// result reads the argument of Completed.
func result(body []any) (int32, bool) {
	if len(body) != 1 {
		return 0, false
	}
	code, ok := body[0].(int32)
	return code, ok
}

// progressIn finds Progress, of type (isi), in the arguments of
// PropertiesChanged.
func progressIn(body []any) (percent int, text string, ok bool) {
	if len(body) < 2 {
		return 0, "", false
	}
	changed, _ := body[1].(map[string]dbus.Variant)
	fields, _ := changed["Progress"].Value().([]any)
	if len(fields) != 3 {
		return 0, "", false
	}
	p, isInt := fields[0].(int32)
	text, isText := fields[1].(string)
	return int(p), text, isInt && isText
}

// lastError is RAUC's own text of why it failed.
func (c *client) lastError(ctx context.Context, code int32) error {
	var text string
	if err := c.property(ctx, "LastError", &text); err != nil || text == "" {
		return fmt.Errorf("rauc: installation failed with result %d", code)
	}
	return fmt.Errorf("rauc: %s", text)
}

// readBack looks whether the slots show the installation, and activates the new
// one where RAUC was told not to.
func (c *client) readBack(ctx context.Context, a ota.Attempt, strict bool) (ota.Installed, error) {
	for second := false; ; second = true {
		st, err := c.status(ctx)
		if err != nil {
			return ota.Installed{}, fmt.Errorf("read slots back: %w", err)
		}
		in, activate, err := prove(a, st, strict)
		switch {
		case err != nil:
			return ota.Installed{}, fmt.Errorf("rauc reported success, but %w", err)
		case activate == "":
			return in, nil
		case second:
			return ota.Installed{}, fmt.Errorf("rauc reported success, but slot %s is not the one to be booted", activate)
		}
		if err := c.mark(ctx, "active", activate); err != nil {
			return ota.Installed{}, err
		}
	}
}

// mark sets the state of a slot: good, bad or active; slot may be booted or
// other.
func (c *client) mark(ctx context.Context, state, slot string) error {
	var name, message string
	return c.call(ctx, "Mark", []any{state, slot}, &name, &message)
}

// undo makes the device boot what it would have booted before, if a failed
// installation has changed that. It returns why the installation failed, and
// what could not be undone.
func (e *Engine) undo(ctx context.Context, a ota.Attempt, failed error) error {
	ctx, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	tick := time.NewTicker(e.patience / 50)
	defer tick.Stop()
	for {
		err := e.restorePrimary(ctx, a.Notes[notePrimary])
		if err == nil {
			return failed
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w; %w: %w", failed, ota.ErrUncertain, err)
		}
	}
}

func (e *Engine) restorePrimary(ctx context.Context, was string) error {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	var now string
	if err := c.call(ctx, "GetPrimary", nil, &now); err != nil {
		return err
	}
	if now == was || was == "" {
		return nil
	}
	e.log.Warn("activating the slot that was to be booted before the installation", "slot", was, "instead_of", now)
	return c.mark(ctx, "active", was)
}
