package client

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/heliograph/heliograph/client/helios"
)

// stateQueue is the queue of channels of states: room for a message that comes
// while one is looked at, little enough that nobody looks at old ones.
const stateQueue = 4

// Telemetry subscribes to device.telemetry: a sample per interval, even when
// nothing changed. IntervalMS 0 leaves the interval to the server.
func (c *Client) Telemetry(ctx context.Context, p helios.TelemetryParams) (*Subscription[helios.TelemetrySample], error) {
	return subscribe(ctx, c, spec[helios.TelemetrySample]{
		channel: helios.ChannelTelemetry,
		path:    "/v1/ws/telemetry",
		query:   constant(number("interval_ms", p.IntervalMS)),
		decode:  decodeObject[helios.TelemetrySample](helios.ChannelTelemetry),
		newest:  true,
		queue:   stateQueue,
	})
}

// Processes subscribes to processes.stream: helios.ProcessesReady, then
// helios.ProcessesSnapshotEvent per interval. Zero parameters are left to the
// server.
func (c *Client) Processes(ctx context.Context, p helios.ProcessesParams) (*Subscription[helios.ProcessesServerEvent], error) {
	type union = helios.ProcessesServerEvent
	return subscribe(ctx, c, spec[union]{
		channel: helios.ChannelProcesses,
		path:    "/v1/ws/processes",
		query:   constant(number("interval_ms", p.IntervalMS), number("limit", p.Limit)),
		decode: decodeUnion(helios.ChannelProcesses, map[string]maker[union]{
			"ready":    as(func(m helios.ProcessesReady) union { return m }),
			"snapshot": as(func(m helios.ProcessesSnapshotEvent) union { return m }),
		}),
		newest: true,
		queue:  stateQueue,
	})
}

// IMU subscribes to imu.stream. It ends with the *Error that the channel told
// when its service cannot be reached.
func (c *Client) IMU(ctx context.Context) (*Subscription[helios.ImuStatusPayload], error) {
	return subscribe(ctx, c, spec[helios.ImuStatusPayload]{
		channel: helios.ChannelIMU,
		path:    "/v1/ws/imu",
		decode:  decodeObject[helios.ImuStatusPayload](helios.ChannelIMU),
		judge:   fatal[helios.ImuStatusPayload],
		finite:  true,
		newest:  true,
		queue:   stateQueue,
	})
}

// Sensors subscribes to kinds of sensors.stream (helios.SensorIMU and so on; at
// least one) with at least intervalMS between two messages; 0 leaves that to the
// server. What the server refuses comes as Event.Err.
func (c *Client) Sensors(ctx context.Context, intervalMS int64, kinds ...string) (*Subscription[helios.SensorsStreamEvent], error) {
	hello := helios.SensorsClientMessage{Op: helios.OpSubscribe, Kinds: kinds}
	if intervalMS != 0 {
		hello.IntervalMS = &intervalMS
	}
	text, err := json.Marshal(hello)
	if err != nil {
		return nil, err
	}
	type event = helios.SensorsStreamEvent
	return subscribe(ctx, c, spec[event]{
		channel: helios.ChannelSensors,
		path:    "/v1/ws/sensors",
		hello:   func(ctx context.Context, sock *socket) error { return sock.write(ctx, false, text) },
		decode:  decodeObject[event](helios.ChannelSensors),
		judge: func() func(event, *Error) verdict {
			return func(_ event, told *Error) verdict {
				if told == nil || told.Op == helios.OpClientMessage {
					return verdict{}
				}
				return verdict{err: told}
			}
		},
		newest: true,
		queue:  16, // lighting and firmware come beside imu and power
	})
}

// StreamMetrics subscribes to the metrics of a stream. IntervalMS 0 leaves the
// interval to the server. It ends with the *Error that the channel told.
func (c *Client) StreamMetrics(ctx context.Context, streamID string, p helios.StreamMetricsParams) (*Subscription[helios.StreamMetricsEvent], error) {
	channel := "streams." + streamID + ".metrics"
	return subscribe(ctx, c, spec[helios.StreamMetricsEvent]{
		channel: channel,
		path:    "/v1/ws/streams/" + url.PathEscape(streamID) + "/metrics",
		query:   constant(number("interval_ms", p.IntervalMS)),
		decode:  decodeObject[helios.StreamMetricsEvent](channel),
		judge:   fatal[helios.StreamMetricsEvent],
		finite:  true,
		newest:  true,
		queue:   stateQueue,
	})
}

// fatal is the judge of channels that close after each error message.
func fatal[T any]() func(T, *Error) verdict {
	return func(_ T, told *Error) verdict {
		if told == nil {
			return verdict{}
		}
		return verdict{err: told}
	}
}

// A pair is one query parameter; one without a value is left out.
type pair struct{ key, value string }

func number(key string, v uint64) pair {
	if v == 0 {
		return pair{key: key}
	}
	return pair{key, strconv.FormatUint(v, 10)}
}

// constant gives the same query for each attempt.
func constant(pairs ...pair) func() url.Values {
	q := url.Values{}
	for _, p := range pairs {
		if p.value != "" {
			q.Set(p.key, p.value)
		}
	}
	return func() url.Values { return q }
}
