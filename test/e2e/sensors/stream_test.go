package sensors

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// probe is a message whose answer is known. It changes nothing.
const probe = `{"op":"probe"}`

// keys returns which parts a message of sensors.stream has, in their order.
func keys(m device.Message) (found string) {
	object := m.Map()
	for _, key := range []string{"imu", "power", "lighting", "firmware", "status"} {
		if _, there := object[key]; there {
			found += key + " "
			delete(object, key)
		}
	}
	if len(object) > 0 && object["reason"] == nil {
		found += "and others"
	}
	return found
}

// messages are printed as text.
type messages []device.Message

func (list messages) String() string {
	var parts []string
	for _, m := range list {
		parts = append(parts, string(m.Data))
	}
	return strings.Join(parts, " ")
}

// answers returns the messages between now and the answer to a probe.
func answers(t *testing.T, s *device.Socket, send string) (found messages) {
	t.Helper()
	s.Pending()
	s.Send(send)
	s.Send(probe)
	for {
		m := s.Next()
		if decode[wire.SensorsStreamError](t, m).Reason == "unsupported op: probe" {
			return found
		}
		found = append(found, m)
	}
}

// 3.5: the form of the messages. imu and power come in one object, as long as both
// are wanted, lighting alone; the cached values in this order. There is no type.
func TestSensorsMessages(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["lighting","firmware","power","imu"],"interval_ms":50}`)
	both := s.Find("imu and power together", func(m device.Message) bool { return keys(m) == "imu power " })
	v := decode[wire.SensorsStreamEvent](t, both)
	if !v.IMU.HasSample || v.IMU.Orientation == nil || v.IMU.Options == nil {
		t.Errorf("imu in %s", both.Data)
	}
	checkPower(t, *v.Power)
	for range 20 {
		if m := s.Next(); keys(m) != "imu power " && keys(m) != "lighting " {
			t.Errorf("got %s", m.Data)
		}
	}
	// 6: the cached values, each once, after a message that was accepted.
	got := answers(t, s, `{"op":"subscribe","kinds":["imu"],"interval_ms":10000}`)
	if len(got) != 2 || keys(got[0]) != "imu power " || keys(got[1]) != "lighting " {
		t.Errorf("the cached values are %d messages: %s", len(got), got)
	}
	got = answers(t, s, `{"op":"unsubscribe","kinds":["power","lighting"]}`)
	if len(got) != 1 || keys(got[0]) != "imu " {
		t.Errorf("without power and lighting %s", got)
	}
	if got = answers(t, s, `unsubscribe`); len(got) != 0 {
		t.Errorf("after unsubscribe %s", got)
	}
}

// checkPower checks a reading of the simulated supply.
func checkPower(t *testing.T, p wire.PowerStatusPayload) {
	t.Helper()
	within(t, "volts", p.Volts, 4.5, 5.5)
	within(t, "amps", p.Amps, 0.3, 2)
	within(t, "watts", p.Watts, *p.Volts**p.Amps-0.01, *p.Volts**p.Amps+0.01)
	if len(p.Sources) != 1 || p.Sources[0].Label != "simulated supply" || *p.Sources[0].Volts != *p.Volts || len(p.Errors) != 0 {
		t.Fatalf("power %s: a simulation must say so", text(p))
	}
	within(t, "shunt_volts", p.Sources[0].ShuntVolts, 0.001, 0.1)
	if age := time.Since(p.UpdatedAt); age < -time.Second || age > device.Patience {
		t.Errorf("updated_at %v", p.UpdatedAt)
	}
}

// 3.5: nothing comes before a subscribe, and nothing of kinds that are not in the
// set.
func TestSensorsOnlyWhatIsWanted(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	s := d.Dial("/v1/ws/sensors")
	other := d.Dial("/v1/ws/sensors")
	other.Send(`{"op":"subscribe","kinds":["imu","power","lighting"],"interval_ms":50}`)
	for range 20 {
		other.Next()
	}
	s.Ping()
	if got := messages(s.Pending()); len(got) != 0 {
		t.Fatalf("before a subscribe %s", got)
	}
	s.Send(`{"op":"subscribe","kinds":["power"],"interval_ms":50}`)
	for range 10 {
		if m := s.Next(); keys(m) != "power " {
			t.Errorf("got %s, want power alone", m.Data)
		}
	}
	// The neighbour's commands are not ours.
	answers(t, other, `{"op":"unsubscribe"}`)
	for range 3 {
		if m := s.Next(); keys(m) != "power " {
			t.Errorf("got %s, want power alone", m.Data)
		}
	}
}

// gap returns the median time between the samples of imu in messages.
func gap(t *testing.T, s *device.Socket, n int) time.Duration {
	t.Helper()
	first := decode[wire.SensorsStreamEvent](t, s.Next()).IMU.UpdatedAt
	last := first
	for range n {
		last = decode[wire.SensorsStreamEvent](t, s.Next()).IMU.UpdatedAt
	}
	return last.Sub(first) / time.Duration(n)
}

// 3.5: interval_ms is the least time between two messages with imu or power;
// snapshots in between are dropped. It is 100 until first set.
func TestSensorsInterval(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	patch(t, d, map[string]any{"update_interval_ms": 10})
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["imu","power"]}`)
	s.Next() // the cached value, which comes at once
	for _, step := range []struct {
		command string
		want    time.Duration
	}{
		{"", 100 * time.Millisecond},
		{`{"op":"subscribe","kinds":["imu"],"interval_ms":300}`, 300 * time.Millisecond},
		{`{"op":"subscribe","kinds":["imu"],"interval_ms":50}`, 50 * time.Millisecond},
		// 2: what is wrong with the rest of a message does not matter to the interval.
		{`{"op":"dance","interval_ms":200}`, 200 * time.Millisecond},
		{`{"op":"subscribe","interval_ms":60}`, 60 * time.Millisecond},
	} {
		if step.command != "" {
			answers(t, s, step.command)
		}
		if got := gap(t, s, 8); got < step.want*9/10 || got > step.want*2 {
			t.Errorf("after %s a message each %v, want %v", step.command, got, step.want)
		}
	}
}

// 3.5: an interval in force is not outlived by the time that a former one had set.
func TestSensorsShorterInterval(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["power"],"interval_ms":10000}`)
	s.Next()
	s.Send(`{"op":"pause","interval_ms":50}`) // an error, but the interval holds
	s.Next()
	begin := time.Now()
	for range 5 {
		if m := s.Next(); keys(m) != "power " {
			t.Errorf("got %s", m.Data)
		}
	}
	if waited := time.Since(begin); waited > 9*time.Second {
		t.Errorf("five messages took %v", waited)
	}
}

// 3.5: lighting comes on every change, as its own message, and is not throttled.
func TestSensorsLightingIsNotThrottled(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	s := d.Dial("/v1/ws/sensors")
	if got := answers(t, s, `{"op":"subscribe","kinds":["lighting"],"interval_ms":10000}`); len(got) != 1 {
		t.Fatalf("the state of the lights is %s", got)
	}
	for level := range 12 {
		wantStatus(t, "brightness", d.Post("/v1/device/lighting", text(map[string]any{"brightness": level})), 204)
	}
	for level := range 12 { // none is left out, in order
		m := s.Next()
		if v := decode[wire.SensorsStreamEvent](t, m); keys(m) != "lighting " || v.Lighting.Brightness == nil || int(*v.Lighting.Brightness) != level {
			t.Errorf("change %d is %s", level, m.Data)
		}
	}
}

// 3.5: the answer to a message that was refused is the error alone; what was good
// in it comes as news.
func TestSensorsRefusedMessage(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["power","gps"],"interval_ms":50}`)
	m := s.Next()
	if e := decode[wire.SensorsStreamError](t, m); e.Reason != "unsupported kinds: gps (valid: imu, power, firmware, lighting)" {
		t.Errorf("first came %s", m.Data)
	}
	if m := s.Next(); keys(m) != "power " {
		t.Errorf("then came %s", m.Data)
	}
}

// 5.3: on the multiplexed socket a request without payload subscribes to all kinds
// at 100 ms; commands are payloads; the messages are those of 3.5.
func TestSensorsMultiplexed(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	s := d.Dial("/v1/ws")
	request := func(payload string) {
		t.Helper()
		s.Send(`{"cmd":"sensors.stream"` + payload + `,"sent-at":"2031-02-27T13:46:40Z"}`)
	}
	next := func() device.Message {
		t.Helper()
		var envelope struct {
			Cmd     string          `json:"cmd"`
			Payload json.RawMessage `json:"payload"`
		}
		m := s.Next()
		if err := json.Unmarshal(m.Data, &envelope); err != nil || envelope.Cmd != "sensors.stream" {
			t.Fatalf("got %s", m.Data)
		}
		m.Data = envelope.Payload
		return m
	}
	request("")
	for both, lights := false, false; !both || !lights; {
		switch m := next(); keys(m) {
		case "imu power ":
			both = true
		case "lighting ":
			lights = true
		case "imu ", "power ": // one of them is known earlier
		default:
			t.Fatalf("got %s", m.Data)
		}
	}
	request(`,"payload":{"op":"unsubscribe","kinds":["imu"],"interval_ms":50}`)
	s.Find("power alone", func(m device.Message) bool {
		payload, _ := m.Map()["payload"].(map[string]any)
		return payload["imu"] == nil && payload["power"] != nil
	})
	for range 5 {
		if m := next(); keys(m) != "power " && keys(m) != "lighting " {
			t.Errorf("got %s", m.Data)
		}
	}
	s.Send(`{"cmd":"imu.stream","sent-at":"2031-02-27T13:46:40Z"}`)
	s.Find("a sample of imu.stream beside it", func(m device.Message) bool {
		payload, _ := m.Map()["payload"].(map[string]any)
		return m.Map()["cmd"] == "imu.stream" && payload["has_sample"] == true
	})
}

// 3.5: without devices only the state of the IMU is known; lighting and power do
// not come, firmware neither without fwupd.
func TestSensorsAbsent(t *testing.T) {
	t.Parallel()
	d := start(t, "")
	s := d.Dial("/v1/ws/sensors")
	got := answers(t, s, `{"op":"subscribe","kinds":["imu","power","lighting","firmware"]}`)
	if len(got) != 1 || keys(got[0]) != "imu " {
		t.Errorf("got %s", got)
	}
	for path, status := range map[string]int{
		"/v1/device/power": 503, "/v1/device/lighting/state": 503, "/v1/device/lighting/config": 200, "/v1/device/lighting/animations": 200,
	} {
		r := d.Get(path)
		wantStatus(t, path, r, status)
		if status == 503 {
			wantError(t, d, path, r, 503, "service_unavailable", "not present")
		}
	}
	r := d.Post("/v1/device/lighting", `{"brightness":5}`)
	wantError(t, d, "lighting", r, 503, "service_unavailable", "not present")
	if leds := get[map[string]any](t, d, "/v1/peripherals/leds"); leds["present"] != false || leds["last_error"] != nil {
		t.Errorf("leds %v", leds)
	}
}

// 7.6: GET /device/power is what the stream has.
func TestPower(t *testing.T) {
	t.Parallel()
	d := start(t, "power")
	checkPower(t, get[wire.PowerStatusPayload](t, d, "/v1/device/power"))
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["power"],"interval_ms":50}`)
	last := decode[wire.SensorsStreamEvent](t, s.Next()).Power.UpdatedAt
	for range 5 {
		now := decode[wire.SensorsStreamEvent](t, s.Next()).Power.UpdatedAt
		if !now.After(last) {
			t.Errorf("a reading of %v after one of %v", now, last)
		}
		last = now
	}
	if v := get[wire.PowerStatusPayload](t, d, "/v1/device/power"); v.UpdatedAt.Before(last) {
		t.Errorf("GET has a reading of %v, the stream had one of %v", v.UpdatedAt, last)
	}
}
