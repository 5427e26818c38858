package iio

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
)

// errGone says that the device has left the system.
var errGone = errors.New("device is gone")

// isGone recognises what the kernel answers for a device that was unplugged or
// whose driver was unbound.
func isGone(err error) bool {
	return errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ESHUTDOWN) || errors.Is(err, fs.ErrNotExist)
}

// scan is what a track measured at one time: a vector for each kind of its part.
type scan struct {
	has     bool
	vectors [3]fusion.Vec3
	stamp   int64 // ns of a clock that only differences are taken of
	stamped bool
}

// track reads the vectors of one device, from its buffer or by polling.
type track struct {
	part    part
	mounts  []Matrix
	probes  [][3]*probe // for polling
	convs   [][3]conversion
	buf     *buffer
	current scan
	// queue are the scans of the buffer that were not used yet.
	queue     []scan
	elements  [][3]Element // where the vectors are in a scan
	lastStamp int64
	heard     time.Time // when the buffer gave something last
	patience  time.Duration
	log       *slog.Logger
}

// openTrack opens a part, with the buffer if that is possible.
func openTrack(p part, scans int, log *slog.Logger) (*track, error) {
	t := &track{part: p, log: log}
	for _, k := range p.kinds {
		m, err := p.dev.mount(k)
		if err != nil {
			log.Warn("mount matrix ignored", "device", p.dev.String(), "err", err)
		}
		t.mounts = append(t.mounts, m)
		axes, _ := p.dev.axes(k)
		var convs [3]conversion
		for i, c := range axes {
			if convs[i], err = c.conversion(p.dev.Dir); err != nil {
				return nil, fmt.Errorf("open %s: %w", p.dev, err)
			}
		}
		t.convs = append(t.convs, convs)
	}
	buf, err := openBuffer(p.dev, p.attributeNames(), min(scans, maxScans))
	if err == nil {
		t.buf = buf
		for _, k := range p.kinds {
			axes, _ := p.dev.axes(k)
			t.elements = append(t.elements, [3]Element{buf.element(axes[0].Name), buf.element(axes[1].Name), buf.element(axes[2].Name)})
		}
		return t, nil
	}
	log.Debug("no buffer, polling", "device", p.dev.String(), "err", err)
	return t, t.poll()
}

// poll goes over to polling.
func (t *track) poll() error {
	if t.buf != nil {
		t.buf.close()
		t.buf, t.queue, t.lastStamp = nil, nil, 0
	}
	for _, k := range t.part.kinds {
		axes, _ := t.part.dev.axes(k)
		var probes [3]*probe
		var err error
		for i, c := range axes {
			if probes[i], err = openProbe(t.part.dev.Dir, c); err != nil {
				break
			}
		}
		t.probes = append(t.probes, probes) // those that did open, too, so that close finds them
		if err != nil {
			t.close()
			return fmt.Errorf("open %s: %w", t.part.dev, err)
		}
	}
	return nil
}

// fetch takes what the device has measured: all scans since the last time, or
// one reading.
func (t *track) fetch(now time.Time) error {
	if t.buf != nil {
		before := len(t.queue)
		if err := t.buf.read(t.take); err != nil {
			return t.explain(err)
		}
		if len(t.queue) > before || t.heard.IsZero() {
			t.heard = now
		}
		if now.Sub(t.heard) <= t.patience {
			return nil
		}
		t.log.Warn("buffer is silent, polling", "device", t.part.dev.String())
		if err := t.poll(); err != nil {
			return t.explain(err)
		}
	}
	s := scan{has: true}
	for k, probes := range t.probes {
		var axes [3]float64
		for i, p := range probes {
			v, err := p.read()
			if err != nil {
				return t.explain(err)
			}
			axes[i] = v
		}
		s.vectors[k] = t.place(k, axes)
	}
	t.current = s
	return nil
}

// explain names the device, and looks whether it is still there: a driver may
// answer with any error while it goes away.
func (t *track) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, gone := os.Stat(t.part.dev.Dir); gone != nil {
		return fmt.Errorf("read %s: %w: %w", t.part.dev, errGone, err)
	}
	return fmt.Errorf("read %s: %w", t.part.dev, err)
}

// take decodes a scan of the buffer.
func (t *track) take(raw []byte) {
	s := scan{has: true}
	s.stamp, s.stamped = t.buf.time(raw)
	for k, elements := range t.elements {
		var values [3]float64
		for i, e := range elements {
			values[i] = t.convs[k][i].apply(float64(e.Type.Decode(raw[e.Offset:], 0)))
		}
		s.vectors[k] = t.place(k, values)
	}
	if len(t.queue) >= maxScans {
		t.queue = append(t.queue[:0], t.queue[len(t.queue)-maxScans/2:]...)
	}
	t.queue = append(t.queue, s)
}

// place takes a vector from the frame of the sensor to that of package fusion.
func (t *track) place(k int, axes [3]float64) fusion.Vec3 {
	v := t.mounts[k].Apply(fusion.Vec3{X: axes[0], Y: axes[1], Z: axes[2]})
	if t.part.kinds[k] == Gyro {
		return fusion.AxialFromRightHanded(v)
	}
	return fusion.FromRightHanded(v)
}

// upTo returns the newest scan that is not newer than the time stamp; without
// one, simply the newest.
func (t *track) upTo(stamp int64) scan {
	used := 0
	for _, s := range t.queue {
		if stamp != 0 && s.stamped && s.stamp > stamp && t.current.has {
			break
		}
		t.current = s
		used++
	}
	t.queue = append(t.queue[:0], t.queue[used:]...)
	return t.current
}

func (t *track) close() {
	if t.buf != nil {
		t.buf.close()
		t.buf = nil
	}
	for _, probes := range t.probes {
		for _, p := range probes {
			p.close()
		}
	}
	t.probes = nil
}
