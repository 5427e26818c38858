package recorder

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// Names of the sensors that are always known, whether there is one or not, and
// what their readings hold.
const (
	Accelerometer = "accelerometer" // x, y, z in g
	Gyroscope     = "gyroscope"     // x, y, z in rad/s
	Magnetometer  = "magnetometer"  // x, y, z in microtesla
	Orientation   = "orientation"   // x, y, z, w: unit quaternion
	Compass       = "compass"       // heading, degrees 0..360 from magnetic north; accuracy
	Barometer     = "barometer"     // pressure in hPa
)

var (
	// ErrUnknownSensor says that there is no sensor of the name.
	ErrUnknownSensor = errors.New("unknown sensor")
	// ErrSensorUnavailable says that the sensor cannot be used on this device.
	ErrSensorUnavailable = errors.New("not available")
)

// Reading is one measurement. Values that are not finite are left out by readers.
type Reading struct {
	Time   time.Time // zero: when it was published
	Values map[string]float64
}

// Sensor is a named source of readings.
type Sensor struct {
	// Name is one of the constants or matches ^[a-z][a-z0-9_-]{0,63}$.
	Name string
	// Available, if not nil, tells why the sensor cannot be used now; it must
	// not block.
	Available func() error
	// Run measures while somebody wants readings and publishes them; see
	// topic.Source. Publisher.Interval is the period that is wanted, which Run
	// follows as far as it can; topic.Sample does all of that. An error ends the
	// subscriptions and is told.
	Run topic.Source[Reading]
}

// SensorInfo is the state of a sensor.
type SensorInfo struct {
	Name      string
	Available bool
	Active    bool // it runs for somebody
	Readers   int  // open streams
}

// Sensors is the registry of sensors.
type Sensors struct {
	opts Options

	mu     sync.Mutex
	byName map[string]*sensor
	closed bool
}

// sensor is a registered sensor, or one that is only known by name.
type sensor struct {
	Sensor
	topic   *topic.Topic[Reading] // nil if there is no sensor
	started *topic.Subscription[Reading]
	stopped chan struct{} // closed when the subscriptions of now are ended
}

func newSensors(opts Options) *Sensors {
	s := &Sensors{opts: opts, byName: map[string]*sensor{}}
	for _, name := range []string{Accelerometer, Barometer, Compass, Gyroscope, Magnetometer, Orientation} {
		s.byName[name] = &sensor{Sensor: Sensor{Name: name}}
	}
	return s
}

func (s *sensor) available() bool {
	return s.topic != nil && (s.Available == nil || s.Available() == nil)
}

func (s *sensor) info() SensorInfo {
	i := SensorInfo{Name: s.Name, Available: s.available()}
	if s.topic != nil {
		stats := s.topic.Stats()
		i.Readers = stats.Subscribers
		i.Active = stats.Subscribers > 0 && stats.State != topic.NotPresent && stats.State != topic.Broken
		if s.started != nil {
			i.Readers--
		}
	}
	return i
}

// Register adds a sensor, or gives a known name its source. A name that has one
// already, or is malformed, is an error.
func (s *Sensors) Register(def Sensor) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`).MatchString(def.Name) || def.Run == nil {
		return fmt.Errorf("register sensor %q: a name of lower-case letters, digits, _ and -, and a source are needed", def.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have := s.byName[def.Name]; have != nil && have.topic != nil || s.closed {
		return fmt.Errorf("register sensor %s: there is one already", def.Name)
	}
	s.byName[def.Name] = &sensor{
		Sensor: def, stopped: make(chan struct{}),
		topic: topic.New(topic.Options[Reading]{
			Name: "sensor " + def.Name, HistoryItems: 64, Source: def.Run, Interval: time.Second, Logger: s.opts.Logger,
		}),
	}
	return nil
}

// Remove takes a sensor away and waits for its source. Its streams end with
// topic.ErrClosed. A built-in name stays known.
func (s *Sensors) Remove(name string) {
	s.mu.Lock()
	have := s.byName[name]
	if have == nil || have.topic == nil {
		s.mu.Unlock()
		return
	}
	delete(s.byName, name)
	switch name {
	case Accelerometer, Barometer, Compass, Gyroscope, Magnetometer, Orientation:
		s.byName[name] = &sensor{Sensor: Sensor{Name: name}}
	}
	s.mu.Unlock()
	have.topic.Close()
}

// List returns all known sensors in the order of their names.
func (s *Sensors) List() []SensorInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]SensorInfo, 0, len(s.byName))
	for _, name := range slices.Sorted(maps.Keys(s.byName)) {
		list = append(list, s.byName[name].info())
	}
	return list
}

// Info returns one sensor, named in any case, or ErrUnknownSensor.
func (s *Sensors) Info(name string) (SensorInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLocked(name)
	if err != nil {
		return SensorInfo{}, err
	}
	return found.info(), nil
}

func (s *Sensors) findLocked(name string) (*sensor, error) {
	found := s.byName[strings.ToLower(name)]
	if found == nil {
		return nil, fmt.Errorf("%w: %q", ErrUnknownSensor, cut(name, 100))
	}
	return found, nil
}

// usableLocked finds a sensor that can be started.
func (s *Sensors) usableLocked(name string) (*sensor, error) {
	found, err := s.findLocked(name)
	if err != nil {
		return nil, err
	}
	title := strings.ToUpper(found.Name[:1]) + found.Name[1:]
	if found.topic == nil {
		return nil, fmt.Errorf("%s is %w", title, ErrSensorUnavailable)
	}
	if found.Available != nil {
		if why := found.Available(); why != nil {
			return nil, fmt.Errorf("%s is %w: %w", title, ErrSensorUnavailable, why)
		}
	}
	return found, nil
}

// SensorStream is a reader's subscription to one sensor. It must be closed.
type SensorStream struct {
	*topic.Subscription[Reading]
	// Stopped is closed when the sensor was stopped for all.
	Stopped <-chan struct{}
	// Name is the sensor's name as it is registered.
	Name string
}

// Open starts the sensor, if it does not run, and subscribes to its newest readings
// at the given period; see topic.SubscribeOptions for period and wake.
func (s *Sensors) Open(name string, every time.Duration, wake func()) (*SensorStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.usableLocked(name)
	if err != nil {
		return nil, err
	}
	sub, err := found.topic.Subscribe(topic.SubscribeOptions{Policy: topic.Latest, Interval: every, Wake: wake})
	if err != nil {
		return nil, err
	}
	return &SensorStream{Subscription: sub, Stopped: found.stopped, Name: found.Name}, nil
}

// Start runs a sensor until Stop, whoever listens, at the given period. Running is
// success.
func (s *Sensors) Start(name string, every time.Duration) (SensorInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.usableLocked(name)
	if err != nil {
		return SensorInfo{}, err
	}
	if found.started != nil {
		// A source that has failed starts afresh with the first subscription after
		// the last has gone.
		if state := found.topic.Stats().State; state == topic.Broken || state == topic.NotPresent {
			found.started.Close()
			found.started = nil
		}
	}
	if found.started == nil {
		sub, err := found.topic.Subscribe(topic.SubscribeOptions{Policy: topic.Latest, Interval: every})
		if err != nil {
			return SensorInfo{}, err
		}
		found.started = sub
	} else {
		found.started.SetInterval(every)
	}
	return found.info(), nil
}

// Stop ends a sensor for all: streams find SensorStream.Stopped closed. Not running
// is success.
func (s *Sensors) Stop(name string) (SensorInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.findLocked(name)
	if err != nil {
		return SensorInfo{}, err
	}
	if found.topic == nil {
		return found.info(), nil
	}
	close(found.stopped)
	found.stopped = make(chan struct{})
	if found.started != nil {
		found.started.Close()
		found.started = nil
	}
	i := found.info()
	i.Active = false // its streams end in this moment
	return i, nil
}

// Every makes the source of a sensor that is read, from a function that reads it
// once; see topic.Sample.
func Every(read func(context.Context) (Reading, error), failed func(error)) topic.Source[Reading] {
	return topic.Sample(read, failed)
}

func (s *Sensors) close() {
	s.mu.Lock()
	s.closed = true
	var topics []*topic.Topic[Reading]
	for _, one := range s.byName {
		if one.topic != nil {
			topics = append(topics, one.topic)
		}
	}
	s.mu.Unlock()
	for _, t := range topics {
		t.Close()
	}
}
