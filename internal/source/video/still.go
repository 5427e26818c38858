package video

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// stillAge is how old a frame may be to be given as a still.
const stillAge = time.Second

// stills decodes one key frame at a time for all who want a still.
type stills struct {
	mu  sync.Mutex
	of  uint64 // Seq of the frame that was decoded last
	jpg *Frame
}

// Still returns a picture as JPEG: the newest frame if it is younger than a second,
// else one that is captured now, which may start the camera and takes as long as
// that takes. It returns ctx's cause when ctx is done before there is one. Inter-coded
// frames need a Transcoder, without which the error wraps ErrNotInstalled.
func (s *Stream) Still(ctx context.Context) (*Frame, error) {
	if f := s.newest.Load(); f != nil && time.Since(f.Captured) < stillAge {
		return f, nil
	}
	v, err := s.Watch(ViewerOptions{})
	if err != nil {
		return nil, err
	}
	defer v.Close()
	f, err := v.Next(ctx)
	if err != nil {
		return nil, fmt.Errorf("capture a still: %w", err)
	}
	if !f.FourCC.Inter() {
		return f, nil
	}
	return s.decodeStill(ctx, f)
}

func (s *Stream) decodeStill(ctx context.Context, key *Frame) (*Frame, error) {
	if s.transcoder == nil {
		return nil, fmt.Errorf("decode a still from %s: %w", key.FourCC, ErrNotInstalled)
	}
	s.stills.mu.Lock()
	defer s.stills.mu.Unlock()
	if s.stills.jpg != nil && s.stills.of == key.Seq {
		return s.stills.jpg, nil
	}
	data, err := s.transcoder.Still(ctx, key, s.Config().Capture.Quality)
	if err != nil {
		return nil, fmt.Errorf("decode a still: %w", err)
	}
	f := *key
	f.FourCC, f.Data = MJPG, data
	s.stills.of, s.stills.jpg = key.Seq, &f
	return &f, nil
}
