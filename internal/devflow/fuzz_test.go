package devflow

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	wire "github.com/heliograph/heliograph/client/devflow"
)

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "replay=5&replay=7", "a=b;c", "%zz=1", "throttleMs=-1&speed=uI", "level=%20info", "limit=99999999999999999999", "x=%ff", "sensor=a+b", "compat=MIRROR&&=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q := parseQuery(raw)
		for _, value := range q {
			if value == "" {
				t.Errorf("an empty value of %q", raw)
			}
		}
		for _, ch := range Channels() {
			p := ch.Params()
			if err := q.fill(p); err != nil && ch.Name != "ble" {
				t.Errorf("%s refuses %q: %v", ch.Name, raw, err)
			}
		}
		var logs wire.LogsParams
		var sensors wire.SensorsParams
		var profiler wire.ProfilerParams
		if q.fill(&logs) != nil || q.fill(&sensors) != nil || q.fill(&profiler) != nil {
			t.Fatal("refused")
		}
		if logs.Replay < 0 || logs.Replay > 1000 || sensors.ThrottleMs < 0 || profiler.Limit < 1 || profiler.Limit > 5000 || profiler.SampleCursor < 0 {
			t.Errorf("%q is out of range: %+v %+v %+v", raw, logs, sensors, profiler)
		}
		if _, _, ok := speed(sensors.Speed); !ok {
			t.Errorf("speed %q", sensors.Speed)
		}
	})
}

func FuzzCommand(f *testing.F) {
	for _, seed := range []string{
		`{"type":"clear"}`, `{"type":"get_details","data":{"id":"x"},"id":"y"}`, `{"type":"subscribe","data":{"events":["all",7,null]}}`,
		`{"type":"subscribe","data":{"sensor":"a","speed":"game","throttleMs":1e3}}`, `[]`, `{"type":7}`, `{"data":null}`, `{"type":"x","type":"y"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, ok := parseCommand(payload)
		if !ok {
			return
		}
		if !json.Valid(payload) || !utf8.ValidString(c.Type) {
			t.Errorf("%q is a command", payload)
		}
		var s string
		_ = text(c.ID, &s)
		_ = text(c.Data["id"], &s)
		set, _ := parseKinds(texts(c.Data["events"]))
		if set&^allKinds != 0 {
			t.Errorf("%q names the kinds %b", payload, set)
		}
		name, throttle, wrong := settings(c.Data, wire.SpeedUI, 100)
		if _, _, known := speed(name); wrong == "" && (!known || throttle < 0) {
			t.Errorf("%q sets %q, %d", payload, name, throttle)
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/", "//", "/api/v1/logs/", "/a%2fb", "/%zz", "/+"} {
		f.Add(seed)
	}
	a := New(Deps{})
	f.Fuzz(func(t *testing.T, path string) {
		parts, err := split(path)
		if err != nil {
			return
		}
		for i := range a.routes {
			if arg, ok := a.routes[i].match(parts); ok && len(parts) != len(a.routes[i].parts) {
				t.Errorf("%q matches %s with %q", path, a.routes[i].Path, arg)
			}
		}
		_ = a.channel(parts)
	})
}
