package helios

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

const streamUUID = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"

// fullManifest uses every member that can be had here.
const fullManifest = `{"schema_version":1,
 "identity":{"id":"6f1c1d1e-2a3b-4c5d-8e9f-001122334455","alias":"front","hardware_id":"hw-1"},
 "capture":{"backend":"V4l2","handle":{"V4l2":{"path":"/dev/video0"}},
  "mode":{"format":{"code":"MJPG","resolution":{"width":1280,"height":720},"color":"Bt709"},"interval":{"numerator":1,"denominator":30}},
  "target_fps":12.5,"interval":{"numerator":1,"denominator":25},
  "controls":[{"id":9963776,"value":{"Int":3}},{"id":1,"value":{"Bool":true}},{"id":2,"value":{"Float":0.5}},{"id":3,"value":{"Uint":7}},{"id":4,"value":"None"}],
  "device_keys":["usb:046d:0825:x:0"],"device_identity":{"display":"Webcam","keys":["usb:046d:0825:x:0"],"primary_key":"usb:046d:0825:x:0"},
  "enable_tdn_output":false},
 "host_buffer":2,"internal":false,"pipeline_enabled":true,
 "pipelines":[{"pipeline_id":"11111111-2222-4333-8444-555555555555","pipeline_graph":{"steps":[{"kind":"grayscale"}]},"pipeline_output":"frame"}],
 "active_pipeline_id":"11111111-2222-4333-8444-555555555555","active_pipeline_output":"frame",
 "pipeline_layout":{"rows":1,"columns":2,"slots":[{"row":0,"column":1,"output_key":"frame"}]},
 "pipeline_wires":[],"pipeline_host_inputs":{"crop.x":3,"name":"x"},
 "calibration":{"fx":1,"fy":2,"cx":3,"cy":4,"k1":0.1,"k2":0.2,"p1":0.3,"p2":0.4,"k3":0.5,"undistortIters":5,"lensModel":"pinhole"},
 "pose":{"translation":{"x":1,"y":2,"z":3},"rotation":{"roll":4,"pitch":5,"yaw":6},"updated_at":"2031-04-05T06:07:08.123Z"},
 "encoder":{"state":"enabled","id":"ffmpeg_h264","settings":{"kind":"ffmpeg_h264","bitrate":2000000,"framerate":{"numerator":1,"denominator":10},"gop":20,"output_resolution":{"width":640,"height":360},"thread_count":2}},
 "decoder":{"state":"enabled","id":"jpeg","settings":{"fps_limit":0,"mirror_horizontal":false,"rotation_degrees":0}},
 "preview_jpeg_quality":70,"recording_mode":{"state":"disabled"},"start_on_boot":true}`

// parse reads a manifest that must be good.
func parse(t *testing.T, text string) streamRequest {
	t.Helper()
	req, err := parseManifest([]byte(text), "")
	if err != nil || len(req.issues) > 0 {
		t.Fatalf("%s: %v %v", text, err, req.issues)
	}
	return req
}

// sameJSON compares two JSON values.
func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	var a, b any
	if json.Unmarshal(got, &a) != nil || json.Unmarshal(want, &b) != nil || !reflect.DeepEqual(a, b) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// 8.3: what a client sends is what it gets back.
func TestManifestRoundTrip(t *testing.T) {
	example, err := os.ReadFile("../../client/helios/testdata/examples/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"example": string(example), "full": fullManifest} {
		t.Run(name, func(t *testing.T) {
			req := parse(t, text)
			back, err := json.Marshal(streamManifest(req.config))
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, back, []byte(text))
			// Also after it was stored.
			stored, err := json.Marshal(req.config)
			if err != nil {
				t.Fatal(err)
			}
			var c video.Config
			if err := json.Unmarshal(stored, &c); err != nil {
				t.Fatal(err)
			}
			if again, _ := json.Marshal(streamManifest(c)); !bytes.Equal(again, back) {
				t.Errorf("after storing it is\n%s\nwas\n%s", again, back)
			}
		})
	}
}

// What the source gets of a manifest.
func TestManifestConfig(t *testing.T) {
	c := parse(t, fullManifest).config
	c.Extra = nil
	want := video.Config{
		ID: streamUUID, Alias: "front", HardwareID: "hw-1",
		Capture: video.Capture{
			Backend: "v4l2", Path: "/dev/video0", Format: video.Format{FourCC: "MJPG", Width: 1280, Height: 720},
			Interval: video.Interval{Numerator: 1, Denominator: 25}, TargetFPS: 12.5,
			Controls: []video.Setting{
				{ID: 9963776, Value: video.IntValue(3)},
				{ID: 1, Value: video.BoolValue(true)},
				{ID: 2, Value: video.Value{Kind: video.KindFloat, Float: 0.5}},
				{ID: 3, Value: video.UintValue(7)},
				{ID: 4, Value: video.Value{Kind: video.KindNone}},
			},
			DeviceKeys: []string{"usb:046d:0825:x:0"},
		},
		Encoding: video.Encoding{
			Format: "H264", Bitrate: 2e6, Interval: video.Interval{Numerator: 1, Denominator: 10}, GOP: 20, Width: 640, Height: 360, Threads: 2,
		},
		PreviewQuality: 70, PipelineEnabled: true, StartOnBoot: true,
		ActivePipeline: "11111111-2222-4333-8444-555555555555", ActiveOutput: "frame",
		Pipelines: []video.PipelineConfig{{
			ID: "11111111-2222-4333-8444-555555555555", Graph: json.RawMessage(`{"steps":[{"kind":"grayscale"}]}`), Output: "frame",
		}},
		Inputs: video.Inputs{"crop.x": json.RawMessage("3"), "name": json.RawMessage(`"x"`)},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

// 8.1: each handle, and where its frames come from.
func TestManifestHandles(t *testing.T) {
	for text, want := range map[string]video.Capture{
		`"backend":"Virtual","handle":"Virtual"`: {Backend: "test"},
		`"backend":"V4l2","handle":{"V4l2":{"path":"/dev/video3"}},"device_identity":{"keys":["k"]}`: {
			Backend: "v4l2", Path: "/dev/video3", DeviceKeys: []string{"k"},
		},
		`"backend":"Netcam","handle":{"Netcam":{"url":"http://cam/stream","width":640,"height":480,"fps":15}}`: {
			Backend: "mjpeg", URL: "http://cam/stream", Format: video.Format{Width: 640, Height: 480}, Interval: video.Interval{Numerator: 1, Denominator: 15},
		},
		`"backend":"Netcam","handle":{"Netcam":{"url":"http://cam/live.m3u8"}}`: {Backend: "ffmpeg", URL: "http://cam/live.m3u8"},
		`"backend":"Netcam","handle":{"Netcam":{"url":"http://cam/x"}},"mode":{"format":{"code":"h265"}}`: {
			Backend: "ffmpeg", URL: "http://cam/x", Format: video.Format{FourCC: "HEVC"},
		},
		`"backend":"Netcam","handle":{"Netcam":{"url":"rtsp://u:p@cam/1","fps":10}},"interval":{"numerator":1,"denominator":5}`: {
			Backend: "ffmpeg", URL: "rtsp://u:p@cam/1", Interval: video.Interval{Numerator: 1, Denominator: 5},
		},
		`"backend":"File","handle":{"File":{"paths":["/a.jpg","/b.JPEG"],"fps":12.5,"loop_forever":true}}`: {
			Backend: "file", Paths: []string{"/a.jpg", "/b.JPEG"}, Loop: true, Interval: video.Interval{Numerator: 1000, Denominator: 12500},
		},
		`"backend":"File","handle":{"File":{"paths":["/a.mp4"],"fps":0,"loop_forever":false}}`: {Backend: "ffmpeg", Paths: []string{"/a.mp4"}},
	} {
		if got := parse(t, `{"capture":{`+text+`}}`).config.Capture; !reflect.DeepEqual(got, want) {
			t.Errorf("%s\ngot  %+v\nwant %+v", text, got, want)
		}
	}
}

// 8.3: defaults of a short manifest.
func TestManifestDefaults(t *testing.T) {
	c := parse(t, `{"capture":{"backend":"Virtual","handle":"Virtual"}}`).config
	c.ID = streamUUID
	got, err := json.Marshal(streamManifest(c))
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, got, []byte(`{"schema_version":1,"identity":{"id":"`+streamUUID+`"},
	 "capture":{"backend":"Virtual","handle":"Virtual","mode":{"format":{"code":"","resolution":{"width":0,"height":0},"color":"Unknown"}},
	  "controls":[],"device_keys":[],"enable_tdn_output":false},
	 "host_buffer":4,"internal":false,"pipeline_enabled":false,"pipelines":[],"pipeline_wires":[],"pipeline_host_inputs":{},
	 "encoder":{"state":"disabled"},"decoder":{"state":"disabled"},"preview_jpeg_quality":80,"recording_mode":{"state":"disabled"},"start_on_boot":false}`))
}

// with is a manifest of the test pattern with more members, and more in capture.
func with(more, capture string) string {
	text := `{"capture":{"backend":"Virtual","handle":"Virtual"`
	if capture != "" {
		text += "," + capture
	}
	text += "}"
	if more != "" {
		text += "," + more
	}
	return text + "}"
}

// What cannot be done is refused, with the path of the member and what helps.
func TestManifestIssues(t *testing.T) {
	h264 := `"mode":{"format":{"code":"H264","resolution":{"width":640,"height":480}}}`
	for _, c := range []struct{ path, code, text string }{
		{"capture", "required", `{}`},
		{"capture.backend", "required", `{"capture":{"handle":"Virtual"}}`},
		{"capture.backend", "unknown", `{"capture":{"backend":"Magic","handle":"Virtual"}}`},
		{"capture.backend", "unsupported", `{"capture":{"backend":"Libcamera","handle":{"Libcamera":{"id":"x"}}}}`},
		{"capture.handle", "required", `{"capture":{"backend":"Virtual"}}`},
		{"capture.handle", "invalid", `{"capture":{"backend":"V4l2","handle":"Virtual"}}`},
		{"capture.handle.Netcam.url", "required", `{"capture":{"backend":"Netcam","handle":{"Netcam":{}}}}`},
		{"capture.handle.File.fps", "out_of_range", `{"capture":{"backend":"File","handle":{"File":{"paths":["/a.jpg"],"fps":-1}}}}`},
		{"capture.handle.File.fps", "out_of_range", `{"capture":{"backend":"File","handle":{"File":{"paths":["/a.jpg"],"fps":1e300}}}}`},
		{"capture.interval", "invalid", with("", `"interval":{"numerator":0,"denominator":30}`)},
		{"capture.mode.interval", "invalid", with("", `"mode":{"format":{"code":"MJPG"},"interval":{"numerator":1,"denominator":0}}`)},
		{"capture.mode.format.color", "unknown", with("", `"mode":{"format":{"code":"MJPG","color":"Purple"}}`)},
		{"capture.enable_tdn_output", "unsupported", with("", `"enable_tdn_output":true`)},
		{"schema_version", "unsupported", with(`"schema_version":2`, "")},
		{"preview_jpeg_quality", "out_of_range", with(`"preview_jpeg_quality":0`, "")},
		{"preview_jpeg_quality", "out_of_range", with(`"preview_jpeg_quality":101`, "")},
		{"encoder.state", "unknown", with(`"encoder":{"state":"maybe"}`, "")},
		{"encoder.id", "unknown", with(`"encoder":{"state":"enabled","id":"av1"}`, "")},
		{"encoder.settings.kind", "unknown", with(`"encoder":{"state":"enabled","settings":{"kind":"x"}}`, "")},
		{"encoder.settings.kind", "unsupported", with(`"encoder":{"state":"enabled","settings":{"kind":"turbojpeg"}}`, h264)},
		{"encoder.settings.quality", "out_of_range", with(`"encoder":{"state":"enabled","settings":{"kind":"mozjpeg","quality":0}}`, "")},
		{"encoder.settings.quality", "unsupported", with(`"encoder":{"state":"enabled","settings":{"kind":"ffmpeg_h264","quality":50}}`, "")},
		{"encoder.settings.bitrate", "unsupported", with(`"encoder":{"state":"enabled","settings":{"kind":"ffmpeg_mjpeg","bitrate":5}}`, "")},
		{"encoder.settings.framerate", "unsupported", with(`"encoder":{"state":"enabled","settings":{"kind":"ffmpeg_mjpeg","framerate":{"numerator":1,"denominator":5}}}`, "")},
		{"encoder.settings.framerate", "invalid", with(`"encoder":{"state":"enabled","settings":{"kind":"ffmpeg_h265","framerate":{"numerator":1,"denominator":0}}}`, "")},
		{"encoder.settings.output_resolution", "unsupported", with(`"encoder":{"state":"enabled","settings":{"kind":"turbojpeg","output_resolution":{"width":1,"height":1}}}`, "")},
		{"decoder.state", "unknown", with(`"decoder":{"state":""}`, "")},
		{"decoder.settings.fps_limit", "unsupported", with(`"decoder":{"state":"enabled","settings":{"fps_limit":5}}`, "")},
		{"decoder.settings.mirror_horizontal", "unsupported", with(`"decoder":{"state":"enabled","settings":{"mirror_horizontal":true}}`, "")},
		{"decoder.settings.rotation_degrees", "unsupported", with(`"decoder":{"state":"enabled","settings":{"rotation_degrees":90}}`, "")},
		{"recording_mode.state", "unsupported", with(`"recording_mode":{"state":"shadow_buffer","codec":"h264"}`, "")},
		{"recording_mode.state", "unknown", with(`"recording_mode":{"state":"x"}`, "")},
		{"pipeline_wires", "unsupported", with(`"pipeline_wires":[{"from":{"pipeline_id":"`+streamUUID+`"},"to":{"pipeline_id":"`+streamUUID+`"}}]`, "")},
		{"pipeline_layout.rows", "out_of_range", with(`"pipeline_layout":{"rows":0,"columns":1,"slots":[]}`, "")},
		{"pipeline_layout.slots[0]", "out_of_range", with(`"pipeline_layout":{"rows":1,"columns":1,"slots":[{"row":1,"column":0}]}`, "")},
		{"active_pipeline_id", "unsupported", with(`"pipeline_enabled":true,"active_pipeline_id":"`+wire.PipelineCalibration+`"`, "")},
	} {
		req, err := parseManifest([]byte(c.text), "")
		at := slices.IndexFunc(req.issues, func(i video.Issue) bool { return i.Path == c.path && i.Code == c.code && i.Message != "" })
		if err != nil || at < 0 {
			t.Errorf("%s\nwant %s %s, got %v, %v", c.text, c.path, c.code, req.issues, err)
		}
	}
}

// What is not JSON of the right types is told as such.
func TestManifestForm(t *testing.T) {
	for _, text := range []string{
		``, `x`, `[]`, `"Virtual"`, `{"capture":5}`, `{"capture":{"backend":5}}`, `{"capture":{"backend":"Virtual","handle":"Real"}}`,
		`{"capture":{"backend":"Virtual","handle":{}}}`, with(`"preview_jpeg_quality":300`, ""), with(`"start_on_boot":"yes"`, ""),
		with("", `"controls":[{"id":1,"value":{"Int":"x"}}]`), with("", `"target_fps":"fast"`),
	} {
		if req, err := parseManifest([]byte(text), ""); err == nil {
			t.Errorf("%s is taken: %+v", text, req)
		}
	}
}

// Things that a manifest says in vain are told.
func TestManifestWarnings(t *testing.T) {
	for path, text := range map[string]string{
		"host_buffer":                   with(`"host_buffer":9`, ""),
		"internal":                      with(`"internal":true`, ""),
		"calibration":                   with(`"calibration":{"fx":1}`, ""),
		"pipeline_enabled":              with(`"pipeline_enabled":true`, ""),
		"decoder.settings.thread_count": with(`"decoder":{"state":"enabled","settings":{"thread_count":2}}`, ""),
		"encoder.settings.thread_count": with(`"encoder":{"state":"enabled","settings":{"kind":"turbojpeg","thread_count":2}}`, ""),
		"encoder.settings.gop":          with(`"encoder":{"state":"enabled","settings":{"kind":"turbojpeg","gop":2}}`, ""),
		"encoder.settings.quality": `{"capture":{"backend":"V4l2","handle":{"V4l2":{"path":"/dev/video0"}}},
			"encoder":{"state":"enabled","settings":{"kind":"turbojpeg","quality":5}}}`,
		"capture.device_keys": with("", `"device_keys":["k"]`),
	} {
		w := parse(t, text).warnings
		if len(w) != 1 || w[0].Path != path || w[0].Code != noEffect {
			t.Errorf("%s: %+v", path, w)
		}
	}
	if w := parse(t, with("", "")).warnings; w == nil || len(w) > 0 {
		t.Errorf("a plain manifest: %+v", w)
	}
}

// An id in capital letters is the same id; one that contradicts the path is not.
func TestManifestIdentity(t *testing.T) {
	text := with(`"identity":{"id":"`+strings.ToUpper(streamUUID)+`","display":"x","keys":["y"]}`, "")
	for _, id := range []string{"", streamUUID} {
		req, err := parseManifest([]byte(text), id)
		if err != nil || len(req.issues) > 0 || req.config.ID != streamUUID {
			t.Errorf("%v %v %q", err, req.issues, req.config.ID)
		}
	}
	req, err := parseManifest([]byte(text), "11111111-2222-4333-8444-555555555555")
	if err != nil || len(req.issues) != 1 || req.issues[0].Path != "identity.id" {
		t.Errorf("%v %v", err, req.issues)
	}
}

// A patch is applied to the graph once.
func TestManifestPatch(t *testing.T) {
	text := with(`"pipelines":[{"pipeline_id":"`+streamUUID+`","pipeline_graph":{"a":1,"b":{"c":2}},"pipeline_patch":{"a":null,"b":{"d":3}}}]`, "")
	c := parse(t, text).config
	sameJSON(t, c.Pipelines[0].Graph, []byte(`{"b":{"c":2,"d":3}}`))
	if p := streamManifest(c).Pipelines[0]; p.PipelinePatch != nil {
		t.Errorf("the patch is still there: %v", p.PipelinePatch)
	}
}

// The manifest of a configuration that none came with can be sent again.
func TestPlainManifest(t *testing.T) {
	for _, c := range []video.Capture{
		{Backend: "test", Format: video.Format{FourCC: "MJPG", Width: 320, Height: 240}, TargetFPS: 5},
		{Backend: "v4l2", Path: "/dev/video0", DeviceKeys: []string{"k"}, Interval: video.Interval{Numerator: 1, Denominator: 30}},
		{Backend: "mjpeg", URL: "http://cam/"},
		{Backend: "ffmpeg", URL: "rtsp://cam/"},
		{Backend: "ffmpeg", Paths: []string{"/a.mp4"}, Loop: true},
		{Backend: "file", Paths: []string{"/a.jpg"}},
	} {
		m := streamManifest(video.Config{ID: streamUUID, Capture: c, PreviewQuality: 80, Extra: json.RawMessage(`nonsense`)})
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got := parse(t, string(text)).config.Capture
		if len(got.DeviceKeys) == 0 {
			got.DeviceKeys = nil
		}
		if !reflect.DeepEqual(got, c) {
			t.Errorf("got  %+v\nwant %+v", got, c)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(fullManifest))
	f.Add([]byte(with(`"encoder":{"state":"enabled","id":"jpeg"}`, "")))
	f.Add([]byte(`{"capture":{"backend":"File","handle":{"File":{"paths":["/x.jpg"],"fps":7.3}}}}`))
	f.Add([]byte(`{"capture":{"backend":"Netcam","handle":{"Netcam":{"url":"rtsp://x","fps":4294967295}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := parseManifest(data, "")
		if err != nil || len(req.issues) > 0 {
			return
		}
		text, err := json.Marshal(streamManifest(req.config))
		if err != nil {
			t.Fatalf("%q cannot be shown: %v", data, err)
		}
		again, err := parseManifest(text, "")
		if err != nil || len(again.issues) > 0 {
			t.Fatalf("%q is shown as %s, which is refused: %v %v", data, text, err, again.issues)
		}
		if shown, _ := json.Marshal(streamManifest(again.config)); !bytes.Equal(shown, text) {
			t.Fatalf("%q is shown as %s, and then as %s", data, text, shown)
		}
	})
}
