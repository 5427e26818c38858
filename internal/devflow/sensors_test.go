package devflow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/topic"
)

// gauge is a sensor that publishes what a test tells it to.
type gauge struct {
	readings chan recorder.Reading
	fail     chan error
	running  atomic.Int32
	period   atomic.Int64
}

func (a *agent) gauge(name string) *gauge {
	a.t.Helper()
	g := &gauge{readings: make(chan recorder.Reading), fail: make(chan error)}
	err := a.rec.Sensors.Register(recorder.Sensor{Name: name, Run: func(ctx context.Context, out *topic.Publisher[recorder.Reading]) error {
		g.running.Add(1)
		defer g.running.Add(-1)
		for {
			g.period.Store(int64(out.Interval()))
			select {
			case r := <-g.readings:
				out.Publish(r)
			case err := <-g.fail:
				return err
			case <-out.IntervalChanged():
			case <-ctx.Done():
				return nil
			}
		}
	}})
	if err != nil {
		a.t.Fatal(err)
	}
	return g
}

// read makes the sensor publish.
func (g *gauge) read(t *testing.T, values map[string]float64) {
	t.Helper()
	select {
	case g.readings <- recorder.Reading{Values: values}:
	case <-time.After(patience):
		t.Fatal("the sensor does not run")
	}
}

func TestSensorReadings(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		for _, path := range []string{"/ws/v1/device/sensors", "/ws/v1/sensors"} {
			a := newAgent(t, recorder.Options{}, Deps{})
			g := a.gauge("compass")
			s := a.dial(path + "?sensor=CoMpass&throttleMs=0&speed=fastest&compat=" + compat)
			m := s.next("subscribed")
			if d := m.data(); d.text("sensor") != "compass" || d.text("speed") != "Fastest" || d["throttleMs"] != 0.0 {
				t.Errorf("subscribed %v", m)
			}
			if info, _ := m["sensor"].(map[string]any); compat == "mirror" &&
				(m.text("sensorName") != "compass" || m.text("speed") != "Fastest" || m["throttleMs"] != 0.0 || info["active"] != true || info["name"] != "compass") {
				t.Errorf("mirror of %v", m)
			}
			g.read(t, map[string]float64{"heading": 12.5, "bad": math.NaN()})
			m = s.next("reading")
			values, _ := m.data()["values"].(map[string]any)
			if m.data().text("sensor") != "compass" || values["heading"] != 12.5 || values["bad"] != nil {
				t.Errorf("reading %v", m)
			}
			checkTimestamp(t, m.data().text("timestamp"))
			if _, has := values["headingMagneticNorth"]; has != (compat == "mirror") {
				t.Errorf("values %v", values)
			}
			if compat == "mirror" && (m.text("sensor") != "compass" || fmt.Sprint(m["reading"]) != fmt.Sprint(m["data"])) {
				t.Errorf("mirror of %v", m)
			}
		}
	})
}

func TestSensorDefaults(t *testing.T) {
	for query, want := range map[string]string{
		"": "UI 100", "&throttleMs=-5": "UI 100", "&throttleMs=x": "UI 100", "&throttleMs=1.5": "UI 100", "&throttleMs=250": "UI 250",
		"&speed=warp": "UI 100", "&speed=GAME": "Game 100", "&speed=default&throttleMs=0": "Default 0",
	} {
		a := newAgent(t, recorder.Options{}, Deps{})
		a.gauge("barometer")
		d := a.dial("/ws/v1/device/sensors?sensor=barometer" + query).next("subscribed").data()
		if got := fmt.Sprint(d.text("speed"), " ", d.number("throttleMs")); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestSensorRefusals(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		for query, want := range map[string]string{
			"": " sensor is required", "sensor=&": " sensor is required", "sensor=Sonar": `sonar unknown sensor: "Sonar"`,
			"sensor=gyroscope": "gyroscope Gyroscope is not available",
		} {
			s := a.dial("/ws/v1/device/sensors?" + query + "&compat=" + compat)
			m := s.next("error")
			if got := m.data().text("sensor") + " " + m.data().text("message"); got != want || compat == "mirror" && m.text("error") != m.data().text("message") {
				t.Errorf("%s: %v", query, m)
			}
			if code := s.closed(); code != websocket.StatusPolicyViolation {
				t.Errorf("%s: close code %d", query, code)
			}
		}
	})
}

func TestSensorCommands(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		compass, baro := a.gauge("compass"), a.gauge("barometer")
		s := a.dial("/ws/v1/device/sensors?sensor=compass&throttleMs=0&compat=" + compat)
		s.next("subscribed")
		s.write(`{"type":"subscribe","data":{"sensor":"Barometer"}}`)
		if d := s.next("subscribed").data(); d.text("sensor") != "barometer" || d.text("speed") != "UI" || d.number("throttleMs") != 100 {
			t.Errorf("a new sensor has %v", d)
		}
		s.write(`{"type":"subscribe","timestamp":"x","data":{"sensor":"compass","speed":"game"}}`)
		if d := s.next("subscribed").data(); d.text("speed") != "Game" || d.number("throttleMs") != 0 {
			t.Errorf("changed settings are %v", d)
		}
		eventually(t, "the sampler follows", func() bool { return compass.period.Load() == int64(20*time.Millisecond) })
		baro.read(t, map[string]float64{"pressure": 1013})
		m := s.next("reading")
		values, _ := m.data()["values"].(map[string]any)
		if _, has := values["pressureInHectopascals"]; m.data().text("sensor") != "barometer" || has != (compat == "mirror") {
			t.Errorf("reading %v", m)
		}
		for command, want := range map[string]string{
			`{"type":"subscribe","data":{"sensor":"sonar"}}`:                         `sonar unknown sensor: "sonar"`,
			`{"type":"subscribe","data":{"sensor":"gyroscope"}}`:                     "gyroscope Gyroscope is not available",
			`{"type":"subscribe","data":{"sensor":"compass","speed":"warp"}}`:        "compass speed must be one of UI, Game, Fastest, Default",
			`{"type":"subscribe","data":{"sensor":"compass","speed":4}}`:             "compass speed must be one of UI, Game, Fastest, Default",
			`{"type":"subscribe","data":{"sensor":"compass","throttleMs":-1}}`:       "compass throttleMs must be a non-negative integer",
			`{"type":"subscribe","data":{"sensor":"compass","throttleMs":1.5}}`:      "compass throttleMs must be a non-negative integer",
			`{"type":"subscribe","data":{"sensor":"compass","throttleMs":"5"}}`:      "compass throttleMs must be a non-negative integer",
			`{"type":"subscribe","data":{}}`:                                         " data.sensor is required",
			`{"type":"subscribe"}`:                                                   " data.sensor is required",
			`{"type":"unsubscribe","data":{"sensor":7}}`:                             " data.sensor is required",
			`{"type":"unsubscribe","data":{"sensor":"gyroscope"}}`:                   "gyroscope not subscribed to gyroscope",
			`{"type":"subscribe","data":{"sensor":"compass","speed":"","extra":[]}}`: "compass speed must be one of UI, Game, Fastest, Default",
		} {
			s.write(command)
			if d := s.next("error").data(); d.text("sensor")+" "+d.text("message") != want {
				t.Errorf("%s: %v", command, d)
			}
		}
		s.write(`{"type":"subscribe","data":{"sensor":"compass","speed":null,"throttleMs":null}}`)
		if d := s.next("subscribed").data(); d.text("speed") != "Game" || d.number("throttleMs") != 0 {
			t.Errorf("mistakes changed the settings: %v", d)
		}
		s.write(`{"type":"unsubscribe","data":{"sensor":"COMPASS"}}`)
		if d := s.next("stopped").data(); d.text("sensor") != "compass" {
			t.Errorf("stopped %v", d)
		}
		s.write(`{"type":"unsubscribe","data":{"sensor":"barometer"}}`)
		s.next("stopped")
		s.write(`{"type":"subscribe","data":{"sensor":"compass"}}`)
		if d := s.next("subscribed").data(); d.text("speed") != "UI" || d.number("throttleMs") != 100 {
			t.Errorf("subscribed again with %v", d)
		}
	})
}

func TestThrottleIsPerConnection(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	g := a.gauge("accelerometer")
	fast := a.dial("/ws/v1/device/sensors?sensor=accelerometer&throttleMs=0&speed=Fastest")
	slow := a.dial("/ws/v1/device/sensors?sensor=accelerometer&throttleMs=40&speed=Fastest")
	fast.next("subscribed")
	slow.next("subscribed")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(4 * time.Millisecond):
				select {
				case g.readings <- recorder.Reading{Values: map[string]float64{"x": float64(i)}}:
				case <-stop:
					return
				}
			}
		}
	}()
	at := func(m message) time.Time {
		when, err := time.Parse(time.RFC3339Nano, m.data().text("timestamp"))
		if err != nil {
			t.Error(err)
		}
		return when
	}
	for range 20 {
		fast.next("reading")
	}
	last := at(slow.next("reading"))
	for range 6 {
		now := at(slow.next("reading"))
		if d := now.Sub(last).Round(time.Millisecond); d < 40*time.Millisecond {
			t.Errorf("two readings within %v", d)
		}
		last = now
	}
	close(stop)
	<-done
}

func TestSensorStoppedAndFailed(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		g := a.gauge("gyroscope")
		one := a.dial("/ws/v1/device/sensors?sensor=gyroscope&compat=" + compat)
		two := a.dial("/ws/v1/sensors?sensor=gyroscope&compat=" + compat)
		one.next("subscribed")
		two.next("subscribed")
		if m := a.do("POST", "/api/v1/device/sensors/GYROSCOPE/stop", "").done().object(); m.text("name") != "gyroscope" || m["active"] != false {
			t.Errorf("stop answers %v", m)
		}
		for _, s := range []*socket{one, two} {
			if got := s.next("stopped").data().text("sensor"); got != "gyroscope" {
				t.Errorf("stopped %s", got)
			}
			s.write(`{"type":"subscribe","data":{"sensor":"gyroscope"}}`)
			s.next("subscribed")
		}
		eventually(t, "the sensor runs", func() bool { return g.running.Load() == 1 })
		g.fail <- errors.New("read gyroscope: it melted")
		for _, s := range []*socket{one, two} {
			if d := s.next("error").data(); d.text("sensor") != "gyroscope" || d.text("message") != "read gyroscope: it melted" {
				t.Errorf("failure %v", d)
			}
			s.next("stopped")
		}
		eventually(t, "it is idle", func() bool { i, _ := a.rec.Sensors.Info("gyroscope"); return !i.Active })
		one.write(`{"type":"subscribe","data":{"sensor":"gyroscope","throttleMs":0}}`)
		one.next("subscribed")
		g.read(t, map[string]float64{"x": 1})
		one.next("reading")
		a.rec.Sensors.Remove("gyroscope")
		one.next("error")
		one.next("stopped")
		one.write(`{"type":"subscribe","data":{"sensor":"gyroscope"}}`)
		one.next("error")
	})
}

func TestHTTPSensors(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{Mirror: compat == "mirror"})
		g := a.gauge("compass")
		list := func() map[string]message {
			all := map[string]message{}
			for _, m := range a.do("GET", "/api/v1/device/sensors", "").ok().array() {
				all[m.text("name")] = m
			}
			return all
		}
		all := list()
		if len(all) != 6 || all["compass"]["available"] != true || all["compass"]["active"] != false || all["barometer"]["available"] != false {
			t.Errorf("sensors %v", all)
		}
		if mirrored := all["compass"].text("sensor") == "compass" && all["compass"]["supported"] == true && all["compass"]["subscribers"] == 0.0; mirrored != (compat == "mirror") {
			t.Errorf("mirror of %v", all["compass"])
		}
		a.do("POST", "/api/v1/device/sensors/sonar/start", "").fails(404, "not_found")
		a.do("POST", "/api/v1/device/sensors/sonar/stop", "").fails(404, "not_found")
		a.do("POST", "/api/v1/device/sensors/barometer/start", "").fails(501, "not_supported")
		a.do("POST", "/api/v1/device/sensors/barometer/stop", "").done()
		for range 2 {
			m := a.do("POST", "/api/v1/device/sensors/Compass/start?speed=game", `{"ignored":1}`).done().object()
			if m.text("message") != "Sensor 'compass' started" || m.text("name") != "compass" || m["active"] != true || m["available"] != true {
				t.Errorf("start answers %v", m)
			}
		}
		eventually(t, "it runs", func() bool { return g.running.Load() == 1 && g.period.Load() == int64(20*time.Millisecond) })
		s := a.dial("/ws/v1/sensors?sensor=compass&compat=none")
		s.next("subscribed")
		if m := list()["compass"]; m["active"] != true || compat == "mirror" && m.number("subscribers") != 1 {
			t.Errorf("with a stream: %v", m)
		}
		_ = s.ws.CloseNow()
		eventually(t, "the stream is gone", func() bool { i, _ := a.rec.Sensors.Info("compass"); return i.Readers == 0 })
		if m := list()["compass"]; m["active"] != true {
			t.Errorf("a sensor that HTTP started ended with a stream: %v", m)
		}
		a.do("POST", "/api/v1/device/sensors/compass/stop", "").done()
		if m := list()["compass"]; m["active"] != false {
			t.Errorf("stopped: %v", m)
		}
	})
}
