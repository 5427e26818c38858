package logtext

import (
	"regexp"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Bounds of one entry of several lines.
const (
	maxTraceBytes = 64 << 10
	maxTraceLines = 2000
	// maxPreamble is how many lines Node may show before the error that it dies of.
	maxPreamble = 8
)

// kind is the kind of stack trace that is being collected.
type kind int

const (
	none         kind = iota
	frames            // of Node and Java: indented "at …"
	object            // what Node shows of an error behind its frames: { … }
	python            // within a traceback
	pythonEnd         // behind its last line: another one may follow
	goPanic           // of a program that ends: everything up to its end
	goroutines        // stacks of goroutines
	nodePreamble      // file and line before an error that nobody caught
	nodeFatal         // that error
)

// Assembler puts the lines of one stream together to entries. It is used by one
// goroutine.
type Assembler struct {
	// Fallback is the level of lines that do not tell one.
	Fallback recorder.Level
	// Emit gets each entry when it is complete.
	Emit func(recorder.LogEntry)

	entry   recorder.LogEntry
	pending bool
	told    bool // the entry's line has told its level
	kind    kind
	trace   []string
	bytes   int
}

// Pending reports whether an entry waits for more of it. It is complete when nothing
// follows for a moment, which only the caller can know: then it calls Flush.
func (a *Assembler) Pending() bool { return a.pending }

// Line takes a line without its newline that was read at the given time.
func (a *Assembler) Line(line string, read time.Time) {
	text := plain(line)
	if a.pending && a.continues(text) {
		a.add(text)
		return
	}
	if strings.TrimSpace(text) == "" {
		a.Flush()
		return
	}
	if a.starts(text, read) {
		return
	}
	a.Flush()
	a.entry, a.told = Parse(text, a.Fallback, read)
	a.pending = true
}

var (
	frame      = regexp.MustCompile(`^\s+at \S|^\s*Caused by: |^\s+\.\.\. \d+ (?:more|common frames)|^\s+Suppressed: |^\s+\[(?:cause|errors|stack)\]:? `)
	traceback  = regexp.MustCompile(`^\s*[+|]?\s*(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):|^  File "[^"]*", line \d+$`)
	pyRaised   = regexp.MustCompile(`^[A-Za-z_][\w.]*(?:: |:?$)`)
	goroutine  = regexp.MustCompile(`^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[`)
	goCall     = regexp.MustCompile(`^[\w./@*()\[\]{},…~-]+\(.*\)$|^created by |^\.\.\.(?:additional|\d+) frames? elided|^exit status \d+$|^\[signal |^\s*panic: `)
	sourceLine = regexp.MustCompile(`^(?:/|file://|node:|\[)[^ ]*:\d+$`)
	jsError    = regexp.MustCompile(`^(?:Uncaught:? )?[A-Z$][\w$.]*(?: \[\w+\])?: |^[A-Z][\w$.]*(?:Error|Exception)$|^\[?Uncaught`)
)

// continues reports whether a line belongs to the entry that is pending, and what
// the trace is now.
func (a *Assembler) continues(text string) bool {
	blank := strings.TrimSpace(text) == ""
	switch a.kind {
	case none, frames:
		if mayBeFrame(text) && frame.MatchString(text) {
			a.begin(frames)
			if strings.HasSuffix(text, " {") {
				a.kind = object
			}
			return true
		}
	case object:
		if strings.HasPrefix(text, "}") {
			a.kind = frames
			return true
		}
		return !blank
	case python:
		if text != "" && text[0] != ' ' && text[0] != '\t' && pyRaised.MatchString(text) {
			a.kind = pythonEnd
			if !a.told {
				a.entry.Message = text
			}
			return true
		}
		return blank || text[0] == ' ' || text[0] == '\t'
	case pythonEnd:
		switch {
		case isTraceback(text):
			a.kind = python
			return true
		case blank, strings.HasPrefix(text, "During handling of the above exception"), strings.HasPrefix(text, "The above exception was the direct cause"):
			return true
		}
	case goPanic:
		return true
	case goroutines:
		return blank || text[0] == '\t' || goroutine.MatchString(text) || goCall.MatchString(text)
	case nodePreamble:
		if jsError.MatchString(text) {
			a.kind, a.entry.Message = nodeFatal, text
		}
		return a.kind == nodeFatal || len(a.trace) < maxPreamble
	case nodeFatal:
		return blank || text[0] == ' ' || text[0] == '}' || strings.HasPrefix(text, "Node.js v") || strings.HasPrefix(text, "Caused by")
	}
	if a.kind <= frames && strings.HasPrefix(text, "goroutine ") && goroutine.MatchString(text) && a.trace == nil {
		a.begin(goroutines)
		return true
	}
	return false
}

// mayBeFrame spares most lines the regular expression.
func mayBeFrame(text string) bool {
	return text != "" && (text[0] == ' ' || text[0] == '\t' || text[0] == 'C')
}

// begin makes the message the first line of a trace that follows it.
func (a *Assembler) begin(k kind) {
	if a.kind == none {
		if !a.told {
			a.entry.Level = max(a.entry.Level, recorder.Error)
			if k == frames {
				a.add(a.entry.Message)
			}
		}
	}
	a.kind = k
}

// starts reports whether a line begins a trace of its own, or one that belongs to
// the entry before.
func (a *Assembler) starts(text string, read time.Time) bool {
	switch {
	case isTraceback(text):
		if a.pending && a.told && a.kind == none && a.entry.Exception == "" {
			a.kind = python // of the message that was logged with it
			a.add(text)
			return true
		}
		a.open(text, read, recorder.Error, python)
	case strings.HasPrefix(text, "panic: "), strings.HasPrefix(text, "fatal error: "):
		a.open(text, read, recorder.Critical, goPanic)
	case a.Fallback > recorder.Info && strings.Contains(text, ":") && !strings.Contains(text, " ") && sourceLine.MatchString(text):
		a.open(text, read, recorder.Error, nodePreamble)
	default:
		return false
	}
	return true
}

func isTraceback(text string) bool {
	return (strings.Contains(text, "Traceback (most") || strings.HasPrefix(text, "  File")) && traceback.MatchString(text)
}

func (a *Assembler) open(text string, read time.Time, level recorder.Level, k kind) {
	a.Flush()
	a.entry = recorder.LogEntry{Time: read, Level: level, Message: text}
	a.pending, a.kind = true, k
	a.add(text)
}

// add adds a line to the trace, as far as the bounds allow.
func (a *Assembler) add(text string) {
	if len(a.trace) >= maxTraceLines || a.bytes+len(text) > maxTraceBytes {
		return
	}
	a.trace = append(a.trace, text)
	a.bytes += len(text) + 1
}

// Flush hands over the entry that is pending, if there is one.
func (a *Assembler) Flush() {
	if !a.pending {
		return
	}
	e, lines, k := a.entry, a.trace, a.kind
	a.entry, a.pending, a.told, a.kind, a.trace, a.bytes = recorder.LogEntry{}, false, false, none, nil, 0
	if k == nodePreamble { // it was something else
		for _, line := range lines {
			if strings.TrimSpace(line) != "" {
				entry, _ := Parse(line, a.Fallback, e.Time)
				a.Emit(entry)
			}
		}
		return
	}
	if trace := strings.TrimRight(strings.Join(lines, "\n"), "\n \t"); trace != "" {
		if e.Exception != "" {
			trace = e.Exception + "\n" + trace
		}
		e.Exception = trace
	}
	a.Emit(e)
}
