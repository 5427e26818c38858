package helios

import "encoding/json"

// Names of the channels. Those of streams have the stream's UUID in place of
// {stream_id}.
const (
	ChannelConsole       = "console.session"
	ChannelTelemetry     = "device.telemetry"
	ChannelDevices       = "devices.updates"
	ChannelIMU           = "imu.stream"
	ChannelLogs          = "logs.stream"
	ChannelOTA           = "ota.stream"
	ChannelProcesses     = "processes.stream"
	ChannelSensors       = "sensors.stream"
	ChannelStreamFrames  = "streams.{stream_id}.frames"
	ChannelStreamMetrics = "streams.{stream_id}.metrics"
	ChannelUpdates       = "updates.stream"
)

// Commands that are not channels.
const (
	CmdChannelClose  = "channel.close"  // client: close a channel
	CmdChannelClosed = "channel.closed" // server: a channel has ended
	CmdChannelError  = "channel.error"  // server: a message could not be obeyed
)

// Envelope is every text message on the multiplexed socket.
type Envelope struct {
	// Cmd is the name of the channel, or one of the commands above.
	Cmd string `json:"cmd"`
	// Payload is the channel's message; absent where the channel has none.
	Payload json.RawMessage `json:"payload,omitempty"`
	// SentAt is when the sender made the message, as RFC 3339.
	SentAt string `json:"sent-at"`
}

// ChannelClose is the payload of CmdChannelClose.
type ChannelClose struct {
	Cmd string `json:"cmd"` // the channel to close
}

// ChannelClosed is the payload of CmdChannelClosed.
type ChannelClosed struct {
	Cmd    string `json:"cmd"`                                       // the channel that has ended
	Reason string `json:"reason" enum:"client,ended,error,shutdown"` // one of the Closed constants
}

// Reasons of ChannelClosed.
const (
	ClosedByClient   = "client"   // the client closed it
	ClosedEnded      = "ended"    // its last message was sent
	ClosedByError    = "error"    // it failed, and has said so
	ClosedByShutdown = "shutdown" // the server shuts down
)

// ChannelError is the payload of CmdChannelError.
type ChannelError struct {
	Cmd string `json:"cmd,omitempty"` // the offending command, if it could be read
	// Code is one of the Err constants.
	Code    string `json:"code" enum:"invalid_envelope,unknown_cmd,invalid_payload,not_open,too_many_channels,forbidden"`
	Message string `json:"message"`
}

// Codes of ChannelError.
const (
	ErrInvalidEnvelope = "invalid_envelope"  // not an envelope
	ErrUnknownCmd      = "unknown_cmd"       // no such channel
	ErrInvalidPayload  = "invalid_payload"   // parameters or message of wrong shape
	ErrNotOpen         = "not_open"          // the channel is not open
	ErrTooManyChannels = "too_many_channels" // more than 32 on one connection
	ErrForbidden       = "forbidden"         // the client may not use the channel
)
