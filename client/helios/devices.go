package helios

// DevicesUpdatesEvent is a message of devices.updates: DevicesReady,
// DevicesUpdate or ErrorEvent.
type DevicesUpdatesEvent interface{ devicesUpdatesEvent() }

// DevicesReady is the first message of devices.updates.
type DevicesReady struct {
	Type       string `json:"type"`        // "ready"
	IntervalMS uint64 `json:"interval_ms"` // in force after clamping
}

// DevicesUpdate says that an inventory has changed.
type DevicesUpdate struct {
	Type        string `json:"type"`         // "update"
	TimestampMS uint64 `json:"timestamp_ms"` // of the newest change
	// Reasons is not empty, has no duplicates, and is in this order.
	Reasons []string `json:"reasons" enum:"api,pipelines,localization,media,imu,device,settings,usb,streams"`
}

// ErrorEvent is the error message of the channels whose messages have a type.
type ErrorEvent struct {
	Type    string `json:"type"` // "error"
	Message string `json:"message"`
}

func (DevicesReady) devicesUpdatesEvent()  {}
func (DevicesUpdate) devicesUpdatesEvent() {}
func (ErrorEvent) devicesUpdatesEvent()    {}

// Reasons of a DevicesUpdate, in the order in which they are sent.
const (
	ReasonAPI          = "api"
	ReasonPipelines    = "pipelines"
	ReasonLocalization = "localization"
	ReasonMedia        = "media"
	ReasonIMU          = "imu"
	ReasonDevice       = "device"
	ReasonSettings     = "settings"
	ReasonUSB          = "usb"
	ReasonStreams      = "streams"
)
