package simulated

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota"
)

func TestSimulated(t *testing.T) {
	for _, test := range []struct {
		image   string
		version string
		stage   ota.Stage
		took    time.Duration
	}{
		{"version=1.5\nand more", "1.5", ota.Complete, 12 * time.Second},
		{FailPrefix + "\nversion=2", "2", ota.RolledBack, 8 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			u, err := ota.Open(ota.Options{Engine: New(Options{}), Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			_, sub, err := u.Subscribe(nil)
			if err != nil {
				t.Fatal(err)
			}
			up, err := u.Upload(t.Context(), strings.NewReader(test.image), ota.UploadRequest{SizeBytes: -1})
			if err != nil || up.Version != test.version {
				t.Fatalf("%+v, %v", up, err)
			}
			began := time.Now()
			if _, err := u.ApplyImage(t.Context(), ota.ImageRequest{URL: up.URL}); err != nil {
				t.Fatal(err)
			}
			for {
				item, err := sub.Next(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if p, ok := item.Event.Value.(ota.StageProgress); ok && p.Detail != "reading" && !strings.HasPrefix(p.Detail, "simulated: ") {
					t.Errorf("%+v does not say that it is simulated", p)
				}
				if s, ok := item.Event.Value.(ota.Snapshot); ok && s.State.Stage.Final() {
					if s.State.Stage != test.stage || !s.State.Simulated || time.Since(began) != test.took {
						t.Errorf("state %+v after %v", s.State, time.Since(began))
					}
					break
				}
			}
			slots, err := u.Slots(t.Context())
			if err != nil || (slots[1].Booted && slots[1].Version == test.version) != (test.stage == ota.Complete) {
				t.Errorf("slots %+v, %v", slots, err)
			}
		})
	}
}

// TestInterrupted has the updater restarted while the engine pretends.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		u, err := ota.Open(ota.Options{Engine: New(Options{}), Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		up, err := u.Upload(t.Context(), strings.NewReader("x"), ota.UploadRequest{SizeBytes: -1})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := u.ApplyImage(t.Context(), ota.ImageRequest{URL: up.URL}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		u.Close()
		if u, err = ota.Open(ota.Options{Engine: New(Options{}), Dir: dir}); err != nil {
			t.Fatal(err)
		}
		defer u.Close()
		synctest.Wait()
		if s := u.Snapshot().State; s.Stage != ota.RolledBack || s.UpdateID == uuid.Nil {
			t.Errorf("state %+v", s)
		}
	})
}
