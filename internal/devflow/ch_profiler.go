package devflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/topic"
)

// leastPause is the least time between two batches of a client that has all there is.
const leastPause = 100 * time.Millisecond

// serveProfiler sends batches until the session has ended and all of it was sent.
func serveProfiler(ctx context.Context, s *session, params any) error {
	p := params.(*wire.ProfilerParams)
	profiler := s.api.rec.Profiler
	switch {
	case !profiler.Enabled():
		return s.refuse(ctx, recorder.ErrProfilerOff.Error())
	case p.SessionID == "":
		return s.refuse(ctx, "sessionId is required")
	}
	session, err := profiler.Session(p.SessionID)
	if err != nil {
		if strings.EqualFold(p.SessionID, recorder.Current) {
			return s.stopped(ctx, recorder.Current)
		}
		return s.refuse(ctx, fmt.Sprintf("Profiler session '%s' not found", bounded(p.SessionID)))
	}
	at := recorder.Cursors{Sample: p.SampleCursor, Marker: p.MarkerCursor, Span: p.SpanCursor}
	return s.batches(ctx, session, at, p.Limit)
}

// batches sends a session from the cursors on.
func (s *session) batches(ctx context.Context, session recorder.Session, at recorder.Cursors, limit int) error {
	profiler, pause := s.api.rec.Profiler, max(leastPause, session.Interval/2)
	for first := true; ; first = false {
		b, err := profiler.Read(session.ID, at, limit, !first)
		if errors.Is(err, recorder.ErrNoSession) {
			return s.stopped(ctx, session.ID) // a newer one took its place
		}
		if err != nil {
			return err
		}
		if !first && b.Lost > 0 {
			return topic.ErrLagged
		}
		at = b.Next
		m := wire.ProfilerBatchMessage{Type: wire.TypeBatch, Timestamp: now(), Data: toBatch(b)}
		if err := s.send(ctx, m); err != nil {
			return err
		}
		switch {
		case b.More:
			continue
		case !b.Session.Active:
			return s.stopped(ctx, session.ID)
		}
		// The end of the session is told at once.
		rest, cancel := context.WithTimeout(ctx, pause)
		_ = profiler.WaitEnd(rest, session.ID)
		cancel()
		if err := profiler.Wait(ctx, session.ID, at); err != nil {
			return err
		}
	}
}

// stopped sends the last message about a session.
func (s *session) stopped(ctx context.Context, id string) error {
	m := wire.ProfilerStopped{Type: wire.TypeStopped, Timestamp: now(), Data: wire.ProfilerStoppedData{SessionID: id}}
	return s.send(ctx, m)
}
