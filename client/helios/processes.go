package helios

// ProcessesServerEvent is a message of processes.stream: ProcessesReady,
// ProcessesSnapshotEvent or ErrorEvent.
type ProcessesServerEvent interface{ processesServerEvent() }

// ProcessesReady is the first message of processes.stream.
type ProcessesReady struct {
	Type       string `json:"type"`        // "ready"
	IntervalMS uint64 `json:"interval_ms"` // in force after clamping
}

// ProcessesSnapshotEvent carries one snapshot.
type ProcessesSnapshotEvent struct {
	Type     string            `json:"type"` // "snapshot"
	Snapshot ProcessesSnapshot `json:"snapshot"`
}

func (ProcessesReady) processesServerEvent()         {}
func (ProcessesSnapshotEvent) processesServerEvent() {}
func (ErrorEvent) processesServerEvent()             {}

// ProcessesSnapshot lists processes, those that use most first.
type ProcessesSnapshot struct {
	TimestampMS      uint64          `json:"timestamp_ms"`
	TotalMemoryBytes uint64          `json:"total_memory_bytes"`
	UsedMemoryBytes  uint64          `json:"used_memory_bytes"`
	Processes        []ProcessSample `json:"processes"` // never null
}

// ProcessSample is one process.
type ProcessSample struct {
	PID                uint32   `json:"pid"`
	Name               string   `json:"name"`                 // short name
	CPUPercent         float64  `json:"cpu_percent"`          // of the whole machine, 0..100
	MemoryBytes        uint64   `json:"memory_bytes"`         // resident
	VirtualMemoryBytes uint64   `json:"virtual_memory_bytes"` //
	Status             string   `json:"status,omitempty"`     // "Run", "Sleep", "Zombie", …
	Cmd                []string `json:"cmd,omitempty"`        // arguments
}
