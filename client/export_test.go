package client

import "github.com/heliograph/heliograph/client/devflow"

// For fuzzing from the external test package.
var (
	PayloadError   = payloadError
	DecodeEnvelope = decodeEnvelope
)

// DecodeAgent reads a message as each channel of an agent would.
func DecodeAgent(data []byte) {
	at := &place[devflow.LogEntry]{key: func(i AgentItem[devflow.LogEntry]) string { return string(i.Raw) }}
	_, _ = resuming(at, decodeAgent[devflow.LogEntry]("logs", logItems))(false, data)
	_, _ = decodeAgent[devflow.BleEvent]("ble", bleItems)(false, data)
	_, _ = decodeAgent[devflow.ProfilerBatch]("profiler", only(devflow.TypeBatch))(false, data)
	_, _ = decodeUI(false, data)
}
