package client

import (
	"context"
	"strconv"

	"github.com/heliograph/heliograph/client/helios"
)

// Devices subscribes to devices.updates: helios.DevicesReady, then a
// helios.DevicesUpdate whenever an inventory changed. IntervalMS 0 leaves the
// least time between two to the server.
func (c *Client) Devices(ctx context.Context, p helios.DevicesParams) (*Subscription[helios.DevicesUpdatesEvent], error) {
	type union = helios.DevicesUpdatesEvent
	return subscribe(ctx, c, spec[union]{
		channel: helios.ChannelDevices,
		path:    "/v1/ws/devices",
		query:   constant(number("interval_ms", p.IntervalMS)),
		decode: decodeUnion(helios.ChannelDevices, map[string]maker[union]{
			"ready":  as(func(m helios.DevicesReady) union { return m }),
			"update": as(func(m helios.DevicesUpdate) union { return m }),
		}),
	})
}

// Updates subscribes to updates.stream, the change journal:
// helios.UpdatesReady, helios.UpdatesHeartbeat and helios.UpdatesChange.
// HeartbeatMS 0 leaves the heartbeat to the server. Changes that the server had
// to skip come as Event.Err; those during a Gap are lost.
func (c *Client) Updates(ctx context.Context, p helios.UpdatesParams) (*Subscription[helios.RealtimeUpdatesEvent], error) {
	type union = helios.RealtimeUpdatesEvent
	return subscribe(ctx, c, spec[union]{
		channel: helios.ChannelUpdates,
		path:    "/v1/ws/updates",
		query:   constant(number("heartbeat_ms", p.HeartbeatMS)),
		decode: decodeUnion(helios.ChannelUpdates, map[string]maker[union]{
			"ready":     as(func(m helios.UpdatesReady) union { return m }),
			"heartbeat": as(func(m helios.UpdatesHeartbeat) union { return m }),
			"change":    as(func(m helios.UpdatesChange) union { return m }),
		}),
	})
}

// Logs subscribes to logs.stream: helios.LogsReady, helios.LogsLine and
// helios.LogsEOF, after which the subscription ends. An empty Source leaves it
// to the server; Lines and Follow are sent as they are. After a Gap the last
// Lines lines come again.
func (c *Client) Logs(ctx context.Context, p helios.LogsParams) (*Subscription[helios.LogsServerEvent], error) {
	type union = helios.LogsServerEvent
	return subscribe(ctx, c, spec[union]{
		channel: helios.ChannelLogs,
		path:    "/v1/ws/logs",
		query: constant(pair{"source", p.Source},
			pair{"lines", strconv.FormatUint(p.Lines, 10)},
			pair{"follow", strconv.FormatBool(p.Follow)}),
		decode: decodeUnion(helios.ChannelLogs, map[string]maker[union]{
			"ready": as(func(m helios.LogsReady) union { return m }),
			"line":  as(func(m helios.LogsLine) union { return m }),
			"eof":   as(func(m helios.LogsEOF) union { return m }),
		}),
		judge:  judgeLogs,
		finite: true,
		queue:  4096,
	})
}

// judgeLogs: eof is the end. An error is the reason for it, whether eof or just
// the end of the connection follows.
func judgeLogs() func(helios.LogsServerEvent, *Error) verdict {
	var v verdict
	return func(m helios.LogsServerEvent, told *Error) verdict {
		if told != nil {
			v.err = told
		}
		_, v.done = m.(helios.LogsEOF)
		return v
	}
}

// OTA subscribes to ota.stream: helios.UpdaterSnapshotEvent first, then the
// progress of updates. It ends with an *Error when the device has no updater.
func (c *Client) OTA(ctx context.Context) (*Subscription[helios.UpdaterServerEvent], error) {
	type union = helios.UpdaterServerEvent
	return subscribe(ctx, c, spec[union]{
		channel: helios.ChannelOTA,
		path:    "/v1/ws/ota",
		decode: decodeUnion(helios.ChannelOTA, map[string]maker[union]{
			"snapshot":           as(func(m helios.UpdaterSnapshotEvent) union { return m }),
			"stage_progress":     as(func(m helios.UpdaterStageProgress) union { return m }),
			"stage_complete":     as(func(m helios.UpdaterStageComplete) union { return m }),
			"apply_scheduled":    as(func(m helios.UpdaterApplyScheduled) union { return m }),
			"apply_complete":     as(func(m helios.UpdaterApplyComplete) union { return m }),
			"rollback_triggered": as(func(m helios.UpdaterRollbackTriggered) union { return m }),
		}),
		judge: judgeOTA,
	})
}

// judgeOTA: an error in place of the first snapshot says that there is no
// updater, and the server closes; later ones leave the channel open.
func judgeOTA() func(helios.UpdaterServerEvent, *Error) verdict {
	first := true
	return func(_ helios.UpdaterServerEvent, told *Error) verdict {
		if first && told != nil {
			return verdict{err: told}
		}
		first = false
		return verdict{}
	}
}
