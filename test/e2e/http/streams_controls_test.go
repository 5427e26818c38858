package http

import (
	"slices"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// setting returns the value of a control in a stream's manifest.
func setting(t *testing.T, d *device.Device, id string, control uint32) *wire.ControlValue {
	t.Helper()
	list := infoOf(t, d, id).Manifest.Capture.Controls
	i := slices.IndexFunc(list, func(c wire.ControlSetting) bool { return c.ID == control })
	if i < 0 {
		return nil
	}
	return &list[i].Value
}

// 8.2: the controls of a camera in the form that is published.
func TestControls(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	var raw []object
	d.JSON(d.Get(streamPath(id, "controls")), &raw)
	if len(raw) != 2 {
		t.Fatalf("%v", raw)
	}
	kinds := []any{"None", "Bool", "Int", "Uint", "Float", "Menu", "IntMenu", "Unknown"}
	for _, c := range raw {
		keys(t, "control", c, "id", "name", "kind", "access", "min", "max", "default", "step?", "menu?", "metadata", "value?")
		keys(t, "metadata", c["metadata"].(object), "requires_tdn_output")
		if !slices.Contains(kinds, c["kind"]) || c["access"] != "ReadWrite" {
			t.Errorf("%v", c)
		}
	}
	keys(t, "a value of Int", raw[0]["max"].(object), "Int")
	keys(t, "a value of Bool", raw[1]["max"].(object), "Bool")
}

// 7.11, 8.2: a control is set by either spelling and kept over a restart.
func TestSetControl(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	for body, want := range map[string]wire.ControlValue{
		`{"Int":9}`:                   {Kind: "Int", Int: 9},
		`{"kind":"int","value":8}`:    {Kind: "Int", Int: 8},
		`{ "kind":"uint","value":7 }`: {Kind: "Int", Int: 7}, // in the kind that the control has
	} {
		if r := d.Post(streamPath(id, "controls/1"), body); r.Status != 204 || len(r.Body) > 0 {
			t.Errorf("%s: %d %s", body, r.Status, r.Body)
		}
		if got := setting(t, d, id, 1); got == nil || got.Int != want.Int && got.Uint != uint64(want.Int) {
			t.Errorf("%s: the manifest has %+v", body, got)
		}
	}
	for _, body := range []string{`{"Bool":true}`, `{"kind":"bool","value":true}`} {
		if r := d.Post(streamPath(id, "controls/2"), body); r.Status != 204 {
			t.Errorf("%s: %d %s", body, r.Status, r.Body)
		}
	}
	for body, path := range map[string]string{
		`{"Int":900}`: "controls/1", `{"Text":"x"}`: "controls/1", `[]`: "controls/1", ``: "controls/1", `{"kind":"Int","value":1}`: "controls/1",
		`{"Int":"x"}`: "controls/1", `{"Int":1}`: "controls/x", `{"Int":2}`: "controls/-1", `{"Int":3}`: "controls/4294967296",
	} {
		wantEngine(t, path+" "+body, d.Post(streamPath(id, path), body), 400, "invalid_input", "InvalidInput")
	}
	wantEngine(t, "no such control", d.Post(streamPath(id, "controls/77"), `{"Int":1}`), 404, "not_found", "NotFound")
	wantEngine(t, "no such stream", d.Post(streamPath(someID, "controls/1"), `{"Int":1}`), 404, "not_found", "NotFound")
	d.Stop()
	d = device.Start(t, device.Options{StateDir: d.StateDir})
	if got := setting(t, d, id, 2); got == nil || !got.Bool {
		t.Errorf("after a restart: %+v", got)
	}
}

// The camera obeys: the pattern that is paused shows the same number again and again.
func TestControlHasEffect(t *testing.T) {
	d := start(t)
	id := create(t, d, pattern(nil))
	p := partsOf(t, open(t, d, streamPath(id, "preview")))
	p.next(t)
	if r := d.Post(streamPath(id, "controls/2"), `{"Bool":true}`); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	device.Poll(t, "the pattern to stand still", func() bool {
		return numberOf(t, p.next(t), 320, 240) == numberOf(t, p.next(t), 320, 240)
	})
	if r := d.Post(streamPath(id, "controls/2"), `{"Bool":false}`); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	device.Poll(t, "the pattern to move", func() bool {
		return numberOf(t, p.next(t), 320, 240) != numberOf(t, p.next(t), 320, 240)
	})
}
