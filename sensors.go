package heliograph

import (
	"context"
	"errors"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/topic"
)

// Names of the sensors that clients know, and what their readings hold.
const (
	Accelerometer = recorder.Accelerometer // x, y, z in g
	Gyroscope     = recorder.Gyroscope     // x, y, z in rad/s
	Magnetometer  = recorder.Magnetometer  // x, y, z in microtesla
	Orientation   = recorder.Orientation   // x, y, z, w: a unit quaternion
	Compass       = recorder.Compass       // heading in degrees from magnetic north
	Barometer     = recorder.Barometer     // pressure in hPa
)

// Reading is one measurement. Values that are not finite are left out.
type Reading struct {
	Time   time.Time // zero: now
	Values map[string]float64
}

// Sensor is something that gives readings while a client wants them. Exactly one of
// Read and Run must be given.
type Sensor struct {
	// Name is one of the constants, or of lower-case letters, digits, hyphens and
	// underscores, with a letter first.
	Name string
	// Available, if not nil, returns why the sensor cannot be used now. It must not
	// block.
	Available func() error
	// Read measures once. It is called at the rate that clients want, and not at all
	// while there are none. It must honour ctx if it can block for long.
	Read func(ctx context.Context) (Reading, error)
	// Run measures until ctx is done and hands each reading to out, about as often
	// as every tells; clients that want less get fewer. When clients want another
	// rate, ctx is cancelled and Run called again. An error is told to clients.
	Run func(ctx context.Context, every time.Duration, out func(Reading)) error
}

// AddSensor adds a sensor. A name that is malformed, or has a sensor already, is an
// error.
func (a *Agent) AddSensor(s Sensor) error {
	if a == nil {
		return nil
	}
	if (s.Read == nil) == (s.Run == nil) {
		return errors.New("heliograph: a sensor needs either Read or Run")
	}
	def := recorder.Sensor{Name: s.Name, Available: s.Available, Run: source(s)}
	return a.rec.Sensors.Register(def)
}

// RemoveSensor takes a sensor away, and waits until it does not run any more. It must
// not be called by the sensor.
func (a *Agent) RemoveSensor(name string) {
	if a != nil {
		a.rec.Sensors.Remove(name)
	}
}

func source(s Sensor) topic.Source[recorder.Reading] {
	if s.Read != nil {
		return recorder.Every(func(ctx context.Context) (recorder.Reading, error) {
			r, err := s.Read(ctx)
			return recorder.Reading(r), err
		}, nil)
	}
	return func(ctx context.Context, out *topic.Publisher[recorder.Reading]) error {
		for ctx.Err() == nil {
			if again, err := runSensor(ctx, s, out); !again {
				return err
			}
		}
		return context.Cause(ctx)
	}
}

// runSensor runs a sensor until it ends or clients want another rate, for which it has
// to run again.
func runSensor(ctx context.Context, s Sensor, out *topic.Publisher[recorder.Reading]) (again bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	every, done := out.Interval(), make(chan error, 1)
	go func() { done <- s.Run(ctx, every, func(r Reading) { out.Publish(recorder.Reading(r)) }) }()
	for {
		select {
		case err := <-done:
			return false, err
		case <-out.IntervalChanged():
			if out.Interval() == every {
				continue
			}
			cancel()
			<-done
			return true, nil
		}
	}
}
