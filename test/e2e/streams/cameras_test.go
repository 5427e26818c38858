package streams

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/client"
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// kills is how often each camera is killed. It needs no more than a second or two
// each time: a capture that gave frames is tried again after 250 ms.
const kills = 10

// netcam is the manifest of a camera on the network.
func netcam(url, code string) camera {
	return camera{more: object{
		"identity": object{"alias": "camera"},
		"capture": object{
			"backend": "Netcam", "handle": object{"Netcam": object{"url": url, "width": 320, "height": 240, "fps": 15}},
			"mode":     object{"format": object{"code": code, "resolution": object{"width": 320, "height": 240}, "color": "Unknown"}},
			"controls": []any{}, "device_keys": []any{}, "enable_tdn_output": false,
		},
	}}
}

// gauge reads one series of a stream from /metrics.
func gauge(t *testing.T, d *device.Device, name, id string) float64 {
	t.Helper()
	head := "heliograph_stream_" + name + `{stream="` + id + `"} `
	for line := range strings.Lines(string(d.Get("/metrics").Body)) {
		if text, found := strings.CutPrefix(line, head); found {
			v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatalf("no %s in /metrics", head)
	return 0
}

// deaths kills a camera again and again. Each time the viewer who stays connected
// sees pictures again, without a word from him; and what the server tells of the
// stream says what happened: when it went away, why, how often, and that it is back.
func deaths(t *testing.T, d *device.Device, id string, kill, restart func()) {
	viewer, changes := d.Dial(socket(id, "frames")), d.Dial("/v1/ws/devices?interval_ms=250")
	changes.Expect("ready")
	wantPicture(t, viewer)
	total := metrics(t, d, id).Capture.SampleCount
	for n := 1; n <= kills; n++ {
		waitFor(t, d, id, "the camera to run", func(s wire.StreamInfo) bool { return captures(s) && s.Status.State == "running" })
		changes.Pending()
		kill()
		var gone wire.RuntimeCapture
		waitFor(t, d, id, "the loss to be told", func(s wire.StreamInfo) bool {
			gone = s.Runtime.Capture
			return gone.State == "disabled" && s.Status.State == "disabled"
		})
		if gone.DisabledReason == "" || gone.DisabledSinceMS == nil || gone.StartedAtMS != nil {
			t.Errorf("death %d: %+v", n, gone)
		}
		wantReason(t, changes, "streams")
		device.Poll(t, "the frame rate to be 0", func() bool { return metrics(t, d, id).Capture.FPS == 0 })
		if got := gauge(t, d, "failures_total", id); got < float64(n) {
			t.Errorf("death %d: %v failures are counted", n, got)
		}
		viewer.Pending()
		restart()
		wantPicture(t, viewer)
		wantReason(t, changes, "streams")
		waitFor(t, d, id, "the return to be told", captures)
		if now := metrics(t, d, id).Capture; now.SampleCount <= total {
			t.Errorf("death %d: %d frames are counted, %d were before", n, now.SampleCount, total)
		} else {
			total = now.SampleCount
		}
	}
	if starts := gauge(t, d, "starts_total", id); starts < kills+1 {
		t.Errorf("%v starts are counted", starts)
	}
	if gauge(t, d, "last_failure_timestamp_seconds", id) == 0 || gauge(t, d, "viewers", id) != 1 {
		t.Error("/metrics lacks the last failure or the viewer")
	}
}

// wantPicture waits for a frame, which must be a JPEG file or begin with a key frame
// of H264.
func wantPicture(t *testing.T, viewer *device.Socket) {
	t.Helper()
	m := viewer.Find("a picture", func(m device.Message) bool { return m.Binary })
	if bytes.HasPrefix(m.Data, []byte{0xff, 0xd8}) && bytes.HasSuffix(m.Data, []byte{0xff, 0xd9}) {
		return
	}
	if f := (client.Frame{Format: wire.FramesFormat{FourCC: "H264"}, Data: m.Data}); !f.Key() {
		t.Fatalf("a frame that begins with % x", m.Data[:min(len(m.Data), 8)])
	}
}

// wantReason waits for an update of devices.updates (3.2).
func wantReason(t *testing.T, s *device.Socket, want string) {
	t.Helper()
	s.Find("an update because of "+want, func(m device.Message) bool {
		reasons, _ := m.Map()["reasons"].([]any)
		return slices.Contains(reasons, any(want))
	})
}

// 3.2, 3.11, 8.3: a Motion JPEG camera that is killed ten times comes back by itself.
func TestMJPEGCameraThatDies(t *testing.T) {
	t.Parallel()
	c := cameras.StartMJPEG(t, 15, cameras.Style{})
	d := start(t)
	id := create(t, d, netcam(c.URL(), "MJPG"))
	deaths(t, d, id, c.Kill, c.Restart)
}

// 3.2, 3.11, 8.3: an RTSP camera that is killed ten times comes back by itself, and
// each time the viewer's pictures begin with a key frame.
func TestRTSPCameraThatDies(t *testing.T) {
	t.Parallel()
	cameras.NeedFFmpeg(t)
	c := cameras.StartRTSP(t)
	d := start(t)
	id := create(t, d, netcam(c.URL(), "H264"))
	deaths(t, d, id, c.Kill, c.Restart)
}

// 8.3: a camera that is not there when the stream is created is found when it comes.
func TestCameraThatComesLate(t *testing.T) {
	t.Parallel()
	c := cameras.StartMJPEG(t, 15, cameras.Style{})
	c.Kill()
	d := start(t)
	id := create(t, d, netcam(c.URL(), "MJPG"))
	viewer := d.Dial(socket(id, "frames"))
	waitFor(t, d, id, "the stream to be disabled", func(s wire.StreamInfo) bool { return s.Runtime.Capture.State == "disabled" })
	c.Restart()
	wantPicture(t, viewer)
	waitFor(t, d, id, "the camera to run", captures)
}
