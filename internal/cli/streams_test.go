package cli

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

const (
	frontID = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
	rearID  = "6f1c1d1e-2a3b-4c5d-8e9f-001122334466"
)

// withStreams makes a server with two streams, and one more name given twice.
func withStreams(t *testing.T) *fakehelios.Server {
	s := fakehelios.New(t)
	stream := func(id, name string, handle any) map[string]any {
		return map[string]any{
			"id": id, "descriptor": map[string]any{"modes": []any{}, "controls": []any{}}, "preview_format": "mjpeg",
			"manifest": map[string]any{"identity": map[string]any{"alias": name}, "capture": map[string]any{"handle": handle,
				"mode": map[string]any{"format": map[string]any{"resolution": map[string]int{"width": 640, "height": 480}}, "interval": map[string]int{"numerator": 1, "denominator": 30}}}},
			"runtime": map[string]any{"capture": map[string]any{"state": "disabled", "disabled_since_ms": 1, "disabled_reason": "gone\u001b[2J"},
				"demand": map[string]any{"viewers": map[string]int{"raw_receiver_count": 1, "host_receiver_count": 2}}},
		}
	}
	s.JSON("GET /v1/streams", []any{
		stream(frontID, "front", map[string]any{"V4l2": map[string]string{"path": "/dev/video0"}}),
		stream(rearID, "twice", "Virtual"), stream(strings.Replace(rearID, "66", "77", 1), "twice", "Virtual"),
	})
	return s
}

func TestStreamsList(t *testing.T) {
	s := withStreams(t)
	r := run(t, s, "streams")
	r.want(t, ExitOK)
	for _, part := range []string{frontID, "front", "/dev/video0", "640x480 30 fps mjpeg", "disabled for", "gone\ufffd[2J", "test pattern", "3"} {
		if !strings.Contains(r.out, part) {
			t.Errorf("%q lacks %q", r.out, part)
		}
	}
	if o := lines(t, run(t, s, "streams", "--json").out); len(o) != 3 || o[0]["id"] != frontID {
		t.Errorf("got %v", o)
	}
}

func TestStreamsCreate(t *testing.T) {
	s := fakehelios.New(t)
	var got helios.StreamManifest
	s.HTTP("POST /v1/streams", func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(`{"stream_id":"` + frontID + `","descriptor":{"modes":[],"controls":[]}}`))
	})
	create := func(args ...string) helios.StreamManifest {
		t.Helper()
		got = helios.StreamManifest{}
		r := run(t, s, append([]string{"streams", "create"}, args...)...)
		r.want(t, ExitOK)
		if r.out != frontID+"\n" {
			t.Errorf("got %q", r.out)
		}
		return got
	}
	m := create("--test", "--name", "pattern", "--size", "1280x720", "--fps", "29.97", "--h264", "--bitrate", "2000000", "--quality", "70", "--start-on-boot")
	if f := m.Capture.Mode.Format.Resolution; !m.Capture.Handle.Virtual || m.Identity.Alias != "pattern" || f.Width != 1280 || f.Height != 720 ||
		*m.Capture.Mode.Interval != (helios.Interval{Numerator: 1000, Denominator: 29970}) || m.Encoder.State != "enabled" ||
		m.Encoder.Settings.Kind != "ffmpeg_h264" || *m.Encoder.Settings.Bitrate != 2000000 || m.PreviewJpegQuality != 70 || !m.StartOnBoot {
		t.Errorf("sent %+v", m)
	}
	m = create("--v4l2", "/dev/video2", "--format", "yuyv")
	if m.Capture.Backend != "V4l2" || m.Capture.Handle.V4l2.Path != "/dev/video2" || m.Capture.Mode.Format.Code != "YUYV" || m.Encoder.State != "disabled" {
		t.Errorf("sent %+v", m)
	}
	m = create("--url", "rtsp://camera/1", "--size", "640x360", "--fps", "15")
	if n := m.Capture.Handle.Netcam; m.Capture.Backend != "Netcam" || n.URL != "rtsp://camera/1" || n.Width != 640 || n.Height != 360 || n.FPS != 15 {
		t.Errorf("sent %+v", m)
	}
	m = create("--file", "/a.jpg", "--file", "/b.jpg", "--fps", "2")
	if f := m.Capture.Handle.File; m.Capture.Backend != "File" || len(f.Paths) != 2 || f.FPS != 2 || !f.LoopForever {
		t.Errorf("sent %+v", m)
	}
}

func TestStreamsCreateRefusesWhatCannotBe(t *testing.T) {
	s := fakehelios.New(t)
	for _, c := range [][]string{
		{}, {"--test", "--v4l2", "/dev/video0"}, {"--v4l2", "video0"}, {"--url", "camera"}, {"--file", "a.jpg"},
		{"--test", "--size", "1280"}, {"--test", "--size", "0x0"}, {"--test", "--size", "axb"}, {"--test", "--fps", "-1"},
		{"--test", "--fps", "1000"}, {"--test", "--quality", "101"}, {"--test", "--bitrate", "1"}, {"--test", "more"},
	} {
		run(t, s, append([]string{"streams", "create"}, c...)...).want(t, ExitUsage, "--help")
	}
	s.HTTP("POST /v1/streams", func(w http.ResponseWriter, r *http.Request) {
		fakehelios.Fail(w, r, 422, "validation_failed", "capture.handle.V4l2.path: there is no such device")
	})
	run(t, s, "streams", "create", "--v4l2", "/dev/video9").want(t, ExitFailure, "capture.handle.V4l2.path")
}

func TestStreamsDelete(t *testing.T) {
	s := withStreams(t)
	var deleted []string
	for _, id := range []string{frontID, rearID} {
		s.HTTP("DELETE /v1/streams/"+id, func(w http.ResponseWriter, _ *http.Request) {
			deleted = append(deleted, id)
			w.WriteHeader(http.StatusNoContent)
		})
	}
	run(t, s, "streams", "delete", "front", strings.ToUpper(rearID)).want(t, ExitOK)
	if len(deleted) != 2 || deleted[0] != frontID || deleted[1] != rearID {
		t.Errorf("deleted %v", deleted)
	}
	run(t, s, "streams", "delete", "twice").want(t, ExitUsage, "2 streams have the name")
	run(t, s, "streams", "delete", "nope").want(t, ExitNotFound, `no stream "nope"`)
	run(t, s, "streams", "delete", "").want(t, ExitNotFound)
}

func TestStreamsShow(t *testing.T) {
	s := withStreams(t)
	s.JSON("GET /v1/streams/"+frontID, map[string]any{"id": frontID})
	s.JSON("GET /v1/streams/"+frontID+"/metrics", map[string]any{"capture": map[string]any{"fps": 29.97, "sample_count": 7}})
	r := run(t, s, "streams", "show", "front")
	r.want(t, ExitOK)
	if !strings.Contains(r.out, "7 captured, 30.0 a second") || !strings.Contains(r.out, "/dev/video0") {
		t.Errorf("got %q", r.out)
	}
	if o := lines(t, run(t, s, "streams", "show", "front", "--json").out); o[0]["info"].(map[string]any)["id"] != frontID || o[0]["metrics"] == nil {
		t.Errorf("got %v", o)
	}
}

// frames makes the frames socket of the stream front.
func frames(s *fakehelios.Server, serve func(*fakehelios.Conn)) {
	s.Socket("/v1/ws/streams/"+frontID+"/frames", serve)
}

func TestFramesArePiped(t *testing.T) {
	s := withStreams(t)
	frames(s, func(c *fakehelios.Conn) {
		if c.Query("output") != "edges" || c.Query("restore") != "true" {
			t.Errorf("query %s", c.Request.URL.RawQuery)
		}
		c.Send(`{"type":"format","fourcc":"MJPG","width":640,"height":480}`)
		c.SendBinary([]byte("one "))
		c.SendBinary([]byte("two "))
		c.Wait()
	})
	r := run(t, s, "frames", "front", "--output", "edges", "--count", "2")
	r.want(t, ExitOK)
	if r.out != "one two " || r.err != "" {
		t.Errorf("got %q, %q", r.out, r.err)
	}
}

func TestFramesAreSaved(t *testing.T) {
	s := withStreams(t)
	frames(s, func(c *fakehelios.Conn) {
		c.Send(`{"type":"format","fourcc":"MJPG","width":640,"height":480}`)
		c.SendBinary([]byte("one"))
		c.Send(`{"type":"format","fourcc":"../x","width":8,"height":8}`)
		c.SendBinary([]byte("two"))
		c.Wait()
	})
	dir := filepath.Join(t.TempDir(), "new")
	r := run(t, s, "frames", frontID, "--dir", dir, "--count", "2", "--json")
	r.want(t, ExitOK, "the format changes to ../x 8x8")
	for name, want := range map[string]string{"000001.jpg": "one", "000002.x": "two"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if o := lines(t, r.out); len(o) != 2 || o[0]["fourcc"] != "MJPG" || o[0]["bytes"] != 3.0 || o[1]["file"] != filepath.Join(dir, "000002.x") {
		t.Errorf("got %v", o)
	}
}

func TestFramesBeginAgainWithAKeyFrame(t *testing.T) {
	s := withStreams(t)
	frames(s, func(c *fakehelios.Conn) {
		c.Send(`{"type":"format","fourcc":"H264","width":640,"height":480}`)
		c.SendBinary([]byte("\x00\x00\x01\x41lost"))
		c.SendBinary([]byte("\x00\x00\x01\x65key"))
		c.SendBinary([]byte("\x00\x00\x01\x41next"))
		c.Wait()
	})
	r := run(t, s, "frames", "front", "--count", "2")
	r.want(t, ExitOK, "1 frames dropped so far, 2 written")
	if r.out != "\x00\x00\x01\x65key\x00\x00\x01\x41next" {
		t.Errorf("got %q", r.out)
	}
}

func TestFramesOfNoStream(t *testing.T) {
	s := withStreams(t)
	run(t, s, "frames", "nope").want(t, ExitNotFound, `no stream "nope"`)
	run(t, s, "frames").want(t, ExitUsage)
	run(t, s, "frames", "front", "--for", "-1s").want(t, ExitUsage)
	frames(s, func(c *fakehelios.Conn) { // it is deleted meanwhile
		c.Send(`{"type":"format","fourcc":"MJPG","width":640,"height":480}`, `{"type":"error","error":"stream not found","code":"stream_not_found"}`)
	})
	run(t, s, "frames", "front").want(t, ExitNotFound, "stream not found")
}
