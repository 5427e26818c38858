package cdp

import (
	"fmt"
	"strings"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"

	"github.com/heliograph/heliograph/internal/recorder"
)

// logGroup is the group in which the browser keeps logged objects for us.
const logGroup = "console"

// consoleState is what is known of the console.
type consoleState struct {
	since float64         // messages until then, in ms, were recorded at an earlier visit
	held  map[string]bool // sessions with logged objects
}

// tick gives free what the browser has kept of logged objects: they would stay in
// its memory as long as we are attached.
func (c *consoleState) tick(p *page) { c.release(p) }

func (c *consoleState) release(p *page) {
	for session := range c.held {
		p.call(session, runtime.CommandReleaseObjectGroup, runtime.ReleaseObjectGroupParams{ObjectGroup: logGroup}, nil)
	}
	clear(c.held)
}

func (c *consoleState) hold(session string) {
	if c.held == nil {
		c.held = map[string]bool{}
	}
	c.held[session] = true
}

// fresh reports whether a message of that time has not been recorded yet: the
// browser repeats old ones when a client attaches.
func (p *page) fresh(at float64) bool {
	const most = 64
	seen := p.src.seen
	if _, known := seen[p.target.ID]; !known && len(seen) >= most {
		clear(seen)
	}
	seen[p.target.ID] = max(seen[p.target.ID], at)
	return at > p.console.since
}

// logged takes a call of the console's functions.
func (p *page) logged(session string, e *runtime.EventConsoleAPICalled) {
	p.console.hold(session)
	if !p.fresh(float64(e.Timestamp)) || e.Type == runtime.ConsoleAPICalledTypeEndGroup || e.Type == runtime.ConsoleAPICalledTypeClear {
		return
	}
	entry := recorder.LogEntry{
		Time: millis(float64(e.Timestamp)), Level: consoleLevel(e.Type), Category: "console",
		Message: p.src.text(render(e.Args)), Source: recorder.SourceWebView,
	}
	if name, _, ok := strings.Cut(e.Context, "#"); ok && name != "" {
		entry.Category = "console." + name
	}
	entry.Exception = p.src.text(errorText(e.Args))
	switch e.Type {
	case runtime.ConsoleAPICalledTypeAssert:
		entry.Message = strings.TrimSpace("Assertion failed: " + strings.TrimPrefix(entry.Message, "console.assert"))
	case runtime.ConsoleAPICalledTypeTrace:
		if entry.Message == "" {
			entry.Message = "console.trace"
		}
	}
	if entry.Exception == "" && withStack(e.Type) {
		entry.Exception = p.src.text(stack(e.StackTrace))
	}
	p.rec.Logs.Record(entry)
}

// withStack tells whether the place of a call is of interest.
func withStack(t runtime.ConsoleAPICalledType) bool {
	return t == runtime.ConsoleAPICalledTypeError || t == runtime.ConsoleAPICalledTypeAssert || t == runtime.ConsoleAPICalledTypeTrace
}

func consoleLevel(t runtime.ConsoleAPICalledType) recorder.Level {
	switch t {
	case runtime.ConsoleAPICalledTypeDebug:
		return recorder.Debug
	case runtime.ConsoleAPICalledTypeWarning:
		return recorder.Warning
	case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeAssert:
		return recorder.Error
	}
	return recorder.Info
}

// thrown takes an unhandled exception or rejection.
func (p *page) thrown(session string, e *runtime.EventExceptionThrown) {
	p.console.hold(session)
	d := e.ExceptionDetails
	if d == nil || !p.fresh(float64(e.Timestamp)) {
		return
	}
	message, trace := exception(d)
	message, trace = p.src.text(message), p.src.text(trace)
	at := millis(float64(e.Timestamp))
	p.rec.UI.Failure(recorder.Failure{Message: message, Stack: trace}, at)
	p.rec.Logs.Record(recorder.LogEntry{
		Time: at, Level: recorder.Error, Category: "exception", Message: message, Exception: trace, Source: recorder.SourceWebView,
	})
}

// exception returns what an exception says and where it comes from.
func exception(d *runtime.ExceptionDetails) (message, trace string) {
	message = d.Text // such as "Uncaught" or "Uncaught (in promise)"
	if x := d.Exception; x != nil {
		text := value(x, false)
		if string(x.Subtype) == "error" {
			text, trace = splitStack(x.Description)
		}
		if text != "" && !strings.Contains(message, text) {
			message += " " + text
		}
	}
	if trace == "" {
		trace = stack(d.StackTrace)
	}
	if trace == "" && d.URL != "" {
		trace = fmt.Sprintf("    at %s:%d:%d", d.URL, d.LineNumber+1, d.ColumnNumber+1)
	}
	return message, trace
}

// entry takes what the browser itself has to say: network errors, violations,
// deprecations.
func (p *page) entry(_ string, e *cdplog.EventEntryAdded) {
	x := e.Entry
	if x == nil || !p.fresh(float64(x.Timestamp)) {
		return
	}
	if x.Source == cdplog.EntrySourceWorker && p.hasWorker() {
		return // the worker has said it itself
	}
	text := x.Text
	if x.URL != "" && !strings.Contains(text, x.URL) {
		text += " " + x.URL
		if x.LineNumber > 0 {
			text += fmt.Sprintf(":%d", x.LineNumber+1)
		}
	}
	p.rec.Logs.Record(recorder.LogEntry{
		Time: millis(float64(x.Timestamp)), Level: entryLevel(x.Level), Category: "browser." + string(x.Source),
		Message: p.src.text(text), Exception: p.src.text(stack(x.StackTrace)), Source: recorder.SourceWebView,
	})
}

// hasWorker reports whether a worker of the page is looked into.
func (p *page) hasWorker() bool {
	for _, kind := range p.sessions {
		if kind == "worker" || kind == "shared_worker" {
			return true
		}
	}
	return false
}

func entryLevel(l cdplog.EntryLevel) recorder.Level {
	switch l {
	case cdplog.EntryLevelVerbose:
		return recorder.Debug
	case cdplog.EntryLevelWarning:
		return recorder.Warning
	case cdplog.EntryLevelError:
		return recorder.Error
	}
	return recorder.Info
}

// stack writes a stack as a browser does.
func stack(t *runtime.StackTrace) string {
	const most = 64
	var b strings.Builder
	lines := 0
	for ; t != nil && lines < most; t = t.Parent {
		if lines > 0 && t.Description != "" {
			fmt.Fprintf(&b, "\n    -- %s --", t.Description)
		}
		for _, f := range t.CallFrames {
			if f == nil || lines >= most {
				continue
			}
			place := fmt.Sprintf("%s:%d:%d", f.URL, f.LineNumber+1, f.ColumnNumber+1)
			if f.FunctionName != "" {
				place = f.FunctionName + " (" + place + ")"
			}
			if lines > 0 || b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString("    at " + place)
			lines++
		}
	}
	return b.String()
}

// millis returns the moment that many milliseconds after 1970.
func millis(ms float64) time.Time {
	if ms <= 0 || ms > 1e14 {
		return time.Now()
	}
	return time.UnixMicro(int64(ms * 1000))
}
