package iio

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/topic"
)

// Reading is a sample and how long after the one before it was taken, in
// seconds; 0 for the first. Its vectors are in the frame of package fusion, in g,
// deg/s and gauss.
type Reading struct {
	fusion.Sample
	Dt float64
}

// Description says what a unit is.
type Description struct {
	AccelGyro    string // devices of acceleration and rate, for people to read
	Magnetometer string // empty if there is none
	Simulated    bool
}

// Unit is an open inertial sensor. It is used by one goroutine at a time.
type Unit interface {
	Describe() Description
	// Read returns what was measured since the last call, oldest first, without
	// waiting for more: one reading of a unit that is polled, any number of one
	// with a buffer. The slice is valid until the next call. After an error the
	// unit may be read again, unless [Gone] says that it is no longer there.
	Read() ([]Reading, error)
	Close()
}

// Opener opens the unit to be read every interval. It returns an error that wraps
// [topic.ErrNotPresent] if there is none.
type Opener func(interval time.Duration) (Unit, error)

// Hardware returns the opener of the sensors under root, which is "/" but in
// tests. A nil logger means no log.
func Hardware(root string, log *slog.Logger) Opener {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return func(interval time.Duration) (Unit, error) {
		devices, err := Find(root)
		if err != nil {
			return nil, err
		}
		return openUnit(devices, interval, log)
	}
}

// hardware is a [Unit] made of the devices that have its sensors. The first track
// sets the pace.
type hardware struct {
	tracks   []*track
	text     Description
	restore  []func()
	readings []Reading
	last     time.Time // of the last call that gave readings
}

const (
	// minPatience is the least time after which a silent buffer is given up.
	minPatience = 2 * time.Second
	// bufferedRate is the least rate wanted of a buffer, Hz: the filter gains
	// from samples between two updates.
	bufferedRate = 100
)

func openUnit(devices []Device, interval time.Duration, log *slog.Logger) (Unit, error) {
	parts := choose(devices)
	if len(parts) == 0 {
		return nil, fmt.Errorf("find an accelerometer or gyroscope: %w", topic.ErrNotPresent)
	}
	u := &hardware{}
	hz := 1 / interval.Seconds()
	for _, p := range parts {
		for _, r := range p.dev.rates() {
			restore, err := r.atLeast(max(hz, bufferedRate))
			if err != nil {
				log.Debug("sampling frequency not set", "device", p.dev.String(), "err", err)
			} else if restore != nil {
				u.restore = append(u.restore, restore)
			}
		}
		t, err := openTrack(p, int(interval.Seconds()*4*max(hz, 8*bufferedRate))+64, log)
		if err != nil {
			u.Close()
			return nil, err
		}
		t.patience = max(minPatience, 4*interval)
		u.tracks = append(u.tracks, t)
	}
	u.describe(parts)
	return u, nil
}

// part is a device and the vectors that are taken from it.
type part struct {
	dev   Device
	kinds []Kind
}

// choose picks the devices: one with both accelerometer and gyroscope if there is
// one, else a gyroscope and the accelerometer of the same chip, or any; and a
// magnetometer, if possible of the same chip. The one that sets the pace is first.
func choose(devices []Device) []part {
	var parts []part
	add := func(k Kind, like string) string {
		best := -1
		for i, d := range devices {
			if _, ok := d.axes(k); ok && (best < 0 || (d.Parent == like && devices[best].Parent != like)) {
				best = i
			}
		}
		if best < 0 {
			return like
		}
		for i := range parts {
			if parts[i].dev.Number == devices[best].Number {
				parts[i].kinds = append(parts[i].kinds, k)
				return like
			}
		}
		parts = append(parts, part{devices[best], []Kind{k}})
		return devices[best].Parent
	}
	var chip string
	for _, d := range devices {
		_, accel := d.axes(Accel)
		_, gyro := d.axes(Gyro)
		if accel && gyro && chip == "" {
			parts, chip = append(parts, part{d, []Kind{Gyro, Accel}}), d.Parent
		}
	}
	if len(parts) == 0 {
		chip = add(Gyro, "")
		chip = add(Accel, chip)
	}
	if len(parts) > 0 {
		add(Mag, chip)
	}
	return parts
}

func (u *hardware) describe(parts []part) {
	for _, p := range parts {
		for _, k := range p.kinds {
			name := p.dev.String()
			switch {
			case k == Mag:
				u.text.Magnetometer = name
			case u.text.AccelGyro == "":
				u.text.AccelGyro = name
			case u.text.AccelGyro != name:
				u.text.AccelGyro += " and " + name
			}
		}
	}
}

// Describe implements [Unit].
func (u *hardware) Describe() Description { return u.text }

// Close implements [Unit]. It sets back what was changed.
func (u *hardware) Close() {
	for _, t := range u.tracks {
		t.close()
	}
	for _, restore := range u.restore {
		restore()
	}
	u.tracks, u.restore = nil, nil
}

// Read implements [Unit].
func (u *hardware) Read() ([]Reading, error) {
	u.readings = u.readings[:0]
	now := time.Now()
	for _, t := range u.tracks {
		if err := t.fetch(now); err != nil {
			return nil, err
		}
	}
	pace := u.tracks[0]
	if pace.buf == nil {
		u.readings = append(u.readings, Reading{Sample: u.merge(pace.current, 0), Dt: u.since(now)})
		return u.readings, nil
	}
	u.takeScans(pace, now)
	return u.readings, nil
}

// takeScans makes readings of what the buffer of the pacing track gave. Without
// time stamps, scans are taken to be spread evenly.
func (u *hardware) takeScans(pace *track, now time.Time) {
	even := 0.0
	if n := len(pace.queue); n > 0 {
		even = u.since(now) / float64(n)
	}
	for _, s := range pace.queue {
		dt := even
		if s.stamped {
			dt = 0
			if pace.lastStamp != 0 {
				dt = float64(s.stamp-pace.lastStamp) / 1e9
			}
			pace.lastStamp = s.stamp
		}
		u.readings = append(u.readings, Reading{Sample: u.merge(s, s.stamp), Dt: dt})
	}
	pace.queue = pace.queue[:0]
}

// since returns the seconds since the last call and sets the mark.
func (u *hardware) since(now time.Time) float64 {
	dt := 0.0
	if !u.last.IsZero() {
		dt = now.Sub(u.last).Seconds()
	}
	u.last = now
	return dt
}

// merge joins a scan of the pacing track with what the others measured last, up to
// the time of the scan.
func (u *hardware) merge(s scan, stamp int64) fusion.Sample {
	var sample fusion.Sample
	for i, t := range u.tracks {
		if i > 0 {
			s = t.upTo(stamp)
		}
		for k, kind := range t.part.kinds {
			if !s.has {
				continue
			}
			v := s.vectors[k]
			switch kind {
			case Accel:
				sample.Accel = &v
			case Gyro:
				sample.Gyro = &v
			case Mag:
				sample.Mag = &v
			}
		}
	}
	return sample
}

// Gone reports whether an error of [Unit.Read] says that the device is no longer
// there.
func Gone(err error) bool {
	return errors.Is(err, errGone) || isGone(err)
}

// attributeNames lists the scan elements of the part's vectors.
func (p part) attributeNames() []string {
	var names []string
	for _, k := range p.kinds {
		axes, _ := p.dev.axes(k)
		for _, c := range axes {
			names = append(names, c.Name)
		}
	}
	return names
}
