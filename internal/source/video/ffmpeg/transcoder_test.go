package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/testpattern"
	"github.com/heliograph/heliograph/internal/testkit/cameras"
)

// serve serves one text under a path.
func serve(t *testing.T, path, text string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL
}

// pattern returns n frames of the test pattern.
func pattern(t *testing.T, n int) []*video.Frame {
	t.Helper()
	c := testpattern.New(testpattern.Options{}).Camera(video.Capture{
		Format: video.Format{Width: 320, Height: 240}, Interval: video.Interval{Numerator: 1, Denominator: 60}, Quality: 80,
	})
	s, err := cameras.Run(t, c, n)
	if err != nil {
		t.Fatal(err)
	}
	var list []*video.Frame
	for _, f := range s.Frames() {
		list = append(list, &f)
	}
	return list[:n]
}

// warmUp is how many frames ffmpeg looks at before it begins.
const warmUp = 3

// TestEncodeWithoutDelay gives the encoder, after the first frames, one at a time, the
// next one only when the last has come out, and reads the numbers out of what was
// decoded again.
func TestEncodeWithoutDelay(t *testing.T) {
	cameras.NeedFFmpeg(t)
	tr := NewTranscoder(Options{})
	in := pattern(t, 25)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	feed, coded := make(chan *video.Frame), make(chan video.Frame, 1)
	ended := make(chan error, 1)
	go func() {
		spec := video.EncodeSpec{
			Encoding: video.Encoding{Format: video.H264, GOP: 10}, Source: video.Format{Width: 320, Height: 240},
			Rate: video.Interval{Numerator: 1, Denominator: 30},
		}
		ended <- tr.Encode(ctx, spec, feed, func(f video.Frame) { coded <- f })
	}()
	var out []video.Frame
	for i, f := range in {
		feed <- f
		for i+1 >= warmUp && len(out) <= i {
			select {
			case c := <-coded:
				out = append(out, c)
			case err := <-ended:
				t.Fatalf("frame %d: %v", i, err)
			}
		}
	}
	close(feed)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	checkCoded(t, out, video.H264, 320, 240)
	if !out[10].Key || !out[20].Key || out[11].Key {
		t.Error("the key frames are not where they were asked for")
	}
	checkDecoded(t, tr, out)
}

// checkDecoded decodes frames and reads their numbers.
func checkDecoded(t *testing.T, tr *Transcoder, coded []video.Frame) {
	t.Helper()
	var numbers []uint32
	feed := make(chan *video.Frame, len(coded))
	for _, f := range coded {
		feed <- &f
	}
	close(feed)
	err := tr.Decode(t.Context(), video.Format{FourCC: video.H264, Width: 320, Height: 240}, feed, func(p *image.YCbCr) {
		n, ok := testpattern.ReadBar(p)
		if !ok {
			t.Errorf("picture %d cannot be read", len(numbers))
		}
		numbers = append(numbers, n)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := make([]uint32, len(coded))
	for i := range want {
		want[i] = uint32(i + 1)
	}
	if !slices.Equal(numbers, want) {
		t.Errorf("decoded %v", numbers)
	}
	still, err := tr.Still(t.Context(), &coded[20], 90)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(still))
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := testpattern.ReadBar(img); !ok || n != 21 {
		t.Errorf("the still shows %d, %v", n, ok)
	}
}

func TestTranscoderErrors(t *testing.T) {
	cameras.NeedFFmpeg(t)
	missing := NewTranscoder(Options{Path: "/nowhere/ffmpeg"})
	if err := missing.Available(); !errors.Is(err, video.ErrNotInstalled) {
		t.Errorf("without the program: %v", err)
	}
	if _, err := missing.Still(t.Context(), &video.Frame{FourCC: video.H264}, 80); !errors.Is(err, video.ErrNotInstalled) {
		t.Errorf("without the program: %v", err)
	}
	if list := missing.Encoders(t.Context()); len(list) > 0 {
		t.Errorf("without the program: %v", list)
	}
	tr := NewTranscoder(Options{})
	if list := tr.Encoders(t.Context()); !slices.Contains(list, video.H264) {
		t.Errorf("encoders: %v", list)
	}
	if _, err := tr.Still(t.Context(), &video.Frame{FourCC: video.H264, Data: []byte("no frame")}, 80); err == nil {
		t.Error("a still of garbage")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	spec := video.EncodeSpec{
		Encoding: video.Encoding{Format: video.H264}, Source: video.Format{Width: 32, Height: 32}, Rate: video.Interval{Numerator: 1, Denominator: 10},
	}
	if err := tr.Encode(ctx, spec, make(chan *video.Frame), func(video.Frame) {}); err == nil {
		t.Error("encoding goes on after its context has ended")
	}
}
