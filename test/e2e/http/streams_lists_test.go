package http

import (
	"slices"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

// 7.11: codecs is a list of CodecInfo, with those of ffmpeg where it is installed.
func TestCodecs(t *testing.T) {
	cameras.NeedFFmpeg(t)
	d := start(t)
	var raw []object
	d.JSON(d.Get("/v1/streams/codecs"), &raw)
	for _, c := range raw {
		keys(t, "codec", c, "kind", "fourcc", "name", "implementation", "input", "output", "tunables?")
	}
	list := read[[]wire.CodecInfo](t, d.Get("/v1/streams/codecs"))
	for _, want := range [][2]string{{"Encoder", "MJPG"}, {"Decoder", "MJPG"}, {"Encoder", "H264"}, {"Decoder", "H264"}} {
		if !slices.ContainsFunc(list, func(c wire.CodecInfo) bool { return c.Kind == want[0] && c.FourCC == want[1] }) {
			t.Errorf("there is no %v", want)
		}
	}
	if r := d.Get("/v1/streams/capabilities"); r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// 7.11, 7.9: the test pattern is a backend and no camera; a simulated camera is one, and
// says so.
func TestCameras(t *testing.T) {
	for _, simulated := range []bool{false, true} {
		args := []string{}
		want := 0
		if simulated {
			args, want = []string{"--simulate", "camera"}, 1
		}
		d := start(t, args...)
		backends := read[[]wire.ProbedDevice](t, d.Get("/v1/streams/backends"))
		if !slices.ContainsFunc(backends, func(p wire.ProbedDevice) bool { return p.Backends[0].Kind == "Virtual" && p.Backends[0].Handle.Virtual }) {
			t.Errorf("backends: %+v", backends)
		}
		answer := d.Get("/v1/peripherals/cameras")
		found := read[wire.Cameras](t, answer)
		if len(found.Cameras) != want || found.Errors == nil {
			t.Fatalf("cameras: %s", answer.Body)
		}
		tag := answer.Header.Get("ETag")
		if r := d.Get("/v1/peripherals/cameras", "If-None-Match", tag); tag == "" || r.Status != 304 {
			t.Errorf("%d %v", r.Status, r.Header)
		}
		all := read[wire.Peripherals](t, d.Get("/v1/peripherals"))
		if len(all.Cameras) != want || all.Errors.Cameras == nil {
			t.Errorf("peripherals: %+v", all)
		}
		if !simulated {
			continue
		}
		c := found.Cameras[0]
		if !slices.Contains(c.Backends[0].Properties, [2]string{"simulated", "true"}) || c.Identity.Display == "" || len(c.Identity.Keys) == 0 {
			t.Errorf("%+v", c)
		}
		if len(c.Backends[0].Descriptor.Modes) == 0 || len(c.Backends[0].Descriptor.Controls) == 0 {
			t.Errorf("%+v", c.Backends[0].Descriptor)
		}
		// What was found can be sent back to make a stream.
		b := c.Backends[0]
		id := create(t, d, object{"capture": object{"backend": b.Kind, "handle": b.Handle, "mode": b.Descriptor.Modes[0].ID}})
		if r := d.Get(streamPath(id, "frame")); r.Status != 200 {
			t.Errorf("%d %s", r.Status, r.Body)
		}
	}
}
