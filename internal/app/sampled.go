package app

import (
	"log/slog"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/source/process"
	"github.com/heliograph/heliograph/internal/source/telemetry"
	"github.com/heliograph/heliograph/internal/topic"
)

// sampled makes the topics that sample: each at the fastest rate that anybody wants,
// and not at all while nobody does.
func sampled(cfg config.Config, log *slog.Logger, meter *telemetry.Reader, scanner *process.Reader) (*topic.Topic[telemetry.Sample], *topic.Topic[process.Snapshot]) {
	samples := topic.New(topic.Options[telemetry.Sample]{
		Name: "telemetry", HistoryItems: 1, Interval: cfg.Telemetry.Interval, Retry: true, Logger: log,
		Source: topic.Sample(meter.Read, logFailure(log, "telemetry")),
	})
	processes := topic.New(topic.Options[process.Snapshot]{
		Name: "processes", HistoryItems: 1, Retry: true, Logger: log,
		Source: topic.Sample(scanner.Read, logFailure(log, "processes")),
	})
	return samples, processes
}
