package cameras

import (
	"context"
	"image"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
)

// patience is how long anything may take.
const patience = 30 * time.Second

// Sink records what a camera delivers.
type Sink struct {
	mu       sync.Mutex
	frames   []video.Frame
	pictures []image.YCbCr
	dropped  int
}

// Frame implements video.Sink. It keeps the newest 1000.
func (s *Sink) Frame(f video.Frame, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, f)
	if len(s.frames) > 1000 {
		s.frames = s.frames[1:]
	}
}

// Picture implements video.Sink.
func (s *Sink) Picture(p *image.YCbCr, _ time.Time) {
	c := *p
	c.Y, c.Cb, c.Cr = append([]byte(nil), p.Y...), append([]byte(nil), p.Cb...), append([]byte(nil), p.Cr...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pictures = append(s.pictures, c)
}

// Dropped implements video.Sink.
func (s *Sink) Dropped(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped += max(0, n)
}

// Frames returns what was recorded.
func (s *Sink) Frames() []video.Frame {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]video.Frame(nil), s.frames...)
}

// Pictures returns the raw pictures that were recorded.
func (s *Sink) Pictures() []image.YCbCr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]image.YCbCr(nil), s.pictures...)
}

// Lost returns how many frames the camera says to have lost.
func (s *Sink) Lost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dropped
}

// Run runs a camera until it has delivered n frames or has ended, and returns what it
// delivered and the error of a camera that has ended by itself.
func Run(t testing.TB, c video.Camera, n int) (*Sink, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s := &Sink{}
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, s) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for len(s.Frames())+len(s.Pictures()) < n {
		select {
		case err := <-ended:
			if ctx.Err() != nil {
				t.Fatalf("%d of %d frames after %s", len(s.Frames()), n, patience)
			}
			return s, err
		case <-tick.C:
		}
	}
	cancel()
	<-ended
	return s, nil
}

// Poll waits until ready returns true, and fails the test if that takes too long.
func Poll(t testing.TB, what string, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ready(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("timed out waiting for %s", what)
		}
	}
}
