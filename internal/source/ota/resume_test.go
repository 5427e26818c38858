package ota

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

// reopen is a restart of the process.
func (b *bench) reopen(o Options) *bench {
	b.t.Helper()
	b.Close()
	o.Dir = b.dirs.base
	return open(b.t, o)
}

func blockInstall(ctx context.Context, _ Image, _ Progress) error { return untilDone(ctx) }

func TestRestartWhileStaging(t *testing.T) {
	eng := &script{verify: func(ctx context.Context, _ Image, _ Progress) (Manifest, error) { return Manifest{}, untilDone(ctx) }}
	u := open(t, Options{Engine: eng, Dir: t.TempDir()})
	if _, err := u.Stage(t.Context(), u.uploaded()); err != nil {
		t.Fatal(err)
	}
	u.until(Verifying)
	u = u.reopen(Options{Engine: &script{}})
	if s := u.Snapshot().State; s.Stage != RolledBack || !strings.Contains(s.LastError, "interrupted by a restart of the updater while verifying") {
		t.Errorf("state %+v", s)
	}
	check(t, "cache", files(t, u.dirs.cache), "")
	check(t, "uploads", files(t, u.dirs.uploads), "it.img")
}

func TestRestartWhileStaged(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	id := u.staged()
	u = u.reopen(Options{Engine: &script{}})
	if err := u.Apply(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	u.until(Complete)

	id = u.staged()
	u.Close()
	u.remove(u.dirs.cached(id))
	u = u.reopen(Options{Engine: &script{}})
	if s := u.Snapshot().State; s.Stage != RolledBack || s.LastError != "the staged image is gone" {
		t.Errorf("state without the image %+v", s)
	}
}

func TestRestartWhileScheduled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := open(t, Options{Engine: &script{}, Dir: t.TempDir(), Window: func(now time.Time) time.Time { return now.Add(time.Hour) }})
		began := time.Now()
		u.applied()
		time.Sleep(20 * time.Minute)
		u = u.reopen(Options{Engine: &script{}})
		u.until(Complete)
		if d := time.Since(began); d != time.Hour {
			t.Errorf("applied after %v", d)
		}
	})
}

func TestOtherEngine(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	u.staged()
	u = u.reopen(Options{Engine: &script{features: Features{Name: "other"}}})
	if s := u.Snapshot().State; s.Stage != RolledBack || !strings.Contains(s.LastError, "begun with the engine script") {
		t.Errorf("state %+v", s)
	}
}

// interruptedInstall leaves an updater that was closed while applying.
func interruptedInstall(t *testing.T) *bench {
	t.Helper()
	u := open(t, Options{Engine: &script{install: blockInstall}, Dir: t.TempDir()})
	u.applied()
	u.until(Applying)
	u.Close()
	return u
}

func TestRestartWhileApplying(t *testing.T) {
	silent := errors.New("no bus")
	for _, test := range []struct {
		name   string
		errs   []error // of Resume, one after the other; the last one stays
		reboot bool
		stage  Stage
		text   string
		after  time.Duration
	}{
		{name: "installed", errs: []error{nil}, stage: Complete},
		{name: "installed, to be restarted", errs: []error{nil}, reboot: true, stage: Rebooting},
		{name: "not installed", errs: []error{ErrNotInstalled}, stage: RolledBack, text: ErrNotInstalled.Error()},
		{name: "answer comes late", errs: []error{silent, silent, nil}, stage: Complete, after: 3 * time.Second},
		{name: "no answer", errs: []error{silent}, stage: RolledBack, text: ErrUncertain.Error(), after: 10 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := interruptedInstall(t)
				began := time.Now()
				eng := &script{reboot: test.reboot}
				eng.resume = func(a Attempt) error {
					if a.Slot != "two" || a.Notes["before"] != "one" {
						t.Errorf("attempt %+v", a)
					}
					err := test.errs[0]
					if len(test.errs) > 1 {
						test.errs = test.errs[1:]
					}
					return err
				}
				u = u.reopen(Options{Engine: eng})
				s := u.until(test.stage)
				if !strings.Contains(s.LastError, test.text) || (test.text == "") != (s.LastError == "") {
					t.Errorf("last error %q", s.LastError)
				}
				if d := time.Since(began); d < test.after || d > test.after+2*time.Minute {
					t.Errorf("took %v", d)
				}
				if strings.Contains(eng.called(), "install") {
					t.Error("it was installed once more")
				}
			})
		})
	}
}

// TestRestartIntoNewSystem has the device lose its power after the slot was
// activated and before that was known here: the new system runs already.
func TestRestartIntoNewSystem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			boot    Boot
			stage   Stage
			reboots int32
		}{{BootNew, Complete, 0}, {BootOld, RolledBack, 0}, {BootPending, Rebooting, 1}} {
			u := interruptedInstall(t)
			var reboots atomic.Int32
			u = u.reopen(Options{
				Engine: &script{reboot: true, booted: func() (Boot, error) { return test.boot, nil }},
				Reboot: func(context.Context) error { reboots.Add(1); return nil },
			})
			s := u.until(test.stage)
			time.Sleep(time.Minute)
			if n := reboots.Load(); n != test.reboots || u.Snapshot().State.Stage != test.stage {
				t.Errorf("%v: %d restarts, %+v", test.boot, n, s)
			}
			u.Close()
		}
	})
}

func TestReboot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reboots atomic.Int32
		opts := Options{Engine: &script{reboot: true}, Dir: t.TempDir(), RebootDelay: 5 * time.Second, Reboot: func(context.Context) error {
			reboots.Add(1)
			return nil
		}}
		u := open(t, opts)
		u.applied()
		u.until(Rebooting)
		check(t, "told", u.told(), lines(untilStaged, "ApplyScheduled", "snapshot applying", "apply_complete true", "snapshot rebooting"))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if reboots.Load() != 1 {
			t.Fatalf("%d restarts", reboots.Load())
		}
		// The process dies before the device does: it must not ask again.
		opts.Engine = &script{booted: func() (Boot, error) { return BootPending, nil }}
		u = u.reopen(opts)
		time.Sleep(time.Hour)
		synctest.Wait()
		if s := u.Snapshot().State; s.Stage != Rebooting || reboots.Load() != 1 {
			t.Errorf("%d restarts, state %+v", reboots.Load(), s)
		}
		// The device comes up with the new system.
		began := time.Now()
		booted, answer := bootNewLater()
		eng := &script{booted: booted}
		opts.Engine, opts.ConfirmAfter = eng, time.Minute
		u = u.reopen(opts)
		answer()
		u.until(Complete)
		check(t, "told", u.told(), lines("progress 50 the new system runs and is being watched", "snapshot complete"))
		if d := time.Since(began); d != time.Minute || eng.called() != "booted confirm" {
			t.Errorf("called %s after %v", eng.called(), d)
		}
	})
}

// TestRebootRefused has the device not restart.
func TestRebootRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := open(t, Options{Engine: &script{reboot: true}, Dir: t.TempDir(), Reboot: func(context.Context) error { return errors.New("not allowed") }})
		u.applied()
		u.until(Rebooting)
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := u.Snapshot().State; s.Stage != Rebooting || s.LastError != "cannot restart the device: not allowed" {
			t.Errorf("state %+v", s)
		}
	})
}

// rebooting leaves an updater that was closed while the device restarts.
func rebooting(t *testing.T) *bench {
	t.Helper()
	u := open(t, Options{Engine: &script{reboot: true}, Dir: t.TempDir()})
	u.applied()
	u.until(Rebooting)
	u.Close()
	return u
}

// bootNewLater has an engine say that the new system runs once answer is called:
// after the test has subscribed, which it can do only when the updater runs.
func bootNewLater() (booted func() (Boot, error), answer func()) {
	answered := make(chan struct{})
	return func() (Boot, error) { <-answered; return BootNew, nil }, func() { close(answered) }
}

func TestBootedOld(t *testing.T) {
	u := rebooting(t).reopen(Options{Engine: &script{booted: func() (Boot, error) { return BootOld, nil }}})
	s := u.until(RolledBack)
	if !strings.Contains(s.LastError, "gone back") {
		t.Errorf("state %+v", s)
	}
}

func TestUnhealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reboots atomic.Int32
		booted, answer := bootNewLater()
		eng := &script{booted: booted}
		u := rebooting(t).reopen(Options{
			Engine: eng, Health: func(context.Context) error { return errors.New("no camera") },
			Reboot: func(context.Context) error { reboots.Add(1); return nil },
		})
		answer()
		u.until(RolledBack)
		check(t, "told", u.told(), lines("progress 50 the new system runs and is being watched",
			"rollback the new system is not healthy: no camera", "snapshot rolled_back"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if reboots.Load() != 1 || eng.called() != "booted reject" {
			t.Errorf("%d restarts, called %s", reboots.Load(), eng.called())
		}
	})
}

// TestConfirmLater has the engine fail to confirm at first.
func TestConfirmLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		eng := &script{confirm: func() error {
			if tries++; tries < 4 {
				return errors.New("read-only file system")
			}
			return nil
		}}
		u := rebooting(t).reopen(Options{Engine: eng})
		time.Sleep(DefaultConfirmAfter)
		synctest.Wait()
		if s := u.Snapshot().State; s.Stage != Rebooting {
			t.Errorf("state %+v", s)
		}
		u.until(Complete)
	})
}

// TestCancelWhileAsking cancels when the engine does not tell yet what became of
// an installation, which may have succeeded.
func TestCancelWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Bool
		eng := &script{features: Features{CancelInstall: true}, resume: func(Attempt) error {
			if !told.Load() {
				return errors.New("no bus")
			}
			return nil
		}}
		u := interruptedInstall(t).reopen(Options{Engine: eng})
		synctest.Wait()
		if err := u.Cancel(t.Context(), uuid.Nil, ""); !errors.Is(err, ErrCannotCancel) {
			t.Errorf("cancel: %v", err)
		}
		told.Store(true)
		u.until(Complete)
	})
}
