package devflow

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// openSensor opens the channel and takes the confirmation.
func (a *agent) openSensor(query string) (*socket, object) {
	a.t.Helper()
	s := a.open("/ws/v1/device/sensors?" + query)
	return s, s.next("subscribed").data()
}

// answer skips readings, which come at any time, and returns the next other message.
func (s *socket) answer(typ string) object {
	s.t.Helper()
	for {
		o := s.check(s.Next())
		if o.typ() == typ {
			return o
		}
		if o.typ() != "reading" {
			s.t.Fatalf("got %v, want %s", o, typ)
		}
	}
}

// reading waits for a reading of a sensor.
func (s *socket) reading(sensor string) object {
	s.t.Helper()
	for {
		if d := s.next("reading").data(); d.text("sensor") == sensor {
			return d
		}
	}
}

// quiet wants no reading of a sensor while another one gives several.
func (s *socket) quiet(sensor, other string) {
	s.t.Helper()
	for range 5 {
		for {
			d := s.next("reading").data()
			if d.text("sensor") == sensor {
				s.t.Errorf("a reading of %s", sensor)
			}
			if d.text("sensor") == other {
				break
			}
		}
	}
}

// TestSensorParameters: section 4.2 (parameters, subscribed), 8.10.
func TestSensorParameters(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		for query, want := range map[string]string{
			"sensor=compass": "compass UI 100",
			"sensor=Compass&speed=game&throttleMs=50":      "compass Game 50",
			"sensor=COMPASS&speed=FASTEST&throttleMs=0":    "compass Fastest 0",
			"sensor=compass&speed=default":                 "compass Default 100",
			"sensor=compass&speed=warp&throttleMs=-1":      "compass UI 100",
			"sensor=compass&speed=&throttleMs=ten":         "compass UI 100",
			"sensor=compass&throttleMs=1.5":                "compass UI 100",
			"sensor=barometer&sensor=compass&unknown=1":    "compass UI 100",
			"sensor=flaky&throttleMs=99999999999999999999": "flaky UI 2147483647",
		} {
			s, d := a.openSensor(query)
			if got := fmt.Sprint(d.text("sensor"), " ", d.text("speed"), " ", d.number("throttleMs")); got != want {
				t.Errorf("%s: subscribed to %q, want %q", query, got, want)
			}
			s.Drop()
		}
		// The alias.
		s := a.open("/ws/v1/sensors?sensor=barometer&throttleMs=0")
		if d := s.next("subscribed").data(); d.text("sensor") != "barometer" {
			t.Errorf("subscribed %v", d)
		}
		d := s.reading("barometer")
		checkTimestamp(t, d.text("timestamp"))
		if d.object("values")["pressure"] != 1013.25 {
			t.Errorf("reading %v", d)
		}
		for query, want := range map[string]string{"": " sensor is required", "sensor=": " sensor is required", "sensor=mystery": "mystery unknown sensor", "sensor=gyroscope": "gyroscope ", "sensor=magnetometer": "magnetometer "} {
			s := a.open("/ws/v1/device/sensors?" + query)
			d := s.next("error").data()
			if got := d.text("sensor") + " " + d.text("message"); !strings.HasPrefix(got, want) || d.text("message") == "" {
				t.Errorf("%s: the error is %q, want %q", query, got, want)
			}
			s.wantClosed(1008)
		}
	})
}

// TestSensorCommands: section 4.2 (subscribe, unsubscribe, errors), 8.10.
func TestSensorCommands(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		s, _ := a.openSensor("sensor=compass&speed=Fastest&throttleMs=0")
		s.reading("compass")
		for _, test := range []struct{ command, typ, want string }{
			{`{"type":"subscribe","data":{"sensor":"barometer","throttleMs":0,"speed":"fastest"}}`, "subscribed", "barometer Fastest 0"},
			{`{"type":"subscribe","data":{"sensor":"BAROMETER"}}`, "subscribed", "barometer Fastest 0"}, // what is left out stays
			{`{"type":"subscribe","data":{"sensor":"barometer","speed":"Game"}}`, "subscribed", "barometer Game 0"},
			{`{"type":"subscribe","data":{"sensor":"barometer","throttleMs":7,"speed":null}}`, "subscribed", "barometer Game 7"},
			{`{"type":"subscribe","data":{"sensor":"flaky"}}`, "subscribed", "flaky UI 100"},
			{`{"type":"subscribe","data":{"sensor":"mystery"}}`, "error", "mystery"},
			{`{"type":"subscribe","data":{"sensor":"gyroscope"}}`, "error", "gyroscope"},
			{`{"type":"subscribe","data":{"sensor":"compass","speed":"warp"}}`, "error", "compass"},
			{`{"type":"subscribe","data":{"sensor":"compass","speed":7}}`, "error", "compass"},
			{`{"type":"subscribe","data":{"sensor":"compass","throttleMs":-1}}`, "error", "compass"},
			{`{"type":"subscribe","data":{"sensor":"compass","throttleMs":1.5}}`, "error", "compass"},
			{`{"type":"subscribe","data":{"sensor":"compass","throttleMs":"9"}}`, "error", "compass"},
			{`{"type":"subscribe","data":{}}`, "error", ""},
			{`{"type":"subscribe"}`, "error", ""},
			{`{"type":"subscribe","data":{"sensor":7}}`, "error", ""},
			{`{"type":"unsubscribe","data":{}}`, "error", ""},
			{`{"type":"unsubscribe","data":{"sensor":"mystery"}}`, "error", "mystery"},
			{`{"type":"unsubscribe","data":{"sensor":"gyroscope"}}`, "error", "gyroscope"},
			{`{"type":"unsubscribe","data":{"sensor":"Flaky"}}`, "stopped", "flaky"},
			{`{"type":"unsubscribe","data":{"sensor":"flaky"}}`, "error", "flaky"}, // it is subscribed to no more
		} {
			s.Send(test.command)
			d := s.answer(test.typ).data()
			got := d.text("sensor")
			if test.typ == "subscribed" {
				got = fmt.Sprint(d.text("sensor"), " ", d.text("speed"), " ", d.number("throttleMs"))
			}
			if got != test.want || test.typ == "error" && d.text("message") == "" {
				t.Errorf("%s: %v, want %q", test.command, d, test.want)
			}
		}
		// The mistakes have changed nothing.
		s.Send(`{"type":"subscribe","data":{"sensor":"compass"}}`)
		if d := s.answer("subscribed").data(); d.text("speed") != "Fastest" || d.number("throttleMs") != 0 {
			t.Errorf("the settings of the compass are %v", d)
		}
		s.quiet("flaky", "compass")
		s.Send(`{"type":"unsubscribe","data":{"sensor":"compass"}}`)
		s.answer("stopped")
		s.quiet("compass", "barometer")
		s.Send(`{"type":"unsubscribe","data":{"sensor":"barometer"}}`)
		s.answer("stopped")
		// A connection without a subscription stays open.
		s.nothing()
		s.Send(`{"type":"subscribe","data":{"sensor":"compass"}}`)
		s.next("subscribed")
		s.reading("compass")
	})
}

// TestSensorThrottle: section 4.2, 8.10: the least time between two readings, on each
// connection for itself; a change counts at once.
func TestSensorThrottle(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		slow, _ := a.openSensor("sensor=compass&speed=Fastest&throttleMs=200")
		fast, _ := a.openSensor("sensor=compass&speed=Fastest&throttleMs=0")
		var last time.Time
		readings := 0
		for range 3 {
			d := slow.reading("compass")
			at, err := time.Parse(time.RFC3339Nano, d.text("timestamp"))
			if err != nil {
				t.Fatal(err)
			}
			// Timestamps are those of the measurements, which take their time.
			if gap := at.Sub(last); !last.IsZero() && gap < 195*time.Millisecond {
				t.Errorf("%v between two readings", gap)
			}
			last = at
			fast.Ping()
			readings += len(fast.Pending())
		}
		if readings < 6 {
			t.Errorf("the quick connection has %d readings while the slow one has 3", readings)
		}
		slow.Send(`{"type":"subscribe","data":{"sensor":"compass","throttleMs":0}}`)
		slow.answer("subscribed")
		first := slow.reading("compass").object("values").number("heading")
		if next := slow.reading("compass").object("values").number("heading"); next-first > 100 {
			t.Errorf("headings %d and %d without a throttle", first, next)
		}
	})
}

// TestSensorStop: section 4.2 and 5.6: stop over HTTP ends all subscriptions; so does
// the loss of the source, with an error before.
func TestSensorStop(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		one, _ := a.openSensor("sensor=flaky&throttleMs=0")
		two, _ := a.openSensor("sensor=flaky&throttleMs=0")
		one.reading("flaky")
		two.reading("flaky")
		if o := a.done(a.Post("/api/v1/device/sensors/FLAKY/stop", "")); o.text("name") != "flaky" || o["active"] != false || o["available"] != true {
			t.Errorf("action body %v", o)
		}
		for _, s := range []*socket{one, two} {
			if d := s.answer("stopped").data(); d.text("sensor") != "flaky" {
				t.Errorf("stopped %v", d)
			}
			s.nothing()
			s.Send(`{"type":"subscribe","data":{"sensor":"flaky","throttleMs":0}}`)
			s.next("subscribed")
			s.reading("flaky")
		}
		a.tell("/sensor/break")
		for _, s := range []*socket{one, two} {
			if d := s.answer("error").data(); d.text("sensor") != "flaky" || !strings.Contains(d.text("message"), "the wire is cut") {
				t.Errorf("error %v", d)
			}
			s.answer("stopped")
			s.nothing()
		}
		s, _ := a.openSensor("sensor=flaky&throttleMs=0")
		s.reading("flaky")
		a.tell("/sensor/remove", "name", "flaky")
		s.answer("error")
		s.answer("stopped")
		a.wantError(a.Post("/api/v1/device/sensors/flaky/start", ""), 404, "not_found")
	})
}

// sensor returns one entry of the list.
func (a *agent) sensor(name string) object {
	a.t.Helper()
	for _, s := range a.array("/api/v1/device/sensors") {
		if s.text("name") == name {
			return s
		}
	}
	a.t.Fatalf("there is no sensor %s", name)
	return nil
}

// TestSensorLife: section 4.2 (what starts and stops a sensor) and 5.6: it runs while
// somebody wants it, once for all.
func TestSensorLife(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		run := func(want string) {
			t.Helper()
			device.Poll(t, want+" sensors to run", func() bool { return a.tell("/sensor/running") == want })
		}
		run("0")
		one, _ := a.openSensor("sensor=compass&throttleMs=0")
		two, _ := a.openSensor("sensor=compass&throttleMs=0")
		one.reading("compass")
		two.reading("compass")
		run("1")
		if s := a.sensor("compass"); s["active"] != true || s["available"] != true {
			t.Errorf("sensor %v", s)
		}
		one.Drop()
		two.reading("compass")
		two.Drop()
		device.Poll(t, "the sensor to stop", func() bool { return a.sensor("compass")["active"] == false })
		run("0")
		// Started over HTTP it goes on without streams.
		for range 2 {
			o := a.done(a.Post("/api/v1/device/sensors/Compass/start?speed=game", ""))
			if o.text("name") != "compass" || o["active"] != true || o["available"] != true || o.text("message") != "Sensor 'compass' started" {
				t.Errorf("action body %v", o)
			}
		}
		run("1")
		s, _ := a.openSensor("sensor=compass&throttleMs=0")
		s.reading("compass")
		s.Drop()
		device.Poll(t, "the connection to be forgotten", func() bool {
			mirror := a.array("/api/v1/device/sensors?compat=mirror")
			n := 0
			for _, s := range mirror {
				n += s.number("subscribers")
			}
			return n == 0
		})
		if s := a.sensor("compass"); s["active"] != true {
			t.Errorf("the end of a stream has stopped what HTTP started: %v", s)
		}
		for range 2 {
			a.done(a.Post("/api/v1/device/sensors/compass/stop", "ignored"))
		}
		run("0")
	})
}

// TestSensorsHTTP: section 5.6: the list, unknown and unavailable sensors.
func TestSensorsHTTP(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		for with, a := range map[bool]*agent{true: startProgram(t, compat), false: startMode(t, compat)} {
			list := a.array("/api/v1/device/sensors")
			names := " " + texts(list, "name") + " "
			for _, name := range []string{"accelerometer", "gyroscope", "magnetometer", "orientation", "compass", "barometer"} {
				if !strings.Contains(names, " "+name+" ") {
					t.Errorf("%s is not among %s", name, names)
				}
			}
			for _, s := range list {
				available := with && strings.Contains("compass barometer flaky", s.text("name"))
				if s["available"] != available || s["active"] != false {
					t.Errorf("sensor %v", s)
				}
				want := 3
				if compat == "mirror" {
					want = 6
					if s.text("sensor") != s.text("name") || s["supported"] != s["available"] || s["subscribers"] != 0.0 {
						t.Errorf("mirror %v", s)
					}
				}
				if len(s) != want {
					t.Errorf("sensor %v has %d members", s, len(s))
				}
			}
			for _, verb := range []string{"start", "stop"} {
				a.wantError(a.Post("/api/v1/device/sensors/mystery/"+verb, ""), 404, "not_found")
			}
			a.wantError(a.Post("/api/v1/device/sensors/magnetometer/start", ""), 501, "not_supported")
			a.wantError(a.Post("/api/v1/device/sensors/gyroscope/start", ""), 501, "not_supported")
		}
	})
}
