package ota

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/testkit/raucbus"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// raucBoard is a device with a real RAUC on a D-Bus of its own. It has a boot id
// of its own, too, so that it can be restarted.
type raucBoard struct {
	*device.Device
	bus    *raucbus.Bus
	t      *testing.T
	state  string
	bootID string
}

func newRaucBoard(t *testing.T) *raucBoard {
	t.Helper()
	dir := t.TempDir()
	b := &raucBoard{bus: raucbus.Start(t), t: t, state: filepath.Join(dir, "state"), bootID: filepath.Join(dir, "boot_id")}
	b.start()
	return b
}

func (b *raucBoard) start() {
	b.t.Helper()
	if _, err := os.Stat(b.bootID); err != nil {
		b.newBootID()
	}
	b.Device = device.Start(b.t, device.Options{
		StateDir: b.state, Config: "ota: {engine: rauc, confirm_after: 0s}\n",
		Env:  []string{"DBUS_SYSTEM_BUS_ADDRESS=" + b.bus.Address},
		Wrap: []string{"unshare", "--mount", "--", "sh", "-c", `mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"`, b.bootID},
	})
}

func (b *raucBoard) newBootID() { writeFile(b.t, b.bootID, []byte(uuid.NewString()+"\n")) }

// reboot is a restart of the device.
func (b *raucBoard) reboot() {
	b.t.Helper()
	b.Kill()
	b.newBootID()
	b.bus.Reboot()
	b.start()
}

// upload uploads a bundle and returns the answer.
func (b *raucBoard) upload(want raucbus.Bundle) wire.OtaUploadResult {
	b.t.Helper()
	data, err := os.ReadFile(b.bus.Make(want))
	if err != nil {
		b.t.Fatal(err)
	}
	return uploaded(b.t, b.Device, data)
}

func (b *raucBoard) slot(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.bus.Slot(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return sumOf(data[:imageBytes])
}

// 3.9 with a real RAUC: a good bundle, with RAUC's own progress, and a restart of
// the device.
func TestRaucUpdate(t *testing.T) {
	t.Parallel()
	b := newRaucBoard(t)
	up := b.upload(raucbus.Bundle{Version: "2.5", Image: image("2.5", imageBytes)})
	if up.Version == nil || *up.Version != "2.5" {
		t.Errorf("uploaded %+v", up)
	}
	sock := b.Dial("/v1/ws/ota")
	var details []string
	s := &story{t: t, next: func() []byte {
		m := sock.Next()
		if detail, ok := m.Map()["detail"].(string); ok {
			details = append(details, detail)
		}
		return m.Data
	}}
	s.first()
	id := stage(t, b.Device, up.ImageURL)
	s.until(wire.StageAwaitingWindow)
	p := post[wire.OtaPreflight](t, b.Device, "preflight", object{"update_id": id}, http.StatusOK)
	if !p.Ready || p.Report.TargetDevice != b.bus.Slot("B") || *p.Report.TargetSizeBytes != raucbus.SlotBytes {
		t.Errorf("preflight %+v", p)
	}
	apply(t, b.Device, id)
	s.until(wire.StageRebooting)
	s.wantTold(applying + " apply_complete rebooting")
	if all := strings.Join(details, "\n"); !strings.Contains(all, "Copying image to rootfs.1") {
		t.Errorf("progress: %s", all)
	}
	if b.slot("B") != sumOf(image("2.5", imageBytes)) || b.bus.BootName() != "B" {
		t.Error("slot B does not hold the image, or is not booted next")
	}
	b.reboot()
	if done := until(t, b.Device, wire.StageComplete, wire.StageRolledBack); done.Stage != wire.StageComplete || done.UpdateID != id {
		t.Errorf("in the end: %+v", done)
	}
	got := slotsOf(t, b.Device)
	if i := slices.IndexFunc(got.Slots, func(s wire.OtaSlot) bool { return s.Booted }); got.Engine != "rauc" || i < 0 ||
		got.Slots[i].BootName != "B" || got.Slots[i].Device != b.bus.Slot("B") || got.Slots[i].Version != "2.5" || got.Slots[i].Health != "good" {
		t.Errorf("slots %+v", got)
	}
	if past := history(t, b.Device); len(past) != 1 || past[0].UpdateID != id || past[0].Version != "2.5" || past[0].Engine != "rauc" {
		t.Errorf("history %+v", past)
	}
}

// What RAUC would not install is rolled back with RAUC's reason before a slot is
// touched.
func TestRaucRefuses(t *testing.T) {
	t.Parallel()
	b := newRaucBoard(t)
	s := watch(t, b.Device)
	for _, test := range []struct {
		what   string
		bundle raucbus.Bundle
		text   string
	}{
		{"bad signature", raucbus.Bundle{Untrusted: true}, "signature"},
		{"changed content", raucbus.Bundle{Flipped: true}, "signature"},
		{"wrong compatible", raucbus.Bundle{Compatible: "toaster"}, "Compatible mismatch"},
	} {
		up := b.upload(test.bundle)
		refused(t, test.what, b.Post("/v1/ota/apply", encode(t, object{"image_url": up.ImageURL})), http.StatusBadRequest, test.text)
		gone := s.until(wire.StageRolledBack)
		s.wantTold("downloading verifying rollback_triggered rolled_back")
		if !strings.Contains(gone.LastError, test.text) || b.bus.BootName() != "A" {
			t.Errorf("%s: %+v", test.what, gone)
		}
	}
}

// RAUC works for somebody else: the update is refused or fails, and is never
// complete; afterwards it goes through.
func TestRaucIsBusy(t *testing.T) {
	t.Parallel()
	b := newRaucBoard(t)
	s := watch(t, b.Device)
	id := stage(t, b.Device, b.upload(raucbus.Bundle{Version: "3"}).ImageURL)
	s.until(wire.StageAwaitingWindow)
	held := b.bus.Hold("pre-install")
	other := exec.Command("dbus-send", "--bus="+b.bus.Address, "--print-reply", "--dest=de.pengutronix.rauc", "/",
		"de.pengutronix.rauc.Installer.Install", "string:"+b.bus.Make(raucbus.Bundle{Version: "other"}))
	if out, err := other.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	held()
	refused(t, "a busy installer", b.Post("/v1/ota/apply", encode(t, object{"update_id": id})), http.StatusServiceUnavailable, "")
	if now := state(t, b.Device).State; now.Stage != wire.StageAwaitingWindow {
		t.Errorf("meanwhile: %+v", now)
	}
	b.bus.Release()
	device.Poll(t, "the installer to be free", func() bool {
		r := b.Post("/v1/ota/apply", encode(t, object{"update_id": id}))
		return r.Status == http.StatusOK
	})
	s.until(wire.StageRebooting)
	s.wantTold(applying + " apply_complete rebooting")
}

// The service dies while it installs: rolled back, and the old system is booted.
func TestRaucIsKilled(t *testing.T) {
	t.Parallel()
	b := newRaucBoard(t)
	s := watch(t, b.Device)
	held := b.bus.Hold("post-install")
	id := stage(t, b.Device, b.upload(raucbus.Bundle{}).ImageURL)
	s.until(wire.StageAwaitingWindow)
	apply(t, b.Device, id)
	held()
	refused(t, "cancel", b.Post("/v1/ota/cancel", `{}`), http.StatusBadRequest, "rauc cannot stop an installation")
	b.bus.KillService()
	b.bus.StartService()
	gone := s.until(wire.StageRolledBack)
	s.wantTold(applying + " rollback_triggered rolled_back")
	if !strings.Contains(gone.LastError, "vanished") || b.bus.BootName() != "A" {
		t.Errorf("%+v; %s is booted next", gone, b.bus.BootName())
	}
}

// The server is killed while RAUC installs, which goes on without it: the next
// start finds out what became of it.
func TestServerIsKilledWhileRaucInstalls(t *testing.T) {
	t.Parallel()
	b := newRaucBoard(t)
	held := b.bus.Hold("pre-install")
	content := image("4", imageBytes)
	id := stage(t, b.Device, b.upload(raucbus.Bundle{Version: "4", Image: content}).ImageURL)
	until(t, b.Device, wire.StageAwaitingWindow)
	apply(t, b.Device, id)
	held()
	b.Kill()
	b.start()
	s := watch(t, b.Device)
	if s.id != id || s.stage != wire.StageApplying {
		t.Fatalf("after a crash: %+v", s.last)
	}
	b.bus.Release()
	s.until(wire.StageRebooting)
	s.wantTold("apply_complete rebooting")
	if b.slot("B") != sumOf(content) || b.bus.BootName() != "B" {
		t.Error("slot B does not hold the image, or is not booted next")
	}
}

// 3.9: without RAUC on the bus there is no updater, until it comes.
func TestRaucComesLate(t *testing.T) {
	t.Parallel()
	b := newRaucBoard(t)
	b.bus.StopService()
	s := b.Dial("/v1/ws/ota")
	m := s.Expect("error")
	if text, _ := m.Map()["message"].(string); !strings.Contains(text, "no updater is available") {
		t.Errorf("got %s", m.Data)
	}
	if code, _ := s.WaitClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
	b.bus.StartService()
	var first struct{ State *json.RawMessage }
	if err := json.Unmarshal(b.Dial("/v1/ws/ota").Expect("snapshot").Data, &first); err != nil || first.State != nil {
		t.Errorf("state %s, %v", *first.State, err)
	}
}
