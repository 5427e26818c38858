package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/topic"
)

// Units of the agent's protocol in those of package iio.
const (
	radians    = math.Pi / 180 // of a degree
	microtesla = 100           // of a gauss
)

// addSensors gives the agent the inertial sensors of the device and its barometer.
//
// Vectors are in the right-handed frame of the board, with X forward, Y to the left and
// Z up; a device that rests level reads +1 g on Z. The orientation takes vectors of the
// board to a world with Z up whose X is magnetic north if the magnetometer is used.
func addSensors(rec *recorder.Recorder, cfg config.Config, devices sensors, log *slog.Logger) {
	simulated := slices.Contains(cfg.Simulate, simulateIMU)
	for name, s := range map[string]struct {
		kinds []iio.Kind // that it needs, one of them
		read  func(iio.Status) map[string]float64
	}{
		recorder.Accelerometer: {[]iio.Kind{iio.Accel}, acceleration},
		recorder.Gyroscope:     {[]iio.Kind{iio.Gyro}, rotation},
		recorder.Magnetometer:  {[]iio.Kind{iio.Mag}, field},
		recorder.Orientation:   {[]iio.Kind{iio.Accel, iio.Gyro}, orientation},
	} {
		def := recorder.Sensor{Name: name, Run: follow(devices.imu.Topic(), func(st iio.Status) (recorder.Reading, error) {
			return inertial(st, name, s.read)
		})}
		if !simulated {
			def.Available = present(name, s.kinds...)
		}
		register(rec, def, log)
	}
	register(rec, recorder.Sensor{
		Name: recorder.Compass, Run: follow(devices.imu.Topic(), func(st iio.Status) (recorder.Reading, error) { return inertial(st, recorder.Compass, heading) }),
		Available: func() error {
			if c := devices.imu.Config(); c.Fusion != iio.FusionMag {
				return errors.New("the compass needs the fusion " + iio.FusionMag)
			}
			if simulated {
				return nil
			}
			return present(recorder.Compass, iio.Mag)()
		},
	}, log)
	register(rec, recorder.Sensor{
		Name: recorder.Barometer, Run: follow(devices.environment.Topic(), pressure), Available: present(recorder.Barometer, iio.Pressure),
	}, log)
}

func register(rec *recorder.Recorder, s recorder.Sensor, log *slog.Logger) {
	if err := rec.Sensors.Register(s); err != nil {
		log.Error("sensor left out", "sensor", s.Name, "err", err)
	}
}

// present returns a function that tells why a sensor cannot be used: that the device
// has nothing of these kinds. It reads some short files.
func present(name string, kinds ...iio.Kind) func() error {
	return func() error {
		devices, err := iio.Find("/")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, d := range devices {
			for _, c := range d.Channels {
				if slices.Contains(kinds, c.Kind) {
					return nil
				}
			}
		}
		return fmt.Errorf("%s: %w", name, topic.ErrNotPresent)
	}
}

// errNoValue says that there is no reading in a value, and that one may follow.
var errNoValue = errors.New("no reading")

// follow makes a source of readings of a topic, at the rate that is wanted.
func follow[T any](from *topic.Topic[T], read func(T) (recorder.Reading, error)) topic.Source[recorder.Reading] {
	return func(ctx context.Context, out *topic.Publisher[recorder.Reading]) error {
		news := make(chan struct{}, 1)
		sub, err := from.Subscribe(topic.SubscribeOptions{Interval: out.Interval(), Wake: func() {
			select {
			case news <- struct{}{}:
			default:
			}
		}})
		if err != nil {
			return err
		}
		defer sub.Close()
		var items [1]topic.Item[T]
		for {
			n, err := sub.Fill(items[:])
			if err != nil {
				return err
			}
			if n > 0 {
				switch r, err := read(items[0].Event.Value); {
				case err == nil:
					out.Publish(r)
				case !errors.Is(err, errNoValue):
					return err
				}
				continue
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-out.IntervalChanged():
				sub.SetInterval(out.Interval())
			case <-news:
			}
		}
	}
}

// inertial makes a reading of a status. A sensor that the device does not have, or
// that broke, is an error.
func inertial(st iio.Status, name string, read func(iio.Status) map[string]float64) (recorder.Reading, error) {
	if !st.HasSample {
		if st.LastError != "" {
			return recorder.Reading{}, errors.New(st.LastError)
		}
		return recorder.Reading{}, errNoValue
	}
	values := read(st)
	if values == nil {
		return recorder.Reading{}, fmt.Errorf("%s: %w", name, topic.ErrNotPresent)
	}
	return recorder.Reading{Time: st.UpdatedAt, Values: values}, nil
}

func xyz(v fusion.Vec3, unit float64) map[string]float64 {
	return map[string]float64{"x": v.X * unit, "y": v.Y * unit, "z": v.Z * unit}
}

// The frames of package fusion and of the board are mirror images, so the way back is
// the way there.

func acceleration(st iio.Status) map[string]float64 {
	if st.Accel == nil {
		return nil
	}
	return xyz(fusion.FromRightHanded(*st.Accel), 1)
}

func rotation(st iio.Status) map[string]float64 {
	if st.Gyro == nil {
		return nil
	}
	return xyz(fusion.AxialFromRightHanded(*st.Gyro), radians)
}

func field(st iio.Status) map[string]float64 {
	if st.Mag == nil {
		return nil
	}
	return xyz(fusion.FromRightHanded(*st.Mag), microtesla)
}

func orientation(st iio.Status) map[string]float64 {
	if st.Motion == nil {
		return nil
	}
	q := st.Motion.Attitude
	axis := fusion.AxialFromRightHanded(fusion.Vec3{X: q.X, Y: q.Y, Z: q.Z})
	return map[string]float64{"x": axis.X, "y": axis.Y, "z": axis.Z, "w": q.W}
}

func heading(st iio.Status) map[string]float64 {
	if st.Motion == nil || st.Mag == nil || st.Config.Fusion != iio.FusionMag {
		return nil
	}
	degrees := st.Motion.Attitude.Euler(fusion.Unsigned).Yaw
	return map[string]float64{"heading": degrees}
}

// pressure makes a reading of the first barometer.
func pressure(s iio.Surroundings) (recorder.Reading, error) {
	for _, m := range s.Measurements {
		if m.Kind == iio.Pressure {
			return recorder.Reading{Time: s.Time, Values: map[string]float64{"pressure": m.Value}}, nil
		}
	}
	return recorder.Reading{}, errNoValue
}
