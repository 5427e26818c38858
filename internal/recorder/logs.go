package recorder

import (
	"strings"
	"time"
)

// Level is the severity of a log entry, ascending.
type Level int

// The levels.
const (
	Trace Level = iota
	Debug
	Info
	Warning
	Error
	Critical
)

// String returns the lower-case name.
func (l Level) String() string {
	if l < Trace || l > Critical {
		return "info"
	}
	return [...]string{"trace", "debug", "info", "warning", "error", "critical"}[l]
}

// ParseLevel understands the names and their usual variants, in any case:
// information, notice, warn, err, fatal, panic, crit, alert, emerg.
func ParseLevel(text string) (level Level, ok bool) {
	switch strings.ToLower(text) {
	case "trace", "verbose":
		return Trace, true
	case "debug":
		return Debug, true
	case "info", "information", "notice":
		return Info, true
	case "warning", "warn":
		return Warning, true
	case "error", "err":
		return Error, true
	case "critical", "fatal", "panic", "crit", "alert", "emerg":
		return Critical, true
	}
	return Info, false
}

// The usual sources of log entries.
const (
	SourceNative    = "native"    // the application itself
	SourceWebView   = "webview"   // script in a page
	SourceFramework = "framework" // what carries the application, this agent included
)

// Bounds of a log entry's texts, in bytes.
const (
	maxText     = 64 << 10
	maxCategory = 1 << 10
	maxLogBytes = 8 << 20
)

// LogEntry is one log message.
type LogEntry struct {
	Time      time.Time // zero: now
	Level     Level
	Category  string // logger or component; may be empty
	Message   string
	Exception string // error chain or stack; empty: none
	Source    string // one of the Source constants; empty: SourceNative
}

// Logs holds the application's log.
type Logs struct {
	gate gate
	keep Level
	buf  *buffer[LogEntry]
}

func newLogs(opts Options) *Logs {
	l := &Logs{keep: opts.KeepLevel}
	l.gate.init(opts)
	size := func(e LogEntry) int { return 160 + len(e.Category) + len(e.Message) + len(e.Exception) }
	l.buf = newBuffer("app logs", opts.Capacity.Logs, maxLogBytes, size, opts)
	return l
}

// Wants reports whether an entry of the level would be recorded. It is one atomic
// load at the most.
func (l *Logs) Wants(level Level) bool { return level >= l.keep || l.gate.open.Load() }

// Record records an entry, if it is wanted.
func (l *Logs) Record(e LogEntry) {
	if !l.Wants(e.Level) {
		return
	}
	e.Time = utc(e.Time)
	e.Level = min(max(e.Level, Trace), Critical)
	e.Category = cut(e.Category, maxCategory)
	e.Message, e.Exception = cut(e.Message, maxText), cut(e.Exception, maxText)
	if e.Source == "" {
		e.Source = SourceNative
	}
	l.buf.add(e)
}

// Held returns the kept entries, oldest first. It counts as interest.
func (l *Logs) Held() []*Event[LogEntry] {
	l.gate.touch()
	return l.buf.held()
}

// Open returns the kept entries and those to come. wake is called as told at
// topic.SubscribeOptions; it may be nil.
func (l *Logs) Open(wake func()) (*Stream[LogEntry], error) { return l.buf.open(&l.gate, wake) }

func (l *Logs) close() {
	l.gate.close()
	l.buf.close()
}
