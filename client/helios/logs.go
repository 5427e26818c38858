package helios

// LogsServerEvent is a message of logs.stream: LogsReady, LogsLine, LogsEOF or
// ErrorEvent.
type LogsServerEvent interface{ logsServerEvent() }

// LogsReady is the first message of logs.stream.
type LogsReady struct {
	Type   string    `json:"type"` // "ready"
	Source LogSource `json:"source"`
}

// LogsLine is one line.
type LogsLine struct {
	Type        string `json:"type"`         // "line"
	TimestampMS uint64 `json:"timestamp_ms"` // when the server read the line
	Line        string `json:"line"`         // without the newline
}

// LogsEOF says that the source has ended.
type LogsEOF struct {
	Type string `json:"type"` // "eof"
}

func (LogsReady) logsServerEvent()  {}
func (LogsLine) logsServerEvent()   {}
func (LogsEOF) logsServerEvent()    {}
func (ErrorEvent) logsServerEvent() {}

// Kinds of log sources.
const (
	LogKindJournal     = "journal_system"
	LogKindJournalUnit = "journal_unit"
	LogKindKernel      = "dmesg"
	LogKindFile        = "file"
)

// LogSource describes a log that can be read.
type LogSource struct {
	ID    string `json:"id"` // "journal", "dmesg", "unit:<name>", "file:<path>"
	Label string `json:"label"`
	Group string `json:"group"`
	// Kind is one of the LogKind constants.
	Kind      string      `json:"kind" enum:"journal_system,journal_unit,dmesg,file"`
	Unit      string      `json:"unit,omitempty"`
	Path      string      `json:"path,omitempty"`
	Important bool        `json:"important"` // list first
	Status    *UnitStatus `json:"status,omitempty"`
}

// UnitStatus is the state of a systemd unit.
type UnitStatus struct {
	ActiveState    string  `json:"active_state"`
	SubState       string  `json:"sub_state"`
	UnitFileState  string  `json:"unit_file_state"`
	Description    string  `json:"description"`
	FragmentPath   *string `json:"fragment_path"`
	MainPID        *uint32 `json:"main_pid"`
	ExecMainStatus *int64  `json:"exec_main_status"`
}

// LogSources is the answer of GET /v1/device/logs/sources.
type LogSources struct {
	Freshness Freshness   `json:"freshness"`
	Sources   []LogSource `json:"sources"`
}

// Freshness says how old an answer is that comes from a cache.
type Freshness struct {
	State           string `json:"state"`  // "live", "stale" or "unavailable"
	Reason          string `json:"reason"` // "live", "refresh_timeout" or "refresh_error"
	ObservedAtMS    uint64 `json:"observed_at_ms"`
	LastSuccessAtMS uint64 `json:"last_success_at_ms,omitempty"`
}
