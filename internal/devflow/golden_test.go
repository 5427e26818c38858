package devflow

import (
	"bytes"
	"encoding/json"
	"flag"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing")

// still takes out of a message what differs from run to run.
func still(data []byte) []byte {
	for pattern, with := range map[string]string{
		`"timestamp": "[0-9-]+T[0-9:.]+Z"`: `"timestamp": "NOW"`,
		`"t": "[0-9-]+T[0-9:.]+Z"`:         `"t": "NOW"`,
		`"(tsUtc|startTsUtc|endTsUtc|startedAtUtc|stoppedAtUtc)": "[0-9-]+T[0-9:.]+Z"`: `"$1": "NOW"`,
		`"(id|spanId|sessionId|traceId)": "[0-9a-f]{12,32}"`:                           `"$1": "ID"`,
		`"uptime": "PT[0-9HMS]+"`:     `"uptime": "PTnS"`,
		`"frameworkVersion": "[^"]+"`: `"frameworkVersion": "GO"`,
		`"architecture": "[a-z0-9]+"`: `"architecture": "CPU"`,
		`"processId": [0-9]+`:         `"processId": 1`,
	} {
		data = regexp.MustCompile(pattern).ReplaceAll(data, []byte(with))
	}
	return data
}

// TestGolden compares what the server sends for one small application, in both modes,
// with files that people can read.
func TestGolden(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{App: recorder.App{Name: "orders", Version: "2.4.0", Build: "7"}, Device: testDevice()}, Deps{Mirror: compat == "mirror"})
		g := a.gauge("barometer")
		rssi := -60
		a.rec.Logs.Record(recorder.LogEntry{Level: recorder.Error, Category: "sync", Message: "upload <failed>", Exception: "dial tcp: timeout"})
		id := a.fetch("POST", "https://api.example.test/v2/orders?dry=1", 201)
		a.rec.BLE.Record(recorder.BLEEvent{Kind: "scan_result", DeviceID: "C4:7C:8D:6A:11:02", RSSI: &rssi, Data: "txPower=4"})
		cpu, threads := 3.5, int64(14)
		a.session(t)
		a.rec.Profiler.Sample(recorder.Sample{ManagedBytes: 18350080, GC0: 1, CPUPercent: &cpu, Threads: &threads})
		a.rec.Profiler.Marker(recorder.Marker{Name: "tap", Payload: `{"x":1}`})
		at := time.Now()
		a.rec.Profiler.Span(recorder.Span{Name: "load", Start: at, End: at.Add(1500 * time.Microsecond), Status: "error", Error: "gone"})
		var all bytes.Buffer
		add := func(title string, data []byte) {
			all.WriteString("### " + title + "\n")
			all.Write(still(indented(t, data)))
		}
		read := func(path string, n int) *socket {
			s := a.dial(path)
			for range n {
				data, err := s.raw()
				if err != nil {
					t.Fatal(err)
				}
				s.check(data)
				add(path, data)
			}
			return s
		}
		first := map[string]int{"none": 1, "mirror": 2}[compat]
		read("/ws/v1/ble", first)
		read("/ws/v1/ble?replay=-1", 1)
		s := read("/ws/v1/device/sensors?sensor=barometer&throttleMs=0", 1)
		g.read(t, map[string]float64{"pressure": 1013.25})
		for _, command := range []string{"", `{"type":"subscribe","data":{"sensor":"compass"}}`, `{"type":"unsubscribe","data":{"sensor":"barometer"}}`} {
			if command != "" {
				s.write(command)
			}
			data, err := s.raw()
			if err != nil {
				t.Fatal(err)
			}
			s.check(data)
			add("sensors "+command, data)
		}
		s = read("/ws/v1/logs", 1)
		a.log(recorder.Info, "retrying")
		data, err := s.raw()
		if err != nil {
			t.Fatal(err)
		}
		add("logs", data)
		s = read("/ws/v1/network", 1)
		for _, command := range []string{
			`{"type":"get_details","data":{"id":"ID"}}`, `{"type":"get_details","data":{"id":"nope"}}`, `{"type":"clear"}`,
		} {
			s.write(string(bytes.ReplaceAll([]byte(command), []byte(`"ID"`), []byte(`"`+id+`"`))))
			data, err := s.raw()
			if err != nil {
				t.Fatal(err)
			}
			s.check(data)
			add("network "+command, data)
		}
		read("/ws/v1/profiler?sessionId=current", 1)
		s = read("/ws/v1/ui/events", 1)
		a.touch()
		for range 6 {
			data, err := s.raw()
			if err != nil {
				t.Fatal(err)
			}
			s.check(data)
			add("ui", data)
		}
		for _, path := range []string{
			"/api/v1/agent/status", "/api/v1/agent/capabilities", "/api/v1/logs", "/api/v1/device/sensors", "/api/v1/device/ble", "/api/v1/device/ble/events",
			"/api/v1/device/info", "/api/v1/device/app", "/api/v1/device/display", "/api/v1/device/battery", "/api/v1/device/connectivity",
			"/api/v1/profiler/capabilities", "/api/v1/profiler/sessions", "/api/v1/profiler/hotspots?minDurationMs=0", "/api/v1/device/ble/events?limit=abc",
			"/api/v1/nothing",
		} {
			add("GET "+path, a.do("GET", path, "").body)
		}
		compareGolden(t, filepath.Join("testdata", "golden", compat+".txt"), all.Bytes(), *update)
	})
}

// TestMirrorOnlyAdds: without its additions, a message of the mirror is the same.
func TestMirrorOnlyAdds(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	a.rec.Logs.Record(recorder.LogEntry{Level: recorder.Error, Message: "x", Exception: "y"})
	a.fetch("GET", "http://a.test/", 200)
	for _, path := range []string{"/ws/v1/logs?", "/ws/v1/network?"} {
		plain, err := a.dial(path + "compat=none").raw()
		if err != nil {
			t.Fatal(err)
		}
		mirrored, err := a.dial(path + "compat=MIRROR").raw()
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(mirrored, &m); err != nil {
			t.Fatal(err)
		}
		delete(m, "entries")
		without, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		short := regexp.MustCompile(`,"(t|l|c|m|e|s)":"[^"]*"`)
		var left, right map[string]any
		if json.Unmarshal(short.ReplaceAll(without, nil), &left) != nil || json.Unmarshal(plain, &right) != nil {
			t.Fatalf("%s", without)
		}
		delete(left, "timestamp")
		delete(right, "timestamp")
		l, _ := json.Marshal(left)
		r, _ := json.Marshal(right)
		if !bytes.Equal(l, r) {
			t.Errorf("%s\nis not\n%s", l, r)
		}
	}
}
