package helios

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/topic"
)

// serveIMU sends the newest status and then each new one, until the client
// leaves. A device without an inertial sensor has a status, too. If there is none
// because the source cannot be reached any more, an error object is the end.
func (a *API) serveIMU(ctx context.Context, s *Session, _ any) error {
	statuses, err := a.deps.IMU.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Latest, Replay: 1, Wake: s.conn.Wake})
	if err != nil {
		return a.endIMU(ctx, s, wire.OpConnect, err)
	}
	defer statuses.Close()
	conversation, cancel := context.WithCancelCause(ctx)
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel(nil)
	sending.Go(func() {
		cancel(pull(conversation, s, statuses, streamOptions[iio.Status]{
			Size:   about[iio.Status](2 << 10),
			Encode: encodeJSON(func(v iio.Status) any { return imuStatus(v) }),
		}))
	})
	for {
		m, err := s.Receive(conversation)
		switch {
		case err == nil && !m.Binary && isUnsubscribe(m.Payload):
			cancel(errUnsubscribed)
			return nil
		case err == nil:
		case ctx.Err() != nil, errors.Is(err, io.EOF):
			return err // the client has gone, or the server ends
		default:
			return a.endIMU(ctx, s, wire.OpStream, err)
		}
	}
}

// endIMU tells the client that there will be no more statuses.
func (a *API) endIMU(ctx context.Context, s *Session, operation string, why error) error {
	requestID, traceID := s.ids()
	e := wire.ImuStreamError{
		Status: wire.StatusImuUnavailable, Reason: sensorsLost(why), TimestampMS: nowMS(), Source: wire.SourceImu,
		Operation: operation, RequestID: requestID, TraceID: traceID, ReportedBy: wire.ReportedByAPI,
	}
	a.rememberSensorError(e.Status, e.Reason, e.Source, e.Operation, requestID, traceID)
	if err := s.Send(ctx, e); err != nil {
		return err
	}
	return errTold
}

// sensorsLost is the reason that a client is told when a source has ended.
func sensorsLost(why error) string {
	if errors.Is(why, topic.ErrClosed) {
		return "sensor stream closed"
	}
	return "sensor stream failed: " + why.Error()
}

// rememberSensorError enters an error that a sensor socket has told into the
// history.
func (a *API) rememberSensorError(status, reason, source, operation, requestID, traceID string) {
	a.errors.add(wire.ErrorHistoryEntry{Transport: "ws", ErrorBody: wire.ErrorBody{
		Code: status, Error: reason, TimestampMS: nowMS(), Source: source,
		Operation: operation, RequestID: requestID, TraceID: traceID, ReportedBy: reporter,
	}})
}

// errUnsubscribed ends a stream that its client has unsubscribed from.
var errUnsubscribed = errors.New("the client unsubscribed")

// isUnsubscribe recognises the bare text of the imu and sensors sockets.
func isUnsubscribe(payload []byte) bool {
	return strings.EqualFold(strings.TrimSpace(string(payload)), "unsubscribe")
}
