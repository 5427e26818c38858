package ota

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// Apply orders the staged update to be applied when the window opens, and
// returns when that is scheduled. Errors: [ErrNoUpdate], [ErrUnknownUpdate],
// [ErrBusy] (not staged yet, or ordered before), a [*NotReadyError] with the
// report, and those of the engine; the update then stays as it is.
func (u *Updater) Apply(ctx context.Context, id uuid.UUID, requestedBy string) error {
	u.mu.Lock()
	c, err := u.applicableLocked(id)
	u.mu.Unlock()
	if err != nil {
		return err
	}
	report, err := u.preflight(ctx, u.image(c), false)
	if err != nil {
		return err
	}
	if !report.Ready {
		return &NotReadyError{UpdateID: id, Report: report}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if c, err = u.applicableLocked(id); err != nil { // as it is now
		return err
	}
	now := time.Now()
	at := u.opts.Window(now)
	if at.Before(now) {
		at = now
	}
	up := *c
	up.State.ApplyAt, up.State.AppliedBy = at.UTC(), requestedBy
	next := record{Current: &up, History: u.rec.History}
	if err := u.storeLocked(next); err != nil {
		return err
	}
	u.rec = next
	u.scheduleLocked()
	return nil
}

// ApplyImage stages an image, waits for it, and applies it. Its errors are those
// of Stage, AwaitStaged and Apply; the id is that of the update as soon as there
// is one, also with an error. When ctx is done before the image is staged, the
// staging goes on.
func (u *Updater) ApplyImage(ctx context.Context, req ImageRequest) (uuid.UUID, error) {
	id, err := u.Stage(ctx, req)
	if err != nil {
		return uuid.Nil, err
	}
	if err := u.AwaitStaged(ctx, id); err != nil {
		return id, err
	}
	return id, u.Apply(ctx, id, req.RequestedBy)
}

func (u *Updater) applicableLocked(id uuid.UUID) (*update, error) {
	c, err := u.stagedLocked(id)
	if err == nil && !c.State.ApplyAt.IsZero() {
		return nil, fmt.Errorf("%w: update %s is already scheduled", ErrBusy, id)
	}
	return c, err
}

// scheduleLocked tells when the update is applied, and sees to it.
func (u *Updater) scheduleLocked() {
	c := *u.rec.Current
	u.events.Publish(ApplyScheduled{UpdateID: c.State.UpdateID, ETA: c.State.ApplyAt})
	u.startLocked(func(ctx context.Context) {
		if err := sleep(ctx, time.Until(c.State.ApplyAt)); err != nil {
			u.fail(ctx, err)
			return
		}
		u.apply(ctx, u.image(&c))
	})
}

// apply is the job of the stage of the same name.
func (u *Updater) apply(ctx context.Context, img Image) {
	attempt, err := u.engine.Begin(ctx, img)
	if err == nil {
		// From here on, the next start asks the engine what became of it.
		err = u.move(ctx, Applying, func(c *update) { c.Attempt = &attempt })
	}
	if err != nil {
		u.fail(ctx, err)
		return
	}
	in, err := u.engine.Install(ctx, img, attempt, u.progress(Applying))
	if err != nil {
		u.fail(ctx, err)
		return
	}
	u.applied(in, u.reboot)
}

// applied tells that an installation was proven, and if it takes a restart of the
// device, goes on with then.
func (u *Updater) applied(in Installed, then func(ctx context.Context)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	to := Complete
	if in.RebootRequired {
		to = Rebooting
	}
	u.settleLocked(to, func(c *update) { c.Installed = &in },
		ApplyComplete{UpdateID: u.rec.Current.State.UpdateID, RebootRequired: in.RebootRequired})
	u.discardLocked()
	if in.RebootRequired {
		u.startLocked(then)
	}
}

// discardLocked removes the image that was applied.
func (u *Updater) discardLocked() {
	c := u.rec.Current
	if c.DeleteImage && c.Upload != "" {
		u.remove(u.dirs.uploads + "/" + c.Upload)
	}
	u.dropCached(c.State.UpdateID)
}

// reboot restarts the device once.
func (u *Updater) reboot(ctx context.Context) {
	if u.opts.Reboot == nil {
		u.progress(Rebooting)(0, "the device must be restarted")
		return
	}
	if sleep(ctx, u.opts.RebootDelay) != nil {
		return // the updater is being closed; the next one sees to it
	}
	u.mu.Lock()
	c := *u.rec.Current
	c.RebootAsked = true
	next := record{Current: &c, History: u.rec.History}
	err := u.storeLocked(next)
	if err == nil {
		u.rec = next
	}
	u.mu.Unlock()
	if err == nil {
		u.log.Info("restarting the device", "update", c.State.UpdateID)
		err = u.opts.Reboot(ctx)
	}
	if err != nil && ctx.Err() == nil {
		u.log.Warn("cannot restart the device", "err", err)
		u.note(c.State.UpdateID, fmt.Errorf("cannot restart the device: %w", err))
	}
}

// note tells of an error that does not end the stage.
func (u *Updater) note(id uuid.UUID, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	c := *u.rec.Current
	if c.State.UpdateID != id {
		return
	}
	c.State.LastError = plain(err)
	u.rec = record{Current: &c, History: u.rec.History}
	u.events.Publish(u.snapshotLocked())
}

// Cancel gives up the update, and returns when it is rolled back. id may be
// uuid.Nil, which means whichever there is. Errors: [ErrNoUpdate],
// [ErrUnknownUpdate], [ErrCannotCancel] once the slot is activated, or once
// the engine has begun where it cannot be stopped (see Features), and ctx's
// cause; the update is then canceled as soon as its work stops.
func (u *Updater) Cancel(ctx context.Context, id uuid.UUID, requestedBy string) error {
	u.mu.Lock()
	j, c, err := u.cancelLocked(id, canceledBy(ctx, requestedBy))
	u.mu.Unlock()
	if err != nil || j == nil {
		return err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if now := u.rec.Current; now.State.UpdateID == c && now.State.Stage != RolledBack {
		return fmt.Errorf("%w: it is %s", ErrCannotCancel, now.State.Stage)
	}
	return nil
}

// cancelLocked stops the job of the update and returns it, or rolls back at once
// if there is none.
func (u *Updater) cancelLocked(id uuid.UUID, cause error) (*job, uuid.UUID, error) {
	c := u.rec.Current
	switch {
	case u.closed:
		return nil, uuid.Nil, ErrClosed
	case c == nil || c.State.Stage.Final():
		return nil, uuid.Nil, ErrNoUpdate
	case id != uuid.Nil && id != c.State.UpdateID:
		return nil, uuid.Nil, ErrUnknownUpdate
	}
	id = c.State.UpdateID
	switch s := c.State.Stage; {
	case s == Rebooting:
		return nil, id, fmt.Errorf("%w: it is applied and waits for a restart", ErrCannotCancel)
	case s == Applying && u.job.asks:
		return nil, id, fmt.Errorf("%w: it is being found out what became of it", ErrCannotCancel)
	case s == Applying && !u.engine.Features().CancelInstall:
		return nil, id, fmt.Errorf("%w: %s cannot stop an installation", ErrCannotCancel, u.engine.Features().Name)
	case s == AwaitingWindow && c.State.ApplyAt.IsZero():
		u.rollBackLocked(cause)
		return nil, id, nil
	}
	u.job.cancel(cause)
	return u.job, id, nil
}

// isCancel tells whether an error is that of a context that was done.
func isCancel(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, ErrCanceled)
}
