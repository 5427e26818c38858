package helios

import (
	"context"

	"github.com/google/uuid"

	wire "github.com/heliograph/heliograph/client/helios"
)

// The channels of this file have nothing behind them on this device, and say so
// in the words of the protocol.

// serveStreamMetrics tells that there is no such stream.
func (a *API) serveStreamMetrics(ctx context.Context, s *Session, _ any) error {
	id := streamIDFrom(ctx).String()
	requestID, _ := s.ids()
	no := false
	e := wire.StreamMetricsError{
		StreamID: id, Error: "Stream not found", Code: wire.MetricsStreamNotFound,
		Detail: "stream " + id + " not found", TimestampMS: nowMS(), Source: wire.SourceStreamMetrics,
		Operation: wire.OpSnapshot, RequestID: requestID, TraceID: requestID, Retryable: &no,
	}
	a.errors.add(wire.ErrorHistoryEntry{Transport: "ws", ErrorBody: wire.ErrorBody{
		Code: e.Code, Error: e.Detail, TimestampMS: e.TimestampMS, Source: e.Source,
		Operation: e.Operation, RequestID: e.RequestID, TraceID: e.TraceID, Retryable: &no, ReportedBy: reporter,
	}})
	if err := s.Send(ctx, e); err != nil {
		return err
	}
	return errTold
}

// serveStreamFrames tells that there is no such stream.
func (a *API) serveStreamFrames(ctx context.Context, s *Session, _ any) error {
	requestID, traceID := s.ids()
	no := false
	e := wire.FramesError{
		Type: "error", Error: "stream not found", TimestampMS: nowMS(), Source: wire.SourceStreamFrames,
		Operation: wire.OpSnapshotOutput, RequestID: requestID, TraceID: traceID, Retryable: &no,
	}
	a.errors.add(wire.ErrorHistoryEntry{Transport: "ws", ErrorBody: wire.ErrorBody{
		Code: "frames_error", Error: e.Error, TimestampMS: e.TimestampMS, Source: e.Source,
		Operation: e.Operation, RequestID: requestID, TraceID: traceID, Retryable: &no, ReportedBy: reporter,
	}})
	if err := s.Send(ctx, e); err != nil {
		return err
	}
	return errTold
}

// serveStreamSocket answers on the three unpublished sockets of a stream.
func (a *API) serveStreamSocket(ctx context.Context, s *Session, _ any) error {
	err := s.Send(ctx, struct {
		Type  string `json:"type"`
		Error string `json:"error"`
	}{"error", "stream not found"})
	if err != nil {
		return err
	}
	return errTold
}

// ids returns request and trace id of the conversation: those of the request if
// they are UUIDs, which the error objects demand, and otherwise new ones.
func (s *Session) ids() (requestID, traceID string) {
	asUUID := func(given string) string {
		if id, err := parseUUID(given); err == nil {
			return id.String()
		}
		return uuid.NewString()
	}
	if s.trace.RequestID == s.trace.TraceID {
		id := asUUID(s.trace.RequestID)
		return id, id
	}
	return asUUID(s.trace.RequestID), asUUID(s.trace.TraceID)
}
