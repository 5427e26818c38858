package sensors

import (
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// light sends a command to the lights and returns the state that it makes.
func light(t *testing.T, d *device.Device, command string) wire.LightingRuntimeState {
	t.Helper()
	wantStatus(t, command, d.Post("/v1/device/lighting", command), 204)
	return get[wire.LightingRuntimeState](t, d, "/v1/device/lighting/state")
}

// 3.5, 7.7: before a command the lights are as they are: every key is there, null
// where there is no value.
func TestLightingBeforeACommand(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	state := get[map[string]any](t, d, "/v1/device/lighting/state")
	frame, _ := state["frame"].([]any)
	if len(frame) != 12 || state["brightness"] != nil || state["animation"] != nil || state["animation_running"] != false || state["updated_at_ms"].(float64) < 1 {
		t.Errorf("state %v", state)
	}
	for _, key := range []string{"frame", "brightness", "animation", "updated_at_ms", "animation_running"} {
		if _, there := state[key]; !there {
			t.Errorf("%s is missing", key)
		}
	}
	if leds := get[map[string]any](t, d, "/v1/peripherals/leds"); leds["present"] != true {
		t.Errorf("leds %v", leds)
	}
}

// 3.5, 7.7: every animation with its fields; missing numbers mean 0; the state, and
// the message of sensors.stream, has the fields of the kind and no others.
func TestLightingAnimations(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["lighting"]}`)
	s.Next()
	before := uint64(0)
	for _, c := range []struct {
		send, want string
		running    bool
	}{
		{`{"kind":"chase","color":{"r":255,"g":1,"b":2,"w":3},"speed_hz":1.5}`, `{"kind":"chase","color":{"r":255,"g":1,"b":2,"w":3},"speed_hz":1.5}`, true},
		{`{"kind":"chase"}`, `{"kind":"chase","color":{"r":0,"g":0,"b":0,"w":0},"speed_hz":0}`, true},
		{`{"kind":"pulse","color":{"r":0,"g":64,"b":255},"low":8,"high":96,"period_ms":1500}`, `{"kind":"pulse","color":{"r":0,"g":64,"b":255,"w":0},"low":8,"high":96,"period_ms":1500}`, true},
		{`{"kind":"pulse","speed_hz":3}`, `{"kind":"pulse","color":{"r":0,"g":0,"b":0,"w":0},"low":0,"high":0,"period_ms":0}`, true},
		{`{"kind":"rainbow","speed_hz":0.25}`, `{"kind":"rainbow","speed_hz":0.25}`, true},
		{`{"kind":"breathing_rainbow","speed_hz":0.5,"low":1,"high":255,"period_ms":4000}`, `{"kind":"breathing_rainbow","speed_hz":0.5,"low":1,"high":255,"period_ms":4000}`, true},
		{`{"kind":"off"}`, `{"kind":"off"}`, false},
	} {
		state := light(t, d, `{"animation":`+c.send+`,"requested_by":"test"}`)
		if text(state.Animation) != c.want || state.AnimationRunning != c.running || state.Frame != nil {
			t.Errorf("%s: state %s, want animation %s", c.send, text(state), c.want)
		}
		if state.UpdatedAtMS < before {
			t.Errorf("updated_at_ms went back from %d to %d", before, state.UpdatedAtMS)
		}
		before = state.UpdatedAtMS
		if told := decode[wire.SensorsStreamEvent](t, s.Next()).Lighting; text(told) != text(state) {
			t.Errorf("%s: the stream has %s, GET %s", c.send, text(told), text(state))
		}
	}
}

// 7.7: frame shows fixed colours and ends an animation; off stops one; brightness
// stays until it is changed, and an animation does not end with it.
func TestLightingFrameAndBrightness(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	state := light(t, d, `{"brightness":96,"animation":{"kind":"rainbow","speed_hz":1}}`)
	if *state.Brightness != 96 || !state.AnimationRunning {
		t.Errorf("state %s", text(state))
	}
	state = light(t, d, `{"brightness":40}`)
	if *state.Brightness != 40 || !state.AnimationRunning || state.Animation.Kind != "rainbow" {
		t.Errorf("after brightness %s", text(state))
	}
	state = light(t, d, `{"frame":[{"r":1,"g":2,"b":3},{"r":255,"g":0,"b":0,"w":7}]}`)
	want := []wire.LedColor{{R: 1, G: 2, B: 3}, {R: 255, W: 7}}
	if !slices.Equal(state.Frame, want) || state.Animation != nil || state.AnimationRunning || *state.Brightness != 40 {
		t.Errorf("after frame %s", text(state))
	}
	state = light(t, d, `{"animation":{"kind":"pulse","high":255,"period_ms":500}}`)
	if state.Frame != nil || !state.AnimationRunning {
		t.Errorf("after an animation %s", text(state))
	}
	state = light(t, d, `{"animation":{"kind":"off"}}`)
	if state.AnimationRunning || state.Animation.Kind != "off" || *state.Brightness != 40 {
		t.Errorf("after off %s", text(state))
	}
	if state = light(t, d, `{"frame":[]}`); state.AnimationRunning {
		t.Errorf("after an empty frame %s", text(state))
	}
}

// 7.7: bad requests are 400, the error names the field, nothing has changed, and
// nothing is told.
func TestLightingErrors(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	before := light(t, d, `{"brightness":7,"animation":{"kind":"rainbow","speed_hz":1}}`)
	s := d.Dial("/v1/ws/sensors")
	answers(t, s, `{"op":"subscribe","kinds":["lighting"]}`)
	for _, c := range []struct{ body, word string }{
		{`{}`, "frame"}, {``, "frame"}, {`{"requested_by":"me"}`, "frame"},
		{`{"brightness":256}`, "brightness"}, {`{"brightness":-1}`, "brightness"}, {`{"brightness":"full"}`, "brightness"},
		{`{"frame":"red"}`, "frame"}, {`{"frame":[{"r":256}]}`, "frame"},
		{`{"frame":[` + strings.Repeat(`{"r":1},`, 12) + `{"r":1}]}`, "frame"}, // 13 for 12 lights
		{`{"frame":[{"r":1}],"animation":{"kind":"rainbow"}}`, "frame"},
		{`{"animation":{"kind":"disco"}}`, "kind"}, {`{"animation":{}}`, "kind"}, {`{"animation":"off"}`, "animation"},
		{`{"animation":{"kind":"chase","speed_hz":1000}}`, "speed_hz"}, {`{"animation":{"kind":"chase","speed_hz":"fast"}}`, "speed_hz"},
		{`{"animation":{"kind":"pulse","low":256}}`, "low"}, {`{"animation":{"kind":"pulse","period_ms":-1}}`, "period_ms"},
		{`{"animation":{"kind":"pulse","color":{"r":300}}}`, "r"},
		{`[]`, ""}, {`{"brightness":`, ""},
	} {
		wantError(t, d, c.body, d.Post("/v1/device/lighting", c.body), 400, "bad_request", c.word)
	}
	if after := get[wire.LightingRuntimeState](t, d, "/v1/device/lighting/state"); text(after) != text(before) {
		t.Errorf("bad requests have made %s of %s", text(after), text(before))
	}
	if got := messages(s.Pending()); len(got) != 0 {
		t.Errorf("bad requests were told: %s", got)
	}
}

type config struct {
	Lighting map[string]any `json:"lighting"`
}

// 7.7: the configuration has the keys of the contract, is kept over a restart, and
// is set back by reset.
func TestLightingConfig(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	initial := get[config](t, d, "/v1/device/lighting/config")
	for _, key := range []string{"enabled", "count", "gpio", "frequency_hz", "color_order", "protocol", "use_pwm", "default_animations"} {
		if _, there := initial.Lighting[key]; !there {
			t.Errorf("%s is missing in %v", key, initial.Lighting)
		}
	}
	const changed = `{"lighting":{"enabled":true,"count":5,"gpio":18,"frequency_hz":800000,"color_order":"grbw","protocol":"ws2812",` +
		`"use_pwm":true,"brightness":33,"label":"ring","default_animations":{"boot":{"kind":"rainbow"}}}}`
	wantStatus(t, "config", d.Post("/v1/device/lighting/config", changed), 204)
	check := func(d *device.Device) {
		t.Helper()
		var want config
		d.JSON(device.Response{Body: []byte(changed)}, &want)
		if got := get[config](t, d, "/v1/device/lighting/config"); text(got) != text(want) {
			t.Errorf("config %s, want %s", text(got), text(want))
		}
	}
	check(d)
	d = restart(t, d, "lighting")
	check(d)
	if state := get[wire.LightingRuntimeState](t, d, "/v1/device/lighting/state"); len(state.Frame) != 5 || *state.Brightness != 33 {
		t.Errorf("five lights at 33 are %s", text(state))
	}
	wantError(t, d, "six colours for five lights", d.Post("/v1/device/lighting", `{"frame":[`+strings.Repeat(`{"r":1},`, 5)+`{"r":1}]}`), 400, "bad_request", "frame")
	r := d.Post("/v1/device/lighting/config/reset", "")
	wantStatus(t, "reset", r, 200)
	var reset config
	d.JSON(r, &reset)
	if text(reset) != text(initial) {
		t.Errorf("reset answers %s, want %s", text(reset), text(initial))
	}
	d = restart(t, d, "lighting")
	if got := get[config](t, d, "/v1/device/lighting/config"); text(got) != text(initial) {
		t.Errorf("after the restart %s, want %s", text(got), text(initial))
	}
}

// 7.7: a bad configuration is 400 and changes nothing.
func TestLightingConfigErrors(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	before := get[config](t, d, "/v1/device/lighting/config")
	for _, c := range []struct{ body, word string }{
		{`{}`, "lighting"}, {``, "lighting"}, {`{"lighting":null}`, "lighting"}, {`{"lighting":[]}`, "lighting"},
		{`{"lighting":{"enabled":true,"color_order":"rgx"}}`, "color_order"},
		{`{"lighting":{"enabled":"yes","color_order":"rgb"}}`, "enabled"},
		{`{"lighting":{"count":-1,"color_order":"rgb"}}`, "count"}, {`{"lighting":{"count":100000,"color_order":"rgb"}}`, "count"},
		{`{"lighting":{"brightness":256,"color_order":"rgb"}}`, "brightness"},
		{`{"lighting":{"color_order":"rgb","default_animations":[]}}`, "default_animations"},
		{`{"lighting":{"color_order":"rgb","label":"` + strings.Repeat("x", 100) + `"}}`, "label"},
	} {
		wantError(t, d, c.body, d.Post("/v1/device/lighting/config", c.body), 400, "bad_request", c.word)
	}
	if got := get[config](t, d, "/v1/device/lighting/config"); text(got) != text(before) {
		t.Errorf("bad requests have made %s of %s", text(got), text(before))
	}
}

// 7.7: lights that the configuration switches off end their animation and take no
// commands until they are switched on.
func TestLightingDisabled(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	light(t, d, `{"animation":{"kind":"rainbow","speed_hz":1}}`)
	wantStatus(t, "off", d.Post("/v1/device/lighting/config", `{"lighting":{"enabled":false,"color_order":"rgb","protocol":"x"}}`), 204)
	if state := get[wire.LightingRuntimeState](t, d, "/v1/device/lighting/state"); state.AnimationRunning || state.Animation.Kind != "off" {
		t.Errorf("state %s", text(state))
	}
	wantError(t, d, "a command", d.Post("/v1/device/lighting", `{"brightness":1}`), 503, "service_unavailable", "switched off")
	wantStatus(t, "on", d.Post("/v1/device/lighting/config/reset", ""), 200)
	light(t, d, `{"brightness":1}`)
}

type animations struct {
	Animations []struct {
		Name      string                 `json:"name"`
		Animation wire.LightingAnimation `json:"animation"`
	} `json:"animations"`
}

// 7.7: saved animations are listed by name, replaced, kept over a restart, and
// removed.
func TestLightingSavedAnimations(t *testing.T) {
	t.Parallel()
	d := start(t, "lighting")
	if r := d.Get("/v1/device/lighting/animations"); strings.TrimSpace(string(r.Body)) != `{"animations":[]}` {
		t.Errorf("at first %s", r.Body)
	}
	save := func(body string) device.Response { return d.Post("/v1/device/lighting/animations", body) }
	wantStatus(t, "save", save(`{"name":"party time","animation":{"kind":"rainbow","speed_hz":2}}`), 204)
	wantStatus(t, "save", save(`{"name":"alert","animation":{"kind":"pulse","color":{"r":255},"high":255,"period_ms":300}}`), 204)
	wantStatus(t, "replace", save(`{"name":"party time","animation":{"kind":"rainbow","speed_hz":3}}`), 204)
	for _, bad := range []string{`{}`, `{"name":"x"}`, `{"name":"","animation":{"kind":"off"}}`, `{"name":"x","animation":{"kind":"disco"}}`, `{"name":" x","animation":{"kind":"off"}}`} {
		wantError(t, d, bad, save(bad), 400, "bad_request")
	}
	d = restart(t, d, "lighting")
	got := get[animations](t, d, "/v1/device/lighting/animations").Animations
	if len(got) != 2 || got[0].Name != "alert" || got[1].Name != "party time" || *got[1].Animation.SpeedHz != 3 || got[0].Animation.Color.R != 255 {
		t.Errorf("after the restart %s", text(got))
	}
	wantStatus(t, "remove", d.Ask("DELETE", "/v1/device/lighting/animations/party%20time", ""), 204)
	wantError(t, d, "remove again", d.Ask("DELETE", "/v1/device/lighting/animations/party%20time", ""), 404, "not_found")
	if got := get[animations](t, d, "/v1/device/lighting/animations").Animations; len(got) != 1 {
		t.Errorf("after the removal %s", text(got))
	}
}
