package ota

import (
	"os"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// The state survives kill -9: what is staged stays staged, and can be applied.
func TestStagedUpdateSurvives(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	id := stage(t, b.Device, up.ImageURL)
	before := until(t, b.Device, wire.StageAwaitingWindow)
	b.restart()
	s := watch(t, b.Device)
	if s.id != id || s.stage != wire.StageAwaitingWindow || !s.last.StartedAt.Equal(*before.StartedAt) {
		t.Errorf("after a crash: %+v", s.last)
	}
	if st := state(t, b.Device); st.CacheUsageBytes != up.SizeBytes || st.Storage.Uploads.UsageBytes != up.SizeBytes {
		t.Errorf("cache %d, uploads %+v", st.CacheUsageBytes, st.Storage.Uploads)
	}
	apply(t, b.Device, id)
	s.until(wire.StageRebooting)
	s.wantTold("apply_scheduled applying apply_complete rebooting")
}

// What was on its way when the server was killed has failed, and is never
// complete: the simulated engine remembers nothing.
func TestKilledOnTheWay(t *testing.T) {
	t.Parallel()
	for _, at := range []string{wire.StageVerifying, wire.StageApplying} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			opts := device.Options{Args: []string{"--simulate", "ota"}, StateDir: t.TempDir() + "/state"}
			d := device.Start(t, opts)
			id := stage(t, d, uploaded(t, d, []byte("version=2\n")).ImageURL)
			if at == wire.StageApplying {
				until(t, d, wire.StageAwaitingWindow)
				apply(t, d, id)
			}
			until(t, d, at)
			d.Kill()
			d = device.Start(t, opts)
			gone := until(t, d, wire.StageRolledBack, wire.StageComplete)
			if gone.Stage != wire.StageRolledBack || gone.UpdateID != id || !strings.Contains(*gone.LastError, "interrupted") {
				t.Errorf("got %+v", gone)
			}
			if st := state(t, d); st.CacheUsageBytes != 0 || st.Storage.Uploads.UsageBytes == 0 {
				t.Errorf("cache %d, uploads %+v", st.CacheUsageBytes, st.Storage.Uploads)
			}
		})
	}
}

// A state that is damaged is put aside: nothing is known then, and nothing is
// claimed.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	stage(t, b.Device, uploaded(t, b.Device, bundle{version: "1"}.make(t)).ImageURL)
	until(t, b.Device, wire.StageAwaitingWindow)
	b.Kill()
	path := b.StateDir + "/ota/state"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data[:len(data)/2])
	b.start()
	if st := state(t, b.Device); st.State != nil || st.CacheUsageBytes != 0 {
		t.Errorf("claims %+v, cache %d", st.State, st.CacheUsageBytes)
	}
}
