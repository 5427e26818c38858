package helios

// The parameter structs are the query of a channel's own socket and the payload
// that opens it on the multiplexed one. The tags default, minimum and maximum
// are the protocol's; a value outside the range is clamped by the server. The
// tag query is the parameter's name in the query where it differs.

// NoParams are the parameters of channels that have none.
type NoParams struct{}

// TelemetryParams are the parameters of device.telemetry.
type TelemetryParams struct {
	// IntervalMS is the time between two samples, in milliseconds.
	IntervalMS uint64 `json:"interval_ms" default:"1000" minimum:"250" maximum:"10000"`
}

// DevicesParams are the parameters of devices.updates.
type DevicesParams struct {
	// IntervalMS is the least time between two updates, in milliseconds.
	IntervalMS uint64 `json:"interval_ms" default:"2000" minimum:"250" maximum:"10000"`
}

// UpdatesParams are the parameters of updates.stream.
type UpdatesParams struct {
	// HeartbeatMS is the time between two heartbeats, in milliseconds.
	HeartbeatMS uint64 `json:"heartbeat_ms" default:"15000" minimum:"1000" maximum:"60000"`
}

// ConsoleParams are the parameters of console.session.
type ConsoleParams struct {
	// Cols and Rows are the size of a new terminal in characters.
	Cols uint16 `json:"cols" default:"120" minimum:"40" maximum:"320"`
	Rows uint16 `json:"rows" default:"34" minimum:"12" maximum:"160"`
	// SessionID is the shell to attach to; empty starts a new one.
	SessionID string `json:"session_id" query:"sessionId" format:"uuid"`
}

// LogsParams are the parameters of logs.stream.
type LogsParams struct {
	// Source is the id of a log source.
	Source string `json:"source" default:"journal"`
	// Lines is how many of the last lines to send first.
	Lines uint64 `json:"lines" default:"200" minimum:"0" maximum:"2000"`
	// Follow asks for new lines as they appear.
	Follow bool `json:"follow" default:"true"`
}

// ProcessesParams are the parameters of processes.stream.
type ProcessesParams struct {
	// IntervalMS is the time between two snapshots, in milliseconds.
	IntervalMS uint64 `json:"interval_ms" default:"1000" minimum:"250" maximum:"10000"`
	// Limit is the number of processes in a snapshot.
	Limit uint64 `json:"limit" default:"200" minimum:"10" maximum:"2000"`
}

// StreamMetricsParams are the parameters of streams.{stream_id}.metrics.
type StreamMetricsParams struct {
	// IntervalMS is the least time between two sets of metrics, in milliseconds.
	IntervalMS uint64 `json:"interval_ms" default:"1000" minimum:"250" maximum:"10000"`
}

// StreamFramesParams are the parameters of streams.{stream_id}.frames.
type StreamFramesParams struct {
	// Output is the image output to show; empty means the one now selected.
	Output string `json:"output"`
	// Restore puts the former selection back when the channel ends.
	Restore bool `json:"restore" default:"true"`
	// PollMS is how often the server looks for a new frame, in milliseconds.
	PollMS uint64 `json:"poll_ms" default:"10" minimum:"5" maximum:"100"`
}

// StreamOutputsParams are the parameters of /v1/ws/streams/{stream_id}/outputs.
type StreamOutputsParams struct {
	// IntervalMS is the least time between two samples of a port, in milliseconds.
	IntervalMS uint64 `json:"interval_ms" default:"250" minimum:"100" maximum:"5000"`
	// PortsIntervalMS is how often the list of outputs is looked at, in milliseconds.
	PortsIntervalMS uint64 `json:"ports_interval_ms" default:"2000" minimum:"500" maximum:"30000"`
}
