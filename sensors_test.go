package heliograph

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSensors(t *testing.T) {
	v := newViewer(t, nil)
	ran := make(chan time.Duration, 10)
	for _, s := range []Sensor{
		{Name: "queue", Read: func(context.Context) (Reading, error) { return Reading{Values: map[string]float64{"depth": 3}}, nil }},
		{Name: Barometer, Run: func(ctx context.Context, every time.Duration, out func(Reading)) error {
			ran <- every
			tick := time.NewTicker(every)
			defer tick.Stop()
			for {
				out(Reading{Values: map[string]float64{"pressure": 1013}})
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-tick.C:
				}
			}
		}},
		{Name: "broken", Read: func(context.Context) (Reading, error) { return Reading{}, errors.New("no bus") }},
		{Name: "away", Read: func(context.Context) (Reading, error) { return Reading{}, nil }, Available: func() error { return errors.New("unplugged") }},
	} {
		if err := v.agent.AddSensor(s); err != nil {
			t.Error(err)
		}
	}
	for name, s := range map[string]Sensor{
		"neither": {Name: "x"}, "name": {Name: "X", Read: func(context.Context) (Reading, error) { return Reading{}, nil }},
		"taken": {Name: "queue", Read: func(context.Context) (Reading, error) { return Reading{}, nil }},
	} {
		if err := v.agent.AddSensor(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	s := v.dial("/ws/v1/device/sensors?sensor=queue&throttleMs=0&speed=Fastest")
	s.next()
	if m := s.next(); m.Type != "reading" || m.Data["values"].(map[string]any)["depth"] != 3.0 {
		t.Errorf("%+v", m)
	}
	slow := v.dial("/ws/v1/device/sensors?sensor=barometer&speed=Default&throttleMs=200")
	if m := slow.next(); m.Type != "subscribed" {
		t.Errorf("%+v", m)
	}
	slow.next()
	first := <-ran
	fast := v.dial("/ws/v1/device/sensors?sensor=barometer&speed=Game&throttleMs=0")
	fast.next()
	if second := <-ran; second >= first {
		t.Errorf("it ran for every %v, then every %v", first, second)
	}
	for range 3 {
		fast.next()
	}
	broken := v.dial("/ws/v1/device/sensors?sensor=broken")
	broken.next()
	if m := broken.next(); m.Type != "error" || !strings.Contains(m.Data["message"].(string), "no bus") {
		t.Errorf("%+v", m)
	}
	if status, text := v.do("POST", "/api/v1/device/sensors/away/start", ""); status != 501 {
		t.Errorf("%d %s", status, text)
	}
	v.agent.RemoveSensor("queue")
	if status, _ := v.do("POST", "/api/v1/device/sensors/queue/start", ""); status != 404 {
		t.Errorf("a removed sensor: %d", status)
	}
}
