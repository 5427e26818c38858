package helios

// TelemetrySample is the message of device.telemetry.
type TelemetrySample struct {
	TimestampMS uint64   `json:"timestamp_ms"` // when the sample was taken
	CPU         CPU      `json:"cpu"`
	Memory      Space    `json:"memory"`            // used excludes reclaimable cache
	GPU         *GPU     `json:"gpu,omitempty"`     // absent if nothing is known
	Disk        *Space   `json:"disk,omitempty"`    // filesystem of the data directory
	Disks       []Disk   `json:"disks"`             // mounted filesystems; never null
	Power       *Power   `json:"power,omitempty"`   // the board's input supply
	Network     *Network `json:"network,omitempty"` // absent without an interface
	Engine      *Engine  `json:"engine,omitempty"`  // link to the media engine
}

// CPU is the processor part of a TelemetrySample.
type CPU struct {
	UsagePercent float64   `json:"usage_percent"`           // whole machine, 0..100
	TemperatureC *float64  `json:"temperature_c,omitempty"` // degrees Celsius
	Throttle     *Throttle `json:"throttle,omitempty"`
	Cores        []Core    `json:"cores"` // logical cores; never null
}

// Throttle is the state that a Raspberry Pi's firmware reports.
type Throttle struct {
	Raw                      uint32 `json:"raw"`
	Undervoltage             bool   `json:"undervoltage"`                // bit 0
	FrequencyCapped          bool   `json:"frequency_capped"`            // bit 1
	Throttled                bool   `json:"throttled"`                   // bit 2
	SoftTempLimit            bool   `json:"soft_temp_limit"`             // bit 3
	UndervoltageSinceBoot    bool   `json:"undervoltage_since_boot"`     // bit 16
	FrequencyCappedSinceBoot bool   `json:"frequency_capped_since_boot"` // bit 17
	ThrottledSinceBoot       bool   `json:"throttled_since_boot"`        // bit 18
	SoftTempLimitSinceBoot   bool   `json:"soft_temp_limit_since_boot"`  // bit 19
}

// Core is one logical core.
type Core struct {
	ID           uint32  `json:"id"`
	UsagePercent float64 `json:"usage_percent"` // 0..100
	FrequencyMHz *uint64 `json:"frequency_mhz"`
	Label        *string `json:"label"`
}

// Space is the use of a memory or a filesystem, in bytes. Free is total less
// used.
type Space struct {
	TotalBytes uint64 `json:"total_bytes"`
	UsedBytes  uint64 `json:"used_bytes"`
	FreeBytes  uint64 `json:"free_bytes"`
}

// Disk is one mounted filesystem.
type Disk struct {
	Mount      string `json:"mount"`
	TotalBytes uint64 `json:"total_bytes"`
	UsedBytes  uint64 `json:"used_bytes"`
	FreeBytes  uint64 `json:"free_bytes"`
}

// GPU is the graphics part of a TelemetrySample.
type GPU struct {
	UsagePercent *float64 `json:"usage_percent,omitempty"` // 0..100
	TemperatureC *float64 `json:"temperature_c,omitempty"` // degrees Celsius
	FrequencyMHz *uint64  `json:"frequency_mhz,omitempty"`
	Memory       *Space   `json:"memory,omitempty"`
}

// Power is the board's input supply.
type Power struct {
	Watts *float64 `json:"watts,omitempty"`
	Volts *float64 `json:"volts,omitempty"`
	Amps  *float64 `json:"amps,omitempty"`
}

// Traffic counts bytes of one interface or of all.
type Traffic struct {
	RxBytes       uint64  `json:"rx_bytes"`       // since the previous sample
	TxBytes       uint64  `json:"tx_bytes"`       // since the previous sample
	TotalRxBytes  uint64  `json:"total_rx_bytes"` // since boot
	TotalTxBytes  uint64  `json:"total_tx_bytes"` // since boot
	RxBytesPerSec float64 `json:"rx_bytes_per_sec"`
	TxBytesPerSec float64 `json:"tx_bytes_per_sec"`
}

// Network is the traffic of all interfaces and of each.
type Network struct {
	Traffic
	Interfaces []Interface `json:"interfaces"` // never null
}

// Interface is one network interface.
type Interface struct {
	Name string `json:"name"`
	Traffic
	MAC *string `json:"mac"` // null for interfaces without an address
}

// Engine is the link to the media engine.
type Engine struct {
	Connected        bool    `json:"connected"`
	LastDisconnectMS *uint64 `json:"last_disconnect_ms,omitempty"` // Unix time
}
