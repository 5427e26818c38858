package helios

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// framesAhead bounds the frames on their way to a client. There is one, unless the
// way is long: whatever queues up on it would be old by the time it is read.
const framesAhead = 8

// serveStreamFrames sends the newest frame whenever the client can take one.
func (a *API) serveStreamFrames(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.StreamFramesParams)
	stream, err := a.deps.Streams.Get(streamIDFrom(ctx).String())
	if err != nil {
		return a.framesFailed(ctx, s, wire.OpSnapshotOutput, err)
	}
	viewer, err := stream.Watch(video.ViewerOptions{
		Output: p.Output, Restore: p.Restore,
		Interval: time.Duration(p.PollMS) * time.Millisecond, Wake: s.conn.Wake,
	})
	if err != nil {
		return a.framesFailed(ctx, s, wire.OpSetOutput, err)
	}
	defer viewer.Close()
	f := &frameFeed{session: s, viewer: viewer, ended: make(chan error, 1)}
	s.conn.AddFeed(f, wsconn.FeedOptions{Ahead: framesAhead, Hurry: true})
	defer s.conn.RemoveFeed(f)
	select {
	case err := <-f.ended:
		return a.framesFailed(ctx, s, wire.OpSnapshotOutput, err)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// frameFeed takes frames from a viewer for the connection's write pump.
type frameFeed struct {
	session *Session
	viewer  *video.Viewer
	ended   chan error
	over    bool
	format  *video.Frame               // the format that the client knows, without data
	pending *topic.Event[*video.Frame] // the frame for which a format was sent
}

// Frames implements wsconn.Feed. After a format it waits, as after a frame, until the
// client has read it, and goes on with the frame that is the newest then; but a key
// frame, without which those behind it are of no use, goes along at once.
func (f *frameFeed) Frames(dst []*wsconn.Frame, limit int) []*wsconn.Frame {
	for ; limit > 0; limit-- {
		e := f.next()
		if e == nil {
			return dst
		}
		if e.Value.SameFormat(f.format) {
			dst = append(dst, f.session.binaryFrame(e))
			continue
		}
		dst = append(dst, f.session.formatFrame(e.Value))
		f.format = &video.Frame{FourCC: e.Value.FourCC, Width: e.Value.Width, Height: e.Value.Height}
		f.pending = e
		if !e.Value.FourCC.Inter() {
			return dst
		}
	}
	return dst
}

// next returns the next frame to send, nil if there is none now.
func (f *frameFeed) next() *topic.Event[*video.Frame] {
	e := f.pending
	f.pending = nil
	if f.over || e != nil && e.Value.FourCC.Inter() {
		return e
	}
	var one [1]topic.Item[*video.Frame]
	n, err := f.viewer.Fill(one[:])
	if err != nil {
		f.over = true
		f.ended <- err
	}
	if n > 0 {
		return one[0].Event
	}
	return e
}

// formatFrame makes the text message before a frame of another format.
func (s *Session) formatFrame(frame *video.Frame) *wsconn.Frame {
	// A struct of strings and numbers can always be encoded.
	data, _ := json.Marshal(wire.FramesFormat{
		Type: "format", FourCC: string(frame.FourCC), Width: frame.Width, Height: frame.Height,
	})
	return s.frame(data)
}

// binaryFrame makes the message of a frame, once for all viewers of the stream
// that want it in the same form, around the frame's own bytes.
func (s *Session) binaryFrame(e *topic.Event[*video.Frame]) *wsconn.Frame {
	key := topic.Key{Form: "frame", Variant: len(s.prefix)}
	frame, _ := topic.Encode(e, key, func(e *topic.Event[*video.Frame]) (*wsconn.Frame, error) {
		return wsconn.Binary(s.prefix, e.Value.Data), nil
	})
	return frame
}

// framesFailed tells the client why the channel ends.
func (a *API) framesFailed(ctx context.Context, s *Session, operation string, err error) error {
	if errors.Is(err, topic.ErrClosed) {
		return err // the server shuts down
	}
	text, retryable := err.Error(), false
	if errors.Is(err, video.ErrDeleted) || errors.Is(err, video.ErrNotFound) {
		text, operation = "stream not found", wire.OpSnapshotOutput
	}
	requestID, traceID := s.ids()
	e := wire.FramesError{
		Type: "error", Error: text, TimestampMS: nowMS(), Source: wire.SourceStreamFrames,
		Operation: operation, RequestID: requestID, TraceID: traceID, Retryable: &retryable,
	}
	a.errors.add(wire.ErrorHistoryEntry{Transport: "ws", ErrorBody: wire.ErrorBody{
		Code: wire.FramesErrorCode, Error: e.Error, TimestampMS: e.TimestampMS, Source: e.Source,
		Operation: e.Operation, RequestID: requestID, TraceID: traceID, Retryable: &retryable, ReportedBy: reporter,
	}})
	if err := s.Send(ctx, e); err != nil {
		return err
	}
	return errTold
}
