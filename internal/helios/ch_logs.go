package helios

import (
	"context"
	"errors"
	"io"
	"strconv"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/topic"
)

// maxLogStreams bounds the log channels that are open at a time.
const maxLogStreams = 32

// serveLogs sends ready, the last lines, what is written from then on, and eof
// when the source has ended.
func (a *API) serveLogs(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.LogsParams)
	src, ok := a.logs.find(p.Source)
	if !ok {
		return a.tell(ctx, s, "unknown log source: "+p.Source)
	}
	if a.logStreams.Add(1) > maxLogStreams {
		a.logStreams.Add(-1)
		return a.tell(ctx, s, "too many log streams")
	}
	defer a.logStreams.Add(-1)
	s.conn.SetStallLimit(stallLimit)
	sub, err := src.topic.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless, Wake: s.conn.Wake})
	if err != nil {
		return err
	}
	defer sub.Close()
	ready := wire.LogsReady{Type: "ready", Source: a.logs.describe(ctx, src)}
	unusable := sub.WaitReady(ctx)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(unusable, topic.ErrClosed):
		return unusable
	}
	// The place in the log is taken before ready is sent: what is written after
	// a client has seen ready is new to it, also if it wants no last lines.
	held := sub.Rewind(int(p.Lines))
	if err := s.Send(ctx, ready); err != nil {
		return err
	}
	if unusable != nil {
		return a.tell(ctx, s, unusable.Error())
	}
	if p.Follow {
		return a.follow(ctx, s, sub)
	}
	return a.replay(ctx, s, sub, held)
}

// tell sends the channel's error message and ends it.
func (a *API) tell(ctx context.Context, s *Session, problem string) error {
	if err := s.Send(ctx, wire.ErrorEvent{Type: "error", Message: problem}); err != nil {
		return err
	}
	return errTold
}

func (a *API) follow(ctx context.Context, s *Session, sub *topic.Subscription[logline.Line]) error {
	err := pull(ctx, s, sub, logStream())
	switch {
	case errors.Is(err, io.EOF):
		return s.Send(ctx, wire.LogsEOF{Type: "eof"})
	case ctx.Err() != nil, errors.Is(err, topic.ErrLagged), errors.Is(err, topic.ErrClosed):
		return err
	}
	a.log.Warn("log source failed", "channel", wire.ChannelLogs, "err", err)
	if err := s.Send(ctx, wire.ErrorEvent{Type: "error", Message: "log process failed"}); err != nil {
		return err
	}
	if err := s.Send(ctx, wire.LogsEOF{Type: "eof"}); err != nil {
		return err
	}
	return errTold
}

// replay sends n lines and eof. Messages go through the connection's queue,
// which makes a slow peer slow the loop and nothing else.
func (a *API) replay(ctx context.Context, s *Session, sub *topic.Subscription[logline.Line], n int) error {
	f := newFeed(s, source[logline.Line](sub), logStream())
	for range n {
		item, err := sub.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		frame, err := f.encode(item.Event)
		if err != nil {
			return err
		}
		if err := s.conn.Send(ctx, frame); err != nil {
			return err
		}
	}
	return s.Send(ctx, wire.LogsEOF{Type: "eof"})
}

func logStream() streamOptions[logline.Line] {
	return streamOptions[logline.Line]{
		Size: func(l logline.Line) int { return len(l.Text) + len(l.Text)/16 + 64 },
		Many: true,
		Encode: func(dst []byte, e *topic.Event[logline.Line]) ([]byte, error) {
			dst = append(dst, `{"type":"line","timestamp_ms":`...)
			dst = strconv.AppendUint(dst, millis(e.Value.Read), 10)
			dst = appendJSONString(append(dst, `,"line":`...), e.Value.Text)
			return append(dst, '}'), nil
		},
	}
}
