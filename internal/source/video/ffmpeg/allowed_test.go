package ffmpeg

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

// Only video is shown: not text as a picture, and not what a script leads to.
func TestOnlyVideo(t *testing.T) {
	cameras.NeedFFmpeg(t)
	real := movie(t, "real.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	for name, content := range map[string]string{
		"secret.txt":  strings.Repeat("root:x:0:0:secret\n", 200),
		"secret.nfo":  strings.Repeat("root:x:0:0:secret\n", 200),
		"list.concat": "ffconcat version 1.0\nfile '" + real + "'\n",
		"list.m3u8":   "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:" + real + "\n#EXT-X-ENDLIST\n",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, format := range []video.FourCC{video.MJPG, video.H264} {
			c := New(Options{}).Camera(video.Capture{Paths: []string{path}, Format: video.Format{FourCC: format}, Quality: 80})
			sink, err := cameras.Run(t, c, 1)
			if err == nil || len(sink.Frames()) > 0 {
				t.Errorf("%s as %s is shown: %v", name, format, err)
			}
			if err != nil && strings.Contains(err.Error(), "secret\n") {
				t.Errorf("%s: the error has its content: %v", name, err)
			}
		}
	}
}

// What is no regular file is not even opened: that alone may do something, or hang.
func TestOnlyRegularFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.mp4")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		pipe: video.ErrUnsupported, "/dev/zero": video.ErrUnsupported, t.TempDir(): video.ErrUnsupported,
		filepath.Join(t.TempDir(), "none.mp4"): video.ErrAbsent,
	} {
		// The program does not exist: it must not get so far.
		c := New(Options{Path: "/nonexistent/ffmpeg"}).Camera(video.Capture{Paths: []string{path}})
		if _, err := cameras.Run(t, c, 1); !errors.Is(err, want) {
			t.Errorf("%s: %v", path, err)
		}
		if err := c.(video.Presence).Present(); !errors.Is(err, want) {
			t.Errorf("%s is present: %v", path, err)
		}
	}
	if err := New(Options{}).Camera(video.Capture{URL: "rtsp://cam/"}).(video.Presence).Present(); err != nil {
		t.Error(err)
	}
}

// What is allowed is enough for a playlist with segments.
func TestPlaylist(t *testing.T) {
	list := movie(t, "live.m3u8", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10", "-hls_time", "1", "-hls_list_size", "0")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(list))))
	defer server.Close()
	c := New(Options{}).Camera(video.Capture{URL: server.URL + "/live.m3u8", Format: video.Format{FourCC: video.H264}})
	sink, err := cameras.Run(t, c, 15)
	if err != nil {
		t.Fatal(err)
	}
	checkCoded(t, sink.Frames(), video.H264, 320, 240)
}
