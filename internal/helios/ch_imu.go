package helios

import (
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/topic"
)

// serveIMU sends the newest status and then each new one, until the client
// leaves. A device without an inertial sensor has a status, too.
func (a *API) serveIMU(ctx context.Context, s *Session, _ any) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var statuses sync.WaitGroup
	defer statuses.Wait()
	statuses.Go(func() {
		cancel(stream(ctx, s, a.deps.IMU.Topic(), streamOptions[iio.Status]{
			Subscribe: topic.SubscribeOptions{Policy: topic.Latest, Replay: 1},
			Size:      about[iio.Status](2 << 10),
			Encode:    encodeJSON(func(v iio.Status) any { return imuStatus(v) }),
		}))
	})
	for {
		m, err := s.Receive(ctx)
		if err != nil {
			return err
		}
		if !m.Binary && isUnsubscribe(m.Payload) {
			cancel(errUnsubscribed)
			return nil
		}
	}
}

// errUnsubscribed ends a stream that its client has unsubscribed from.
var errUnsubscribed = errors.New("the client unsubscribed")

// isUnsubscribe recognises the bare text of the imu and sensors sockets.
func isUnsubscribe(payload []byte) bool {
	return strings.EqualFold(strings.TrimSpace(string(payload)), "unsubscribe")
}
