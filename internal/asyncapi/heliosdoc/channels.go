package heliosdoc

import (
	"strconv"
	"strings"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/asyncapi"
)

// row is one line of the published table of channels.
type row struct {
	name        string
	tags        []string
	summary     string
	description string
	request     *asyncapi.Type // payload of the request
	required    bool           // the request's payload is not optional
	replies     []asyncapi.Type
}

// Channels returns the published channels in the order of the contract.
func Channels() []asyncapi.Channel {
	list := rows()
	channels := make([]asyncapi.Channel, 0, len(list))
	for _, r := range list {
		channels = append(channels, r.channel())
	}
	return channels
}

func rows() []row {
	return append(deviceRows(), streamRows()...)
}

func deviceRows() []row {
	return []row{
		{
			name: wire.ChannelConsole, tags: []string{"console"},
			summary:     "Interactive console",
			description: "PTY-backed interactive shell session (supports persistent sessions via sessionId).",
			request:     of[wire.ConsoleClientEvent](), required: true,
			replies: []asyncapi.Type{asyncapi.Of[wire.ConsoleServerEvent]()},
		},
		{
			name: wire.ChannelTelemetry, tags: []string{"device", "telemetry"},
			summary:     "Device telemetry",
			description: "Realtime CPU/memory/disk telemetry for the device.",
			request:     params[wire.TelemetryParams](),
			replies:     []asyncapi.Type{asyncapi.Of[wire.TelemetrySample]()},
		},
		{
			name: wire.ChannelDevices, tags: []string{"devices"},
			summary:     "Peripheral + stream inventory changes",
			description: "Notifies clients when USB peripherals or registered streams change.",
			request:     params[wire.DevicesParams](),
			replies:     []asyncapi.Type{asyncapi.Of[wire.DevicesUpdatesEvent]()},
		},
		{
			name: wire.ChannelIMU, tags: []string{"device", "imu"},
			summary:     "IMU status stream",
			description: "Streams realtime IMU status payloads from the device IMU runtime.",
			replies:     []asyncapi.Type{asyncapi.Of[wire.ImuStatusPayload]()},
		},
		{
			name: wire.ChannelLogs, tags: []string{"logs"},
			summary:     "Device logs",
			description: "Stream of log lines from the device.",
			request:     params[wire.LogsParams](),
			replies:     []asyncapi.Type{asyncapi.Of[wire.LogsServerEvent]()},
		},
		{
			name: wire.ChannelOTA, tags: []string{"ota"},
			summary:     "OTA update status stream",
			description: "Streams OTA updater state snapshots and progress events.",
			replies:     []asyncapi.Type{asyncapi.Of[wire.UpdaterServerEvent]()},
		},
		{
			name: wire.ChannelProcesses, tags: []string{"processes"},
			summary:     "Per-process resource usage",
			description: "Periodic snapshots of CPU and memory usage per process.",
			request:     params[wire.ProcessesParams](),
			replies:     []asyncapi.Type{asyncapi.Of[wire.ProcessesServerEvent]()},
		},
	}
}

func streamRows() []row {
	return []row{
		{
			name: wire.ChannelSensors, tags: []string{"device", "sensors"},
			summary:     "Peripheral sensor stream",
			description: "Streams subscribed IMU, power, lighting, and firmware sensor events from the peripherals runtime.",
			request:     of[wire.SensorsClientMessage](),
			replies:     []asyncapi.Type{asyncapi.Of[wire.SensorsStreamEvent]()},
		},
		{
			name: wire.ChannelStreamFrames, tags: []string{"streams"},
			summary:     "Stream frames",
			description: "Binary encoded frames for the currently active pipeline output (optionally switched for the socket duration).",
			request:     params[wire.StreamFramesParams](),
		},
		{
			name: wire.ChannelStreamMetrics, tags: []string{"streams", "metrics"},
			summary:     "Stream metrics",
			description: "Periodic metrics snapshots for an active stream.",
			request:     params[wire.StreamMetricsParams](),
			replies:     []asyncapi.Type{asyncapi.Of[wire.StreamMetricsEvent](), asyncapi.Of[wire.StreamMetricsError]()},
		},
		{
			name: wire.ChannelUpdates, tags: []string{"updates"},
			summary:     "Global realtime change stream",
			description: "Streams mutating API/WS changes for streams, pipelines, localization, media, and device settings.",
			request:     params[wire.UpdatesParams](),
			replies:     []asyncapi.Type{asyncapi.Of[wire.RealtimeUpdatesEvent]()},
		},
	}
}

func of[T any]() *asyncapi.Type {
	t := asyncapi.Of[T]()
	return &t
}

func params[T any]() *asyncapi.Type {
	t := asyncapi.Params[T]()
	return &t
}

func (r row) channel() asyncapi.Channel {
	key := Key(r.name)
	c := asyncapi.Channel{
		Name:        r.name,
		Operation:   key,
		Summary:     r.summary,
		Description: r.description,
		Tags:        r.tags,
		Parameters:  parameters(r.name),
		Requests:    []asyncapi.Message{{Name: key, Payload: envelope(example(r.name), r.request, r.required)}},
	}
	for i := range r.replies {
		name := key + "_response_" + strconv.Itoa(i)
		c.Replies = append(c.Replies, asyncapi.Message{Name: name, Payload: envelope(example(r.name), &r.replies[i], true)})
	}
	return c
}

// Key is the name of a channel's operation and request message.
func Key(channel string) string {
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '_'
	}, channel)
}

func parameters(channel string) []asyncapi.Parameter {
	if !strings.Contains(channel, "{stream_id}") {
		return nil
	}
	return []asyncapi.Parameter{{
		Name: "stream_id", Description: "The stream's UUID.", Type: asyncapi.String("uuid", "", ""),
	}}
}

// example is the cmd of a channel's envelopes. It is not fixed, because it holds
// the stream's id on channels of streams.
func example(channel string) asyncapi.Type {
	return asyncapi.String("", "", channel)
}

// envelope is a whole message; payload may be nil.
func envelope(cmd asyncapi.Type, payload *asyncapi.Type, required bool) asyncapi.Type {
	fields := []asyncapi.Field{{Name: "cmd", Description: "Name of the channel.", Type: cmd}}
	if payload != nil {
		fields = append(fields, asyncapi.Field{Name: "payload", Type: *payload, Optional: !required})
	}
	return asyncapi.Object(append(fields, asyncapi.Field{
		Name: "sent-at", Description: "When the sender made the message.", Type: asyncapi.String("date-time", "", ""),
	})...)
}
