package v4l2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/annexb"
	"github.com/heliograph/heliograph/internal/source/video/jpeghead"
)

// buffers is how many frames the driver may be ahead.
const buffers = 4

// camera is a device node.
type camera struct {
	backend *Backend
	cfg     video.Capture
}

// isOther tells whether a node cannot be a camera at all.
func isOther(err error) bool { return errors.Is(err, video.ErrUnsupported) }

// takes tells whether frames of a format can be handed over.
func takes(f video.FourCC) bool {
	return f == video.MJPG || f.Inter() || slices.Contains(rawFormats(), f)
}

// Present implements video.Presence.
func (c *camera) Present() error {
	_, err := c.backend.resolve(c.cfg)
	return err
}

// device opens the camera's node.
func (c *camera) device() (device, error) {
	path, err := c.backend.resolve(c.cfg)
	if err != nil {
		return nil, err
	}
	return c.backend.open(path)
}

// Describe implements video.Camera.
func (c *camera) Describe(context.Context) (video.Descriptor, error) {
	d, err := c.device()
	if err != nil {
		return video.Descriptor{}, err
	}
	defer d.close()
	return video.Descriptor{Modes: d.modes(), Controls: d.controls()}, nil
}

// SetControl implements video.Camera. The node is opened a second time, which does not
// disturb a capture.
func (c *camera) SetControl(_ context.Context, id uint32, v video.Value) error {
	d, err := c.device()
	if err != nil {
		return err
	}
	defer d.close()
	return set(d, d.controls(), video.Setting{ID: id, Value: v})
}

// set checks and sets a control.
func set(d device, list []video.Control, s video.Setting) error {
	i := slices.IndexFunc(list, func(c video.Control) bool { return c.ID == s.ID })
	if i < 0 {
		return fmt.Errorf("control %#x: %w", s.ID, video.ErrNoControl)
	}
	v, err := list[i].Check(s.Value)
	if err != nil {
		return err
	}
	n, _ := v.Number()
	err = d.setControl(s.ID, int32(uint32(n)))
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ERANGE) {
		return fmt.Errorf("%w: %w", video.ErrControlValue, err)
	}
	return err
}

// Run implements video.Camera. Controls of the configuration that cannot be set, for
// example because another one makes them inactive, are left as they are.
func (c *camera) Run(ctx context.Context, to video.Sink) error {
	d, err := c.device()
	if err != nil {
		return err
	}
	defer d.close()
	l, err := c.prepare(d)
	if err != nil {
		return err
	}
	take, err := c.taker(l, to)
	if err != nil {
		return err
	}
	if err := d.start(buffers); err != nil {
		return err
	}
	return capture(ctx, d, take, to)
}

// prepare sets the format, the rate and the controls.
func (c *camera) prepare(d device) (layout, error) {
	want := c.cfg.Format
	if want.FourCC == "" {
		want.FourCC = best(d.modes())
	}
	l, err := d.setFormat(want)
	if err != nil {
		return l, err
	}
	l.FourCC = l.FourCC.Canonical()
	if want.FourCC != "" && l.FourCC != want.FourCC {
		return l, fmt.Errorf("set the format: %w: the driver takes %q instead of %q", video.ErrUnsupported, string(l.FourCC), string(want.FourCC))
	}
	if rate := c.cfg.Rate(video.Interval{}); rate.Valid() {
		// Not every driver has rates, and the frames tell the true one.
		if err := d.setInterval(rate); errors.Is(err, video.ErrAbsent) || errors.Is(err, video.ErrBusy) {
			return l, err
		}
	}
	if len(c.cfg.Controls) > 0 {
		list := d.controls()
		for _, s := range c.cfg.Controls {
			_ = set(d, list, s)
		}
	}
	return l, nil
}

// best chooses a format: one that need not be encoded, or the raw one that is cheapest.
func best(modes []video.Mode) video.FourCC {
	for _, f := range append([]video.FourCC{video.MJPG, video.H264}, rawFormats()...) {
		if slices.ContainsFunc(modes, func(m video.Mode) bool { return m.FourCC == f }) {
			return f
		}
	}
	return ""
}

// taker returns what hands a buffer over; false if it is damaged.
func (c *camera) taker(l layout, to video.Sink) (func(data []byte) bool, error) {
	switch {
	case l.FourCC == video.MJPG:
		return takeJPEG(to)
	case l.FourCC.Inter():
		return takeCoded(l.FourCC, to), nil
	}
	conv, err := newConverter(l)
	if err != nil {
		return nil, err
	}
	return func(data []byte) bool {
		p, ok := conv.convert(data)
		if ok {
			to.Picture(p, time.Now())
		}
		return ok
	}, nil
}

func takeJPEG(to video.Sink) (func(data []byte) bool, error) {
	tables, err := jpeghead.StandardTables()
	if err != nil {
		return nil, err
	}
	return func(data []byte) bool {
		began := time.Now()
		whole, h, err := jpeghead.Complete(data, tables)
		if err != nil {
			return false
		}
		now := time.Now()
		to.Frame(video.Frame{FourCC: video.MJPG, Width: h.Width, Height: h.Height, Data: whole, Captured: now}, now.Sub(began))
		return true
	}, nil
}

func takeCoded(f video.FourCC, to video.Sink) func(data []byte) bool {
	s := annexb.Sorter{}
	if f == video.HEVC {
		s.Codec = annexb.HEVC
	}
	return func(data []byte) bool {
		began := time.Now()
		u, ok := s.Add(slices.Clone(data))
		if ok {
			now := time.Now()
			to.Frame(video.Frame{FourCC: f, Width: u.Width, Height: u.Height, Key: u.Key, Data: u.Data, Captured: now}, now.Sub(began))
		}
		return true // parameter sets alone are no damage
	}
}

// capture hands frames over until ctx is done or the device fails.
func capture(ctx context.Context, d device, take func([]byte) bool, to video.Sink) error {
	expected, first := uint32(0), true
	for {
		f, err := d.next(ctx)
		if err != nil {
			return err
		}
		if missing := f.sequence - expected; !first && missing > 0 && missing < 1<<16 {
			to.Dropped(int(missing))
		}
		first, expected = false, f.sequence+1
		if f.broken || len(f.data) == 0 || !take(f.data) {
			to.Dropped(1)
		}
		if err := d.release(f); err != nil {
			return err
		}
	}
}
