//go:build vm

package v4l2

import (
	"bytes"
	"errors"
	"image/jpeg"
	"slices"
	"testing"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

// These tests run in a guest whose kernel has the driver vivid, see make test-vm.

// vivid returns the first camera of the driver.
func vivid(t *testing.T) (*Backend, video.Device) {
	t.Helper()
	b := New(Options{})
	list, err := b.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(d video.Device) bool { return len(d.Descriptor.Modes) > 0 })
	if i < 0 {
		t.Fatalf("no camera among %+v", list)
	}
	return b, list[i]
}

func TestVividProbe(t *testing.T) {
	_, d := vivid(t)
	t.Logf("%s at %s, keys %v, %d modes, %d controls", d.Display, d.Capture.Path, d.Keys, len(d.Descriptor.Modes), len(d.Descriptor.Controls))
	raw, menu, rates := false, false, false
	for _, m := range d.Descriptor.Modes {
		raw = raw || m.FourCC == video.YUYV && m.Width == 640
		rates = rates || len(m.Intervals) > 0 || m.Range != nil
	}
	for _, c := range d.Descriptor.Controls {
		menu = menu || c.Kind == video.KindMenu && len(c.Menu) > 1 && c.Menu[0].Name != ""
		if c.Kind == video.KindInt && !c.ReadOnly && c.Value.Kind != video.KindInt {
			t.Errorf("control %s has no value", c.Name)
		}
	}
	if !raw || !menu || !rates {
		t.Errorf("YUYV %v, a menu %v, rates %v", raw, menu, rates)
	}
}

// TestVividFormats captures in each format that is taken, twice in a row.
func TestVividFormats(t *testing.T) {
	b, d := vivid(t)
	for _, f := range append(rawFormats(), "") {
		if f != "" && !slices.ContainsFunc(d.Descriptor.Modes, func(m video.Mode) bool { return m.FourCC == f }) {
			t.Logf("the driver has no %s", f)
			continue
		}
		for range 2 {
			c := d.Capture
			c.Format = video.Format{FourCC: f, Width: 640, Height: 360}
			s, err := cameras.Run(t, b.Camera(c), 5)
			if err != nil {
				t.Errorf("%s: %v", f, err)
				break
			}
			p := s.Pictures()[4]
			if p.Rect.Dx() != 640 || p.Rect.Dy() != 360 {
				t.Errorf("%s: %v", f, p.Rect)
			}
			slices.Sort(p.Y)
			if p.Y[0] == p.Y[len(p.Y)-1] {
				t.Errorf("%s: the picture has nothing in it", f)
			}
		}
	}
}

// TestVividStream runs the whole way: capture, encode, view, and change a control
// meanwhile.
func TestVividStream(t *testing.T) {
	b, d := vivid(t)
	m, err := video.New(video.Options{Backends: []video.Backend{b}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	cfg := video.Config{Capture: d.Capture}
	cfg.Capture.Format = video.Format{FourCC: video.YUYV, Width: 640, Height: 360}
	s, err := m.Create(cfg)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Watch(video.ViewerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	mean := func() int {
		f, err := v.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(f.Data))
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for y := 0; y < 360; y += 8 {
			for x := 0; x < 640; x += 8 {
				r, _, _, _ := img.At(x, y).RGBA()
				sum += int(r >> 8)
			}
		}
		return sum / (45 * 80)
	}
	before := mean()
	i := slices.IndexFunc(d.Descriptor.Controls, func(c video.Control) bool { return c.Name == "Brightness" })
	if i < 0 {
		t.Fatal("there is no brightness")
	}
	c := d.Descriptor.Controls[i]
	if err := m.SetControl(t.Context(), s.ID(), c.ID, c.Min); err != nil {
		t.Fatal(err)
	}
	cameras.Poll(t, "the picture to be darker", func() bool { return mean() < before-20 })
	now, err := s.Describe(t.Context())
	if err != nil || now.Controls[i].Value != c.Min {
		t.Errorf("the control is %+v, %v", now.Controls[i].Value, err)
	}
	if err := m.SetControl(t.Context(), s.ID(), c.ID, video.IntValue(1<<20)); !errors.Is(err, video.ErrControlValue) {
		t.Errorf("out of range: %v", err)
	}
	// A second capture of the same node.
	second := b.Camera(cfg.Capture)
	if err := second.Run(t.Context(), &cameras.Sink{}); !errors.Is(err, video.ErrBusy) {
		t.Errorf("in use: %v", err)
	}
	metrics := s.Metrics()
	t.Logf("%.1f fps, encoded in %s, %d dropped", metrics.Capture.FPS, metrics.Encoder.Work, metrics.Dropped)
}

// TestVividUnplug has the driver behave as if the cable was pulled, until the node is
// closed: the capture ends and the stream comes back by itself.
func TestVividUnplug(t *testing.T) {
	b, d := vivid(t)
	i := slices.IndexFunc(d.Descriptor.Controls, func(c video.Control) bool { return c.Name == "Disconnect" })
	if i < 0 || d.Descriptor.Controls[i].Kind != video.KindNone {
		t.Fatal("there is no button to unplug it")
	}
	m, err := video.New(video.Options{Backends: []video.Backend{b}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s, err := m.Create(video.Config{Capture: d.Capture})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Watch(video.ViewerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.SetControl(t.Context(), s.ID(), d.Descriptor.Controls[i].ID, video.Value{}); err != nil {
		t.Fatal(err)
	}
	cameras.Poll(t, "the capture to fail", func() bool { return s.Metrics().Failures > 0 })
	t.Log(s.Metrics().LastError)
	seq := s.Metrics().Capture.Count
	cameras.Poll(t, "frames to come again", func() bool {
		return s.Status().State == video.Running && s.Metrics().Capture.Count > seq+3
	})
}
