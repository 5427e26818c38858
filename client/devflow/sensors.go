package devflow

// Speeds of sensors: advice for the source.
const (
	SpeedDefault = "Default" // 200 ms
	SpeedUI      = "UI"      // 60 ms
	SpeedGame    = "Game"    // 20 ms
	SpeedFastest = "Fastest" // as fast as the source allows
)

// SensorInfo is the state of a sensor.
type SensorInfo struct {
	Name      string `json:"name"`      // lower case
	Available bool   `json:"available"` // usable on this device
	Active    bool   `json:"active"`    // running now

	*SensorInfoMirror
}

// SensorInfoMirror are the other names of a SensorInfo, which the list has in the mirror.
type SensorInfoMirror struct {
	Sensor      string `json:"sensor"`                  // mirror: name
	Supported   bool   `json:"supported"`               // mirror: available
	Subscribers int    `json:"subscribers" minimum:"0"` // mirror: open stream subscriptions
}

// SensorReading is one measurement.
type SensorReading struct {
	Sensor    string    `json:"sensor"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"` // when it was measured
	// Values are numbers for the built-in sensors: accelerometer x, y, z in g; gyroscope
	// x, y, z in rad/s; magnetometer x, y, z in microtesla; orientation x, y, z, w as a
	// unit quaternion; compass heading in degrees from magnetic north and perhaps
	// accuracy; barometer pressure in hPa. In the mirror also headingMagneticNorth and
	// pressureInHectopascals.
	Values map[string]any `json:"values"`
}

// SensorSubscribed tells that a subscription is active with these values.
type SensorSubscribed struct {
	Type       string               `json:"type" const:"subscribed"`
	Timestamp  Timestamp            `json:"timestamp" format:"date-time"`
	Data       SensorSubscribedData `json:"data"`
	SensorName string               `json:"sensorName,omitempty"`             // mirror: data.sensor
	Speed      string               `json:"speed,omitempty"`                  // mirror: data.speed
	ThrottleMs *int                 `json:"throttleMs,omitempty" minimum:"0"` // mirror: data.throttleMs
	Sensor     *SensorInfo          `json:"sensor,omitempty"`                 // mirror
}

// SensorSubscribedData is the payload of a SensorSubscribed.
type SensorSubscribedData struct {
	Sensor string `json:"sensor"`
	// Speed is one of the Speed constants.
	Speed      string `json:"speed" enum:"UI,Game,Fastest,Default"`
	ThrottleMs int    `json:"throttleMs" minimum:"0"` // milliseconds
}

// SensorMessage is a new reading.
type SensorMessage struct {
	Type      string         `json:"type" const:"reading"`
	Timestamp Timestamp      `json:"timestamp" format:"date-time"`
	Data      SensorReading  `json:"data"`
	Sensor    string         `json:"sensor,omitempty"`  // mirror: data.sensor
	Reading   *SensorReading `json:"reading,omitempty"` // mirror: data
}

// SensorError tells of a failure of a sensor or of a command.
type SensorError struct {
	Type      string          `json:"type" const:"error"`
	Timestamp Timestamp       `json:"timestamp" format:"date-time"`
	Data      SensorErrorData `json:"data"`
	Error     string          `json:"error,omitempty"` // mirror: data.message
}

// SensorErrorData is the payload of a SensorError.
type SensorErrorData struct {
	Sensor  string `json:"sensor"` // empty when none was named
	Message string `json:"message"`
}

// SensorStopped tells that there will be no more readings of a sensor.
type SensorStopped struct {
	Type      string            `json:"type" const:"stopped"`
	Timestamp Timestamp         `json:"timestamp" format:"date-time"`
	Data      SensorStoppedData `json:"data"`
}

// SensorStoppedData is the payload of a SensorStopped and a SensorUnsubscribe.
type SensorStoppedData struct {
	Sensor string `json:"sensor"`
}

// SensorSubscribe adds a sensor or changes its settings.
type SensorSubscribe struct {
	Type      string              `json:"type" const:"subscribe"`
	Timestamp Timestamp           `json:"timestamp,omitempty" format:"date-time"`
	Data      SensorSubscribeData `json:"data"`
}

// SensorSubscribeData is the payload of a SensorSubscribe. What is left out keeps its
// value, or has the default for a sensor that is new here.
type SensorSubscribeData struct {
	Sensor string `json:"sensor"`
	// Speed is one of the Speed constants.
	Speed      string `json:"speed,omitempty" enum:"UI,Game,Fastest,Default"`
	ThrottleMs *int   `json:"throttleMs,omitempty" minimum:"0"` // milliseconds
}

// SensorUnsubscribe ends a sensor's readings on this connection.
type SensorUnsubscribe struct {
	Type      string            `json:"type" const:"unsubscribe"`
	Timestamp Timestamp         `json:"timestamp,omitempty" format:"date-time"`
	Data      SensorStoppedData `json:"data"`
}

// SensorAction answers the start and stop of a sensor.
type SensorAction struct {
	ActionResult
	SensorInfo
}
