package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/internal/source/video"
)

// streamCollector exposes how each video stream fares. There are as many series as
// there are streams, which the manager bounds.
type streamCollector struct {
	streams *video.Manager
	metrics []streamMetric
}

type streamMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(video.Metrics) float64
}

// newStreamCollector returns a collector that reads the counters when it is asked.
func newStreamCollector(streams *video.Manager) *streamCollector {
	make1 := func(kind prometheus.ValueType, name, help string, value func(video.Metrics) float64) streamMetric {
		return streamMetric{prometheus.NewDesc("heliograph_stream_"+name, help, []string{"stream"}, nil), kind, value}
	}
	return &streamCollector{streams: streams, metrics: []streamMetric{
		make1(prometheus.CounterValue, "captured_frames_total", "Frames captured.", func(m video.Metrics) float64 { return float64(m.Capture.Count) }),
		make1(prometheus.CounterValue, "starts_total", "Times the camera was started.", func(m video.Metrics) float64 { return float64(m.Starts) }),
		make1(prometheus.CounterValue, "failures_total", "Times the capture failed.", func(m video.Metrics) float64 { return float64(m.Failures) }),
		make1(prometheus.GaugeValue, "last_failure_timestamp_seconds", "When the capture failed last; 0 if it never did.", lastFailure),
		make1(prometheus.GaugeValue, "viewers", "Viewers of the picture.", func(m video.Metrics) float64 { return float64(m.Viewers) }),
	}}
}

func lastFailure(m video.Metrics) float64 {
	if m.LastErrorAt.IsZero() {
		return 0
	}
	return float64(m.LastErrorAt.UnixMilli()) / 1000
}

// Describe implements prometheus.Collector.
func (c *streamCollector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *streamCollector) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.streams.List() {
		measured := s.Metrics()
		for _, m := range c.metrics {
			out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(measured), s.ID())
		}
	}
}
