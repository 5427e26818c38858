package testpattern

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
)

// Options describe the backend.
type Options struct {
	// Simulate lists a camera that shows the pattern among the cameras that are found,
	// marked as simulated. Without it the pattern is only a built-in.
	Simulate bool
}

// Backend is the kind of cameras that show the pattern.
type Backend struct{ opts Options }

// New returns the backend.
func New(opts Options) *Backend { return &Backend{opts: opts} }

// Name implements video.Backend.
func (*Backend) Name() string { return video.BackendTest }

// Probe implements video.Backend: it finds the built-in pattern and, if it is to, a
// simulated camera.
func (b *Backend) Probe(context.Context) ([]video.Device, error) {
	d := video.Device{
		Backend: video.BackendTest, Display: "Test pattern", Keys: []string{"test:pattern"},
		Capture:    video.Capture{Backend: video.BackendTest},
		Descriptor: video.Descriptor{Modes: modes(), Controls: controls(settings{speed: defaultSpeed})},
		Builtin:    true, Simulated: true,
		Properties: [][2]string{{"builtin", "true"}, {"simulated", "true"}},
	}
	list := []video.Device{d}
	if b.opts.Simulate {
		d.Display, d.Keys, d.Builtin = "Simulated camera", []string{"simulated:camera"}, false
		d.Properties = [][2]string{{"simulated", "true"}}
		list = append(list, d)
	}
	return list, nil
}

// Bounds of the picture's size in pixels. The text needs some room.
const (
	minWidth, minHeight = 160, 120
	maxWidth, maxHeight = 3840, 2160
)

// defaults of what a configuration leaves open.
const (
	defaultWidth, defaultHeight = 1280, 720
	defaultFPS                  = 30
)

// modes lists some sizes; all between the bounds are taken.
func modes() []video.Mode {
	var list []video.Mode
	for _, code := range []video.FourCC{video.MJPG, video.H264, video.YUYV} {
		for _, size := range [][2]uint32{{320, 240}, {640, 480}, {1280, 720}, {1920, 1080}} {
			m := video.Mode{Format: video.Format{FourCC: code, Width: size[0], Height: size[1]}}
			for _, fps := range []uint32{60, 30, 25, 15, 10, 5, 1} {
				m.Intervals = append(m.Intervals, video.Interval{Numerator: 1, Denominator: fps})
			}
			list = append(list, m)
		}
	}
	return list
}

// Validate implements video.Backend.
func (b *Backend) Validate(c video.Capture) []video.Issue {
	var list []video.Issue
	add := func(path, code, format string, args ...any) {
		list = append(list, video.Issue{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	switch c.Format.FourCC {
	case "", video.MJPG, video.H264, video.HEVC, video.YUYV:
	default:
		add("capture.mode.format.code", video.IssueUnsupported, "the test pattern has no %.20q", string(c.Format.FourCC))
	}
	if w, h := c.Format.Width, c.Format.Height; w != 0 && (w < minWidth || w > maxWidth || h < minHeight || h > maxHeight) {
		add("capture.mode.format.resolution", video.IssueRange, "%d x %d is not within %d x %d to %d x %d",
			w, h, minWidth, minHeight, maxWidth, maxHeight)
	}
	for i, s := range c.Controls {
		if _, err := check(s.ID, s.Value); err != nil {
			add(fmt.Sprintf("capture.controls[%d]", i), video.IssueInvalid, "%v", err)
		}
	}
	return list
}

// Camera implements video.Backend.
func (b *Backend) Camera(c video.Capture) video.Camera {
	if c.Format.Width == 0 {
		c.Format.Width, c.Format.Height = defaultWidth, defaultHeight
	}
	cam := &camera{cfg: c, set: settings{speed: defaultSpeed}}
	for _, s := range c.Controls {
		if v, err := check(s.ID, s.Value); err == nil {
			cam.set.apply(s.ID, v)
		}
	}
	return cam
}

// camera shows the pattern.
type camera struct {
	cfg video.Capture

	mu  sync.Mutex
	set settings
}

func (c *camera) settings() settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.set
}

// Describe implements video.Camera.
func (c *camera) Describe(context.Context) (video.Descriptor, error) {
	return video.Descriptor{Modes: modes(), Controls: controls(c.settings())}, nil
}

// SetControl implements video.Camera.
func (c *camera) SetControl(_ context.Context, id uint32, v video.Value) error {
	v, err := check(id, v)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set.apply(id, v)
	return nil
}

// Run implements video.Camera. The frames are numbered from 1 in each run.
func (c *camera) Run(ctx context.Context, to video.Sink) error {
	f := c.cfg.Format
	p, err := newPicture(int(f.Width), int(f.Height), max(1, c.cfg.Quality))
	if err != nil {
		return err
	}
	every := c.cfg.Rate(video.Interval{Numerator: 1, Denominator: defaultFPS}).Duration()
	tick := time.NewTicker(every)
	defer tick.Stop()
	travel, last := 0, time.Now()
	for n := uint32(1); ; n++ {
		began := time.Now()
		set := c.settings()
		if !set.paused {
			travel += set.speed
			p.step(n, began, travel)
		}
		if f.FourCC == video.YUYV {
			to.Picture(p.canvas.Image(), began)
		} else if err := c.send(to, p, began); err != nil {
			return err
		}
		select {
		case now := <-tick.C:
			to.Dropped(int((now.Sub(last)+every/2)/every) - 1) // what the ticker has left out
			last = now
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// send encodes the picture and hands it over.
func (c *camera) send(to video.Sink, p *picture, began time.Time) error {
	data, err := p.canvas.Encode()
	if err != nil {
		return err
	}
	now := time.Now()
	to.Frame(video.Frame{
		FourCC: video.MJPG, Width: c.cfg.Format.Width, Height: c.cfg.Format.Height, Data: data, Captured: now,
	}, now.Sub(began))
	return nil
}
