package ota

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 7.10: apply with image_url stages first, and answers when the update is
// scheduled. 3.9: the messages are those of both. The image goes after that.
func TestApplyAnImage(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	s := watch(t, b.Device)
	r := b.Post("/v1/ota/apply", encode(t, object{"image_url": up.ImageURL, "requested_by": "a test"}))
	members(t, "the answer", r.Body, "update_id", "message")
	a := read[wire.OtaAnswer](t, r, http.StatusOK)
	if a.Message != "apply scheduled" {
		t.Errorf("got %+v", a)
	}
	now := s.until(wire.StageRebooting)
	s.wantTold(applying + " apply_complete rebooting")
	if now.UpdateID != a.UpdateID {
		t.Errorf("%+v is not %s", now, a.UpdateID)
	}
	nothingKept(t, b.Device)
	if st := state(t, b.Device); st.CacheUsageBytes != 0 {
		t.Errorf("%d bytes are left in the cache", st.CacheUsageBytes)
	}
	// Beyond the point of return.
	refused(t, "cancel", b.Post("/v1/ota/cancel", `{}`), http.StatusBadRequest, "can no longer be canceled")
	if now := state(t, b.Device).State; now.Stage != wire.StageRebooting {
		t.Errorf("after a cancel in vain: %+v", now)
	}
}

// 7.10: exactly one of update_id and image_url; delete_image_after_apply false
// keeps the image; GET /ota/state accounts for the cache.
func TestApplyAStagedUpdate(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	id := post[wire.OtaAnswer](t, b.Device, "stage", object{"image_url": up.ImageURL, "delete_image_after_apply": false}, http.StatusOK).UpdateID
	until(t, b.Device, wire.StageAwaitingWindow)
	exactlyOne(t, b.Device, "apply", id, up.ImageURL)
	if now := state(t, b.Device); now.State.Stage != wire.StageAwaitingWindow || now.CacheUsageBytes != up.SizeBytes || now.Storage.Cache.UsageBytes != up.SizeBytes {
		t.Errorf("staged: %+v, cache %d", now.State, now.CacheUsageBytes)
	}
	if first := parse(t, b.Dial("/v1/ws/ota").Next().Data); *first.CacheUsageBytes != up.SizeBytes {
		t.Errorf("the stream says %d", *first.CacheUsageBytes)
	}
	apply(t, b.Device, id)
	until(t, b.Device, wire.StageRebooting)
	if st := state(t, b.Device); st.CacheUsageBytes != 0 || st.Storage.Uploads.UsageBytes != up.SizeBytes {
		t.Errorf("cache %d, uploads %+v", st.CacheUsageBytes, st.Storage.Uploads)
	}
	refused(t, "once more", b.Post("/v1/ota/apply", encode(t, object{"update_id": id})), http.StatusServiceUnavailable, "under way")
}

// 7.10: 409 with the report when preflight is not ready; the update stays staged.
func TestApplyNotReady(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{oneSlot: true})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	s := watch(t, b.Device)
	r := b.Post("/v1/ota/apply", encode(t, object{"image_url": up.ImageURL}))
	members(t, "the answer", r.Body, "update_id", "error", "preflight")
	got := read[wire.OtaNotReady](t, r, http.StatusConflict)
	if p := got.Preflight; p.Ready || !p.SingleSlot || p.Verdict != "single_slot_disabled" || p.UpdateID != got.UpdateID || p.Summary == "" || got.Error == "" {
		t.Errorf("got %s", r.Body)
	}
	s.until(wire.StageAwaitingWindow)
	s.wantTold(staging)
	again := read[wire.OtaNotReady](t, b.Post("/v1/ota/apply", encode(t, object{"update_id": got.UpdateID})), http.StatusConflict)
	if again.UpdateID != got.UpdateID || state(t, b.Device).State.Stage != wire.StageAwaitingWindow {
		t.Errorf("again: %+v", again)
	}
}

// 7.10: what cannot be canceled; 3.9: what can be is rolled back.
func TestCancel(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	refused(t, "nothing", b.Post("/v1/ota/cancel", `{}`), http.StatusBadRequest, "no staged update is active")
	refused(t, "no body", b.Post("/v1/ota/cancel", ``), http.StatusBadRequest, "no staged update is active")
	refused(t, "no id", b.Post("/v1/ota/cancel", `{"update_id":"x"}`), http.StatusBadRequest, "invalid update_id")
	s := watch(t, b.Device)
	id := stage(t, b.Device, uploaded(t, b.Device, bundle{version: "1"}.make(t)).ImageURL)
	s.until(wire.StageAwaitingWindow)
	refused(t, "another id", b.Post("/v1/ota/cancel", encode(t, object{"update_id": someID})), http.StatusBadRequest, "invalid update_id")
	r := b.Post("/v1/ota/cancel", `{"requested_by":"me"}`)
	members(t, "the answer", r.Body, "update_id", "message")
	if a := read[wire.OtaAnswer](t, r, http.StatusOK); a.UpdateID != id || a.Message != "update canceled" {
		t.Errorf("got %+v", a)
	}
	gone := s.until(wire.StageRolledBack)
	s.wantTold(staging + " rollback_triggered rolled_back")
	if gone.LastError != "update canceled by me" || gone.FinishedAt.IsZero() {
		t.Errorf("canceled: %+v", gone)
	}
	refused(t, "twice", b.Post("/v1/ota/cancel", encode(t, object{"update_id": id})), http.StatusBadRequest, "no staged update is active")
	if st := state(t, b.Device); st.CacheUsageBytes != 0 || b.holds("b") != sumOf(nil) {
		t.Errorf("%d bytes are left in the cache", st.CacheUsageBytes)
	}
}

// 7.10: GET /ota/state: optional fields are present as null.
func TestState(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	look := func() map[string]json.RawMessage {
		raw := b.Get("/v1/ota/state").Body
		all := members(t, "the state", raw, "state", "cache_usage_bytes", "storage")
		storage := members(t, "storage", all["storage"], "uploads", "cache", "work", "service_releases", "frontend_releases")
		members(t, "uploads", storage["uploads"], "path", "usage_bytes", "quota_bytes", "available_bytes", "remaining_bytes")
		for _, name := range []string{"cache", "work"} {
			members(t, name, storage[name], "path", "usage_bytes", "available_bytes")
		}
		for _, name := range []string{"service_releases", "frontend_releases"} {
			members(t, name, storage[name], "path", "usage_bytes") // O: the folder is not there
		}
		return all
	}
	if all := look(); string(all["state"]) != "null" {
		t.Errorf("state %s", all["state"])
	}
	stage(t, b.Device, uploaded(t, b.Device, bundle{version: "1"}.make(t)).ImageURL)
	until(t, b.Device, wire.StageAwaitingWindow)
	update := members(t, "the update", look()["state"], "update_id", "stage", "progress_percent", "started_at", "finished_at", "last_error", "artifacts")
	for name, null := range map[string]bool{"progress_percent": true, "started_at": false, "finished_at": true, "last_error": true, "artifacts": false} {
		if (string(update[name]) == "null") != null {
			t.Errorf("%s is %s", name, update[name])
		}
	}
}

// 4: each request that has changed something is in the journal as settings.updater.
func TestJournal(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	journal := b.Dial("/v1/ws/updates")
	journal.Expect("ready")
	revision := 0.0
	recorded := func(path string) {
		t.Helper()
		m := journal.Find("the change", func(m device.Message) bool { return m.Type() == "change" })
		e, _ := m.Map()["event"].(map[string]any)
		for name, want := range map[string]any{
			"domain": "settings", "kind": "settings.updater", "entity": "updater", "resource_id": "settings.updater",
			"operation": "create", "method": "post", "origin": "http", "path": "/v1/ota/" + path,
		} {
			if e[name] != want {
				t.Errorf("%s: %s is %v, want %v", path, name, e[name], want)
			}
		}
		now, _ := e["revision"].(float64)
		if now < 1 || revision != 0 && now != revision+1 {
			t.Errorf("%s: revision %v after %v", path, now, revision)
		}
		revision = now
	}
	refused(t, "an empty upload", upload(b.Device, nil), http.StatusBadRequest, "") // not recorded
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	recorded("upload")
	id := stage(t, b.Device, up.ImageURL)
	recorded("stage")
	until(t, b.Device, wire.StageAwaitingWindow)
	post[wire.OtaPreflight](t, b.Device, "preflight", object{"update_id": id}, http.StatusOK)
	recorded("preflight")
	cancelUpdate(t, b.Device, object{})
	recorded("cancel")
	post[wire.OtaAnswer](t, b.Device, "apply", object{"image_url": up.ImageURL}, http.StatusOK)
	recorded("apply")
}

// A new system that is not healthy is given up, and the old one boots again.
func TestUnhealthySystem(t *testing.T) {
	t.Parallel()
	rebooted := t.TempDir() + "/rebooted"
	b := newBoard(t, setup{ota: "  check_command: [/bin/sh, -c, 'echo the radio is dead; exit 1']\n" +
		"  reboot_command: [/bin/sh, -c, 'echo >>" + rebooted + "']"})
	reboots := func() int {
		data, _ := os.ReadFile(rebooted)
		return len(data)
	}
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	id := post[wire.OtaAnswer](t, b.Device, "apply", object{"image_url": up.ImageURL}, http.StatusOK).UpdateID
	device.Poll(t, "the device to be restarted", func() bool { return reboots() == 1 })
	if b.reboot() != "b" {
		t.Fatal("the new system is not booted")
	}
	gone := until(t, b.Device, wire.StageRolledBack, wire.StageComplete)
	if gone.Stage != wire.StageRolledBack || gone.UpdateID != id || !strings.Contains(*gone.LastError, "the radio is dead") {
		t.Errorf("got %+v", gone)
	}
	device.Poll(t, "the device to be restarted again", func() bool { return reboots() == 2 })
	if b.reboot() != "a" {
		t.Error("the old system is not booted")
	}
}

// A new system that never comes up is given up by the boot loader.
func TestSystemThatDoesNotComeUp(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	post[wire.OtaAnswer](t, b.Device, "apply", object{"image_url": up.ImageURL}, http.StatusOK)
	until(t, b.Device, wire.StageRebooting)
	b.Kill()
	for i := range 3 {
		if b.boot() != "b" {
			t.Fatalf("boot %d is not of the new system", i)
		}
	}
	if b.boot() != "a" {
		t.Fatal("the old system is not booted")
	}
	b.start()
	gone := until(t, b.Device, wire.StageRolledBack, wire.StageComplete)
	if gone.Stage != wire.StageRolledBack || !strings.Contains(*gone.LastError, "gone back") {
		t.Errorf("got %+v", gone)
	}
}
