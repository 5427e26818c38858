package ota

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func slotsOf(t *testing.T, d *device.Device) wire.OtaSlots {
	t.Helper()
	return read[wire.OtaSlots](t, d.Get("/v1/ota/slots"), http.StatusOK)
}

func history(t *testing.T, d *device.Device) []wire.OtaEndedUpdate {
	t.Helper()
	return read[wire.OtaHistory](t, d.Get("/v1/ota/history"), http.StatusOK).Updates
}

// Our own addition: the slots, and the updates that have ended. Both outlive a
// restart of the device.
func TestSlotsAndHistory(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	if got := slotsOf(t, b.Device); got.Engine != "slots" || len(got.Slots) != 2 || !got.Slots[0].Booted || !got.Slots[0].Primary || got.Slots[1].Booted {
		t.Errorf("at first: %+v", got)
	}
	if raw := b.Get("/v1/ota/history").Body; strings.TrimSpace(string(raw)) != `{"updates":[]}` {
		t.Errorf("at first: %s", raw)
	}
	canceled := stage(t, b.Device, uploaded(t, b.Device, bundle{version: "1.9"}.make(t)).ImageURL)
	until(t, b.Device, wire.StageAwaitingWindow)
	if len(history(t, b.Device)) != 0 {
		t.Error("an update that has not ended is in the history")
	}
	post[wire.OtaAnswer](t, b.Device, "cancel", object{"requested_by": "me"}, http.StatusOK)

	began := time.Now().Truncate(time.Second)
	id := stage(t, b.Device, uploaded(t, b.Device, bundle{version: "2.5", build: "77"}.make(t)).ImageURL)
	until(t, b.Device, wire.StageAwaitingWindow)
	post[wire.OtaAnswer](t, b.Device, "apply", object{"update_id": id, "requested_by": "a test"}, http.StatusOK)
	until(t, b.Device, wire.StageRebooting)
	if s := slotsOf(t, b.Device).Slots[1]; s.Booted || !s.Primary || s.Health != "trial" || s.Version != "2.5" {
		t.Errorf("before the restart: %+v", s)
	}
	b.reboot()
	until(t, b.Device, wire.StageComplete)

	s := slotsOf(t, b.Device).Slots
	if s[0].Booted || s[0].Primary || !s[1].Booted || !s[1].Primary || s[1].Health != "good" {
		t.Errorf("in the end: %+v", s)
	}
	if s[1].Name != "b" || s[1].Device != b.slotPath("b") || s[1].Version != "2.5" || s[1].SHA256 != sumOf(image("2.5", imageBytes)) ||
		s[1].SizeBytes != imageBytes || s[1].InstalledAt.Before(began) {
		t.Errorf("slot b: %+v", s[1])
	}
	past := history(t, b.Device)
	if len(past) != 2 || past[0].UpdateID != id || past[1].UpdateID != canceled {
		t.Fatalf("history %+v", past)
	}
	if u := past[0]; u.Stage != wire.StageComplete || u.Version != "2.5" || u.BuildID != "77" || u.AppliedBy != "a test" || u.Engine != "slots" || u.Simulated || u.LastError != nil {
		t.Errorf("complete: %+v", u)
	}
	if u := past[1]; u.Stage != wire.StageRolledBack || u.LastError == nil || *u.LastError != "update canceled by me" || u.FinishedAt == nil {
		t.Errorf("canceled: %+v", u)
	}
}

// The list of slots says why it is empty.
func TestSlotsWithoutAnEngine(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Config: "ota: {engine: none}\n"})
	var got struct {
		Engine    string            `json:"engine"`
		Slots     []json.RawMessage `json:"slots"`
		LastError string            `json:"last_error"`
	}
	d.JSON(d.Get("/v1/ota/slots"), &got)
	if got.Engine != "none" || got.Slots == nil || len(got.Slots) != 0 || got.LastError == "" {
		t.Errorf("%+v", got)
	}
}
