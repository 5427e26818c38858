package helios

import (
	"context"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/telemetry"
	"github.com/heliograph/heliograph/internal/topic"
)

// serveTelemetry sends the newest sample at the client's interval.
func (a *API) serveTelemetry(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.TelemetryParams)
	return stream(ctx, s, a.deps.Telemetry, streamOptions[telemetry.Sample]{
		Subscribe: topic.SubscribeOptions{
			Policy: topic.Latest, Replay: 1,
			Interval: time.Duration(p.IntervalMS) * time.Millisecond,
		},
		Size:   about[telemetry.Sample](4 << 10),
		Encode: encodeJSON(func(v telemetry.Sample) any { return telemetrySample(v) }),
	})
}
