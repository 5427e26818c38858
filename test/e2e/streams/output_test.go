package streams

import (
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// somePipeline is the id of the pipeline of the streams in these tests.
const somePipeline = "3b6ad0e2-8e62-4f0d-9a34-c5d1f7a60b11"

// steps is a graph of steps, each of a kind and a name.
func steps(list ...[2]string) object {
	var all []any
	for _, s := range list {
		all = append(all, object{"kind": s[0], "name": s[1]})
	}
	return object{"steps": all}
}

// processed is a camera with a pipeline that crops the picture, so that its outputs
// have another size: "half" has 160x240 pixels, "quarter" 160x120.
func processed() camera {
	return camera{more: pipelines(somePipeline, object{"steps": []any{
		object{"kind": "resize", "name": "half", "params": object{"width": 160, "height": 240}},
		object{"kind": "resize", "name": "quarter", "params": object{"width": 160, "height": 120}},
	}})}
}

// selected waits until a stream shows an output.
func selected(t *testing.T, d *device.Device, id, output string) {
	t.Helper()
	waitFor(t, d, id, "the output "+output+" to be shown", func(i wire.StreamInfo) bool {
		return i.Runtime.Pipeline.ActiveOutputKey == output
	})
}

// changes reads frames until the next format, which must be of that size, and the
// picture behind it.
func changes(t *testing.T, s *device.Socket, width, height int) {
	t.Helper()
	m := s.Find("the next format", func(m device.Message) bool { return !m.Binary })
	f := decode[wire.FramesFormat](t, m)
	if int(f.Width) != width || int(f.Height) != height {
		t.Errorf("format %+v, want %dx%d", f, width, height)
	}
	if w, h := size(t, frame(t, s).Data); w != width || h != height {
		t.Errorf("after the format %+v comes a picture of %dx%d", f, w, h)
	}
}

// 3.11: output is switched for the stream, not only for the socket, and put back when
// the socket ends.
func TestOutputIsSwitchedAndRestored(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, processed())
	plain := d.Dial(socket(id, "frames"))
	wantFormat(t, plain, "MJPG", 160, 120)
	s := d.Dial(socket(id, "frames") + "?output=half")
	wantFormat(t, s, "MJPG", 160, 240)
	changes(t, plain, 160, 240)
	selected(t, d, id, "half")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	changes(t, plain, 160, 120)
	selected(t, d, id, "frame")
	// The plain frames of the camera are an output, too.
	s = d.Dial(socket(id, "frames") + "?output=raw")
	wantFormat(t, s, "MJPG", 320, 240)
	number(t, frame(t, s).Data)
	s.Drop()
	selected(t, d, id, "frame")
}

// 3.11: without restore the selection stays; it is what a socket without output shows.
func TestOutputStays(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, processed())
	s := d.Dial(socket(id, "frames") + "?output=half&restore=false")
	wantFormat(t, s, "MJPG", 160, 240)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = d.Dial(socket(id, "frames"))
	wantFormat(t, s, "MJPG", 160, 240)
	selected(t, d, id, "half")
}

// 3.11: of several sockets the last one wins, and restore puts back the selection only
// if it is still the one that this socket made.
func TestLastOutputWins(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, processed())
	first := d.Dial(socket(id, "frames") + "?output=half")
	wantFormat(t, first, "MJPG", 160, 240)
	second := d.Dial(socket(id, "frames") + "?output=raw")
	wantFormat(t, second, "MJPG", 320, 240)
	changes(t, first, 320, 240)
	if err := first.Close(); err != nil { // its selection is not in force any more
		t.Error(err)
	}
	for range 10 {
		frame(t, second)
	}
	selected(t, d, id, "raw")
	if err := second.Close(); err != nil { // back to what was there when it came
		t.Error(err)
	}
	selected(t, d, id, "half")
}

// 3.11: an output that does not exist, or has no pictures.
func TestUnknownOutput(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{more: pipelines(somePipeline, steps([2]string{"blobs", "spots"}))})
	for _, output := range []string{"none", "spots.data"} {
		s := d.Dial(socket(id, "frames") + "?output=" + output)
		e := decode[wire.FramesError](t, s.Expect("error"))
		if e.Operation != "set_stream_output" || !strings.Contains(e.Error, output) || e.Source != "helios-api/ws/streams.frames" ||
			e.RequestID == "" || e.TraceID == "" || e.TimestampMS == 0 {
			t.Errorf("%+v", e)
		}
		wantClose(t, s, 1000)
		wantRemembered(t, d, wire.FramesErrorCode, e.Source, e.RequestID)
	}
}

// 3.11: a stream that is deleted while the socket is open.
func TestFramesOfADeletedStream(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	s := d.Dial(socket(id, "frames"))
	s.Expect("format")
	frame(t, s)
	remove(t, d, id)
	m := s.Find("a message that is no frame", func(m device.Message) bool { return !m.Binary })
	if e := decode[wire.FramesError](t, m); e.Type != "error" || e.Error != "stream not found" || e.Operation != "snapshot_stream_output" {
		t.Errorf("%s", m.Data)
	}
	if m, err := s.TryNext(device.Patience); err == nil {
		t.Errorf("after the error: %.200s", m.Data)
	}
	wantClose(t, s, 1000)
}

// 3.11: poll_ms is how often the server looks for a frame: with 100 ms a camera of 30
// frames a second is shown ten times a second.
func TestPoll(t *testing.T) {
	d := start(t)
	id := create(t, d, camera{})
	for query, want := range map[string]struct{ least, most float64 }{
		"?poll_ms=100": {2, 12}, "?poll_ms=9999": {2, 12}, "?poll_ms=1": {13, 40}, "": {13, 40},
	} {
		s := d.Dial(socket(id, "frames") + query)
		s.Expect("format")
		frame(t, s)
		first := frame(t, s)
		last := first
		for range 30 {
			last = frame(t, s)
		}
		if fps := 30 / last.At.Sub(first.At).Seconds(); fps < want.least || fps > want.most {
			t.Errorf("%q: %.1f frames a second", query, fps)
		}
	}
}
