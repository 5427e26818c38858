package helios

// Peripherals is the answer of GET /v1/peripherals.
type Peripherals struct {
	Cameras  []ProbedDevice     `json:"cameras"` // never null
	Errors   PeripheralErrors   `json:"errors"`
	Fan      *Fans              `json:"fan,omitempty"`
	I2C      *I2C               `json:"i2c,omitempty"`
	Lighting *Presence          `json:"lighting,omitempty"`
	Sensors  []SensorPeripheral `json:"sensors"`
	USB      []UsbPeripheral    `json:"usb"`
}

// PeripheralErrors are the problems met while each inventory was read.
type PeripheralErrors struct {
	Cameras  []string `json:"cameras"`
	Fan      []string `json:"fan"`
	I2C      []string `json:"i2c"`
	Lighting []string `json:"lighting"`
	USB      []string `json:"usb"`
}

// UsbPeripheral is one USB device that is neither hub nor root hub.
type UsbPeripheral struct {
	ID          string    `json:"id"`   // "<vid>:<pid>@<bus position>"
	Kind        string    `json:"kind"` // "usb" or "coral"
	Description string    `json:"description,omitempty"`
	Present     bool      `json:"present"`
	Warnings    []Warning `json:"warnings"` // never null
}

// Warning is something about a peripheral that a person should know.
type Warning struct {
	Code    string `json:"code"` // "usb_speed_low", "usb_hub_power" or "system_undervoltage"
	Message string `json:"message"`
}

// SensorPeripheral is a sensor board or module.
type SensorPeripheral struct {
	Name            string    `json:"name"`
	DriverNamespace string    `json:"driver_namespace"`
	DriverCameraID  string    `json:"driver_camera_id"`
	Present         bool      `json:"present"`
	Type            string    `json:"type,omitempty"`
	Status          string    `json:"status,omitempty"`
	Alias           string    `json:"alias,omitempty"`
	HardwareID      string    `json:"hardware_id,omitempty"`
	HardwareKey     string    `json:"hardware_key,omitempty"`
	AliasIdentity   string    `json:"alias_identity,omitempty"`
	Warnings        []Warning `json:"warnings"` // never null
}

// I2C is the answer of GET /v1/peripherals/i2c.
type I2C struct {
	Buses   []I2CBus    `json:"buses"`
	Devices []I2CDevice `json:"devices"`
}

// I2CBus is one I2C adapter.
type I2CBus struct {
	Bus        uint32 `json:"bus"`
	Adapter    string `json:"adapter"`
	Label      string `json:"label"`
	Path       string `json:"path"`
	ErrorCount uint64 `json:"error_count,omitempty"`
	LastError  string `json:"last_error,omitempty"`
}

// I2CDevice is one device on an I2C bus.
type I2CDevice struct {
	Bus        uint32 `json:"bus"`
	AddressHex string `json:"address_hex"`
	Path       string `json:"path"`
	Driver     string `json:"driver,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Modalias   string `json:"modalias,omitempty"`
	Name       string `json:"name,omitempty"`
}

// Fans is the answer of GET /v1/peripherals/fan. The published protocol says nothing
// of its members but that it is the state of the fan.
type Fans struct {
	Present   bool   `json:"present"`
	Fans      []Fan  `json:"fans"` // never null
	LastError string `json:"last_error,omitempty"`
}

// Fan is one fan.
type Fan struct {
	Chip         string   `json:"chip"`
	Label        string   `json:"label"`
	RPM          *uint64  `json:"rpm,omitempty"`           // without: no tachometer
	SpeedPercent *float64 `json:"speed_percent,omitempty"` // duty of the control signal; without: no control
	Mode         string   `json:"mode,omitempty"`          // "full", "manual" or "automatic"
	Alarm        bool     `json:"alarm"`                   // too slow or broken
}

// Presence is the answer of GET /v1/peripherals/leds.
type Presence struct {
	Present   bool   `json:"present"`
	LastError string `json:"last_error,omitempty"`
}

// Cameras is the answer of GET /v1/peripherals/cameras.
type Cameras struct {
	Cameras []ProbedDevice `json:"cameras"` // never null
	Errors  []string       `json:"errors"`  // never null
}
