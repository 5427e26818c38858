package devflow

// LogEntry is one message of the application's log.
type LogEntry struct {
	Timestamp Timestamp `json:"timestamp" format:"date-time"` // when it was recorded
	// Level is one of the Level constants.
	Level     string `json:"level" enum:"trace,debug,info,warning,error,critical"`
	Category  string `json:"category"` // logger or component; may be empty
	Message   string `json:"message"`
	Exception string `json:"exception,omitempty"` // error chain or stack
	// Source is one of the Source constants, or another word.
	Source string `json:"source"`

	*LogEntryMirror
}

// LogEntryMirror are the short names of a LogEntry, which it has in the mirror.
type LogEntryMirror struct {
	T Timestamp `json:"t" format:"date-time"` // mirror: timestamp
	// L is the level under its longer name.
	L string `json:"l" enum:"Trace,Debug,Information,Warning,Error,Critical"`
	C string `json:"c"`           // mirror: category
	M string `json:"m"`           // mirror: message
	E string `json:"e,omitempty"` // mirror: exception
	S string `json:"s"`           // mirror: source
}

// Levels of a LogEntry, ascending.
const (
	LevelTrace    = "trace"
	LevelDebug    = "debug"
	LevelInfo     = "info"
	LevelWarning  = "warning"
	LevelError    = "error"
	LevelCritical = "critical"
)

// Sources of a LogEntry.
const (
	SourceNative    = "native"    // the application
	SourceWebView   = "webview"   // script in a page
	SourceFramework = "framework" // what carries the application, the agent included
	SourceAll       = "all"       // in parameters: no filter
)

// LogReplay is the first message of /ws/v1/logs.
type LogReplay struct {
	Type      string        `json:"type" const:"replay"`
	Timestamp Timestamp     `json:"timestamp" format:"date-time"`
	Data      LogReplayData `json:"data"`
	Entries   []LogEntry    `json:"entries,omitzero"` // mirror: data.entries
}

// LogReplayData is the payload of a LogReplay.
type LogReplayData struct {
	Entries []LogEntry `json:"entries"` // newest first
}

// LogMessage is a new log entry.
type LogMessage struct {
	Type      string    `json:"type" const:"log"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
	Data      LogData   `json:"data"`
	Entry     *LogEntry `json:"entry,omitempty"` // mirror: data.entry
}

// LogData is the payload of a LogMessage.
type LogData struct {
	Entry LogEntry `json:"entry"`
}
