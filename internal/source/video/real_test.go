package video_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/ffmpeg"
	"github.com/heliograph/heliograph/internal/source/video/mediafile"
	"github.com/heliograph/heliograph/internal/source/video/mjpeg"
	"github.com/heliograph/heliograph/internal/source/video/testpattern"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

// real returns a manager with the real backends and a stream.
func real(t testing.TB, cfg video.Config, newPipeline video.NewPipeline) *video.Stream {
	t.Helper()
	m, err := video.New(video.Options{
		Backends: []video.Backend{
			testpattern.New(testpattern.Options{}), mjpeg.New(mjpeg.Options{}), ffmpeg.New(ffmpeg.Options{}), mediafile.New(),
		},
		Transcoder: ffmpeg.NewTranscoder(ffmpeg.Options{}), NewPipeline: newPipeline,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := m.Create(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pattern(w, h, fps uint32, code video.FourCC) video.Config {
	return video.Config{Capture: video.Capture{
		Backend: video.BackendTest, Format: video.Format{FourCC: code, Width: w, Height: h},
		Interval: video.Interval{Numerator: 1, Denominator: fps},
	}}
}

func watch(t testing.TB, s *video.Stream) *video.Viewer {
	t.Helper()
	v, err := s.Watch(video.ViewerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

func next(t testing.TB, v *video.Viewer) *video.Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f, err := v.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// number reads the number that is drawn into a JPEG frame.
func number(t testing.TB, data []byte) uint32 {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := testpattern.ReadBar(img)
	if !ok {
		t.Fatal("the bar cannot be read")
	}
	return n
}

// TestPatternToManyViewers has twenty viewers who all see each frame, once and in
// order.
func TestPatternToManyViewers(t *testing.T) {
	s := real(t, pattern(320, 240, 30, video.MJPG), nil)
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 20 {
		v := watch(t, s)
		all.Go(func() {
			last := uint64(0)
			for n := range 60 {
				f, err := v.Next(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				if f.Seq <= last {
					t.Errorf("frame %d after %d", f.Seq, last)
				}
				last = f.Seq
				if n%20 == 19 {
					if drawn := number(t, f.Data); uint64(drawn) < f.Seq {
						t.Errorf("frame %d shows %d", f.Seq, drawn)
					}
				}
			}
		})
	}
	all.Wait()
	m := s.Metrics()
	if m.Viewers != 20 || m.Transport == nil || m.Transport.Delivered < 20*60 || m.Capture.Work == 0 {
		t.Errorf("metrics: %+v", m)
	}
}

// killed kills a camera n times and looks whether the stream comes back each time.
func killed(t *testing.T, s *video.Stream, n int, kill, restart func()) {
	t.Helper()
	v := watch(t, s)
	last := next(t, v).Seq
	for i := range n {
		kill()
		cameras.Poll(t, "the stream to be disabled", func() bool {
			st := s.Status()
			return st.State == video.Disabled && st.Reason != "" && !st.DisabledSince.IsZero()
		})
		restart()
		f := next(t, v)
		for f.Seq <= last {
			f = next(t, v)
		}
		last = f.Seq
		cameras.Poll(t, "the stream to run", func() bool { return s.Status().State == video.Running })
		if m := s.Metrics(); m.Failures < uint64(i+1) || m.Starts < uint64(i+2) || m.LastError == "" || m.LastErrorAt.IsZero() {
			t.Fatalf("metrics after %d kills: %+v", i+1, m)
		}
	}
}

func TestKilledMJPEGCamera(t *testing.T) {
	c := cameras.StartMJPEG(t, 20, cameras.Style{})
	s := real(t, video.Config{Capture: video.Capture{Backend: video.BackendMJPEG, URL: c.URL()}}, nil)
	killed(t, s, 10, c.Kill, c.Restart)
}

func TestKilledRTSPCamera(t *testing.T) {
	cameras.NeedFFmpeg(t)
	n := 10
	if testing.Short() {
		n = 2
	}
	c := cameras.StartRTSP(t)
	s := real(t, video.Config{Capture: video.Capture{
		Backend: video.BackendFFmpeg, URL: c.URL(), Format: video.Format{FourCC: video.H264},
	}}, nil)
	killed(t, s, n, c.Kill, c.Restart)
}

// TestH264 encodes the pattern and has a viewer who comes late.
func TestH264(t *testing.T) {
	cameras.NeedFFmpeg(t)
	s := real(t, pattern(320, 240, 30, video.H264), nil)
	if f, ok := s.Format(); !ok || f != (video.Format{FourCC: video.H264, Width: 320, Height: 240}) {
		t.Errorf("before the first frame: %+v", f)
	}
	first := watch(t, s)
	if f := next(t, first); !f.Key || f.FourCC != video.H264 || f.Width != 320 || f.Height != 240 {
		t.Fatalf("first frame: %s, key %v, %d x %d", f.FourCC, f.Key, f.Width, f.Height)
	}
	for range 10 {
		next(t, first)
	}
	if f := next(t, watch(t, s)); !f.Key {
		t.Error("who comes late does not begin with a key frame")
	}
	still, err := s.Still(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if number(t, still.Data) == 0 || still.FourCC != video.MJPG {
		t.Error("the still shows no frame")
	}
	if m := s.Metrics(); m.Encoder == nil || m.Encoder.Name != "libx264" || m.Encoder.Count == 0 || m.Encoder.Work == 0 {
		t.Errorf("encoder: %+v", m.Encoder)
	}
}

// TestRawPictures has the pattern captured as raw pictures and encoded once.
func TestRawPictures(t *testing.T) {
	s := real(t, pattern(320, 240, 30, video.YUYV), nil)
	one, two := watch(t, s), watch(t, s)
	for range 10 {
		next(t, one)
	}
	f := next(t, two)
	if f.FourCC != video.MJPG || number(t, f.Data) == 0 {
		t.Errorf("%s", f.FourCC)
	}
	if m := s.Metrics(); m.Encoder == nil || m.Encoder.Name != "jpeg" || m.Encoder.Count > m.Capture.Count {
		t.Errorf("encoder: %+v, captured %d", m.Encoder, m.Capture.Count)
	}
}

// reader is a pipeline that reads the number from the picture.
type reader struct{}

func (reader) Outputs() []video.Output { return []video.Output{{Name: "number", Type: "json"}} }

func (reader) Nodes() []video.Node                  { return nil }
func (reader) SetInputs(video.Inputs) []video.Issue { return nil }

func (reader) Process(_ context.Context, in video.Picture, _ []string) (video.Results, error) {
	n, ok := testpattern.ReadBar(in.Image)
	if !ok {
		return video.Results{}, errors.New("the bar cannot be read")
	}
	return video.Results{Values: map[string]any{"number": n}}, nil
}

// TestPipelineDecodes runs a pipeline on pictures of all kinds that have to be decoded.
func TestPipelineDecodes(t *testing.T) {
	cameras.NeedFFmpeg(t)
	file := filepath.Join(t.TempDir(), "pattern.mjpeg")
	record(t, file, 20)
	for name, capture := range map[string]video.Capture{
		"mjpeg": {Backend: video.BackendFile, Paths: []string{file}, Loop: true, Interval: video.Interval{Numerator: 1, Denominator: 20}},
		"h264": {
			Backend: video.BackendFFmpeg, Paths: []string{convert(t, file)}, Loop: true, Format: video.Format{FourCC: video.H264},
		},
	} {
		id := "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
		s := real(t, video.Config{
			Capture: capture, PipelineEnabled: true, ActivePipeline: id,
			Pipelines: []video.PipelineConfig{{ID: id, Graph: json.RawMessage(`{}`)}},
		}, func(json.RawMessage) (video.Pipeline, []video.Issue) { return reader{}, nil })
		w, err := s.WatchValues([]string{"number"})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[any]bool{}
		cameras.Poll(t, name+": five numbers", func() bool {
			for _, v := range w.Newest() {
				if v.Err != nil {
					t.Fatalf("%s: %v", name, v.Err)
				}
				seen[v.Value] = true
			}
			return len(seen) >= 5
		})
		if m := s.Metrics(); m.Decoder == nil || m.Decoder.Count == 0 || m.Graph.Count == 0 {
			t.Errorf("%s: %+v", name, m.Decoder)
		}
		w.Close()
	}
}

// record writes frames of the pattern into an MJPEG file.
func record(t *testing.T, file string, n int) {
	t.Helper()
	v := watch(t, real(t, pattern(320, 240, 60, video.MJPG), nil))
	var all []byte
	for range n {
		all = append(all, next(t, v).Data...)
	}
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
}

// convert makes an H.264 file of an MJPEG file, with the means of this package.
func convert(t *testing.T, file string) string {
	t.Helper()
	v := watch(t, real(t, video.Config{
		Capture:  video.Capture{Backend: video.BackendFile, Paths: []string{file}, Loop: true},
		Encoding: video.Encoding{Format: video.H264, GOP: 10},
	}, nil))
	out := file + ".h264"
	var all []byte
	for range 40 {
		all = append(all, next(t, v).Data...)
	}
	if err := os.WriteFile(out, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFileThatGoes has a file removed and put back.
func TestFileThatGoes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "one.jpg")
	write := func() {
		if err := os.WriteFile(file, cameras.Picture(9), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write()
	s := real(t, video.Config{Capture: video.Capture{
		Backend: video.BackendFile, Paths: []string{file}, Loop: true, Interval: video.Interval{Numerator: 1, Denominator: 50},
	}}, nil)
	killed(t, s, 3, func() { _ = os.Remove(file) }, write)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	cameras.Poll(t, "the stream to be disabled", func() bool { return s.Status().State == video.Disabled })
}

// BenchmarkPattern measures what the pattern costs at 1280 x 720 and 30 frames a second,
// with 0, 1 and 20 viewers: the CPU of this process, in percent of one core.
func BenchmarkPattern(b *testing.B) {
	for _, viewers := range []int{1, 20} {
		b.Run(fmt.Sprint(viewers), func(b *testing.B) {
			s := real(b, pattern(1280, 720, 30, video.MJPG), nil)
			ctx, cancel := context.WithCancel(b.Context())
			defer cancel()
			var all sync.WaitGroup
			for range viewers - 1 {
				v := watch(b, s)
				all.Go(func() {
					for {
						if _, err := v.Next(ctx); err != nil {
							return
						}
					}
				})
			}
			v := watch(b, s)
			next(b, v)
			before, began := cpu(b), time.Now()
			for b.Loop() {
				next(b, v)
			}
			b.ReportMetric(100*(cpu(b)-before).Seconds()/time.Since(began).Seconds(), "%cpu")
			b.ReportMetric(s.Metrics().Capture.FPS, "fps")
			cancel()
			all.Wait()
		})
	}
}
