package ota

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// takeUpLocked goes on with what the process before left.
func (u *Updater) takeUpLocked() {
	c := u.rec.Current
	if c == nil {
		return
	}
	if name := u.engine.Features().Name; !c.State.Stage.Final() && c.State.Engine != name {
		u.rollBackLocked(fmt.Errorf("the update was begun with the engine %s, and %s is configured now", c.State.Engine, name))
		return
	}
	switch c.State.Stage {
	case Downloading, Verifying:
		u.rollBackLocked(interrupted(c.State.Stage))
	case AwaitingWindow:
		if info, err := os.Lstat(u.dirs.cached(c.State.UpdateID)); err != nil || info.Size() != c.SizeBytes {
			u.rollBackLocked(errors.New("the staged image is gone"))
		} else if !c.State.ApplyAt.IsZero() {
			u.scheduleLocked()
		}
	case Applying:
		u.percent = 0
		u.startLocked(u.resume)
		u.job.asks = true
	case Rebooting:
		u.percent = 0
		u.startLocked(u.afterBoot)
	case Complete:
		u.percent = 100
	}
}

// resume asks the engine what became of an installation.
func (u *Updater) resume(ctx context.Context) {
	u.mu.Lock()
	attempt := *u.rec.Current.Attempt
	u.mu.Unlock()
	var in Installed
	err := u.ask(ctx, askPatience, func() (err error) {
		in, err = u.engine.Resume(ctx, attempt, u.progress(Applying))
		return err
	})
	switch {
	case err == nil:
		u.applied(in, u.afterBoot) // the device may have been restarted since
	case errors.Is(err, ErrNotInstalled), isCancel(err):
		u.fail(ctx, err)
	default:
		u.fail(ctx, fmt.Errorf("%w, since the engine does not tell what became of the installation: %w", ErrUncertain, err))
	}
}

// ask calls a function until it succeeds, says that something is not
// installed, or patience (0: none) is over.
func (u *Updater) ask(ctx context.Context, patience time.Duration, f func() error) error {
	began, delay, told := time.Now(), askMin, ""
	for {
		err := f()
		switch {
		case err == nil, errors.Is(err, ErrNotInstalled):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case patience > 0 && time.Since(began) > patience:
			return err
		}
		if text := err.Error(); text != told {
			told = text
			u.log.Warn("engine gives no answer, asking again", "err", err)
			u.mu.Lock()
			stage := u.rec.Current.State.Stage
			u.mu.Unlock()
			u.progress(stage)(0, plain(err))
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		delay = min(2*delay, askMax)
	}
}

// afterBoot finds out which system runs, and keeps or gives up the new one.
func (u *Updater) afterBoot(ctx context.Context) {
	u.mu.Lock()
	in, asked := *u.rec.Current.Installed, u.rec.Current.RebootAsked
	u.mu.Unlock()
	var boot Boot
	err := u.ask(ctx, 0, func() (err error) {
		boot, err = u.engine.Booted(ctx, in)
		return err
	})
	switch {
	case err != nil: // closed, or the engine knows nothing of it any more
		u.fail(ctx, err)
	case boot == BootOld:
		u.fail(ctx, errors.New("the device has gone back to the system it had before"))
	case boot == BootNew:
		u.confirm(ctx, in)
	case !asked:
		u.reboot(ctx)
	default: // asking again and again would be a loop
		u.progress(Rebooting)(0, "the device must be restarted")
	}
}

// confirm keeps the new system if it is healthy.
func (u *Updater) confirm(ctx context.Context, in Installed) {
	u.progress(Rebooting)(50, "the new system runs and is being watched")
	if sleep(ctx, u.opts.ConfirmAfter) != nil {
		return // closed; the next one sees to it
	}
	if u.opts.Health != nil {
		if err := u.opts.Health(ctx); err != nil {
			u.reject(ctx, in, err)
			return
		}
	}
	if err := u.ask(ctx, 0, func() error { return u.engine.Confirm(ctx, in) }); err != nil {
		u.fail(ctx, err)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.settleLocked(Complete, func(c *update) { c.State.LastError = "" })
	u.discardLocked()
}

// reject gives up a new system that is not healthy.
func (u *Updater) reject(ctx context.Context, in Installed, sick error) {
	if ctx.Err() != nil {
		return
	}
	reason := fmt.Errorf("the new system is not healthy: %w", sick)
	if err := u.ask(ctx, 0, func() error { return u.engine.Reject(ctx, in) }); err != nil {
		u.fail(ctx, errors.Join(reason, err))
		return
	}
	u.fail(ctx, reason)
	if u.opts.Reboot == nil || sleep(ctx, u.opts.RebootDelay) != nil {
		return
	}
	if err := u.opts.Reboot(ctx); err != nil && ctx.Err() == nil {
		u.log.Warn("cannot restart the device", "err", err)
		u.note(in.UpdateID, fmt.Errorf("%w; cannot restart the device: %w", reason, err))
	}
}
