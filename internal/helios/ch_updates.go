package helios

import (
	"context"
	"fmt"
	"sync"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/changelog"
	"github.com/heliograph/heliograph/internal/topic"
)

// updatesLag is how many changes a client may be behind before it is told that
// it has lost some.
const updatesLag = 1024

// serveUpdates sends ready, heartbeats, and changes as they happen.
func (a *API) serveUpdates(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.UpdatesParams)
	// Subscribing first means that no change after ready is missed.
	sub, err := a.deps.Changes.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap, MaxLag: updatesLag, Wake: s.conn.Wake})
	if err != nil {
		return err
	}
	defer sub.Close()
	if err := s.Send(ctx, wire.UpdatesReady{Type: "ready", HeartbeatMS: p.HeartbeatMS}); err != nil {
		return err
	}
	if err := s.Send(ctx, heartbeat()); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var changes sync.WaitGroup
	defer changes.Wait()
	changes.Go(func() { cancel(pull(ctx, s, sub, updatesStream())) })

	ticker := time.NewTicker(time.Duration(p.HeartbeatMS) * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
			if err := s.Send(ctx, heartbeat()); err != nil {
				return err
			}
		}
	}
}

func heartbeat() wire.UpdatesHeartbeat {
	return wire.UpdatesHeartbeat{Type: "heartbeat", TimestampMS: nowMS()}
}

func updatesStream() streamOptions[changelog.Event] {
	return streamOptions[changelog.Event]{
		Size:   about[changelog.Event](512),
		Encode: encodeJSON(func(v changelog.Event) any { return wire.UpdatesChange{Type: "change", Event: updateEvent(v)} }),
		Lagged: func(n uint64) any {
			return wire.ErrorEvent{Type: "error", Message: fmt.Sprintf("updates stream lagged by %d events", n)}
		},
	}
}
