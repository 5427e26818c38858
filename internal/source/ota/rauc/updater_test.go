package rauc

import (
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/testkit/raucbus"
	"github.com/heliograph/heliograph/internal/topic"
)

// updating is an updater with RAUC.
type updating struct {
	*device
	*ota.Updater
	sub *topic.Subscription[ota.Event]
	dir string
}

func newUpdating(t *testing.T) *updating {
	u := &updating{device: newDevice(t), dir: t.TempDir()}
	u.open()
	t.Cleanup(func() { u.Updater.Close() })
	return u
}

func (u *updating) open() {
	u.t.Helper()
	up, err := ota.Open(ota.Options{Engine: u.Engine, Dir: u.dir, ConfirmAfter: -1})
	if err == nil {
		u.Updater = up
		_, u.sub, err = up.Subscribe(nil)
	}
	if err != nil {
		u.t.Fatal(err)
	}
}

// reopen is a restart of the process, with act in between.
func (u *updating) reopen(act func()) {
	u.t.Helper()
	u.Updater.Close()
	act()
	u.open()
}

func (u *updating) apply(b raucbus.Bundle) (uuid.UUID, error) {
	u.t.Helper()
	f, err := os.Open(u.Make(b))
	if err != nil {
		u.t.Fatal(err)
	}
	defer f.Close()
	up, err := u.Upload(u.t.Context(), f, ota.UploadRequest{Filename: "a.raucb", SizeBytes: -1})
	if err != nil {
		u.t.Fatal(err)
	}
	if !b.Untrusted && up.Version == "" {
		u.t.Errorf("uploaded %+v", up)
	}
	return u.ApplyImage(u.t.Context(), ota.ImageRequest{URL: up.URL})
}

func (u *updating) until(stage ota.Stage) *ota.State {
	u.t.Helper()
	var s *ota.State
	raucbus.Poll(u.t, "the update to be "+string(stage), func() bool {
		s = u.Snapshot().State
		return s != nil && s.Stage == stage
	})
	return s
}

// kinds returns the messages so far, without progress.
func (u *updating) kinds() string {
	u.t.Helper()
	var out []string
	for {
		var one [1]topic.Item[ota.Event]
		n, err := u.sub.Fill(one[:])
		if err != nil {
			u.t.Fatal(err)
		}
		if n == 0 {
			return strings.Join(out, " ")
		}
		switch e := one[0].Event.Value.(type) {
		case ota.Snapshot:
			out = append(out, string(e.State.Stage))
		case ota.StageComplete:
			out = append(out, "stage_complete")
		case ota.ApplyScheduled:
			out = append(out, "apply_scheduled")
		case ota.ApplyComplete:
			out = append(out, "apply_complete")
		case ota.RollbackTriggered:
			out = append(out, "rollback_triggered")
		}
	}
}

const untilApplying = "downloading verifying stage_complete awaiting_window apply_scheduled applying "

func TestUpdaterComplete(t *testing.T) {
	u := newUpdating(t)
	if _, err := u.apply(raucbus.Bundle{Version: "9"}); err != nil {
		t.Fatal(err)
	}
	u.until(ota.Rebooting)
	if got, want := u.kinds(), untilApplying+"apply_complete rebooting"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	u.reopen(func() {})
	if s := u.Snapshot().State; s.Stage != ota.Rebooting {
		t.Errorf("after a restart of the process: %+v", s)
	}
	u.reopen(u.restart)
	if s := u.until(ota.Complete); s.Version != "9" || s.LastError != "" {
		t.Errorf("state %+v", s)
	}
}

func TestUpdaterRefused(t *testing.T) {
	u := newUpdating(t)
	for _, test := range []struct {
		bundle raucbus.Bundle
		text   string
	}{
		{raucbus.Bundle{Untrusted: true}, "RAUC does not accept the bundle, for its signature"},
		{raucbus.Bundle{Compatible: "toaster"}, "Compatible mismatch"},
	} {
		if _, err := u.apply(test.bundle); err == nil || !strings.Contains(err.Error(), test.text) {
			t.Errorf("apply: %v", err)
		}
		if s := u.until(ota.RolledBack); !strings.Contains(s.LastError, test.text) {
			t.Errorf("state %+v", s)
		}
		if got, want := u.kinds(), "downloading verifying rollback_triggered rolled_back"; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	}
}

// TestUpdaterKilled kills the service while it installs.
func TestUpdaterKilled(t *testing.T) {
	u := newUpdating(t)
	held := u.Hold("post-install")
	if _, err := u.apply(raucbus.Bundle{}); err != nil {
		t.Fatal(err)
	}
	held()
	u.KillService()
	u.StartService()
	if s := u.until(ota.RolledBack); !strings.Contains(s.LastError, "vanished") {
		t.Errorf("state %+v", s)
	}
	if got, want := u.kinds(), untilApplying+"rollback_triggered rolled_back"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}
	if u.BootName() != "A" {
		t.Error("the device would boot the new system")
	}
}

// TestBothKilled has this process and then the service die while it installs.
func TestBothKilled(t *testing.T) {
	u := newUpdating(t)
	held := u.Hold("post-install")
	if _, err := u.apply(raucbus.Bundle{}); err != nil {
		t.Fatal(err)
	}
	held()
	u.reopen(func() {
		u.KillService()
		u.StartService()
	})
	if s := u.until(ota.RolledBack); !strings.Contains(s.LastError, "vanished") {
		t.Errorf("state %+v", s)
	}
	if u.BootName() != "A" {
		t.Error("the device would boot the new system")
	}
}

// TestUpdaterRejoins closes the updater while RAUC installs.
func TestUpdaterRejoins(t *testing.T) {
	u := newUpdating(t)
	held := u.Hold("pre-install")
	if _, err := u.apply(raucbus.Bundle{}); err != nil {
		t.Fatal(err)
	}
	held()
	if err := u.Cancel(t.Context(), uuid.Nil, ""); err == nil || !strings.Contains(err.Error(), "rauc cannot stop an installation") {
		t.Errorf("cancel: %v", err)
	}
	u.reopen(u.Release)
	u.until(ota.Rebooting)
	u.reopen(u.restart)
	u.until(ota.Complete)
}

// TestUpdaterBusy has RAUC install for somebody else.
func TestUpdaterBusy(t *testing.T) {
	u := newUpdating(t)
	held := u.Hold("pre-install")
	result := u.begin(u.Make(raucbus.Bundle{}))
	held()
	if _, err := u.apply(raucbus.Bundle{Untrusted: true}); err == nil || !strings.Contains(err.Error(), "Already processing a different method") {
		t.Errorf("apply: %v", err)
	}
	u.until(ota.RolledBack)
	u.Release()
	if r := <-result; r.err != nil {
		t.Error(r.err)
	}
	if u.BootName() != "B" {
		t.Error("the installation of somebody else was undone")
	}
}
