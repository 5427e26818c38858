package mediafile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write makes a file of pictures.
func write(t *testing.T, path string, pictures ...uint64) string {
	t.Helper()
	var all []byte
	for _, n := range pictures {
		all = append(all, cameras.Picture(n)...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fast(paths ...string) video.Capture {
	return video.Capture{Paths: paths, Interval: video.Interval{Numerator: 1, Denominator: 200}}
}

// order checks which pictures were shown.
func order(t *testing.T, s *cameras.Sink, want ...uint64) {
	t.Helper()
	frames := s.Frames()
	if len(frames) < len(want) {
		t.Fatalf("%d frames, want %d", len(frames), len(want))
	}
	for i, n := range want {
		if f := frames[i]; !bytes.Equal(f.Data, cameras.Picture(n)) || f.FourCC != video.MJPG || f.Width != 320 || f.Height != 240 {
			t.Errorf("frame %d is not picture %d", i, n)
		}
	}
}

func TestSequence(t *testing.T) {
	dir := t.TempDir()
	c := fast(write(t, dir+"/z.mjpeg", 1, 2, 3), write(t, dir+"/a.jpg", 4))
	s, err := cameras.Run(t, New().Camera(c), 1000)
	if err != nil || len(s.Frames()) != 4 {
		t.Fatalf("%d frames, %v", len(s.Frames()), err)
	}
	order(t, s, 1, 2, 3, 4)
	c.Loop = true
	s, err = cameras.Run(t, New().Camera(c), 9)
	if err != nil {
		t.Fatal(err)
	}
	order(t, s, 1, 2, 3, 4, 1, 2, 3, 4, 1)
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		write(t, fmt.Sprintf("%s/%d.JPG", dir, i), uint64(i))
	}
	write(t, dir+"/0.txt", 9)
	s, err := cameras.Run(t, New().Camera(fast(dir)), 1000)
	if err != nil || len(s.Frames()) != 3 {
		t.Fatalf("%d frames, %v", len(s.Frames()), err)
	}
	order(t, s, 0, 1, 2)
	d, err := New().Camera(fast(dir)).Describe(t.Context())
	if err != nil || len(d.Modes) != 1 || d.Modes[0].Width != 320 || d.Modes[0].Intervals[0].Denominator != 200 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWhatCannotBePlayed(t *testing.T) {
	dir := t.TempDir()
	pipe, text, cut := filepath.Join(dir, "pipe.jpg"), filepath.Join(dir, "text.jpg"), filepath.Join(dir, "cut.jpg")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(text, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, cameras.Picture(1)[:400], 0o600); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for path, want := range map[string]error{dir + "/none.jpg": video.ErrAbsent, empty: video.ErrAbsent, pipe: video.ErrUnsupported, text: nil, cut: nil} {
		c := fast(path)
		c.Loop = true
		s, err := cameras.Run(t, New().Camera(c), 1)
		if err == nil || want != nil && !errors.Is(err, want) || len(s.Frames()) > 0 {
			t.Errorf("%s: %d frames, %v", path, len(s.Frames()), err)
		}
	}
	present := New().Camera(fast(dir + "/none.jpg")).(video.Presence)
	if err := present.Present(); !errors.Is(err, video.ErrAbsent) {
		t.Errorf("present: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, bad := range []video.Capture{{}, {Paths: []string{"relative.jpg"}}, {Paths: []string{"/a.jpg"}, Format: video.Format{FourCC: video.YUYV}}} {
		if len(New().Validate(bad)) != 1 {
			t.Errorf("%+v is accepted", bad)
		}
	}
	if list := New().Validate(fast("/a.jpg")); len(list) > 0 {
		t.Errorf("%+v", list)
	}
}
