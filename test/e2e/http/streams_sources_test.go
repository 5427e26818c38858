package http

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/testkit/cameras"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// ffmpeg makes files in a folder of its own with the program, from a test picture of
// 320 x 240 at 10 frames a second, and returns the path of the last one.
func ffmpeg(t *testing.T, name string, args ...string) string {
	t.Helper()
	cameras.NeedFFmpeg(t)
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-t", "2"}, args...)
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// 8.1, File: pictures are shown one after another, again and again.
func TestFileOfPictures(t *testing.T) {
	d := start(t)
	folder := t.TempDir()
	paths := []string{}
	for n := range 3 {
		path := filepath.Join(folder, fmt.Sprintf("%d.jpg", n))
		write(t, path, string(cameras.Picture(uint64(n)*60)))
		paths = append(paths, path)
	}
	id := create(t, d, captured("File", object{"File": object{"paths": paths, "fps": 50., "loop_forever": true}}, nil))
	p := partsOf(t, open(t, d, streamPath(id, "preview")))
	seen := map[string]int{}
	for range 12 {
		seen[string(p.next(t))]++ // passed through: the very bytes
	}
	for n, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil || seen[string(data)] < 2 {
			t.Errorf("picture %d is shown %d times (%v)", n, seen[string(data)], err)
		}
	}
	// Once through, when it is not to be played again; then it says so.
	once := create(t, d, captured("File", object{"File": object{"paths": paths, "fps": 50.}}, nil))
	open(t, d, streamPath(once, "preview"))
	device.Poll(t, "the end of the files", func() bool {
		s := infoOf(t, d, once)
		return s.Status.State == "disabled" && s.Runtime.Capture.State == "disabled" && strings.Contains(s.Status.DisabledReason, "ended")
	})
}

// 8.1, File: a movie is passed through as H264, and as pictures if that is wanted.
func TestFileOfMovie(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := ffmpeg(t, "movie.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "5")
	handle := object{"File": object{"paths": []string{path}, "fps": 0., "loop_forever": true}}
	id := create(t, d, captured("File", handle, nil))
	answer := open(t, d, streamPath(id, "preview"))
	if answer.StatusCode != 200 || answer.Header.Get("x-encoded-fourcc") != "H264" || answer.Header.Get("x-encoded-width") != "320" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	info := infoOf(t, d, id)
	if info.Runtime.Codecs.EncoderImpl != "" || !info.Runtime.Demand.Pipeline.EncodedPassthroughActive || info.Runtime.Capture.CaptureFourCC != "H264" {
		t.Errorf("%+v %+v", info.Runtime.Codecs, info.Runtime.Demand.Pipeline)
	}
	m := captured("File", handle, nil)
	m["capture"].(object)["mode"] = object{"format": object{"code": "MJPG", "resolution": object{"width": 0, "height": 0}}}
	p := partsOf(t, open(t, d, streamPath(create(t, d, m), "preview")))
	for range 3 {
		if w := widthOf(t, p.next(t)); w != 320 {
			t.Errorf("width %d", w)
		}
	}
}

// 8.1, Netcam: a camera that speaks MJPEG is passed through; when it is gone the stream
// is disabled and says why, and comes back with it.
func TestNetcam(t *testing.T) {
	t.Parallel()
	d := start(t)
	camera := cameras.StartMJPEG(t, 20, cameras.Style{})
	id := create(t, d, captured("Netcam", object{"Netcam": object{"url": camera.URL(), "width": 320, "height": 240, "fps": 20}}, nil))
	answer := open(t, d, streamPath(id, "preview"))
	p := partsOf(t, answer)
	for range 10 {
		p.next(t)
	}
	camera.Kill()
	device.Poll(t, "the state of a dead camera", func() bool {
		s := infoOf(t, d, id).Status
		return s.State == "disabled" && s.DisabledReason != "" && s.DisabledSinceMS != nil
	})
	camera.Restart()
	for range 10 {
		p.next(t) // the preview has stayed open
	}
	if s := infoOf(t, d, id).Status; s.State != "running" || s.DisabledReason != "" {
		t.Errorf("%+v", s)
	}
	// It is captured once, however many watch.
	before := camera.Requests.Load()
	for range 5 {
		q := partsOf(t, open(t, d, streamPath(id, "preview")))
		q.next(t)
	}
	if now := camera.Requests.Load(); now != before {
		t.Errorf("%d more requests to the camera for 5 more viewers", now-before)
	}
}

// A camera that gives single pictures, in H264 for the viewers.
func TestNetcamEncoded(t *testing.T) {
	t.Parallel()
	cameras.NeedFFmpeg(t)
	d := start(t)
	camera := cameras.StartMJPEG(t, 20, cameras.Style{})
	m := captured("Netcam", object{"Netcam": object{"url": camera.URL(), "width": 320, "height": 240, "fps": 20}}, object{"encoder": h264(10)})
	answer := open(t, d, streamPath(create(t, d, m), "preview"))
	if answer.StatusCode != 200 || answer.Header.Get("x-encoded-fourcc") != "H264" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	if _, err := io.ReadFull(answer.Body, make([]byte, 4000)); err != nil {
		t.Error(err)
	}
}

// 8.1, Netcam: RTSP by way of ffmpeg.
func TestNetcamRTSP(t *testing.T) {
	t.Parallel()
	cameras.NeedFFmpeg(t)
	camera := cameras.StartRTSP(t)
	d := start(t)
	id := create(t, d, captured("Netcam", object{"Netcam": object{"url": camera.URL()}}, nil))
	answer := open(t, d, streamPath(id, "preview"))
	if answer.StatusCode != 200 || answer.Header.Get("x-encoded-fourcc") != "H264" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	if _, err := io.ReadFull(answer.Body, make([]byte, 4000)); err != nil {
		t.Error(err)
	}
	if r := d.Get(streamPath(id, "frame")); r.Status != 200 || r.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %.200s", r.Status, r.Body)
	}
}

// What streams can be made to read: no text, no device, nothing by way of a playlist,
// and no other protocols than those of cameras.
func TestStreamsReadNothingElse(t *testing.T) {
	cameras.NeedFFmpeg(t)
	d := start(t)
	secret := filepath.Join(t.TempDir(), "secret.txt")
	write(t, secret, strings.Repeat("root:x:0:0:secret\n", 200))
	renamed := filepath.Join(t.TempDir(), "secret.jpg")
	write(t, renamed, strings.Repeat("root:x:0:0:secret\n", 200))
	movie := ffmpeg(t, "movie.ts", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	foreign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://"+movie+"\n#EXT-X-ENDLIST\n")
	}))
	defer foreign.Close()
	redirect := httptest.NewServer(http.RedirectHandler("file://"+movie, http.StatusFound))
	defer redirect.Close()
	for _, m := range []object{
		captured("File", object{"File": object{"paths": []string{secret}}}, nil),
		captured("File", object{"File": object{"paths": []string{renamed}}}, nil),
		captured("File", object{"File": object{"paths": []string{"/dev/zero"}}}, nil),
		captured("Netcam", object{"Netcam": object{"url": foreign.URL + "/list.m3u8"}}, nil),
		captured("Netcam", object{"Netcam": object{"url": redirect.URL + "/x.mp4"}}, nil),
		captured("Netcam", object{"Netcam": object{"url": redirect.URL + "/x"}}, nil),
	} {
		id := create(t, d, m)
		r := d.Get(streamPath(id, "frame"))
		if r.Status != 404 || strings.Contains(string(r.Body), "root:x") {
			t.Errorf("%v: %d %.300s", m, r.Status, r.Body)
		}
		if status := infoOf(t, d, id).Status; strings.Contains(status.DisabledReason, "root:x") {
			t.Errorf("%v: %+v", m, status)
		}
	}
	for _, url := range []string{
		"file:///etc/passwd", "concat:/etc/passwd|/etc/group", "data:text/plain,x", "pipe:0", "lavfi:testsrc", "-i", "subfile,,start,0,end,9,,:/etc/passwd",
		"ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http:///x", "unix:/run/x.sock", "tcp://127.0.0.1:22",
	} {
		m := captured("Netcam", object{"Netcam": object{"url": url}}, nil)
		wantIssue(t, url, d.Post("/v1/streams", text(t, m)), "capture.handle.Netcam.url")
	}
}

// A password in a URL is shown to those who may change the stream, and is not in reasons,
// the error history or the log.
func TestNetcamPassword(t *testing.T) {
	cameras.NeedFFmpeg(t)
	d := start(t)
	view := []string{"Authorization", "Bearer " + makeToken(t, d, "viewer", "view")}
	for _, url := range []string{"http://user:s3cret@127.0.0.1:1/x", "rtsp://user:s3cret@127.0.0.1:1/x", "http://127.0.0.1:1/x?key=s3cret"} {
		id := create(t, d, captured("Netcam", object{"Netcam": object{"url": url}}, nil))
		if r := d.Get(streamPath(id, "frame")); r.Status != 404 || strings.Contains(string(r.Body), "s3cret") {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		info := infoOf(t, d, id)
		if info.Manifest.Capture.Handle.Netcam.URL != url {
			t.Errorf("%+v", info.Manifest.Capture.Handle.Netcam)
		}
		if strings.Contains(text(t, []any{info.Status, info.Runtime}), "s3cret") {
			t.Errorf("%+v", info.Status)
		}
		for _, path := range []string{"/v1/streams", "/v1/streams/" + id, "/v1"} {
			if r := d.Get(path, view...); r.Status != 200 || strings.Contains(string(r.Body), "s3cret") || !strings.Contains(string(r.Body), "127.0.0.1:1/x") {
				t.Errorf("%s with the scope view: %d %s", path, r.Status, r.Body)
			}
		}
	}
	// Who asks makes no difference for the revision.
	if a, b := d.Get("/v1/streams"), d.Get("/v1/streams", view...); a.Header.Get("ETag") != b.Header.Get("ETag") {
		t.Errorf("%s, %s", a.Header.Get("ETag"), b.Header.Get("ETag"))
	}
	if strings.Contains(text(t, history(t, d, "")), "s3cret") || strings.Contains(d.Log(), "s3cret") {
		t.Error("the password is in the error history or the log")
	}
}
