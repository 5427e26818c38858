// Package devflow has the wire types of the DevFlow Agent Protocol, version 1: the
// messages of the six WebSocket channels below /ws/v1/ and the bodies of the HTTP
// endpoints below /api/v1/. It imports the standard library only.
//
// # Reading the types
//
// A field with omitempty or omitzero is left out when it has no value; a pointer
// without them is null. Integers are JSON numbers without fraction or exponent. All
// times are [Timestamp]. Receivers ignore members that they do not know.
//
// # Messages
//
// Every message, in both directions, is a JSON object with type, timestamp (when it
// was made) and, but for cleared and clear, data. Servers accept messages of clients
// without a timestamp.
//
// # The compatibility mirror
//
// Clients of an earlier generation look for payloads at the top level of a message
// and for short names in log entries. A server that is asked for it (compat=mirror)
// sends the same messages and adds the members that are marked "mirror" here. Without
// that none of them is ever sent.
package devflow

// DefaultPort is the TCP port of an agent, on 127.0.0.1.
const DefaultPort = 9223

// Paths of the channels.
const (
	PathBLE          = "/ws/v1/ble"
	PathSensors      = "/ws/v1/device/sensors"
	PathSensorsAlias = "/ws/v1/sensors" // the same channel
	PathLogs         = "/ws/v1/logs"
	PathNetwork      = "/ws/v1/network"
	PathProfiler     = "/ws/v1/profiler"
	PathUIEvents     = "/ws/v1/ui/events"
)

// Types of messages.
const (
	TypeReplay      = "replay"      // BLE, logs, network
	TypeBleEvent    = "ble_event"   // BLE
	TypeError       = "error"       // BLE, sensors, network, profiler; an application's error on UI events
	TypeSubscribed  = "subscribed"  // sensors; BLE in the mirror
	TypeReading     = "reading"     // sensors
	TypeStopped     = "stopped"     // sensors, profiler
	TypeLog         = "log"         // logs
	TypeRequest     = "request"     // network
	TypeDetails     = "details"     // network
	TypeCleared     = "cleared"     // network
	TypeBatch       = "batch"       // profiler
	TypeSubscribe   = "subscribe"   // from clients: sensors, UI events
	TypeUnsubscribe = "unsubscribe" // from clients: sensors, UI events
	TypeGetDetails  = "get_details" // from clients: network
	TypeClear       = "clear"       // from clients: network
)

// Values of the parameter compat.
const (
	CompatNone   = "none"
	CompatMirror = "mirror"
)
