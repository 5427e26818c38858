// Package heliosdoc describes the HeliOS WebSocket API, as which the AsyncAPI
// document is generated: the published channels and messages under their
// published names, and in an extension what this server adds to them.
package heliosdoc

import (
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/asyncapi"
)

// DefaultHost is the host in the generated document. A server replaces it by
// the one that it was asked under.
const DefaultHost = "localhost:5800/v1/ws"

// Sources returns the directories, below the module's root, with the source of
// the wire types, and their import paths.
func Sources() map[string]string {
	return map[string]string{"client/helios": "github.com/heliograph/heliograph/client/helios"}
}

// Document describes the protocol.
func Document() asyncapi.Document {
	return asyncapi.Document{
		Info: asyncapi.Info{
			Title:   "HeliOS WebSocket API",
			Version: "1.0.0",
			Description: "What a device is doing, live: telemetry, processes, logs, a shell, sensors, updates and video.\n\n" +
				"All channels run over one WebSocket at `/v1/ws`. Every text message, in both directions, is an " +
				"envelope: `cmd` names the channel, `payload` is the channel's message, `sent-at` is the time at which the " +
				"sender made it. The server sends nothing before the first request; a request for a channel opens it, and " +
				"its optional `payload` holds the channel's parameters.\n\n" +
				"Operations with the action `send` are what a client sends, those with `receive` what it receives.\n\n" +
				"Each channel also has a socket of its own below `/v1/ws/`, with the parameters in the query and the " +
				"payloads without the envelope.",
			Tags: tags(),
		},
		Server: asyncapi.Server{
			Name:        "primary",
			Host:        DefaultHost,
			Protocol:    "ws",
			Description: "The device that served this document.",
		},
		Channels:  Channels(),
		Extension: extension(),
		Unions:    unions(),
		Open:      []any{wire.ImuStatusPayload{}, wire.SensorsStreamEvent{}},
		Formats:   map[string]string{"uuid": "Uuid"},
	}
}

func tags() []asyncapi.Tag {
	return []asyncapi.Tag{
		{Name: "console", Description: "Shells on the device."},
		{Name: "device", Description: "The device itself and its sensors."},
		{Name: "devices", Description: "What is attached to the device."},
		{Name: "imu", Description: "The inertial measurement unit."},
		{Name: "logs", Description: "Journal, kernel and file logs."},
		{Name: "metrics", Description: "How streams fare."},
		{Name: "ota", Description: "Updates of the device's software."},
		{Name: "processes", Description: "Processes on the device."},
		{Name: "sensors", Description: "Sensors, power, lights and firmware of peripherals."},
		{Name: "streams", Description: "Video streams."},
		{Name: "telemetry", Description: "Processor, memory, disks and network."},
		{Name: "updates", Description: "The journal of changes."},
	}
}

// unions fixes the type of each message that has one.
func unions() []asyncapi.UnionType {
	fail := wire.ErrorEvent{Type: "error"}
	return []asyncapi.UnionType{
		asyncapi.Union[wire.ConsoleClientEvent](
			wire.ConsoleInput{Type: "input"}, wire.ConsoleResize{Type: "resize"}, wire.ConsoleOpen{Type: "open"}),
		asyncapi.Union[wire.ConsoleServerEvent](
			wire.ConsoleReady{Type: "ready"}, wire.ConsoleOutput{Type: "output"}, wire.ConsoleExit{Type: "exit"}, fail),
		asyncapi.Union[wire.DevicesUpdatesEvent](
			wire.DevicesReady{Type: "ready"}, wire.DevicesUpdate{Type: "update"}, fail),
		asyncapi.Union[wire.LogsServerEvent](
			wire.LogsReady{Type: "ready"}, wire.LogsLine{Type: "line"}, wire.LogsEOF{Type: "eof"}, fail),
		asyncapi.Union[wire.ProcessesServerEvent](
			wire.ProcessesReady{Type: "ready"}, wire.ProcessesSnapshotEvent{Type: "snapshot"}, fail),
		asyncapi.Union[wire.RealtimeUpdatesEvent](
			wire.UpdatesReady{Type: "ready"}, wire.UpdatesHeartbeat{Type: "heartbeat"},
			wire.UpdatesChange{Type: "change"}, fail),
		asyncapi.Union[wire.UpdaterServerEvent](
			wire.UpdaterSnapshotEvent{Type: "snapshot"}, wire.UpdaterStageProgress{Type: "stage_progress"},
			wire.UpdaterStageComplete{Type: "stage_complete"}, wire.UpdaterApplyScheduled{Type: "apply_scheduled"},
			wire.UpdaterApplyComplete{Type: "apply_complete"},
			wire.UpdaterRollbackTriggered{Type: "rollback_triggered"}, fail),
		asyncapi.Union[wire.FramesEvent](wire.FramesFormat{Type: "format"}, wire.FramesError{Type: "error"}),
	}
}
