package streams

import (
	"bytes"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 3.11: a format message first, then each binary message is exactly one JPEG file;
// the numbers in the pictures rise.
func TestFrames(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	s := d.Dial(socket(id, "frames"))
	wantFormat(t, s, "MJPG", 320, 240)
	last := uint32(0)
	for i := range 60 {
		m := frame(t, s)
		if !bytes.HasPrefix(m.Data, []byte{0xFF, 0xD8}) || !bytes.HasSuffix(m.Data, []byte{0xFF, 0xD9}) {
			t.Fatalf("frame %d is no JPEG file", i)
		}
		n := number(t, m.Data)
		if i > 0 && n <= last {
			t.Fatalf("picture %d comes after %d", n, last)
		}
		last = n
	}
}

// 3.11: client frames are ignored.
func TestFramesTakeNoInput(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.Dial(socket(create(t, d, camera{}), "frames"))
	s.Send(`{"type":"format"}`)
	s.Send("unsubscribe")
	s.SendBinary([]byte{0xFF, 0xD8})
	wantFormat(t, s, "MJPG", 320, 240)
	for range 10 {
		number(t, frame(t, s).Data)
	}
}

// 3.11: the format message comes again before the first frame after a change.
func TestFormatAgain(t *testing.T) {
	t.Parallel()
	d := start(t)
	c := camera{more: object{"identity": object{"alias": "changing"}}}
	id := create(t, d, c)
	s := d.Dial(socket(id, "frames"))
	wantFormat(t, s, "MJPG", 320, 240)
	frame(t, s)
	c.width, c.height = 640, 480
	put(t, d, id, c)
	m := s.Find("a message that is no frame", func(m device.Message) bool { return !m.Binary })
	if f := decode[wire.FramesFormat](t, m); f != (wire.FramesFormat{Type: "format", FourCC: "MJPG", Width: 640, Height: 480}) {
		t.Fatalf("%+v", f)
	}
	if w, h := size(t, frame(t, s).Data); w != 640 || h != 480 {
		t.Errorf("the picture after the format is %dx%d", w, h)
	}
}
