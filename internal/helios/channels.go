package helios

import (
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
)

// table is the one list of channels: what is not here is not served.
func (a *API) table() []*Channel {
	none := func() any { return new(wire.NoParams) }
	return []*Channel{
		{
			Name: wire.ChannelConsole, Path: "console", Published: true, Scope: access.Console,
			Params: func() any { return new(wire.ConsoleParams) }, Input: true, Reopen: Deliver, Serve: a.serveConsole,
		},
		{
			Name: wire.ChannelTelemetry, Path: "telemetry", Published: true, Scope: access.View,
			Params: func() any { return new(wire.TelemetryParams) }, Serve: a.serveTelemetry,
		},
		{
			Name: wire.ChannelDevices, Path: "devices", Published: true, Scope: access.View,
			Params: func() any { return new(wire.DevicesParams) }, Serve: a.serveDevices,
		},
		{
			Name: wire.ChannelIMU, Path: "imu", Published: true, Scope: access.View,
			Params: none, Input: true, Serve: a.serveIMU,
		},
		{
			Name: wire.ChannelLogs, Path: "logs", Published: true, Scope: access.View,
			Params: func() any { return new(wire.LogsParams) }, Serve: a.serveLogs,
		},
		{
			Name: wire.ChannelOTA, Path: "ota", Published: true, Scope: access.View,
			Params: none, Serve: a.serveOTA,
		},
		{
			Name: wire.ChannelProcesses, Path: "processes", Published: true, Scope: access.View,
			Params: func() any { return new(wire.ProcessesParams) }, Serve: a.serveProcesses,
		},
		{
			Name: wire.ChannelSensors, Path: "sensors", Published: true, Scope: access.View,
			Params: none, Input: true, Reopen: Deliver, Serve: a.serveSensors,
		},
		{
			Name: wire.ChannelStreamFrames, Path: "streams/{stream_id}/frames", Published: true, Scope: access.View,
			Params: func() any { return new(wire.StreamFramesParams) }, Serve: a.serveStreamFrames,
		},
		{
			Name: wire.ChannelStreamMetrics, Path: "streams/{stream_id}/metrics", Published: true, Scope: access.View,
			Params: func() any { return new(wire.StreamMetricsParams) }, Input: true, Reopen: Deliver, Serve: a.serveStreamMetrics,
		},
		{
			Name: wire.ChannelUpdates, Path: "updates", Published: true, Scope: access.View,
			Params: func() any { return new(wire.UpdatesParams) }, Serve: a.serveUpdates,
		},
		{
			Name: "streams.{stream_id}.updates", Path: "streams/{stream_id}/updates", Scope: access.Control,
			Params: none, Input: true, Serve: a.serveStreamUpdates,
		},
		{
			Name: "streams.{stream_id}.controls", Path: "streams/{stream_id}/controls", Scope: access.Control,
			Params: none, Input: true, Serve: a.serveStreamControls,
		},
		{
			Name: "streams.{stream_id}.outputs", Path: "streams/{stream_id}/outputs", Scope: access.View,
			Params: func() any { return new(wire.StreamOutputsParams) }, Input: true, Serve: a.serveStreamOutputs,
		},
	}
}
