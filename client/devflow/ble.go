package devflow

// BleEvent is something that happened with Bluetooth Low Energy.
type BleEvent struct {
	Type               string    `json:"type"`                         // one of the Ble constants, or another word
	Timestamp          Timestamp `json:"timestamp" format:"date-time"` // when it happened
	DeviceID           string    `json:"deviceId,omitempty"`           // address or UUID of the peer
	DeviceName         string    `json:"deviceName,omitempty"`         // advertised or cached
	RSSI               *int      `json:"rssi,omitempty"`               // dBm
	ServiceUUID        string    `json:"serviceUuid,omitempty"`        // short or long form
	CharacteristicUUID string    `json:"characteristicUuid,omitempty"` // short or long form
	DescriptorUUID     string    `json:"descriptorUuid,omitempty"`     // short or long form
	Data               string    `json:"data,omitempty"`               // depends on type; bytes in upper-case hexadecimal
}

// Kinds of a BleEvent.
const (
	BleScanResult                  = "scan_result" // data: key=value;key=value
	BleConnected                   = "connected"
	BleDisconnected                = "disconnected"
	BleConnectionStateChanged      = "connection_state_changed"
	BleConnectionFailed            = "connection_failed" // data: the reason
	BleConnectionEvent             = "connection_event"
	BleServiceDiscovered           = "service_discovered"
	BleCharacteristicDiscovered    = "characteristic_discovered"
	BleCharacteristicRead          = "characteristic_read"
	BleCharacteristicWrite         = "characteristic_write"
	BleCharacteristicWriteNoAnswer = "characteristic_write_no_response"
	BleNotification                = "notification"
	BleNotificationStateChanged    = "notification_state_changed" // data: enabled or disabled
	BleDescriptorRead              = "descriptor_read"
	BleDescriptorWrite             = "descriptor_write"
	BleMTUChanged                  = "mtu_changed" // data: decimal
	BleRSSIRead                    = "rssi_read"
	BleBondStateChanged            = "bond_state_changed"
	BleAdapterStateChanged         = "adapter_state_changed"
)

// BleReplay is the first message of /ws/v1/ble about events.
type BleReplay struct {
	Type      string        `json:"type" const:"replay"`
	Timestamp Timestamp     `json:"timestamp" format:"date-time"`
	Data      BleReplayData `json:"data"`
	Events    []BleEvent    `json:"events,omitzero"`             // mirror: data.events
	Count     *int          `json:"count,omitempty" minimum:"0"` // mirror: their number
}

// BleReplayData is the payload of a BleReplay.
type BleReplayData struct {
	Events []BleEvent `json:"events"` // oldest first
}

// BleMessage is a new event.
type BleMessage struct {
	Type      string    `json:"type" const:"ble_event"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
	Data      BleEvent  `json:"data"`
	Event     *BleEvent `json:"event,omitempty"` // mirror: data
}

// BleSubscribed is the very first message of /ws/v1/ble in the mirror.
type BleSubscribed struct {
	Type      string    `json:"type" const:"subscribed"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
	Scanning  bool      `json:"scanning"`
	Replay    int       `json:"replay" minimum:"0"` // the parameter
	EventType *string   `json:"eventType"`          // the filter
}

// ErrorMessage tells of a failure, on /ws/v1/ble and /ws/v1/profiler.
type ErrorMessage struct {
	Type      string    `json:"type" const:"error"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
	Data      ErrorData `json:"data"`
	Error     string    `json:"error,omitempty"` // mirror: data.message
}

// ErrorData is the payload of an ErrorMessage.
type ErrorData struct {
	Message string `json:"message"` // for people to read
}

// BleStatus answers GET /api/v1/device/ble.
type BleStatus struct {
	Enabled          bool             `json:"enabled"`
	Scanning         bool             `json:"scanning"`
	SupportsScanning bool             `json:"supportsScanning"`
	EventCount       int              `json:"eventCount" minimum:"0"`  // buffered now
	Subscribers      int              `json:"subscribers" minimum:"0"` // open connections of /ws/v1/ble
	MaxEvents        int              `json:"maxEvents" minimum:"0"`   // capacity of the buffer
	Status           *BleStatusMirror `json:"status,omitempty"`        // mirror
}

// BleStatusMirror is a part of BleStatus in the mirror.
type BleStatusMirror struct {
	Scanning         bool `json:"scanning"`
	EventCount       int  `json:"eventCount" minimum:"0"`
	Subscribers      int  `json:"subscribers" minimum:"0"`
	SupportsScanning bool `json:"supportsScanning"`
}

// BleEvents answers GET /api/v1/device/ble/events.
type BleEvents struct {
	Count  int        `json:"count" minimum:"0"` // number of events here
	Events []BleEvent `json:"events"`            // oldest first
}
