package streams

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video/testpattern"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// object is a JSON object.
type object = map[string]any

// noStream is the id of a stream that does not exist.
const noStream = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"

func start(t *testing.T) *device.Device {
	t.Helper()
	return device.Start(t, device.Options{})
}

// camera describes a stream of the test pattern.
type camera struct {
	width, height, fps int
	// more is put into the manifest, over what the rest says.
	more object
}

// manifest is that of 8.3.
func (c camera) manifest() object {
	if c.width == 0 {
		c.width, c.height = 320, 240
	}
	if c.fps == 0 {
		c.fps = 30
	}
	m := object{
		"schema_version": 1, "identity": object{"alias": fmt.Sprintf("pattern %dx%d", c.width, c.height)},
		"capture": object{
			"backend": "Virtual", "handle": "Virtual",
			"mode": object{
				"format":   object{"code": "MJPG", "resolution": object{"width": c.width, "height": c.height}, "color": "Srgb"},
				"interval": object{"numerator": 1, "denominator": c.fps},
			},
			"controls": []any{}, "device_keys": []any{}, "enable_tdn_output": false,
		},
	}
	for key, value := range c.more {
		m[key] = value
	}
	return m
}

// h264 is the encoder of a manifest that makes H264, with so many frames from key
// frame to key frame.
func h264(gop int) object {
	return object{"state": "enabled", "id": "ffmpeg_h264", "settings": object{"kind": "ffmpeg_h264", "gop": gop}}
}

// pipelines are the members of a manifest with one pipeline of that id and graph.
func pipelines(id string, graph object) object {
	return object{
		"pipeline_enabled": true, "active_pipeline_id": id,
		"pipelines": []any{object{"pipeline_id": id, "pipeline_graph": graph}},
	}
}

// create makes a stream and returns its id.
func create(t *testing.T, d *device.Device, c camera) string {
	t.Helper()
	body, err := json.Marshal(c.manifest())
	if err != nil {
		t.Fatal(err)
	}
	r := d.Post("/v1/streams", string(body))
	var made wire.StreamCreated
	if d.JSON(r, &made); r.Status != 200 || made.StreamID == "" {
		t.Fatalf("create a stream: %d %s", r.Status, r.Body)
	}
	return made.StreamID
}

// put gives a stream another manifest.
func put(t *testing.T, d *device.Device, id string, c camera) {
	t.Helper()
	body, err := json.Marshal(c.manifest())
	if err != nil {
		t.Fatal(err)
	}
	if r := d.Ask("PUT", "/v1/streams/"+id, string(body), "Content-Type", "application/json"); r.Status != 200 {
		t.Fatalf("change the stream: %d %s", r.Status, r.Body)
	}
}

// remove deletes a stream.
func remove(t *testing.T, d *device.Device, id string) {
	t.Helper()
	if r := d.Ask("DELETE", "/v1/streams/"+id, ""); r.Status != 204 {
		t.Fatalf("delete the stream: %d %s", r.Status, r.Body)
	}
}

func info(d *device.Device, id string) (s wire.StreamInfo) {
	d.JSON(d.Get("/v1/streams/"+id), &s)
	return s
}

// socket is the path of a socket of a stream.
func socket(id, kind string) string { return "/v1/ws/streams/" + id + "/" + kind }

// decode reads a message into a value.
func decode[T any](t *testing.T, m device.Message) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(m.Data, &v); err != nil {
		t.Fatalf("%.200s: %v", m.Data, err)
	}
	return v
}

// wantClose checks the server's close frame.
func wantClose(t *testing.T, s *device.Socket, want int) {
	t.Helper()
	if code, reason := s.WaitClose(); code != want {
		t.Errorf("closed with %d %q, want %d", code, reason, want)
	}
}

// number reads the number of the frame from the pixels of a picture.
func number(t *testing.T, data []byte) uint32 {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("a frame of %d bytes: %v", len(data), err)
	}
	n, ok := testpattern.ReadBar(img)
	if !ok {
		t.Fatalf("a picture of %v without a bar", img.Bounds())
	}
	return n
}

// size is that of a picture.
func size(t *testing.T, data []byte) (width, height int) {
	t.Helper()
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("a frame of %d bytes: %v", len(data), err)
	}
	return c.Width, c.Height
}

// wantFormat reads the format message, which must come now.
func wantFormat(t *testing.T, s *device.Socket, fourcc string, width, height uint32) {
	t.Helper()
	f := decode[wire.FramesFormat](t, s.Expect("format"))
	if f.FourCC != fourcc || f.Width != width || f.Height != height {
		t.Fatalf("format %+v, want %s %dx%d", f, fourcc, width, height)
	}
}

// frame reads the next message, which must be binary.
func frame(t *testing.T, s *device.Socket) device.Message {
	t.Helper()
	m := s.Next()
	if !m.Binary {
		t.Fatalf("want a frame, got %.300s", m.Data)
	}
	return m
}

// waitFor waits until what a stream tells of itself fulfils want.
func waitFor(t *testing.T, d *device.Device, id, what string, want func(wire.StreamInfo) bool) {
	t.Helper()
	device.Poll(t, what, func() bool { return want(info(d, id)) })
}

// captures tells whether the camera runs.
func captures(s wire.StreamInfo) bool {
	return s.Runtime != nil && s.Runtime.Capture.State == "running"
}

// nothingFor checks that nothing comes for so long.
func nothingFor(t *testing.T, s *device.Socket, d time.Duration) {
	t.Helper()
	if m, err := s.TryNext(d); err == nil {
		t.Errorf("unexpected: %.300s", m.Data)
	}
}
