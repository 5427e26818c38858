package devflow

// ErrorBody answers every request that fails: a problem of RFC 7807, with the members
// that earlier clients look for.
type ErrorBody struct {
	Type      string         `json:"type" format:"uri"` // urn:devflow:error: and a word
	Title     string         `json:"title"`             // the same for each type
	Status    int            `json:"status" minimum:"100" maximum:"599"`
	Detail    string         `json:"detail,omitempty"`    // what went wrong in this case
	Instance  string         `json:"instance,omitempty"`  // path of the request
	ErrorCode string         `json:"errorCode,omitempty"` // one of the Code constants
	Success   bool           `json:"success"`             // always false
	Error     string         `json:"error"`               // detail, or title
	Reason    string         `json:"reason,omitempty"`    // a short word
	Details   map[string]any `json:"details,omitempty"`   // the values that were wrong
}

// Error codes.
const (
	CodeInvalidArgument       = "invalid-argument"
	CodeTimeout               = "timeout"
	CodeUnsupportedCapability = "unsupported-capability"
	CodeInternalError         = "internal-error"
)

// ErrorTypePrefix begins ErrorBody.Type.
const ErrorTypePrefix = "urn:devflow:error:"

// ActionResult answers a change.
type ActionResult struct {
	Success bool   `json:"success"` // always true
	Message string `json:"message"`
}

// AgentInfo describes the agent.
type AgentInfo struct {
	Name             string `json:"name"`
	Version          string `json:"version"`
	Framework        string `json:"framework"`
	FrameworkVersion string `json:"frameworkVersion"`
	SessionID        string `json:"sessionId,omitempty"` // build or workspace
}

// AgentStatus answers GET /api/v1/agent/status.
type AgentStatus struct {
	Agent AgentInfo `json:"agent"`
	// Platform is one of linux, windows, macos, android, ios, maccatalyst.
	Platform     string          `json:"platform" enum:"linux,windows,macos,android,ios,maccatalyst"`
	Device       StatusDevice    `json:"device"`
	App          StatusApp       `json:"app"`
	Running      bool            `json:"running"` // the application runs
	Capabilities CapabilityFlags `json:"capabilities"`
	Uptime       string          `json:"uptime" format:"duration"` // ISO 8601, of the agent
	Extensions   Extensions      `json:"extensions"`
	Timestamp    Timestamp       `json:"timestamp,omitempty" format:"date-time"` // mirror: now
}

// StatusDevice is the device as AgentStatus has it. Unknown texts are "unknown".
type StatusDevice struct {
	Model        string `json:"model"`
	Manufacturer string `json:"manufacturer"`
	OSVersion    string `json:"osVersion"`
	// Idiom is one of desktop, phone, tablet, tv, watch.
	Idiom      string `json:"idiom" enum:"desktop,phone,tablet,tv,watch"`
	Platform   string `json:"platform,omitempty"`   // mirror: platform
	DeviceType string `json:"deviceType,omitempty"` // mirror: Physical or Virtual
}

// StatusApp is the application as AgentStatus has it.
type StatusApp struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	PackageID string `json:"packageId"`
	ProcessID int    `json:"processId,omitempty"`
	Build     string `json:"build,omitempty"` // mirror
}

// CapabilityFlags tell what the agent has.
type CapabilityFlags struct {
	UI          bool `json:"ui"`
	Screenshots bool `json:"screenshots"`
	WebView     bool `json:"webview"`
	Network     bool `json:"network"`
	Logs        bool `json:"logs"`
	Sensors     bool `json:"sensors"`
	Storage     bool `json:"storage"`
	Profiler    bool `json:"profiler"`
	Jobs        bool `json:"jobs"`
	BLE         bool `json:"ble"`
}

// Extensions counts the agent's extensions.
type Extensions struct {
	Count int    `json:"count" minimum:"0"`
	Hash  string `json:"hash"` // SHA-256 of the map of extensions, lower-case hexadecimal
}

// NoExtensionsHash is Extensions.Hash when there are none.
const NoExtensionsHash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

// AgentCapabilities answers GET /api/v1/agent/capabilities.
type AgentCapabilities struct {
	Agent        AgentInfo             `json:"agent"`
	Capabilities map[string]Capability `json:"capabilities"` // by namespace; only what is there
	Extensions   map[string]any        `json:"extensions"`   // by reverse-domain name

	*CapabilitiesMirror
}

// Capability is one namespace of AgentCapabilities.
type Capability struct {
	Version  int      `json:"version" minimum:"1"`
	Features []string `json:"features"`
}

// CapabilitiesMirror are the groups that AgentCapabilities has in the mirror.
type CapabilitiesMirror struct {
	Logs     CapabilityGroup `json:"logs"`
	Network  CapabilityGroup `json:"network"`
	Profiler CapabilityGroup `json:"profiler"`
	Device   CapabilityGroup `json:"device"`
	Sensors  CapabilityGroup `json:"sensors"`
	BLE      CapabilityGroup `json:"ble"`
	UI       CapabilityGroup `json:"ui"`
}

// CapabilityGroup is one group of CapabilitiesMirror.
type CapabilityGroup struct {
	Supported bool     `json:"supported"`
	Features  []string `json:"features"`
}

// DeviceInfo answers GET /api/v1/device/info. Unknown texts are "unknown".
type DeviceInfo struct {
	Model        string `json:"model"`
	Manufacturer string `json:"manufacturer"`
	OSVersion    string `json:"osVersion"`
	Platform     string `json:"platform"`
	Idiom        string `json:"idiom"`
	Architecture string `json:"architecture"` // for example x64, arm64
	Name         string `json:"name,omitempty"`
	DeviceType   string `json:"deviceType"` // Physical or Virtual
}

// DeviceApp answers GET /api/v1/device/app.
type DeviceApp struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	BuildNumber string `json:"buildNumber"`
	PackageID   string `json:"packageId"`
	PackageName string `json:"packageName"` // packageId
	Theme       string `json:"theme,omitempty"`
}

// DeviceDisplay answers GET /api/v1/device/display.
type DeviceDisplay struct {
	Width   float64 `json:"width" minimum:"0"`  // pixels
	Height  float64 `json:"height" minimum:"0"` // pixels
	Density float64 `json:"density"`            // above 0
	// Orientation is portrait or landscape.
	Orientation string   `json:"orientation" enum:"portrait,landscape"`
	RefreshRate *float64 `json:"refreshRate"` // Hz; null when not known
}

// DeviceBattery answers GET /api/v1/device/battery.
type DeviceBattery struct {
	Level       float64 `json:"level" minimum:"0" maximum:"1"`
	ChargeLevel float64 `json:"chargeLevel" minimum:"0" maximum:"1"` // level
	// State is one of unknown, charging, discharging, full, notCharging.
	State string `json:"state" enum:"unknown,charging,discharging,full,notCharging"`
	// PowerSource is one of unknown, battery, ac, usb, wireless.
	PowerSource string `json:"powerSource" enum:"unknown,battery,ac,usb,wireless"`
}

// DeviceConnectivity answers GET /api/v1/device/connectivity.
type DeviceConnectivity struct {
	// NetworkAccess is one of none, local, internet, constrainedInternet.
	NetworkAccess      string   `json:"networkAccess" enum:"none,local,internet,constrainedInternet"`
	ConnectionProfiles []string `json:"connectionProfiles"`
}
