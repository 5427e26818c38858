package channels

import (
	"errors"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// sensorsDialogue sends messages to a sensors socket and checks what comes back.
type sensorsDialogue struct {
	t *testing.T
	s *device.Socket
}

// probe is a message whose answer is known, so that the test can tell that
// nothing came before it. It changes nothing.
const probe = `{"op":"probe"}`

func (d sensorsDialogue) wantNothing(message string) {
	d.t.Helper()
	d.s.Send(message)
	d.wantError(probe, "unsupported op: probe")
}

func (d sensorsDialogue) wantIMU(message string) {
	d.t.Helper()
	d.s.Send(message)
	m := d.s.Next().Map()
	imu, _ := m["imu"].(map[string]any)
	if len(m) != 1 || imu["has_sample"] != false {
		d.t.Errorf("%s: got %v, want the state of the IMU alone", message, m)
	}
	d.wantError(probe, "unsupported op: probe")
}

// wantError checks the text of the error; one that ends in … is a beginning.
func (d sensorsDialogue) wantError(message, reason string) {
	d.t.Helper()
	d.s.Send(message)
	m := d.s.Next()
	e := decode[wire.SensorsStreamError](d.t, m)
	begin, open := strings.CutSuffix(reason, "…")
	if e.Reason != reason && !(open && strings.HasPrefix(e.Reason, begin)) {
		d.t.Errorf("%s: answered with %s, want reason %q", message, m.Data, reason)
	}
	if e.Status != "sensors_stream_unavailable" || e.Source != "helios-api/ws/sensors" || e.Operation != "client_message" ||
		e.ReportedBy != "helios-api" || len(e.RequestID) != 36 || len(e.TraceID) != 36 || e.TimestampMS == 0 {
		d.t.Errorf("error %s", m.Data)
	}
	for _, key := range []string{"code", "retryable", "remediation"} {
		if _, there := m.Map()[key]; there {
			d.t.Errorf("%s is there without a value: %s", key, m.Data)
		}
	}
}

// 3.5: nothing before a subscribe, then all the rules. The numbers are those of
// the contract. Without sensors only the state of the IMU is cached.
func TestSensors(t *testing.T) {
	d := start(t)
	s := d.Dial("/v1/ws/sensors")
	s.Ping()
	if m, err := s.TryNext(0); !errors.Is(err, device.ErrQuiet) {
		t.Fatalf("before a subscribe: %s %v", m.Data, err)
	}
	c := sensorsDialogue{t, s}

	// 1: text that is no such object.
	for _, text := range []string{"", "hello", "[]", "1", `"subscribe"`, `{"op":1}`, `{"op":"subscribe","kinds":"imu"}`, `{"op":"subscribe","kinds":["imu"],"interval_ms":"fast"}`, `{"op":"subscribe","kinds":["imu"]`, `{}trailing`} {
		c.wantError(text, "invalid message: …")
	}
	// 2: the interval is looked at first, and has its effect alone.
	for _, n := range []string{"49", "10001", "0", "-1", "4294967296"} {
		c.wantError(`{"op":"subscribe","kinds":["imu"],"interval_ms":`+n+`}`, "interval_ms…")
	}
	c.wantNothing(`{"op":"subscribe","kinds":["power"],"interval_ms":50}`) // imu was not added above
	c.wantNothing(`{"op":"subscribe","kinds":["power"],"interval_ms":10000}`)
	// 3: subscribe adds.
	c.wantError(`{"op":"subscribe"}`, "subscribe requires kinds")
	c.wantError(`{"op":"subscribe","kinds":[]}`, "subscribe requires kinds")
	c.wantError(`{"op":"subscribe","kinds":null}`, "subscribe requires kinds")
	c.wantError(`{"op":"subscribe","kinds":["gps","imu","tof"]}`, "unsupported kinds: gps, tof (valid: imu, power, firmware, lighting)")
	c.wantIMU(`{"op":"subscribe","kinds":["lighting"]}`) // imu had been added
	// 4: unsubscribe removes, or clears.
	c.wantIMU(`{"op":"unsubscribe","kinds":["power"]}`)
	c.wantError(`{"op":"unsubscribe","kinds":["gps"]}`, "unsubscribe requires at least one valid kind")
	c.wantIMU(`{"op":"unsubscribe","kinds":["gps","lighting"]}`)
	c.wantNothing(`{"op":"unsubscribe","kinds":["imu"]}`)
	c.wantIMU(`{"op":" SubScribe ","kinds":[" IMU ","Power"],"future":1}`)
	c.wantNothing(`{"op":"unsubscribe"}`)
	c.wantIMU(`{"op":"subscribe","kinds":["imu"]}`)
	c.wantNothing(`{"op":"unsubscribe","kinds":[]}`)
	c.wantIMU(`{"op":"subscribe","kinds":["imu"]}`)
	c.wantNothing(" unsubscribe\n") // the bare text
	c.wantNothing("UNSUBSCRIBE")
	// 5: another op.
	c.wantError(`{"op":"pause","kinds":["imu"]}`, "unsupported op: pause")
	c.wantError(`{}`, "unsupported op: ")
	// 6: each accepted message brings the cached values once more.
	c.wantIMU(`{"op":"subscribe","kinds":["imu"]}`)
	c.wantIMU(`{"op":"subscribe","kinds":["imu"]}`)
	// 7: binary frames are ignored; nothing has ended the socket.
	s.SendBinary([]byte(`{"op":"subscribe","kinds":["imu"]}`))
	c.wantError(probe, "unsupported op: probe")
	wantRemembered(t, d, "sensors_stream_unavailable", "helios-api/ws/sensors", requestOf(t, s))
}

// requestOf provokes an error and returns its request id.
func requestOf(t *testing.T, s *device.Socket) string {
	t.Helper()
	s.Send(probe)
	return decode[wire.SensorsStreamError](t, s.Next()).RequestID
}
