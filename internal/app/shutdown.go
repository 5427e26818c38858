package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/heliograph/heliograph/internal/server"
)

// Shares of the time for the shutdown, ten seconds by default. The steps that
// wait for clients have a bound of their own, so that clients which read nothing
// leave time for the steps after them: no shell may outlive the server.
const (
	channelsShare    = 0.2
	connectionsShare = 0.4 // more than the 3 s in which a peer answers a close frame
)

// atMost makes a step of the shutdown that may take a share of the whole time.
// What has not ended by then is left to the steps after it, which is told in the
// log and is no failure.
func atMost(share float64, whole time.Duration, log *slog.Logger, step server.Hook) server.Hook {
	if whole <= 0 {
		whole = server.DefaultLimits().ShutdownTimeout
	}
	limit := time.Duration(share * float64(whole))
	return server.Hook{Name: step.Name, Stop: func(ctx context.Context) error {
		short, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		err := step.Stop(short)
		if err == nil || ctx.Err() != nil || short.Err() == nil {
			return err
		}
		log.Warn("clients that do not read are left behind", "step", step.Name, "after", limit)
		return nil
	}}
}
