package testpattern

import (
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small is a quick little pattern.
func small(code video.FourCC, controls ...video.Setting) video.Capture {
	return video.Capture{
		Format: video.Format{FourCC: code, Width: 320, Height: 240}, Quality: 80, Controls: controls,
		Interval: video.Interval{Numerator: 1, Denominator: 100},
	}
}

func TestProbe(t *testing.T) {
	for _, simulate := range []bool{false, true} {
		list, err := New(Options{Simulate: simulate}).Probe(t.Context())
		if err != nil || len(list) != map[bool]int{false: 1, true: 2}[simulate] {
			t.Fatalf("%+v, %v", list, err)
		}
		for i, d := range list {
			if !d.Simulated || d.Builtin != (i == 0) || len(d.Descriptor.Modes) == 0 || len(d.Descriptor.Controls) == 0 {
				t.Errorf("device %d: %+v", i, d)
			}
			for _, m := range d.Descriptor.Modes {
				c := d.Capture
				c.Format, c.Interval = m.Format, m.Intervals[0]
				if issues := New(Options{}).Validate(c); len(issues) > 0 {
					t.Errorf("mode %+v: %+v", m, issues)
				}
			}
		}
	}
}

func TestRun(t *testing.T) {
	s, err := cameras.Run(t, New(Options{}).Camera(small(video.MJPG)), 5)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range s.Frames()[:5] {
		if n, ok := ReadBar(decode(t, f.Data)); !ok || n != uint32(i+1) || f.FourCC != video.MJPG || f.Width != 320 || f.Captured.IsZero() {
			t.Errorf("frame %d shows %d, %v", i, n, ok)
		}
	}
	s, err = cameras.Run(t, New(Options{}).Camera(small(video.YUYV)), 3)
	if err != nil || len(s.Frames()) > 0 {
		t.Fatalf("%d encoded frames, %v", len(s.Frames()), err)
	}
	if n, ok := ReadBar(&s.Pictures()[2]); !ok || n != 3 {
		t.Errorf("the picture shows %d, %v", n, ok)
	}
}

func TestControls(t *testing.T) {
	c := New(Options{}).Camera(small(video.MJPG, video.Setting{ID: ControlPause, Value: video.BoolValue(true)}))
	s, err := cameras.Run(t, c, 3)
	if err != nil {
		t.Fatal(err)
	}
	if frames := s.Frames(); string(frames[0].Data) != string(frames[2].Data) {
		t.Error("it is paused and moves")
	}
	if err := c.SetControl(t.Context(), ControlPause, video.BoolValue(false)); err != nil {
		t.Fatal(err)
	}
	if s, err = cameras.Run(t, c, 3); err != nil || string(s.Frames()[0].Data) == string(s.Frames()[2].Data) {
		t.Errorf("it is not paused and stands still, %v", err)
	}
	if err := c.SetControl(t.Context(), ControlSpeed, video.IntValue(9)); err != nil {
		t.Fatal(err)
	}
	d, err := c.Describe(t.Context())
	if err != nil || d.Controls[0].Value != video.IntValue(9) || d.Controls[1].Value != video.BoolValue(false) {
		t.Errorf("%+v, %v", d.Controls, err)
	}
	for id, want := range map[uint32]error{ControlSpeed: video.ErrControlValue, 3: video.ErrNoControl} {
		if err := c.SetControl(t.Context(), id, video.IntValue(maxSpeed+1)); !errors.Is(err, want) {
			t.Errorf("control %d: %v", id, err)
		}
	}
}

func TestValidate(t *testing.T) {
	b := New(Options{})
	for path, c := range map[string]video.Capture{
		"capture.mode.format.code":       {Format: video.Format{FourCC: "BA81"}},
		"capture.mode.format.resolution": {Format: video.Format{Width: 16, Height: 16}},
		"capture.controls[0]":            {Controls: []video.Setting{{ID: 77}}},
	} {
		if list := b.Validate(c); len(list) != 1 || list[0].Path != path {
			t.Errorf("%s: %+v", path, list)
		}
	}
	if list := b.Validate(video.Capture{}); len(list) > 0 {
		t.Errorf("the defaults: %+v", list)
	}
}
