package v4l2

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestLayout compares with the sizes that a C compiler gives the structures of
// linux/videodev2.h.
func TestLayout(t *testing.T) {
	for name, size := range map[string][3]uintptr{ // is, with 64 bit, with 32 bit
		"v4l2_capability":     {unsafe.Sizeof(capability{}), 104, 104},
		"v4l2_fmtdesc":        {unsafe.Sizeof(formatDesc{}), 64, 64},
		"v4l2_pix_format":     {unsafe.Sizeof(pixFormat{}), 48, 48},
		"v4l2_format":         {unsafe.Sizeof(format{}), 208, 204},
		"v4l2_requestbuffers": {unsafe.Sizeof(requestBuffers{}), 20, 20},
		"v4l2_buffer":         {unsafe.Sizeof(buffer{}), 88, 68},
		"v4l2_streamparm":     {unsafe.Sizeof(streamParam{}), 204, 204},
		"v4l2_control":        {unsafe.Sizeof(controlValue{}), 8, 8},
		"v4l2_queryctrl":      {unsafe.Sizeof(queryControl{}), 68, 68},
		"v4l2_querymenu":      {unsafe.Sizeof(queryMenu{}), 44, 44},
		"v4l2_frmsizeenum":    {unsafe.Sizeof(sizeEnum{}), 44, 44},
		"v4l2_frmivalenum":    {unsafe.Sizeof(intervalEnum{}), 52, 52},
	} {
		want := size[1]
		if unsafe.Sizeof(uintptr(0)) == 4 {
			want = size[2]
		}
		if size[0] != want {
			t.Errorf("%s has %d bytes, want %d", name, size[0], want)
		}
	}
	// VIDIOC_QUERYCAP as in the header's own documentation.
	if got := request(read, 0, unsafe.Sizeof(capability{})); got != 0x80685600 {
		t.Errorf("VIDIOC_QUERYCAP is %#x", got)
	}
}

// fake is a device without a kernel.
type fake struct {
	mu       sync.Mutex
	offers   []video.Mode
	list     []video.Control
	took     layout
	interval video.Interval
	values   map[uint32]int32
	frames   chan filled // closed: unplugged
	queued   int
	started  bool
	closed   int
}

func (f *fake) modes() []video.Mode       { return f.offers }
func (f *fake) controls() []video.Control { return f.list }

func (f *fake) setControl(id uint32, value int32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.values[id] = value
	return nil
}

func (f *fake) setFormat(want video.Format) (layout, error) {
	if f.took.FourCC == "" {
		f.took.FourCC = want.FourCC
	}
	return f.took, nil
}

func (f *fake) setInterval(i video.Interval) error { f.interval = i; return nil }
func (f *fake) start(int) error                    { f.started = true; return nil }

func (f *fake) next(ctx context.Context) (filled, error) {
	select {
	case b, ok := <-f.frames:
		if !ok {
			return filled{}, classify(unix.ENODEV)
		}
		f.queued++
		return b, nil
	case <-ctx.Done():
		return filled{}, context.Cause(ctx)
	}
}

func (f *fake) release(filled) error { f.queued--; return nil }
func (f *fake) close() error         { f.closed++; return nil }

// plug makes a tree of sysfs with cameras and a backend that opens the fake for all.
func plug(t *testing.T, f *fake, names ...string) *Backend {
	t.Helper()
	root := t.TempDir()
	b := New(Options{Sys: filepath.Join(root, "sys"), Dev: filepath.Join(root, "dev")})
	b.open = func(string) (device, error) { return f, nil }
	for _, n := range names {
		attach(t, b, n, "1-1", "S1")
	}
	return b
}

// attach adds a USB camera in a port, with a serial number or none.
func attach(t *testing.T, b *Backend, name, port, serial string) {
	t.Helper()
	device := filepath.Join(b.opts.Sys, "devices/pci0/usb1", port)
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(device+"/idVendor", "046d")
	write(device+"/idProduct", "0825")
	if serial != "" {
		write(device+"/serial", serial)
	}
	node := filepath.Join(device, port+":1.0/video4linux", name)
	write(node+"/name", "Example webcam")
	write(node+"/index", "0")
	if err := os.Symlink("../..", node+"/device"); err != nil {
		t.Fatal(err)
	}
	class := filepath.Join(b.opts.Sys, "class/video4linux")
	if err := os.MkdirAll(class, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(node, filepath.Join(class, name)); err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(b.opts.Dev, name), "")
}

// detach takes a node away.
func detach(t *testing.T, b *Backend, name string) {
	t.Helper()
	for _, path := range []string{filepath.Join(b.opts.Sys, "class/video4linux", name), filepath.Join(b.opts.Dev, name)} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func newFake() *fake {
	return &fake{
		offers: []video.Mode{{Format: video.Format{FourCC: video.YUYV, Width: 320, Height: 240}}, {Format: video.Format{FourCC: video.MJPG, Width: 320, Height: 240}}},
		list: []video.Control{
			{ID: 7, Name: "Gain", Kind: video.KindInt, Min: video.IntValue(-8), Max: video.IntValue(64), Step: video.IntValue(4)},
			{ID: 8, Name: "Temperature", Kind: video.KindInt, Max: video.IntValue(9), ReadOnly: true},
			{ID: 9, Name: "Mode", Kind: video.KindMenu, Max: video.IntValue(3), Menu: []video.MenuItem{{Index: 0, Name: "off"}, {Index: 3, Name: "on"}}},
		},
		values: map[uint32]int32{}, frames: make(chan filled, 8),
	}
}

func TestCaptureJPEG(t *testing.T) {
	f := newFake()
	b := plug(t, f, "video0")
	picture := cameras.Picture(7)
	damaged := filled{data: []byte("no picture"), sequence: 11}
	for _, frame := range []filled{
		{data: picture, sequence: 9}, {data: append(bytes.Clone(picture), make([]byte, 999)...), sequence: 10}, damaged,
		{data: picture, sequence: 12, broken: true}, {data: picture, sequence: 15},
	} {
		f.frames <- frame
	}
	close(f.frames)
	c := b.Camera(video.Capture{
		Path: b.opts.Dev + "/video0", Interval: video.Interval{Numerator: 1, Denominator: 15},
		Controls: []video.Setting{{ID: 7, Value: video.IntValue(9)}, {ID: 8, Value: video.IntValue(1)}, {ID: 99}},
	})
	s, err := cameras.Run(t, c, 1000)
	if !errors.Is(err, video.ErrAbsent) {
		t.Errorf("unplugged: %v", err)
	}
	frames := s.Frames()
	if len(frames) != 3 || s.Lost() != 4 {
		t.Fatalf("%d frames, %d lost; want 3 and 4", len(frames), s.Lost())
	}
	for _, got := range frames {
		if got.FourCC != video.MJPG || got.Width != 320 || !bytes.Equal(got.Data, picture) || &got.Data[0] == &picture[0] {
			t.Errorf("%s, %d wide, %d bytes, or the driver's own buffer", got.FourCC, got.Width, len(got.Data))
		}
	}
	if f.queued != 0 || f.closed != 1 || f.interval.Denominator != 15 {
		t.Errorf("%d buffers not given back, closed %d times, %v", f.queued, f.closed, f.interval)
	}
	if len(f.values) != 1 || f.values[7] != 8 {
		t.Errorf("controls set: %v, want 7 to be 8, on its step", f.values)
	}
}

func TestCaptureRaw(t *testing.T) {
	f := newFake()
	f.took = layout{Format: video.Format{FourCC: video.YUYV, Width: 4, Height: 2}, stride: 12}
	b := plug(t, f, "video0")
	f.frames <- filled{data: make([]byte, 5)}
	f.frames <- filled{data: bytes.Repeat([]byte{50, 90, 60, 200}, 6), sequence: 1}
	s, err := cameras.Run(t, b.Camera(video.Capture{Path: b.opts.Dev + "/video0", Format: video.Format{FourCC: video.YUYV}}), 1)
	if err != nil || s.Lost() != 1 {
		t.Fatalf("%v, %d lost", err, s.Lost())
	}
	p := s.Pictures()[0]
	if got := p.YCbCrAt(1, 1); got != (color.YCbCr{Y: 60, Cb: 90, Cr: 200}) {
		t.Errorf("dot %+v", got)
	}
	f.took.FourCC = "BA81"
	if _, err := cameras.Run(t, b.Camera(video.Capture{Path: b.opts.Dev + "/video0", Format: video.Format{FourCC: "YUYV"}}), 1); !errors.Is(err, video.ErrUnsupported) {
		t.Errorf("a driver that takes another format: %v", err)
	}
}

// TestConvert checks one dot of each format, in pictures with odd sides and rows that
// are longer than they need to be.
func TestConvert(t *testing.T) {
	const w, h, pad = 5, 3, 3
	red := color.YCbCr{Y: 76, Cb: 85, Cr: 255}
	for _, f := range rawFormats() {
		least := map[video.FourCC]int{video.YUYV: 2, "UYVY": 2, video.RGB3: 3, "BGR3": 3}[f]
		stride := max(1, least)*w + pad
		if stride%2 == 1 {
			stride++
		}
		c, err := newConverter(layout{Format: video.Format{FourCC: f, Width: w, Height: h}, stride: stride})
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, c.need())
		for row := range h {
			for x := range stride {
				var v byte
				switch f {
				case video.YUYV:
					v = []byte{76, 85, 76, 255}[x%4]
				case "UYVY":
					v = []byte{85, 76, 255, 76}[x%4]
				case video.RGB3:
					v = []byte{254, 0, 0}[x%3]
				case "BGR3":
					v = []byte{0, 0, 254}[x%3]
				default:
					v = 76
				}
				data[row*stride+x] = v
			}
		}
		for i := h * stride; i < len(data); i++ {
			switch {
			case f == video.NV12:
				data[i] = []byte{85, 255}[i%2]
			case i < h*stride+stride/2*2:
				data[i] = 85
			default:
				data[i] = 255
			}
		}
		p, ok := c.convert(data)
		if !ok {
			t.Fatalf("%s: not converted", f)
		}
		want := red
		if f == video.GREY {
			want = color.YCbCr{Y: 76, Cb: 128, Cr: 128}
		}
		for _, at := range [][2]int{{0, 0}, {2, 1}, {4, 2}, {3, 2}} {
			got := p.YCbCrAt(at[0], at[1])
			near := func(a, b uint8) bool { return int(a)-int(b) < 3 && int(b)-int(a) < 3 }
			// The last pixel of an odd row shares the colour of one that is not there.
			packedEnd := at[0] == 4 && (f == video.YUYV || f == "UYVY")
			if !near(got.Y, want.Y) || !packedEnd && (!near(got.Cb, want.Cb) || !near(got.Cr, want.Cr)) {
				t.Errorf("%s: dot %v is %+v, want %+v", f, at, got, want)
			}
		}
		if _, ok := c.convert(data[:len(data)-1]); ok {
			t.Errorf("%s: a buffer that is too short is converted", f)
		}
	}
	for _, l := range []layout{{Format: video.Format{FourCC: "BA81", Width: 4, Height: 4}}, {Format: video.Format{FourCC: video.YUYV}}} {
		if _, err := newConverter(l); !errors.Is(err, video.ErrUnsupported) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

func FuzzConvert(f *testing.F) {
	f.Add(uint8(0), uint16(4), uint16(4), uint16(0), []byte("0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(_ *testing.T, kind uint8, w, h, stride uint16, data []byte) {
		list := rawFormats()
		l := layout{Format: video.Format{FourCC: list[int(kind)%len(list)], Width: uint32(w % 64), Height: uint32(h % 64)}, stride: int(stride)}
		if c, err := newConverter(l); err == nil {
			c.convert(data)
			c.convert(make([]byte, c.need()))
		}
	})
}

func TestControls(t *testing.T) {
	f := newFake()
	b := plug(t, f, "video0")
	c := b.Camera(video.Capture{Path: b.opts.Dev + "/video0"})
	for _, test := range []struct {
		id   uint32
		v    video.Value
		want error
		set  int32
	}{
		{7, video.IntValue(-8), nil, -8}, {7, video.IntValue(65), video.ErrControlValue, 0}, {7, video.Value{Kind: video.KindFloat, Float: 1.5}, video.ErrControlValue, 0},
		{8, video.IntValue(1), video.ErrReadOnly, 0}, {9, video.IntValue(3), nil, 3}, {9, video.IntValue(2), video.ErrControlValue, 0},
		{10, video.IntValue(1), video.ErrNoControl, 0},
	} {
		clear(f.values)
		err := c.SetControl(t.Context(), test.id, test.v)
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) || err == nil && f.values[test.id] != test.set {
			t.Errorf("control %d to %+v: %v, set %v", test.id, test.v, err, f.values)
		}
	}
	d, err := c.Describe(t.Context())
	if err != nil || len(d.Modes) != 2 || len(d.Controls) != 3 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestProbe(t *testing.T) {
	f := newFake()
	b := plug(t, f, "video0")
	attach(t, b, "video10", "1-2", "")
	attach(t, b, "video9", "1-3.4", "S3")
	list, err := b.Probe(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i, want := range [][]string{
		{"usb:046d:0825:S1:0", "usb-port:1-1:046d:0825:0"}, {"usb:046d:0825:S3:0", "usb-port:1-3.4:046d:0825:0"}, {"usb-port:1-2:046d:0825:0"},
	} {
		d := list[i]
		if !slices.Equal(d.Keys, want) || d.Display != "Example webcam" || len(d.Descriptor.Modes) != 2 || d.Simulated || d.Builtin {
			t.Errorf("device %d: %+v", i, d)
		}
	}
	b.open = func(path string) (device, error) {
		switch filepath.Base(path) {
		case "video0":
			return nil, video.ErrUnsupported
		case "video9":
			return nil, video.ErrBusy
		}
		return f, nil
	}
	list, err = b.Probe(t.Context())
	if err != nil || len(list) != 2 || len(list[0].Descriptor.Modes) != 0 || list[0].Properties[2][0] != "error" {
		t.Errorf("%+v, %v", list, err)
	}
	none := New(Options{Sys: t.TempDir(), Dev: t.TempDir()})
	if list, err := none.Probe(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("without video devices: %v, %v", list, err)
	}
}

// TestReplug plugs a camera into another port, where it gets another node.
func TestReplug(t *testing.T) {
	f := newFake()
	b := plug(t, f, "video0")
	var opened string
	b.open = func(path string) (device, error) { opened = filepath.Base(path); return f, nil }
	c := b.Camera(video.Capture{Path: b.opts.Dev + "/video0", DeviceKeys: []string{"usb:046d:0825:S1:0", "usb-port:1-1:046d:0825:0"}})
	where := func() string {
		opened = ""
		_, err := c.Describe(t.Context())
		if (err == nil) != (c.(video.Presence).Present() == nil) || err != nil && !errors.Is(err, video.ErrAbsent) {
			t.Errorf("%v", err)
		}
		return opened
	}
	if got := where(); got != "video0" {
		t.Errorf("at first %q", got)
	}
	detach(t, b, "video0")
	if got := where(); got != "" {
		t.Errorf("unplugged: %q", got)
	}
	attach(t, b, "video2", "1-7", "S1")
	if got := where(); got != "video2" {
		t.Errorf("in another port: %q", got)
	}
	attach(t, b, "video0", "1-9", "S9")
	if got := where(); got != "video2" {
		t.Errorf("another camera has the node: %q", got)
	}
}

func TestValidate(t *testing.T) {
	b := New(Options{})
	for _, bad := range []video.Capture{
		{}, {Path: "/dev/watchdog"}, {Path: "/dev/video0/../watchdog"}, {Path: "/dev/video"}, {Path: "video0"}, {Path: "/etc/video0"},
		{Path: "/dev/video0", Format: video.Format{FourCC: "BA81"}},
	} {
		if len(b.Validate(bad)) != 1 {
			t.Errorf("%+v is accepted", bad)
		}
	}
	for _, good := range []string{"/dev/video0", "/dev/video63", "/dev/v4l/by-id/usb-x-video-index0"} {
		if list := b.Validate(video.Capture{Path: good}); len(list) > 0 {
			t.Errorf("%s: %+v", good, list)
		}
	}
}

// TestNoDevice opens what is there on every machine.
func TestNoDevice(t *testing.T) {
	if _, err := open("/dev/null"); !errors.Is(err, video.ErrUnsupported) {
		t.Errorf("/dev/null: %v", err)
	}
	if _, err := open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, video.ErrAbsent) {
		t.Errorf("nothing: %v", err)
	}
}
