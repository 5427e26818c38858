package helios

import (
	"context"
	"errors"

	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/topic"
)

// serveOTA sends the state of the newest update and then what happens.
func (a *API) serveOTA(ctx context.Context, s *Session, _ any) error {
	if err := a.deps.OTA.Available(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return a.tell(ctx, s, updaterProblem(err))
	}
	s.conn.SetStallLimit(stallLimit)
	snapshot, sub, err := a.deps.OTA.Subscribe(s.conn.Wake)
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := s.Send(ctx, updaterEvent(snapshot)); err != nil {
		return err
	}
	return pull(ctx, s, source[ota.Event](sub), streamOptions[ota.Event]{
		Size:   about[ota.Event](512),
		Encode: encodeJSON(func(e ota.Event) any { return updaterEvent(e) }),
	})
}

// updaterProblem says why there is no updater.
func updaterProblem(err error) string {
	if errors.Is(err, topic.ErrNotPresent) {
		return "no updater is available on this device"
	}
	return "the updater is not available: " + err.Error()
}
