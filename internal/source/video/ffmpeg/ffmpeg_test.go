package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/annexb"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// movie makes a file of two seconds.
func movie(t *testing.T, name string, args ...string) string {
	t.Helper()
	cameras.NeedFFmpeg(t)
	path := filepath.Join(t.TempDir(), name)
	all := append([]string{"-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-t", "2"}, args...)
	if out, err := exec.CommandContext(t.Context(), "ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// checkCoded checks what every viewer relies on.
func checkCoded(t *testing.T, frames []video.Frame, fourcc video.FourCC, w, h uint32) {
	t.Helper()
	keys := 0
	for i, f := range frames {
		if f.FourCC != fourcc || f.Width != w || f.Height != h {
			t.Fatalf("frame %d is %s %d x %d", i, f.FourCC, f.Width, f.Height)
		}
		s := annexb.Sorter{Codec: codec(fourcc)}
		u, ok := s.Add(f.Data)
		switch {
		case f.Key && (!ok || !u.Key || u.Width != w):
			t.Fatalf("key frame %d is not complete", i)
		case f.Key:
			keys++
		case u.Key:
			t.Fatalf("frame %d is a key frame and does not say so", i)
		}
	}
	if keys == 0 || !frames[0].Key {
		t.Fatalf("%d key frames in %d, the first one %v", keys, len(frames), frames[0].Key)
	}
}

func TestFilesArePassedOn(t *testing.T) {
	for _, test := range []struct {
		name   string
		fourcc video.FourCC
		args   []string
	}{
		{"h264.mp4", video.H264, []string{"-c:v", "libx264", "-g", "5", "-pix_fmt", "yuv420p"}},
		{"h264.mkv", video.H264, []string{"-c:v", "libx264", "-g", "5", "-bf", "2", "-pix_fmt", "yuv420p"}},
		{"hevc.mp4", video.HEVC, []string{"-c:v", "libx265", "-x265-params", "log-level=none:keyint=5", "-pix_fmt", "yuv420p"}},
		{"other.webm", video.H264, []string{"-c:v", "libvpx", "-deadline", "realtime", "-pix_fmt", "yuv420p"}}, // encoded anew
	} {
		c := New(Options{}).Camera(video.Capture{Paths: []string{movie(t, test.name, test.args...)}, Format: video.Format{FourCC: test.fourcc}})
		s, err := cameras.Run(t, c, 1000)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if n := len(s.Frames()); n != 20 {
			t.Errorf("%s: %d frames, want 20", test.name, n)
		}
		checkCoded(t, s.Frames(), test.fourcc, 320, 240)
	}
}

func TestJPEG(t *testing.T) {
	for name, args := range map[string][]string{
		"mjpeg.avi": {"-c:v", "mjpeg", "-pix_fmt", "yuvj420p"},
		"h264.mp4":  {"-c:v", "libx264", "-pix_fmt", "yuv420p"},
	} {
		c := New(Options{}).Camera(video.Capture{Paths: []string{movie(t, name, args...)}, Format: video.Format{FourCC: video.MJPG}, Quality: 80})
		s, err := cameras.Run(t, c, 1000)
		if err != nil || len(s.Frames()) != 20 {
			t.Errorf("%s: %d frames, %v", name, len(s.Frames()), err)
			continue
		}
		if f := s.Frames()[0]; f.FourCC != video.MJPG || f.Width != 320 {
			t.Errorf("%s: %s %d x %d", name, f.FourCC, f.Width, f.Height)
		}
	}
}

func TestLoop(t *testing.T) {
	path := movie(t, "loop.mp4", "-c:v", "libx264", "-g", "5", "-pix_fmt", "yuv420p", "-t", "0.5")
	c := New(Options{}).Camera(video.Capture{Paths: []string{path}, Loop: true, Format: video.Format{FourCC: video.H264}})
	s, err := cameras.Run(t, c, 25)
	if err != nil {
		t.Fatal(err)
	}
	checkCoded(t, s.Frames(), video.H264, 320, 240)
}

// TestRTSP reads from a real server, whose parameter sets are only in its description.
func TestRTSP(t *testing.T) {
	cameras.NeedFFmpeg(t)
	server := cameras.StartRTSP(t)
	c := New(Options{}).Camera(video.Capture{URL: server.URL(), Format: video.Format{FourCC: video.H264}})
	s, err := cameras.Run(t, c, 40)
	if err != nil {
		t.Fatal(err)
	}
	frames := s.Frames()
	first := slices.IndexFunc(frames, func(f video.Frame) bool { return f.Key })
	if first < 0 {
		t.Fatal("no key frame")
	}
	checkCoded(t, frames[first:], video.H264, 320, 240)
}

func TestErrorsAreClear(t *testing.T) {
	cameras.NeedFFmpeg(t)
	missing := New(Options{Path: "/nowhere/ffmpeg"})
	file := video.Capture{Paths: []string{"/nowhere.mp4"}}
	there := video.Capture{Paths: []string{movie(t, "there.mp4")}}
	if err := missing.Camera(there).Run(t.Context(), &cameras.Sink{}); !errors.Is(err, video.ErrNotInstalled) {
		t.Errorf("without the program: %v", err)
	}
	if list := missing.Validate(file); len(list) != 1 || list[0].Code != video.IssueUnsupported || list[0].Remediation == "" {
		t.Errorf("without the program: %+v", list)
	}
	if err := New(Options{}).Camera(file).Run(t.Context(), &cameras.Sink{}); !errors.Is(err, video.ErrAbsent) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
	secret := video.Capture{URL: "rtsp://user:s3cret@127.0.0.1:1/cam"}
	err := New(Options{}).Camera(secret).Run(t.Context(), &cameras.Sink{})
	if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "user") {
		t.Errorf("a password is told: %v", err)
	}
	garbage := filepath.Join(t.TempDir(), "x.mp4")
	if err := os.WriteFile(garbage, []byte("nothing of the kind"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := New(Options{}).Camera(video.Capture{Paths: []string{garbage}}).Run(t.Context(), &cameras.Sink{}); err == nil {
		t.Error("garbage can be played")
	}
}

func TestValidate(t *testing.T) {
	cameras.NeedFFmpeg(t)
	b := New(Options{})
	for _, bad := range []video.Capture{
		{URL: "-i"}, {URL: "file:///etc/passwd"}, {URL: "concat:a|b"}, {URL: "rtsp:"}, {URL: "http:///x"}, {URL: "data:text/plain,x"},
		{URL: "pipe:0"}, {URL: "lavfi://x"}, {Paths: []string{"a", "b"}}, {Paths: []string{"relative.mp4"}}, {},
		{URL: "rtsp://h/", Format: video.Format{FourCC: video.YUYV}},
	} {
		if len(b.Validate(bad)) == 0 {
			t.Errorf("%+v is accepted", bad)
		}
	}
	for _, good := range []video.Capture{{URL: "rtsp://h/x"}, {URL: "https://h/x.m3u8"}, {Paths: []string{"/a.mp4"}}} {
		if list := b.Validate(good); len(list) > 0 {
			t.Errorf("%+v: %+v", good, list)
		}
	}
}

// TestPlaylistCannotReadFiles plays a playlist that leads to a file from the network.
func TestPlaylistCannotReadFiles(t *testing.T) {
	secret := movie(t, "secret.ts", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	server := serve(t, "/list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://"+secret+"\n#EXT-X-ENDLIST\n")
	c := New(Options{}).Camera(video.Capture{URL: server + "/list.m3u8", Format: video.Format{FourCC: video.H264}})
	if s, err := cameras.Run(t, c, 1); err == nil || len(s.Frames()) > 0 {
		t.Errorf("%d frames of a local file, %v", len(s.Frames()), err)
	}
}

// TestChildIsGone looks for the child after Run has returned.
func TestChildIsGone(t *testing.T) {
	path := movie(t, "gone.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	c := New(Options{}).Camera(video.Capture{Paths: []string{path}, Loop: true})
	if _, err := cameras.Run(t, c, 2); err != nil {
		t.Fatal(err)
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range dirs {
		if line, _ := os.ReadFile(f); strings.Contains(string(line), path) {
			t.Errorf("a child is left: %s", f)
		}
	}
}

func TestDiscreet(t *testing.T) {
	err := discreet(fmt.Errorf("open rtsp://a:b%%20c@h/x: bad: %w", context.Canceled), "rtsp://a:b%20c@h/x")
	if err.Error() != "open rtsp://h/x: bad: context canceled" || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if plain := errors.New("x"); discreet(plain, "rtsp://h/") != plain || discreet(nil, "rtsp://a@h/") != nil {
		t.Error("errors without a secret are changed")
	}
}
