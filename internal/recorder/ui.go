package recorder

import (
	"time"
)

// UIKind is a kind of event of the user interface.
type UIKind int

// The kinds.
const (
	KindNavigation UIKind = iota
	KindLifecycle
	KindTreeChange
	KindAlert
	KindFailure
)

// States of an application's life.
const (
	StateStarted      = "started"
	StateResumed      = "resumed"
	StatePaused       = "paused"
	StateStopped      = "stopped"
	StateBackgrounded = "backgrounded"
	StateForegrounded = "foregrounded"
)

// UIEvent is one event of the user interface; the member that Kind names is set.
type UIEvent struct {
	Kind       UIKind
	Time       time.Time
	Navigation Navigation
	State      string // KindLifecycle: one of the State constants
	Tree       TreeChange
	Alert      Alert
	Failure    Failure
}

// Navigation is a change of page or screen. Empty texts are absent.
type Navigation struct {
	From  string // empty: what was navigated to before
	To    string
	Route string // pattern, if there is one
}

// TreeChange is a change of the tree of visible elements.
type TreeChange struct {
	Change      string // added, removed, modified
	ElementID   string // the same for the same element as long as it lives
	ElementType string
	ParentID    string // empty: a root
}

// Alert is a dialog that appeared. Title and Message may be empty.
type Alert struct {
	Title, Message string
	Buttons        []string
}

// Failure is an unhandled error.
type Failure struct {
	Message string
	Stack   string // empty: none
}

// keepTree is how long tree changes are wanted after the last reader, so that one
// who comes back finds the producer ready.
const keepTree = 2 * time.Second

// UI holds the present state of the user interface and streams its events.
type UI struct {
	gate gate
	buf  *buffer[UIEvent]

	// Guarded by buf.mu.
	state     UIEvent // KindLifecycle
	route     UIEvent // KindNavigation
	navigated bool
}

func newUI(opts Options) *UI {
	u := &UI{state: UIEvent{Kind: KindLifecycle, State: StateStarted, Time: time.Now().UTC()}}
	// Nothing is kept, so tree changes are wanted only while somebody reads.
	u.gate.init(Options{Mode: OnDemand, Keep: keepTree})
	size := func(e UIEvent) int {
		n := 512 + len(e.Navigation.From) + len(e.Navigation.To) + len(e.Navigation.Route) + len(e.Alert.Title) +
			len(e.Alert.Message) + len(e.Failure.Message) + len(e.Failure.Stack)
		for _, button := range e.Alert.Buttons {
			n += len(button)
		}
		return n
	}
	u.buf = newBuffer("app ui", 0, 0, size, opts)
	return u
}

// Wants reports whether tree changes, which can be many, would be recorded: in every
// mode, whether somebody reads. It is one atomic load. Other events are always wanted.
func (u *UI) Wants() bool { return u.gate.open.Load() }

// Navigate records a navigation. An empty From becomes the present route.
func (u *UI) Navigate(n Navigation, at time.Time) {
	n.From, n.To, n.Route = cut(n.From, maxText), cut(n.To, maxText), cut(n.Route, maxText)
	u.buf.mu.Lock()
	defer u.buf.mu.Unlock()
	if n.From == "" && u.navigated {
		n.From = u.route.Navigation.To
	}
	e := UIEvent{Kind: KindNavigation, Time: utc(at), Navigation: n}
	u.route, u.navigated = e, true
	u.buf.noteLocked(e)
}

// Lifecycle records the state the application is in now, one of the State
// constants. Others, and the state it is in already, are ignored.
func (u *UI) Lifecycle(state string, at time.Time) {
	switch state {
	case StateStarted, StateResumed, StatePaused, StateStopped, StateBackgrounded, StateForegrounded:
	default:
		return
	}
	u.buf.mu.Lock()
	defer u.buf.mu.Unlock()
	if u.state.State == state && state != StateStarted {
		return
	}
	u.state = UIEvent{Kind: KindLifecycle, Time: utc(at), State: state}
	u.buf.noteLocked(u.state)
}

// TreeChange records a change of the tree, if it is wanted.
func (u *UI) TreeChange(c TreeChange, at time.Time) {
	if !u.Wants() {
		return
	}
	for _, text := range []*string{&c.ElementID, &c.ElementType, &c.ParentID} {
		*text = cut(*text, maxShort)
	}
	u.buf.note(UIEvent{Kind: KindTreeChange, Time: utc(at), Tree: c})
}

// Alert records a dialog.
func (u *UI) Alert(a Alert, at time.Time) {
	const maxButtons = 32
	a.Title, a.Message = cut(a.Title, maxText), cut(a.Message, maxText)
	buttons := make([]string, 0, min(len(a.Buttons), maxButtons))
	for _, b := range a.Buttons[:min(len(a.Buttons), maxButtons)] {
		buttons = append(buttons, cut(b, maxShort))
	}
	a.Buttons = buttons
	u.buf.note(UIEvent{Kind: KindAlert, Time: utc(at), Alert: a})
}

// Failure records an unhandled error.
func (u *UI) Failure(f Failure, at time.Time) {
	f.Message, f.Stack = cut(f.Message, maxText), cut(f.Stack, maxText)
	u.buf.note(UIEvent{Kind: KindFailure, Time: utc(at), Failure: f})
}

// State returns the present state, one of the State constants.
func (u *UI) State() string {
	u.buf.mu.Lock()
	defer u.buf.mu.Unlock()
	return u.state.State
}

// Open returns the present state, the present route if one is known (with an empty
// From), and the events to come, taken in one step.
func (u *UI) Open(wake func()) (now []UIEvent, s *Stream[UIEvent], err error) {
	u.buf.mu.Lock()
	defer u.buf.mu.Unlock()
	s, err = u.buf.openLocked(&u.gate, wake)
	if err != nil {
		return nil, nil, err
	}
	now = append(now, u.state)
	if u.navigated {
		route := u.route
		route.Navigation.From = ""
		now = append(now, route)
	}
	return now, s, nil
}

// Position returns the number of the newest event.
func (u *UI) Position() uint64 { return u.buf.position() }

func (u *UI) close() {
	u.gate.close()
	u.buf.close()
}
