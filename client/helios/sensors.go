package helios

import "time"

// SensorsClientMessage is a client message of sensors.stream. On the
// multiplexed socket it also opens the channel; a request without it subscribes
// to all kinds at 100 ms.
type SensorsClientMessage struct {
	Op    string   `json:"op"`              // "subscribe" or "unsubscribe", in any case
	Kinds []string `json:"kinds,omitempty"` // "imu", "power", "firmware", "lighting", in any case
	// IntervalMS is the least time between two messages with imu or power, in
	// milliseconds, 50..10000. A value outside is an error, it is not clamped.
	IntervalMS *int64 `json:"interval_ms,omitempty" minimum:"50" maximum:"10000"`
}

// Operations of a SensorsClientMessage.
const (
	OpSubscribe   = "subscribe"   // adds to the set of kinds
	OpUnsubscribe = "unsubscribe" // takes from the set; without kinds clears it
)

// Kinds of a SensorsClientMessage.
const (
	SensorIMU      = "imu"
	SensorPower    = "power"
	SensorFirmware = "firmware"
	SensorLighting = "lighting"
)

// SensorsStreamEvent is a message of sensors.stream. It holds one or more of
// the parts: imu and power together, lighting and firmware alone.
type SensorsStreamEvent struct {
	IMU      *ImuStatusPayload     `json:"imu,omitempty"`
	Power    *PowerStatusPayload   `json:"power,omitempty"`
	Lighting *LightingRuntimeState `json:"lighting,omitempty"`
	Firmware *FirmwareUpdate       `json:"firmware,omitempty"`
}

// PowerStatusPayload is the state of the power rails.
type PowerStatusPayload struct {
	Watts     *float64      `json:"watts,omitempty"` // main rail
	Volts     *float64      `json:"volts,omitempty"` // main rail
	Amps      *float64      `json:"amps,omitempty"`  // main rail
	UpdatedAt time.Time     `json:"updated_at,omitzero"`
	Sources   []PowerSource `json:"sources,omitempty"`
	Errors    []string      `json:"errors,omitempty"`
}

// PowerSource is one monitor of a power rail.
type PowerSource struct {
	Label      string   `json:"label"`             // for people to read
	Bus        string   `json:"bus,omitempty"`     // for example "i2c-1"
	Address    string   `json:"address,omitempty"` // for example "0x40"
	Watts      *float64 `json:"watts,omitempty"`
	Volts      *float64 `json:"volts,omitempty"`
	Amps       *float64 `json:"amps,omitempty"`
	ShuntVolts *float64 `json:"shunt_volts,omitempty"` // across the shunt
}

// LightingRuntimeState is the state of the lights.
type LightingRuntimeState struct {
	Frame            []LedColor         `json:"frame" nullable:"true"` // per LED; null when not known
	Brightness       *uint8             `json:"brightness"`            // 0..255
	Animation        *LightingAnimation `json:"animation"`
	UpdatedAtMS      uint64             `json:"updated_at_ms"`
	AnimationRunning bool               `json:"animation_running"` // an animation other than off
}

// LedColor is the colour of a light. White may be left out on input.
type LedColor struct {
	R uint8 `json:"r"`
	G uint8 `json:"g"`
	B uint8 `json:"b"`
	W uint8 `json:"w"`
}

// LightingAnimation is an animation of the lights. Which fields it has depends
// on Kind; one that is missing means 0.
type LightingAnimation struct {
	// Kind is one of the Animation constants.
	Kind     string    `json:"kind" enum:"off,chase,pulse,rainbow,breathing_rainbow"`
	Color    *LedColor `json:"color,omitempty"`     // chase, pulse
	SpeedHz  *float64  `json:"speed_hz,omitempty"`  // chase, rainbow, breathing_rainbow
	Low      *uint8    `json:"low,omitempty"`       // pulse, breathing_rainbow
	High     *uint8    `json:"high,omitempty"`      // pulse, breathing_rainbow
	PeriodMS *uint32   `json:"period_ms,omitempty"` // pulse, breathing_rainbow
}

// Kinds of a LightingAnimation.
const (
	AnimationOff              = "off"
	AnimationChase            = "chase"
	AnimationPulse            = "pulse"
	AnimationRainbow          = "rainbow"
	AnimationBreathingRainbow = "breathing_rainbow"
)

// FirmwareUpdate is the progress of flashing a peripheral.
type FirmwareUpdate struct {
	DeviceID string `json:"device_id"` // the peripheral being flashed
	Firmware string `json:"firmware"`  // name of the firmware
	// Status is one of the Firmware constants.
	Status      string `json:"status" enum:"queued,flashing,complete,failed"`
	Active      string `json:"active,omitempty"` // firmware now running
	Error       string `json:"error,omitempty"`
	ProgressPct *uint8 `json:"progress_pct,omitempty" maximum:"100"` // 0..100
	Detail      string `json:"detail,omitempty"`
	TimestampMS uint64 `json:"timestamp_ms"`
}

// States of a FirmwareUpdate.
const (
	FirmwareQueued   = "queued"
	FirmwareFlashing = "flashing"
	FirmwareComplete = "complete"
	FirmwareFailed   = "failed"
)

// SensorsStreamError is the error message of sensors.stream. It is told from a
// SensorsStreamEvent by its key status. After OpClientMessage the channel stays
// open, after the others it ends.
type SensorsStreamError struct {
	Status      string `json:"status"` // "sensors_stream_unavailable"
	Reason      string `json:"reason"` // for people to read
	Code        string `json:"code,omitempty"`
	TimestampMS uint64 `json:"timestamp_ms"`
	Source      string `json:"source"`                   // "helios-api/ws/sensors"
	Operation   string `json:"operation"`                // "connect", "stream" or "client_message"
	RequestID   string `json:"request_id" format:"uuid"` // of the connection
	TraceID     string `json:"trace_id" format:"uuid"`   // of the connection
	Retryable   *bool  `json:"retryable,omitempty"`
	Remediation string `json:"remediation,omitempty"`
	ReportedBy  string `json:"reported_by"` // "helios-api"
}

// Values of SensorsStreamError.
const (
	StatusSensorsUnavailable = "sensors_stream_unavailable"
	SourceSensors            = "helios-api/ws/sensors"
	OpClientMessage          = "client_message" // a client message was refused
)
