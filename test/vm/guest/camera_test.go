//go:build vm

package guest

import (
	"bytes"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// vivid finds the camera of the driver vivid as the server lists it.
func vivid(t *testing.T, d *device.Device) wire.ProbedBackend {
	t.Helper()
	for _, found := range get[[]wire.ProbedDevice](t, d, "/v1/streams/backends") {
		for _, b := range found.Backends {
			if b.Kind == "V4l2" && strings.Contains(strings.ToLower(found.Identity.Display), "vivid") {
				return b
			}
		}
	}
	t.Fatalf("no camera among %s", d.Get("/v1/streams/backends").Body)
	return wire.ProbedBackend{}
}

// stream creates a stream of the camera and returns its id.
func stream(t *testing.T, d *device.Device, code string, width, height int) string {
	t.Helper()
	var handle any = vivid(t, d).Handle
	r := post(t, d, "/v1/streams", object{"capture": object{
		"backend": "V4l2", "handle": handle, "controls": []any{}, "device_keys": []any{}, "enable_tdn_output": false,
		"mode": object{"format": object{"code": code, "resolution": object{"width": width, "height": height}, "color": "Srgb"}},
	}}, 200)
	var made wire.StreamCreated
	d.JSON(r, &made)
	return made.StreamID
}

// picture reads the next frame, which must be JPEG, and returns its mean level.
func picture(t *testing.T, s *device.Socket, width, height int) (mean int) {
	t.Helper()
	m := s.Find("a frame", func(m device.Message) bool { return m.Binary })
	img, err := jpeg.Decode(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != width || b.Dy() != height {
		t.Fatalf("a picture of %v", b)
	}
	n := 0
	for y := 0; y < height; y += 8 {
		for x := 0; x < width; x += 8 {
			r, _, _, _ := img.At(x, y).RGBA()
			mean, n = mean+int(r>>8), n+1
		}
	}
	return mean / n
}

func info(t *testing.T, d *device.Device, id string) wire.StreamInfo {
	t.Helper()
	return get[wire.StreamInfo](t, d, "/v1/streams/"+id)
}

// 7.9, 7.11: the driver's formats, sizes, rates and controls.
func TestCameraIsListed(t *testing.T) {
	d := start(t)
	b := vivid(t, d)
	yuyv, rates := false, false
	for _, m := range b.Descriptor.Modes {
		yuyv = yuyv || m.Format.Code == "YUYV" && m.Format.Resolution.Width == 640
		rates = rates || len(m.Intervals) > 1 || m.IntervalStepwise != nil
	}
	kinds := map[string]bool{}
	for _, c := range b.Descriptor.Controls {
		kinds[c.Kind] = true
	}
	if !yuyv || !rates || !kinds["Int"] || !kinds["Bool"] || !kinds["Menu"] {
		t.Errorf("YUYV %v, rates %v, controls %v", yuyv, rates, kinds)
	}
	found := false
	for _, c := range get[wire.Cameras](t, d, "/v1/peripherals/cameras").Cameras {
		found = found || strings.Contains(strings.ToLower(text(c)), "vivid")
	}
	if !found {
		t.Errorf("peripherals: %s", d.Get("/v1/peripherals/cameras").Body)
	}
}

// 3.11: frames of several formats and sizes, encoded once, over the frames socket.
func TestCameraFrames(t *testing.T) {
	d := start(t)
	b := vivid(t, d)
	for _, code := range []string{"YUYV", "NV12", "RGB3", "GREY"} {
		if !slices.ContainsFunc(b.Descriptor.Modes, func(m wire.Mode) bool { return m.Format.Code == code }) {
			t.Logf("the driver has no %s", code)
			continue
		}
		id := stream(t, d, code, 640, 360)
		one, two := d.Dial("/v1/ws/streams/"+id+"/frames"), d.Dial("/v1/ws/streams/"+id+"/frames")
		f := decode[wire.FramesFormat](t, one.Expect("format"))
		if f.FourCC != "MJPG" || f.Width != 640 || f.Height != 360 {
			t.Errorf("%s: format %+v", code, f)
		}
		for range 5 {
			picture(t, one, 640, 360)
			picture(t, two, 640, 360)
		}
		s := info(t, d, id)
		if s.Runtime.Capture.State != "running" || s.Runtime.Capture.CaptureFourCC != code || s.Runtime.Codecs.EncoderOutputFourCC != "MJPG" {
			t.Errorf("%s: %s", code, text(s.Runtime))
		}
		m := get[wire.StreamMetrics](t, d, "/v1/streams/"+id+"/metrics")
		if m.Encoder == nil || m.Encoder.Processed == 0 || m.Encoder.Processed > m.Capture.SampleCount {
			t.Errorf("%s: %s", code, text(m))
		}
		t.Logf("%s: %.1f fps, %.1f ms to encode", code, m.Capture.FPS, m.Encoder.WorkAverageTimeMS)
		if r := d.Ask("DELETE", "/v1/streams/"+id, ""); r.Status != 204 {
			t.Fatalf("delete: %d", r.Status)
		}
	}
}

// 7.11, 3.12.2: a control changes the picture; bad values and unknown controls are
// refused.
func TestCameraControls(t *testing.T) {
	d := start(t)
	id := stream(t, d, "YUYV", 640, 360)
	s := d.Dial("/v1/ws/streams/" + id + "/frames")
	list := get[[]wire.ControlMeta](t, d, "/v1/streams/"+id+"/controls")
	i := slices.IndexFunc(list, func(c wire.ControlMeta) bool { return c.Name == "Brightness" })
	if i < 0 {
		t.Fatalf("no brightness among %s", text(list))
	}
	path := "/v1/streams/" + id + "/controls/"
	number := text(list[i].ID)
	post(t, d, path+number, list[i].Default, 204)
	picture(t, s, 640, 360)
	s.Pending()
	before := picture(t, s, 640, 360)
	post(t, d, path+number, list[i].Min, 204)
	device.Poll(t, "a darker picture", func() bool { return picture(t, s, 640, 360) < before-20 })
	post(t, d, path+number, object{"Int": 1 << 20}, 400)
	post(t, d, path+"1", list[i].Min, 404)
	controls := d.Dial("/v1/ws/streams/" + id + "/controls")
	controls.Send(text(object{"type": "set_control", "control_id": list[i].ID, "value": list[i].Max, "request_id": "r"}))
	controls.Expect("ack")
	device.Poll(t, "a brighter picture", func() bool { return picture(t, s, 640, 360) > before+20 })
}

// 8.3, 3.2: the driver is taken away from a camera that is watched, as a pulled cable
// does, and given back: the state says so, and the viewer sees pictures again.
func TestCameraUnplugged(t *testing.T) {
	d := start(t)
	id := stream(t, d, "YUYV", 640, 360)
	s, changes := d.Dial("/v1/ws/streams/"+id+"/frames"), d.Dial("/v1/ws/devices?interval_ms=250")
	changes.Expect("ready")
	picture(t, s, 640, 360)
	const driver = "/sys/bus/platform/drivers/vivid"
	for range 3 {
		device.Poll(t, "the camera to run", func() bool { return info(t, d, id).Runtime.Capture.State == "running" })
		changes.Pending()
		write(t, driver+"/unbind", "vivid.0")
		device.Poll(t, "the state to be disabled", func() bool { return info(t, d, id).Runtime.Capture.State == "disabled" })
		gone := info(t, d, id)
		t.Log(gone.Runtime.Capture.DisabledReason)
		if gone.Runtime.Capture.DisabledReason == "" || gone.Runtime.Capture.DisabledSinceMS == nil {
			t.Errorf("state %s", text(gone.Runtime.Capture))
		}
		changes.Find("the loss", func(m device.Message) bool { return strings.Contains(string(m.Data), `"streams"`) })
		s.Pending()
		write(t, driver+"/bind", "vivid.0")
		picture(t, s, 640, 360)
	}
}
