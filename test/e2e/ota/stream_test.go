package ota

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 3.9: the snapshot before the first update has a state that is null.
func TestNoUpdateYet(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	m := b.Dial("/v1/ws/ota").Next()
	if string(m.Data) != `{"type":"snapshot","state":null,"cache_usage_bytes":0}` {
		t.Errorf("got %s", m.Data)
	}
}

// 3.9: order and snapshots of an update that goes well, and a restart of the
// device in it. A viewer of the multiplexed socket sees the same, 5.1.
func TestStoryOfAnUpdate(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	s, mux := watch(t, b.Device), watchMultiplexed(t, b.Device)
	id := stage(t, b.Device, up.ImageURL)
	for _, viewer := range []*story{s, mux} {
		staged := viewer.until(wire.StageAwaitingWindow)
		viewer.wantTold(staging)
		if staged.UpdateID != id || staged.StartedAt.IsZero() || !staged.FinishedAt.IsZero() || staged.LastError != "" {
			t.Errorf("staged: %+v", staged)
		}
		if a := staged.Artifacts; len(a) != 1 || a[0].URL != up.ImageURL || a[0].Checksum != "sha256:"+up.SHA256 || *a[0].SizeBytes != up.SizeBytes {
			t.Errorf("artifacts: %+v", a)
		}
	}
	apply(t, b.Device, id)
	for _, viewer := range []*story{s, mux} {
		viewer.until(wire.StageRebooting)
		viewer.wantTold("apply_scheduled applying apply_complete rebooting")
	}
	if b.holds("b") != sumOf(image("1", imageBytes)) || b.holds("a") != sumOf(image("0", imageBytes)) {
		t.Error("the slots do not hold what they should")
	}
	// The device was not restarted yet: it stays so, whatever happens to the server.
	b.restart()
	if now := state(t, b.Device).State; now.Stage != wire.StageRebooting {
		t.Errorf("after a crash: %+v", now)
	}
	if b.reboot() != "b" {
		t.Fatal("the device does not boot the new system")
	}
	done := until(t, b.Device, wire.StageComplete, wire.StageRolledBack)
	if done.Stage != wire.StageComplete || done.UpdateID != id || done.FinishedAt == nil || done.LastError != nil || *done.ProgressPercent != 100 {
		t.Errorf("in the end: %+v", done)
	}
	// 3.9: the first message is how it is, also when nothing happens.
	if late := watch(t, b.Device); late.id != id || late.stage != wire.StageComplete {
		t.Errorf("a late viewer is told %+v", late.last)
	}
}

// watchMultiplexed opens ota.stream on /v1/ws.
func watchMultiplexed(t *testing.T, d *device.Device) *story {
	t.Helper()
	s := d.Dial(device.Multiplexed)
	s.SendJSON(object{"cmd": "ota.stream", "payload": object{}, "sent-at": "2031-02-27T13:46:40.000Z"})
	st := &story{t: t, next: func() []byte {
		var e struct {
			Cmd     string
			Payload json.RawMessage
		}
		if m := s.Next(); json.Unmarshal(m.Data, &e) != nil || e.Cmd != "ota.stream" {
			t.Fatalf("unexpected %s", m.Data)
		}
		return e.Payload
	}}
	st.first()
	return st
}

// 3.9, 9.2: without an updater, an error comes instead of the snapshot, and the
// socket is closed. 7.10: 503.
func TestNoUpdater(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Config: "ota: {engine: none}\n"})
	s := d.Dial("/v1/ws/ota")
	if m := s.Expect("error"); m.Map()["message"] == "" {
		t.Errorf("got %s", m.Data)
	}
	if code, _ := s.WaitClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	url := uploaded(t, d, []byte("x")).ImageURL
	refused(t, "stage", d.Post("/v1/ota/stage", encode(t, object{"image_url": url})), http.StatusServiceUnavailable, "")
	refused(t, "apply", d.Post("/v1/ota/apply", encode(t, object{"image_url": url})), http.StatusServiceUnavailable, "")
	if st := state(t, d); st.State != nil {
		t.Errorf("state %+v", st.State)
	}
}

// 3.9: percent never falls, and there is some: the simulated engine takes its
// time. It needs no restart, so that applying leads to complete. An engine that
// fails leads to rolled_back, never to complete. A cancel leads to rolled_back
// with last_error, whatever the stage.
func TestSimulatedUpdates(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Args: []string{"--simulate", "ota"}})
	s := watch(t, d)

	id := stage(t, d, uploaded(t, d, []byte("version=2\n")).ImageURL)
	s.until(wire.StageVerifying)
	cancelUpdate(t, d, object{"update_id": id, "requested_by": "somebody"})
	gone := s.until(wire.StageRolledBack)
	s.wantTold("downloading verifying rollback_triggered rolled_back")
	if gone.LastError != "update canceled by somebody" || s.reason != gone.LastError || gone.FinishedAt.IsZero() {
		t.Errorf("canceled: %+v, reason %q", gone, s.reason)
	}

	id = stage(t, d, uploaded(t, d, []byte("version=2\n")).ImageURL)
	s.until(wire.StageAwaitingWindow)
	apply(t, d, id)
	s.until(wire.StageApplying)
	cancelUpdate(t, d, object{})
	gone = s.until(wire.StageRolledBack)
	s.wantTold(applying + " rollback_triggered rolled_back")
	if gone.LastError != "update canceled" || gone.UpdateID != id {
		t.Errorf("canceled: %+v", gone)
	}

	id = stage(t, d, uploaded(t, d, []byte("simulate failure")).ImageURL)
	s.until(wire.StageAwaitingWindow)
	apply(t, d, id)
	gone = s.until(wire.StageRolledBack)
	s.wantTold(applying + " rollback_triggered rolled_back")
	if !strings.Contains(gone.LastError, "simulated") || s.percent > 60 {
		t.Errorf("failed: %+v at %d", gone, s.percent)
	}

	id = stage(t, d, uploaded(t, d, []byte("version=2\n")).ImageURL)
	s.until(wire.StageAwaitingWindow)
	apply(t, d, id)
	s.until(wire.StageApplying)
	early := s.percent
	done := s.until(wire.StageComplete)
	s.wantTold(applying + " apply_complete complete")
	if early > 5 || percentOf(done) != 100 || done.UpdateID != id || done.LastError != "" {
		t.Errorf("complete: %+v, after %d", done, early)
	}
}

func cancelUpdate(t *testing.T, d *device.Device, body object) {
	t.Helper()
	if a := post[wire.OtaAnswer](t, d, "cancel", body, http.StatusOK); a.Message != "update canceled" || a.UpdateID == "" {
		t.Errorf("cancel: %+v", a)
	}
}
