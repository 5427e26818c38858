package helios

// ErrorBody is the body of HTTP errors.
type ErrorBody struct {
	Code        string `json:"code"` // one of the Code constants
	Error       string `json:"error"`
	Details     any    `json:"details,omitempty"`
	TimestampMS uint64 `json:"timestamp_ms"`
	Source      string `json:"source,omitempty"`    // component
	Operation   string `json:"operation,omitempty"` // "METHOD /path"
	RequestID   string `json:"request_id,omitempty"`
	TraceID     string `json:"trace_id,omitempty"`
	Retryable   *bool  `json:"retryable,omitempty"`
	Remediation string `json:"remediation,omitempty"`
	ReportedBy  string `json:"reported_by,omitempty"`
}

// Codes of an ErrorBody, by HTTP status. The last four are additions for
// statuses that the published table does not have.
const (
	CodeBadRequest         = "bad_request"         // 400
	CodeNotFound           = "not_found"           // 404
	CodePayloadTooLarge    = "payload_too_large"   // 413
	CodeInternal           = "internal"            // 500
	CodeBadGateway         = "bad_gateway"         // 502
	CodeServiceUnavailable = "service_unavailable" // 503
	CodeTimeout            = "timeout"             // 504
	CodeUnauthorized       = "unauthorized"        // 401
	CodeForbidden          = "forbidden"           // 403
	CodeMethodNotAllowed   = "method_not_allowed"  // 405
	CodeUpgradeRequired    = "upgrade_required"    // 426
)

// ErrorHistoryEntry is one error of the past.
type ErrorHistoryEntry struct {
	ID     string `json:"id"`
	Status uint16 `json:"status,omitempty"` // HTTP status
	ErrorBody
	Transport string `json:"transport,omitempty"` // "http" or "ws"
}

// ErrorHistory is the answer of GET /v1/errors, newest first.
type ErrorHistory struct {
	Items []ErrorHistoryEntry `json:"items"`
}

// Health is the answer of GET /v1/health.
type Health struct {
	OK           bool               `json:"ok"`
	ServerTimeMS uint64             `json:"server_time_ms"`
	UptimeMS     uint64             `json:"uptime_ms"`
	Version      string             `json:"version"`
	Features     HealthFeatures     `json:"features"`
	Dependencies HealthDependencies `json:"dependencies"`
}

// HealthFeatures says which optional parts of the reference are there.
type HealthFeatures struct {
	ShadowRecorder              bool `json:"shadow_recorder"`
	PipelineRegistryStartupWarm bool `json:"pipeline_registry_startup_warm"`
	PipelineRegistryPrefetch    bool `json:"pipeline_registry_prefetch"`
}

// HealthDependencies names helper programs.
type HealthDependencies struct {
	APIToolsHelper Dependency `json:"api_tools_helper"`
}

// Dependency is a helper program.
type Dependency struct {
	OK   bool   `json:"ok"`
	Path string `json:"path"`
}

// Summary is the answer of GET /v1.
type Summary struct {
	Health  Health         `json:"health"`
	Streams SummaryStreams `json:"streams"`
}

// SummaryStreams is the streams part of a Summary.
type SummaryStreams struct {
	Capabilities    any                    `json:"capabilities"`
	Codecs          []CodecInfo            `json:"codecs"`          // never null
	ResolvedStreams []ResolvedStreamConfig `json:"resolvedStreams"` // never null
	Stale           bool                   `json:"stale"`
	Revision        uint64                 `json:"revision"` // of the list of streams
}

// DeviceMetrics is the answer of GET /v1/device/metrics.
type DeviceMetrics struct {
	Freshness Freshness `json:"freshness"`
	Metrics   *Metrics  `json:"metrics,omitempty"`
}

// Metrics is a snapshot of the device for monitoring.
type Metrics struct {
	Status         string          `json:"status"` // "ok" or "degraded"
	CPUAvgPct      float64         `json:"cpu_avg_pct"`
	CPUFreqMHz     uint64          `json:"cpu_freq_mhz"`
	CPUs           []MetricsCPU    `json:"cpus"`
	MemTotalBytes  uint64          `json:"mem_total_bytes"`
	MemUsedBytes   uint64          `json:"mem_used_bytes"`
	SwapTotalBytes uint64          `json:"swap_total_bytes"`
	SwapUsedBytes  uint64          `json:"swap_used_bytes"`
	Disks          []MetricsDisk   `json:"disks"`
	Temps          []MetricsTemp   `json:"temps"`
	Issues         []MetricsIssue  `json:"issues"`
	Processes      []ProcessSample `json:"processes"`
}

// MetricsCPU is one core of Metrics.
type MetricsCPU struct {
	ID      uint32  `json:"id"`
	Name    string  `json:"name"`
	Pct     float64 `json:"pct"`
	FreqMHz uint64  `json:"freq_mhz"`
}

// MetricsDisk is one filesystem of Metrics.
type MetricsDisk struct {
	Mount          string `json:"mount"`
	TotalBytes     uint64 `json:"total_bytes"`
	AvailableBytes uint64 `json:"available_bytes"`
}

// MetricsTemp is one temperature of Metrics, in degrees Celsius.
type MetricsTemp struct {
	Label        string  `json:"label"`
	TemperatureC float64 `json:"temperature_c"`
}

// MetricsIssue is something that a person should look at.
type MetricsIssue struct {
	Code        string `json:"code"`
	Description string `json:"description"`
}

// DeviceOS is the answer of GET /v1/device/os.
type DeviceOS struct {
	ActiveRoot string `json:"active_root,omitempty"`
	BuildID    string `json:"build_id,omitempty"`
	PrettyName string `json:"pretty_name,omitempty"`
	VersionID  string `json:"version_id,omitempty"`
}

// Hostname is the answer of GET and the body of POST /v1/device/hostname.
type Hostname struct {
	Hostname string `json:"hostname"`
}
