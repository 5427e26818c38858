package heliograph

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// State is a state of an application's life.
type State string

// The states. A new agent is Started; Close does not change the state.
const (
	Started      State = recorder.StateStarted
	Resumed      State = recorder.StateResumed
	Paused       State = recorder.StatePaused
	Stopped      State = recorder.StateStopped
	Backgrounded State = recorder.StateBackgrounded
	Foregrounded State = recorder.StateForegrounded
)

// Lifecycle tells the state that the application is in now. The state it is in
// already, and words that are no State, are ignored.
func (a *Agent) Lifecycle(s State) {
	if a != nil {
		a.rec.UI.Lifecycle(string(s), time.Time{})
	}
}

// Navigation is a change of page or screen.
type Navigation struct {
	From  string // empty: where the last navigation led to
	To    string
	Route string // pattern of To, for example "/orders/{id}"; may be empty
}

// Navigate tells that the application shows another page or screen.
func (a *Agent) Navigate(n Navigation) {
	if a != nil {
		a.rec.UI.Navigate(recorder.Navigation(n), time.Time{})
	}
}

// Change is what happened to an element.
type Change string

// The changes.
const (
	Added    Change = "added"
	Removed  Change = "removed"
	Modified Change = "modified"
)

// TreeChange is a change of the tree of visible elements.
type TreeChange struct {
	Change      Change
	ElementID   string // the same for an element as long as it lives
	ElementType string // for example "Button"
	ParentID    string // empty: a root
}

// Watched reports whether a client follows the events of the user interface now or
// did so lately. It is one atomic load; programs ask it before they work out changes
// of the tree.
func (a *Agent) Watched() bool { return a != nil && a.rec.UI.Wants() }

// TreeChange tells that an element was added, removed or modified. It does nothing
// unless Watched.
func (a *Agent) TreeChange(c TreeChange) {
	if a.Watched() {
		a.rec.UI.TreeChange(recorder.TreeChange{
			Change: string(c.Change), ElementID: c.ElementID, ElementType: c.ElementType, ParentID: c.ParentID,
		}, time.Time{})
	}
}

// Alert is a dialog.
type Alert struct {
	Title, Message string   // may be empty
	Buttons        []string // their texts
}

// Alert tells that a dialog appeared.
func (a *Agent) Alert(alert Alert) {
	if a != nil {
		a.rec.UI.Alert(recorder.Alert(alert), time.Time{})
	}
}

// RecoverPanic ends a panic of the goroutine and reports it. It must be deferred
// directly:
//
//	go func() {
//		defer agent.RecoverPanic()
//		work()
//	}()
//
// With a nil Agent the panic ends, too, so that a program behaves the same with and
// without one. See ReportPanic for panics that are to go on.
func (a *Agent) RecoverPanic() {
	if v := recover(); v != nil {
		a.panicked(v, debug.Stack())
	}
}

// ReportPanic reports a value that the program has recovered itself, with the stack of
// the goroutine: as an error of the user interface and as a critical log record.
//
//	defer func() {
//		if v := recover(); v != nil {
//			agent.ReportPanic(v)
//			panic(v)
//		}
//	}()
func (a *Agent) ReportPanic(v any) {
	if a != nil {
		a.panicked(v, debug.Stack())
	}
}

func (a *Agent) panicked(v any, stack []byte) {
	if a == nil {
		return
	}
	text := a.mask(fmt.Sprint(v))
	now := time.Now()
	a.rec.UI.Failure(recorder.Failure{Message: text, Stack: string(stack)}, now)
	a.rec.Logs.Record(recorder.LogEntry{
		Time: now, Level: recorder.Critical, Category: "panic", Message: "panic: " + text, Exception: string(stack),
	})
}
