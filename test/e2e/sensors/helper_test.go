package sensors

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

const all = "imu,power,lighting"

// start starts a server with simulated devices; none, if the list is empty.
func start(t *testing.T, simulate string) *device.Device {
	t.Helper()
	return device.Start(t, options(simulate))
}

func options(simulate string) device.Options {
	if simulate == "" {
		return device.Options{}
	}
	return device.Options{Args: []string{"--simulate", simulate}}
}

// restart stops a server and starts another one on its state.
func restart(t *testing.T, d *device.Device, simulate string) *device.Device {
	t.Helper()
	d.Stop()
	o := options(simulate)
	o.StateDir = d.StateDir
	return device.Start(t, o)
}

// decode reads a message into a value.
func decode[T any](t *testing.T, m device.Message) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(m.Data, &v); err != nil {
		t.Fatalf("%s: %v", m.Data, err)
	}
	return v
}

// get reads the answer of an endpoint, which must be 200.
func get[T any](t *testing.T, d *device.Device, path string) T {
	t.Helper()
	var v T
	r := d.Get(path)
	if r.Status != 200 {
		t.Fatalf("GET %s: status %d: %s", path, r.Status, r.Body)
	}
	d.JSON(r, &v)
	return v
}

// wantStatus checks the status of an answer.
func wantStatus(t *testing.T, what string, r device.Response, status int) {
	t.Helper()
	if r.Status != status {
		t.Errorf("%s: status %d, want %d: %s", what, r.Status, status, r.Body)
	}
	if status == 204 && len(r.Body) > 0 {
		t.Errorf("%s: a 204 has the body %s", what, r.Body)
	}
}

// wantError checks an error body (7.1) and that its text has the words.
func wantError(t *testing.T, d *device.Device, what string, r device.Response, status int, code string, words ...string) {
	t.Helper()
	wantStatus(t, what, r, status)
	var e wire.ErrorBody
	d.JSON(r, &e)
	if e.Code != code || e.TimestampMS == 0 || e.RequestID == "" {
		t.Errorf("%s: error %s, want code %s", what, r.Body, code)
	}
	for _, word := range words {
		if !strings.Contains(e.Error, word) {
			t.Errorf("%s: the error %q does not name %q", what, e.Error, word)
		}
	}
}

// wantClose checks the server's close frame.
func wantClose(t *testing.T, s *device.Socket, want int) {
	t.Helper()
	if code, reason := s.WaitClose(); code != want {
		t.Errorf("closed with %d %q, want %d", code, reason, want)
	}
}

func length(v *wire.Axes) float64 { return math.Hypot(math.Hypot(v.X, v.Y), v.Z) }

// within checks a value that must be there.
func within(t *testing.T, name string, v *float64, lo, hi float64) {
	t.Helper()
	if v == nil || !(*v >= lo && *v <= hi) {
		t.Errorf("%s is %s, want %v..%v", name, text(v), lo, hi)
	}
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// journal returns the change that a request makes, as updates.stream tells it.
func journal(t *testing.T, s *device.Socket) wire.RealtimeUpdateEvent {
	t.Helper()
	m := s.Find("a change", func(m device.Message) bool { return m.Type() == "change" })
	return decode[struct{ Event wire.RealtimeUpdateEvent }](t, m).Event
}

// published returns how many events a topic has had, as /metrics tells it.
func published(t *testing.T, d *device.Device, topic string) string {
	t.Helper()
	head := `heliograph_topic_published_total{topic="` + topic + `"} `
	for line := range strings.Lines(string(d.Get("/metrics").Body)) {
		if count, found := strings.CutPrefix(line, head); found {
			return strings.TrimSpace(count)
		}
	}
	t.Fatalf("no %s in /metrics", head)
	return ""
}
