package rauc

import (
	"reflect"
	"testing"

	"github.com/godbus/dbus/v5"
	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// tell makes a slot as RAUC tells of it.
func tell(name, bootName, state, status, version string, count uint32) slot {
	fields := map[string]dbus.Variant{
		"class": dbus.MakeVariant("rootfs"), "state": dbus.MakeVariant(state), "boot-status": dbus.MakeVariant("good"),
	}
	if bootName != "" {
		fields["bootname"] = dbus.MakeVariant(bootName)
	}
	if count > 0 {
		fields["status"] = dbus.MakeVariant(status)
		fields["bundle.version"] = dbus.MakeVariant(version)
		fields["installed.count"] = dbus.MakeVariant(count)
		fields["installed.timestamp"] = dbus.MakeVariant("2031-02-27T13:46:40Z")
	}
	return parseSlot(name, fields)
}

func TestProve(t *testing.T) {
	a := ota.Attempt{UpdateID: uuid.New(), Version: "2", Notes: map[string]string{
		notePrimary: "r.0", noteMark + "r.1": tell("r.1", "B", "inactive", "ok", "1", 4).mark,
	}}
	old := tell("r.0", "A", "booted", "", "", 0)
	app := tell("app.0", "", "active", "ok", "2", 1)
	for _, test := range []struct {
		name      string
		slots     []slot
		primary   string
		strict    bool
		slot      string // that is proven; empty: none
		reboot    bool
		activated string
	}{
		{name: "installed", slots: []slot{old, tell("r.1", "B", "inactive", "ok", "2", 5)}, primary: "r.1", strict: true, slot: "r.1", reboot: true},
		{name: "not activated", slots: []slot{old, tell("r.1", "B", "inactive", "ok", "2", 5)}, primary: "r.0", slot: "r.1", reboot: true, activated: "r.1"},
		{name: "as before", slots: []slot{old, tell("r.1", "B", "inactive", "ok", "1", 4)}, primary: "r.1"},
		{name: "failed", slots: []slot{old, tell("r.1", "B", "inactive", "update", "2", 5)}, primary: "r.1"},
		{name: "another version", slots: []slot{old, tell("r.1", "B", "inactive", "ok", "3", 5)}, primary: "r.1"},
		{name: "nothing to boot", slots: []slot{old, app}, primary: "r.0", slot: "app.0"},
		{name: "two slots", slots: []slot{app, old, tell("r.1", "B", "inactive", "ok", "2", 5)}, primary: "r.1", slot: "r.1", reboot: true},
		{name: "no status, activated", slots: []slot{old, tell("r.1", "B", "inactive", "", "", 0)}, primary: "r.1", slot: "r.1", reboot: true},
		{name: "no status, strict", slots: []slot{old, tell("r.1", "B", "inactive", "", "", 0)}, primary: "r.1", strict: true},
		{name: "no status, not activated", slots: []slot{old, tell("r.1", "B", "inactive", "", "", 0)}, primary: "r.0"},
		{name: "no slots", primary: "r.1"},
	} {
		st := status{slots: test.slots, primary: test.primary}
		for i := range st.slots {
			st.slots[i].Primary = st.slots[i].Name == test.primary
		}
		in, activate, err := prove(a, st, test.strict)
		if test.slot == "" {
			if err == nil {
				t.Errorf("%s: proven: %+v", test.name, in)
			}
			continue
		}
		if err != nil || in.Slot != test.slot || in.RebootRequired != test.reboot || activate != test.activated {
			t.Errorf("%s: %+v, activate %q, %v", test.name, in, activate, err)
		}
	}
}

// TestOddSignals has arguments that RAUC does not send.
func TestOddSignals(t *testing.T) {
	progress := func(v any) []any {
		return []any{installer, map[string]dbus.Variant{"Progress": dbus.MakeVariant(v)}, []string{}}
	}
	type isi struct {
		Percent int32
		Text    string
		Depth   int32
	}
	for _, body := range [][]any{nil, {1}, {installer, 5}, progress("no"), progress(isi{}), progress([]any{"a", 1, 2})} {
		if p, text, ok := progressIn(body); ok {
			t.Errorf("%v is read as %d %q", body, p, text)
		}
	}
	if p, text, ok := progressIn(progress([]any{int32(40), "Verifying", int32(1)})); !ok || p != 40 || text != "Verifying" {
		t.Errorf("progress is read as %d %q %v", p, text, ok)
	}
	for _, body := range [][]any{nil, {"0"}, {uint32(0)}, {int32(0), int32(0)}} {
		if _, ok := result(body); ok {
			t.Errorf("%v is a result", body)
		}
	}
	if gone([]any{service, "", ":1.5"}) || gone([]any{"other", ":1.5", ""}) || gone([]any{service}) || !gone([]any{service, ":1.5", ""}) {
		t.Error("owners are mixed up")
	}
	s := parseSlot("x", map[string]dbus.Variant{"size": dbus.MakeVariant("1"), "class": dbus.MakeVariant(5), "installed.timestamp": dbus.MakeVariant("soon")})
	if want := (slot{Slot: ota.Slot{Name: "x"}, mark: "0 soon"}); !reflect.DeepEqual(s, want) {
		t.Errorf("%+v", s)
	}
}
