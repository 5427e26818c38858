package app

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// observed is a topic of any type, as far as its counters go.
type observed interface {
	Name() string
	Stats() topic.Stats
}

// newRegistry exposes the counters of the delivery path, of the video streams and of
// this process.
func newRegistry(hub *wsconn.Hub, streams *video.Manager, topics ...observed) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&deliveryCollector{hub: hub, topics: topics},
		newStreamCollector(streams),
	)
	return r
}

// deliveryCollector reads the counters when it is asked.
type deliveryCollector struct {
	hub    *wsconn.Hub
	topics []observed
}

// metric describes one figure of the hub or of a topic.
type metric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(T) float64
}

func hubMetrics() []metric[wsconn.Stats] {
	counter := func(name, help string, value func(wsconn.Stats) float64) metric[wsconn.Stats] {
		return metric[wsconn.Stats]{prometheus.NewDesc("heliograph_websocket_"+name, help, nil, nil), prometheus.CounterValue, value}
	}
	return []metric[wsconn.Stats]{
		{
			prometheus.NewDesc("heliograph_websocket_connections", "Open WebSocket connections.", nil, nil),
			prometheus.GaugeValue, func(s wsconn.Stats) float64 { return float64(s.Open) },
		},
		counter("accepted_total", "Connections accepted.", func(s wsconn.Stats) float64 { return float64(s.Accepted) }),
		counter("refused_total", "Connections refused because there were too many.", func(s wsconn.Stats) float64 { return float64(s.Refused) }),
		counter("slow_total", "Connections ended because the peer did not read.", func(s wsconn.Stats) float64 { return float64(s.Slow) }),
		counter("silent_total", "Connections ended because nothing came from the peer.", func(s wsconn.Stats) float64 { return float64(s.Silent) }),
		counter("protocol_errors_total", "Connections ended because the peer broke the protocol.", func(s wsconn.Stats) float64 { return float64(s.ReadErrors) }),
		counter("sent_messages_total", "Messages sent.", func(s wsconn.Stats) float64 { return float64(s.Messages) }),
		counter("sent_bytes_total", "Bytes sent, with frame headers.", func(s wsconn.Stats) float64 { return float64(s.Bytes) }),
		counter("writes_total", "Write calls; messages per write tell how well they are batched.", func(s wsconn.Stats) float64 { return float64(s.Writes) }),
		counter("received_messages_total", "Messages received.", func(s wsconn.Stats) float64 { return float64(s.Received) }),
	}
}

func topicMetrics() []metric[topic.Stats] {
	make1 := func(kind prometheus.ValueType, name, help string, value func(topic.Stats) float64) metric[topic.Stats] {
		return metric[topic.Stats]{prometheus.NewDesc("heliograph_topic_"+name, help, []string{"topic"}, nil), kind, value}
	}
	return []metric[topic.Stats]{
		make1(prometheus.CounterValue, "published_total", "Events published.", func(s topic.Stats) float64 { return float64(s.Published) }),
		make1(prometheus.CounterValue, "delivered_total", "Events handed to subscribers.", func(s topic.Stats) float64 { return float64(s.Delivered) }),
		make1(prometheus.CounterValue, "dropped_total", "Events that subscribers did not get.", func(s topic.Stats) float64 { return float64(s.Dropped) }),
		make1(prometheus.CounterValue, "starts_total", "Times the source was started.", func(s topic.Stats) float64 { return float64(s.Starts) }),
		make1(prometheus.GaugeValue, "subscribers", "Open subscriptions.", func(s topic.Stats) float64 { return float64(s.Subscribers) }),
		make1(prometheus.GaugeValue, "held_bytes", "Size of the history.", func(s topic.Stats) float64 { return float64(s.HeldBytes) }),
	}
}

// Describe implements prometheus.Collector.
func (c *deliveryCollector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range hubMetrics() {
		out <- m.desc
	}
	for _, m := range topicMetrics() {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c *deliveryCollector) Collect(out chan<- prometheus.Metric) {
	hub := c.hub.Stats()
	for _, m := range hubMetrics() {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(hub))
	}
	for _, t := range c.topics {
		stats := t.Stats()
		for _, m := range topicMetrics() {
			out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(stats), t.Name())
		}
	}
}
