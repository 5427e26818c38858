package video

import (
	"context"
	"errors"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// Bounds of the delay before a camera that failed is started again.
const (
	retryMin = 250 * time.Millisecond
	retryMax = 10 * time.Second
)

// errRenewed ends a capture whose configuration was replaced.
var errRenewed = errors.New("the configuration was replaced")

// run is the source of the frames' topic: it captures until the demand ends.
func (s *Stream) run(ctx context.Context, out *topic.Publisher[*Frame]) error {
	s.setActive(true)
	defer s.setActive(false)
	var delay time.Duration
	for {
		s.mu.Lock()
		cfg, camera, renewed := s.cfg, s.camera, s.renewed
		s.starts++
		s.mu.Unlock()
		frames, err := s.capture(ctx, cfg, camera, renewed, out)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errRenewed):
			delay = 0
			continue
		}
		if frames > 0 {
			delay = 0
		}
		delay = min(max(2*delay, retryMin), retryMax)
		s.failed(err)
		if err := s.pause(ctx, renewed, delay, err == nil); err != nil {
			return err
		}
	}
}

// capture runs the camera once. It returns how many frames came, and why it ended.
func (s *Stream) capture(parent context.Context, cfg Config, camera Camera, renewed <-chan struct{}, out *topic.Publisher[*Frame]) (frames uint64, err error) {
	ctx, cancel := context.WithCancelCause(parent)
	f := newFlow(ctx, cancel, s, cfg, out)
	defer f.close()
	f.workers.Go(func() {
		select {
		case <-renewed:
			cancel(errRenewed)
		case <-ctx.Done():
		}
	})
	s.meter.restart()
	err = camera.Run(ctx, f)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	s.newest.Store(nil)
	return f.frames, err
}

// pause waits until it is time to try again: for good, if the source has finished,
// unless it gets another configuration.
func (s *Stream) pause(ctx context.Context, renewed <-chan struct{}, delay time.Duration, finished bool) error {
	var timer <-chan time.Time
	if !finished {
		t := time.NewTimer(delay)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
	case <-s.poked:
	case <-renewed:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

func (s *Stream) setActive(on bool) {
	s.mu.Lock()
	before := s.status.State
	s.active = on
	if !on {
		s.status = Status{State: Stopped}
		select {
		case <-s.poked: // of the past
		default:
		}
	}
	after := s.status.State
	s.mu.Unlock()
	s.tell(before, after)
}

// running notes the first frame of a capture.
func (s *Stream) running(cfg Config) {
	s.mu.Lock()
	before := s.status.State
	s.status = Status{State: Running, StartedAt: time.Now()}
	s.mu.Unlock()
	s.log.Debug("capture runs", "stream", s.id, "backend", cfg.Capture.Backend)
	s.tell(before, Running)
}

// failed notes why a capture has ended; nil for the end of a file.
func (s *Stream) failed(err error) {
	reason := "the source has ended"
	if err != nil {
		reason = err.Error()
	}
	now := time.Now()
	s.mu.Lock()
	before := s.status
	since := now
	if before.State == Disabled {
		since = before.DisabledSince
	}
	s.status = Status{State: Disabled, DisabledSince: since, Reason: reason}
	fresh := err != nil && s.lastError != reason || before.State != Disabled
	if err != nil {
		s.failures++
		s.lastError, s.lastErrorAt = reason, now
	}
	s.mu.Unlock()
	if fresh {
		s.log.Warn("capture failed", "stream", s.id, "err", reason)
	}
	s.tell(before.State, Disabled)
}

// sample is the source of the metrics' topic.
func (s *Stream) sample(context.Context) (Metrics, error) { return s.Metrics(), nil }
