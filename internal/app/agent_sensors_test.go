package app

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/topic"
)

func near(a, b map[string]float64) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		if w, ok := b[name]; !ok || math.Abs(v-w) > 1e-9 {
			return false
		}
	}
	return true
}

// TestUnitsAndFrames: what package iio gives in its own units and mirrored frame is told
// in those of the protocol, in a right-handed one.
func TestUnitsAndFrames(t *testing.T) {
	st := iio.Status{
		HasSample: true, UpdatedAt: time.Unix(1, 0),
		Accel: &fusion.Vec3{X: 0.1, Y: 0.2, Z: 1}, Gyro: &fusion.Vec3{X: 180, Y: 90, Z: -180}, Mag: &fusion.Vec3{X: 0.2, Y: 0.1, Z: -0.4},
	}
	st.Motion = &fusion.Result{Attitude: fusion.Euler{Yaw: 90}.Quat()} // turned to the right
	half := math.Sqrt(0.5)
	for name, test := range map[string]struct {
		read func(iio.Status) map[string]float64
		want map[string]float64
	}{
		"g":          {acceleration, map[string]float64{"x": 0.1, "y": -0.2, "z": 1}},
		"rad/s":      {rotation, map[string]float64{"x": -math.Pi, "y": math.Pi / 2, "z": math.Pi}},
		"microtesla": {field, map[string]float64{"x": 20, "y": -10, "z": -40}},
		// To the right is a negative angle about an axis that points up.
		"quaternion":             {orientation, map[string]float64{"x": 0, "y": 0, "z": -half, "w": half}},
		"heading without fusion": {heading, nil},
	} {
		if got := test.read(st); !near(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	st.Config.Fusion = iio.FusionMag
	if got := heading(st); !near(got, map[string]float64{"heading": 90}) {
		t.Errorf("heading: %v", got)
	}
	for name, read := range map[string]func(iio.Status) map[string]float64{"accel": acceleration, "gyro": rotation, "mag": field, "q": orientation, "h": heading} {
		if got := read(iio.Status{HasSample: true}); got != nil {
			t.Errorf("%s of a device without it: %v", name, got)
		}
	}
}

func TestReadingsThatAreNone(t *testing.T) {
	if _, err := inertial(iio.Status{}, "x", acceleration); !errors.Is(err, errNoValue) {
		t.Errorf("not yet: %v", err)
	}
	if _, err := inertial(iio.Status{LastError: "no IMU"}, "x", acceleration); err == nil || err.Error() != "no IMU" {
		t.Errorf("broken: %v", err)
	}
	if _, err := inertial(iio.Status{HasSample: true}, "x", acceleration); !errors.Is(err, topic.ErrNotPresent) {
		t.Errorf("not there: %v", err)
	}
	if _, err := pressure(iio.Surroundings{Measurements: []iio.Measurement{{Kind: iio.Light}}}); !errors.Is(err, errNoValue) {
		t.Errorf("no barometer: %v", err)
	}
	r, err := pressure(iio.Surroundings{Measurements: []iio.Measurement{{Kind: iio.Light, Value: 3}, {Kind: iio.Pressure, Value: 1013.25}}})
	if err != nil || r.Values["pressure"] != 1013.25 {
		t.Errorf("%v, %v", r, err)
	}
}

// TestFollow: values that are no readings are passed over, an error ends it, and the
// topic below is asked for the rate that is wanted.
func TestFollow(t *testing.T) {
	intervals := make(chan time.Duration, 10)
	from := topic.New(topic.Options[int]{Name: "numbers", Linger: -1, Source: func(ctx context.Context, out *topic.Publisher[int]) error {
		intervals <- out.Interval()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for n := 0; ; n++ {
			out.Publish(n)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-out.IntervalChanged():
				intervals <- out.Interval()
			case <-tick.C:
			}
		}
	}})
	defer from.Close()
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	failed := errors.New("it broke")
	register(rec, recorder.Sensor{Name: "number", Run: follow(from, func(n int) (recorder.Reading, error) {
		switch {
		case n < 5:
			return recorder.Reading{}, errNoValue
		case n > 500:
			return recorder.Reading{}, failed
		}
		return recorder.Reading{Values: map[string]float64{"n": float64(n)}}, nil
	})}, slog.New(slog.DiscardHandler))
	s, err := rec.Sensors.Open("number", 20*time.Millisecond, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	item, err := s.Next(ctx)
	if err != nil || item.Event.Value.Values["n"] < 5 {
		t.Fatalf("%+v, %v", item, err)
	}
	if got := <-intervals; got != 20*time.Millisecond {
		t.Errorf("first asked for every %v", got)
	}
	s.SetInterval(5 * time.Millisecond)
	if got := <-intervals; got != 5*time.Millisecond {
		t.Errorf("then asked for every %v", got)
	}
	for err == nil {
		_, err = s.Next(ctx)
	}
	if !strings.Contains(err.Error(), failed.Error()) {
		t.Errorf("it ended with %v", err)
	}
}
