package ota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// job is the work on an update that runs in a goroutine: staging, applying, or
// what follows a restart.
type job struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
	// asks says that the job finds out what has happened already, which
	// cancelling would not change.
	asks bool
}

// startLocked runs a job. The one before has nothing left to do by then.
func (u *Updater) startLocked(run func(ctx context.Context)) {
	ctx, cancel := context.WithCancelCause(u.ctx)
	j := &job{cancel: cancel, done: make(chan struct{})}
	u.job = j
	u.jobs.Go(func() {
		defer close(j.done)
		defer cancel(nil)
		run(ctx)
	})
}

// move takes the update to a stage: it stores the new state, and then tells
// first and a snapshot. When ctx is done, or the state cannot be stored, nothing
// has changed and nothing is told.
func (u *Updater) move(ctx context.Context, to Stage, change func(*update), first ...Event) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	next := u.nextLocked(to, change)
	if err := u.storeLocked(next); err != nil {
		return err
	}
	u.tellLocked(next, first...)
	return nil
}

// settleLocked is move for results that are true whether they can be stored or
// not: at the next start, the engine is asked once more.
func (u *Updater) settleLocked(to Stage, change func(*update), first ...Event) {
	next := u.nextLocked(to, change)
	if err := u.storeLocked(next); err != nil {
		u.log.Warn("update state not stored", "update", next.Current.State.UpdateID, "stage", to, "err", err)
	}
	u.tellLocked(next, first...)
}

func (u *Updater) nextLocked(to Stage, change func(*update)) record {
	c := *u.rec.Current
	c.State.Stage = to
	c.State.Artifacts = slices.Clone(c.State.Artifacts)
	if change != nil {
		change(&c)
	}
	next := record{Current: &c, History: u.rec.History}
	if to.Final() {
		c.State.FinishedAt = time.Now().UTC()
		next.History = append(slices.Clone(u.rec.History), c.State)
		next.History = next.History[max(0, len(next.History)-maxHistory):]
	}
	return next
}

// tellLocked puts a state in force and publishes it.
func (u *Updater) tellLocked(next record, first ...Event) {
	u.rec = next
	switch next.Current.State.Stage {
	case AwaitingWindow, RolledBack:
		u.percent = -1
	case Complete:
		u.percent = 100
	default:
		u.percent = 0
	}
	u.detail = ""
	for _, e := range first {
		u.events.Publish(e)
	}
	u.events.Publish(u.snapshotLocked())
	u.wakeLocked()
	s := next.Current.State
	u.log.Info("update changed stage", "update", s.UpdateID, "stage", s.Stage, "last_error", s.LastError)
}

func (u *Updater) wakeLocked() {
	close(u.changed)
	u.changed = make(chan struct{})
}

// progress returns what takes the progress of a stage. It passes on what is new,
// and never less than before.
func (u *Updater) progress(of Stage) Progress {
	return func(percent int, detail string) {
		u.mu.Lock()
		defer u.mu.Unlock()
		c := u.rec.Current
		if c == nil || c.State.Stage != of {
			return
		}
		percent = max(u.percent, min(percent, 100), 0)
		if percent == u.percent && (detail == "" || detail == u.detail) {
			return
		}
		u.percent = percent
		if detail != "" {
			u.detail = detail
		}
		u.events.Publish(StageProgress{UpdateID: c.State.UpdateID, Percent: uint8(percent), Detail: u.detail})
	}
}

// fail ends the update as rolled back, unless the updater is being closed: then
// the next start deals with it.
func (u *Updater) fail(ctx context.Context, err error) {
	if u.ctx.Err() != nil {
		return
	}
	if cause := context.Cause(ctx); errors.Is(cause, ErrCanceled) && errors.Is(err, context.Canceled) {
		err = cause
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.rollBackLocked(err)
}

func (u *Updater) rollBackLocked(err error) {
	c := u.rec.Current
	reason := plain(err)
	u.settleLocked(RolledBack, func(c *update) { c.State.LastError, c.failure = reason, err },
		RollbackTriggered{UpdateID: c.State.UpdateID, Reason: reason})
	u.dropCached(c.State.UpdateID)
}

// plain is the text of an error without control characters and of bounded
// length: engines quote what others wrote.
func plain(err error) string { return plainText(err.Error()) }

func plainText(s string) string {
	const most = 1000
	text := []rune(s)
	for i, r := range text {
		if r < ' ' || r == 0x7f {
			text[i] = ' '
		}
	}
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}

// sleep waits. It returns ctx's cause if ctx is done before.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// interrupted is why an update that was being staged has failed.
func interrupted(s Stage) error {
	return fmt.Errorf("interrupted by a restart of the updater while %s", s)
}
