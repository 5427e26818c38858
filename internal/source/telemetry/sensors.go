package telemetry

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/procfile"
)

const (
	// discoverEvery is how often is looked which sensors there are.
	discoverEvery = 10 * time.Second
	// driveEvery is how often the temperature of a drive is read: each reading
	// is a command to the drive.
	driveEvery = 10 * time.Second
	// sensorsMaxAge is for how long what the sensors told is repeated while they
	// are held up.
	sensorsMaxAge = 15 * time.Second
)

// sensors reads everything that may sit behind a slow bus. It is used by one
// lane only, so that it may be held up.
type sensors struct {
	root         string
	now          func() time.Time
	discovered   time.Time
	thermometers []*thermometer
	gpu          *gpuMeter
	power        powerMeter
}

// readings are what the sensors tell. Nobody changes them.
type readings struct {
	at           time.Time
	temperatures []Temperature
	gpu          *GPU
	power        *Power
}

// thermometer is one temperature sensor.
type thermometer struct {
	label  string
	file   *procfile.File
	status *procfile.File // of runtime power management, of graphics cards only
	every  time.Duration  // 0: each time
	read   time.Time
	last   float64
	known  bool
}

// readAll reads all sensors. It may block for as long as one of them does.
func (s *sensors) readAll() readings {
	now := s.now()
	if s.discovered.IsZero() || now.Sub(s.discovered) >= discoverEvery {
		s.discover()
		s.discovered = now
	}
	r := readings{at: now, gpu: s.gpu.read(), power: s.power.read()}
	r.temperatures = make([]Temperature, 0, len(s.thermometers))
	for _, t := range s.thermometers {
		if c, ok := t.celsius(now); ok {
			r.temperatures = append(r.temperatures, Temperature{Label: t.label, Celsius: c})
		}
	}
	return r
}

func (t *thermometer) celsius(now time.Time) (float64, bool) {
	if asleep(t.status) {
		return 0, false
	}
	if t.read.IsZero() || now.Sub(t.read) >= t.every {
		t.last, t.known = celsius(t.file)
		t.read = now
	}
	return t.last, t.known
}

// discover opens the sensors there are now. Thermometers that stay keep what
// they told, and the graphics processor its counters.
func (s *sensors) discover() {
	zones := findZones(s.root)
	chips := findChips(filepath.Join(s.root, "sys/class/hwmon"))
	s.power.discover(s.root, chips)

	previous := s.gpu
	s.gpu = findGPU(s.root, zones)
	if previous != nil && s.gpu != nil && previous.card == s.gpu.card && previous.queues != nil && s.gpu.queues != nil {
		s.gpu.queues.last = previous.queues.last
	}
	previous.close()

	known := make(map[string]*thermometer, len(s.thermometers))
	for _, t := range s.thermometers {
		t.close()
		known[t.file.Path()] = t
	}
	s.thermometers = s.thermometers[:0]
	for _, z := range zones {
		s.add(known, thermometer{label: z.kind}, filepath.Join(z.dir, "temp"))
	}
	for _, c := range chips {
		if !c.zone {
			s.addChip(known, c)
		}
	}
}

func (s *sensors) addChip(known map[string]*thermometer, c chip) {
	every := time.Duration(0)
	if c.name == "nvme" || c.name == "drivetemp" {
		every = driveEvery
	}
	for _, channel := range c.sensors("temp") {
		label := channel.label
		if label == "" {
			label = "temp" + channel.number
		}
		t := thermometer{label: strings.TrimSpace(c.name + " " + label), every: every}
		if slices.Contains([]string{"amdgpu", "radeon", "nouveau", "i915", "xe"}, c.name) {
			t.status = openOrNil(filepath.Join(c.dir, "device/power/runtime_status"))
		}
		s.add(known, t, channel.input)
	}
}

// add opens a thermometer, and takes over what an earlier one told that was in
// the same place. Labels are made different from one another.
func (s *sensors) add(known map[string]*thermometer, t thermometer, path string) {
	if t.file = openOrNil(path); t.file == nil || len(s.thermometers) >= maxSensors {
		t.close()
		return
	}
	label := t.label
	for n := 2; slices.ContainsFunc(s.thermometers, func(o *thermometer) bool { return o.label == t.label }); n++ {
		t.label = fmt.Sprintf("%s %d", label, n)
	}
	if old := known[path]; old != nil && old.label == t.label {
		t.read, t.last, t.known = old.read, old.last, old.known
	}
	s.thermometers = append(s.thermometers, &t)
}

func (t *thermometer) close() {
	t.file.Close()
	t.status.Close()
}

// asleep reports whether a device is suspended, according to its
// power/runtime_status. Reading from it would wake it up.
func asleep(status *procfile.File) bool {
	if status == nil {
		return false
	}
	text, err := status.ReadAttr()
	return err == nil && string(bytes.TrimSpace(text)) == "suspended"
}

func (s *sensors) close() {
	for _, t := range s.thermometers {
		t.close()
	}
	s.thermometers = nil
	s.gpu.close()
	s.gpu = nil
	s.power.close()
	s.discovered = time.Time{}
}
