package mux

import (
	"strings"
	"testing"
)

const sensors = "sensors.stream"

// 5.3: a request without payload subscribes to all kinds; what is known is sent
// once for each.
func TestSensorsWithoutPayload(t *testing.T) {
	p := dial(t, start(t))
	for range 2 { // on the open channel as well
		p.request(sensors)
		e := p.want(sensors, "")
		imu, _ := e.object()["imu"].(map[string]any)
		if imu["has_sample"] != false || imu["last_error"] == "" {
			t.Errorf("a device without sensors: %s", e)
		}
		p.quiet(sensors)
		p.request(sensors, object{"op": "unsubscribe", "kinds": []string{"imu"}})
		p.quiet(sensors)
	}
}

// 5.3, 3.5: a payload is a command; on a closed channel it opens it and then acts
// on an empty set.
func TestSensorsCommands(t *testing.T) {
	p := dial(t, start(t))
	p.request(sensors, object{"op": "subscribe", "kinds": []string{"power"}})
	p.quiet(sensors) // no power rail is known here
	p.request(sensors, object{"op": "subscribe", "kinds": []string{"imu"}, "interval_ms": 50})
	p.want(sensors, "")
	// The channel was not started again: power is still in the set, and so is imu.
	p.request(sensors, object{"op": "subscribe", "kinds": []string{"power"}})
	p.want(sensors, "")
	p.request(sensors, object{"op": "unsubscribe", "kinds": []string{"imu"}})
	p.request(sensors, object{"op": "subscribe", "kinds": []string{"firmware"}})
	p.quiet(sensors)
	p.close(sensors)
	p.want(sensors, "closed client")
	p.request(sensors, object{"op": "subscribe", "kinds": []string{"lighting"}}) // an empty set again
	p.quiet(sensors)
}

// 5.3, 3.5: errors come as the error object in an envelope of the channel, which
// stays open.
func TestSensorsErrors(t *testing.T) {
	p := dial(t, start(t))
	for _, c := range []struct {
		payload object
		reason  string
	}{
		{object{"op": "subscribe"}, "subscribe requires kinds"},
		{object{"op": "subscribe", "kinds": []any{}}, "subscribe requires kinds"},
		{object{"op": "subscribe", "kinds": []string{"radar", "sonar"}}, "unsupported kinds: radar, sonar (valid: imu, power, firmware, lighting)"},
		{object{"op": "unsubscribe", "kinds": []string{"radar"}}, "unsubscribe requires at least one valid kind"},
		{object{"op": "shout", "kinds": []string{"imu"}}, "unsupported op: shout"},
		{object{"op": 5}, "invalid message: "},
		{object{"op": "subscribe", "kinds": "imu"}, "invalid message: "},
		{object{"op": "subscribe", "kinds": []string{"imu"}, "interval_ms": 49}, "interval_ms"},
		{object{"op": "subscribe", "kinds": []string{"imu"}, "interval_ms": 10001}, "interval_ms"},
	} {
		p.odd(sensors, c.payload)
		e := p.want(sensors, "")
		if e.text("status") != "sensors_stream_unavailable" || !strings.HasPrefix(e.text("reason"), c.reason) ||
			e.text("operation") != "client_message" || e.text("source") != "helios-api/ws/sensors" {
			t.Errorf("%v: %s", c.payload, e)
		}
	}
	p.quiet(sensors)
	p.request(sensors, object{"op": "subscribe", "kinds": []string{"imu"}})
	p.want(sensors, "")
	p.close(sensors)
	p.want(sensors, "closed client")
}

// 5.3: channel.close takes the place of the text unsubscribe.
func TestIMU(t *testing.T) {
	p := dial(t, start(t))
	p.request("imu.stream")
	if e := p.want("imu.stream", ""); e.object()["has_sample"] != false || e.text("last_error") == "" {
		t.Errorf("a device without a sensor: %s", e)
	}
	p.Send("unsubscribe")
	p.want("", "error invalid_envelope")
	p.close("imu.stream")
	p.want("imu.stream", "closed client")
}
