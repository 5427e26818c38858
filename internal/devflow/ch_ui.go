package devflow

import (
	"context"
	"encoding/json"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// kinds is a set of kinds of events.
type kinds uint8

// allKinds is every kind.
const allKinds = kinds(1<<recorder.KindNavigation | 1<<recorder.KindLifecycle | 1<<recorder.KindTreeChange |
	1<<recorder.KindAlert | 1<<recorder.KindFailure)

// parseKinds reads names, of which unknown ones are left out.
func parseKinds(names []string) (set kinds, all bool) {
	for _, name := range names {
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "navigation":
			set |= 1 << recorder.KindNavigation
		case "lifecycle":
			set |= 1 << recorder.KindLifecycle
		case "treechange":
			set |= 1 << recorder.KindTreeChange
		case "alert":
			set |= 1 << recorder.KindAlert
		case "error":
			set |= 1 << recorder.KindFailure
		case "all":
			all = true
		}
	}
	return set, all
}

func (k kinds) has(kind recorder.UIKind) bool { return k&(1<<kind) != 0 }

// selection is what a client is subscribed to.
type selection struct {
	set kinds
	all bool // it was said as all
}

// change returns the selection after a command.
func (s selection) change(subscribe bool, set kinds, all bool) selection {
	switch {
	case subscribe && all:
		return selection{allKinds, true}
	case all:
		return selection{}
	case set == 0:
		return s
	case subscribe && s.all:
		return selection{set: set}
	case subscribe:
		return selection{set: s.set | set}
	default:
		return selection{set: s.set &^ set}
	}
}

// serveUI sends the present state and then the events that the client wants.
func serveUI(ctx context.Context, s *session, params any) error {
	wanted := selection{allKinds, true}
	if set, all := parseKinds(strings.Split(params.(*wire.UIParams).Events, ",")); set != 0 && !all {
		wanted = selection{set: set}
	}
	present, stream, err := s.api.rec.UI.Open(s.conn.Wake)
	if err != nil {
		return err
	}
	defer stream.Close()
	for _, e := range present {
		if !wanted.set.has(e.Kind) {
			continue
		}
		if err := s.send(ctx, toUIMessage(e)); err != nil {
			return err
		}
	}
	// applied is what holds at the place in the stream that the pump has reached.
	applied := wanted.set
	f := newFeed(stream, stream.Last, func(e *recorder.Event[recorder.UIEvent]) (*wsconn.Frame, error) {
		if !applied.has(e.Value.Kind) {
			return nil, nil
		}
		return live(e, false, uiMessage) // there is no mirror of these messages
	})
	return run(ctx, s, stream, f, func(c command) error {
		subscribe := c.Type == wire.TypeSubscribe
		if !subscribe && c.Type != wire.TypeUnsubscribe {
			return nil
		}
		set, all := parseKinds(texts(c.Data["events"]))
		wanted = wanted.change(subscribe, set, all)
		now := wanted.set
		return f.put(ctx, s.conn, s.api.rec.UI.Position(), func() *wsconn.Frame { applied = now; return nil })
	})
}

// texts reads the strings of a JSON array, and leaves other things out.
func texts(raw json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	var found []string
	for _, one := range list {
		var s string
		if text(one, &s) {
			found = append(found, s)
		}
	}
	return found
}

func uiMessage(e recorder.UIEvent, _ bool) ([]byte, error) { return marshal(toUIMessage(e)) }

// toUIMessage converts an event.
func toUIMessage(e recorder.UIEvent) any {
	at := wire.NewTimestamp(e.Time)
	switch e.Kind {
	case recorder.KindNavigation:
		return wire.NavigationMessage{Type: wire.UINavigation, Timestamp: now(), Data: wire.NavigationData{
			From: optional(e.Navigation.From), To: e.Navigation.To, Route: optional(e.Navigation.Route), Timestamp: at,
		}}
	case recorder.KindLifecycle:
		return wire.LifecycleMessage{Type: wire.UILifecycle, Timestamp: now(), Data: wire.LifecycleData{State: e.State, Timestamp: at}}
	case recorder.KindTreeChange:
		return wire.TreeChangeMessage{Type: wire.UITreeChange, Timestamp: now(), Data: wire.TreeChangeData{
			ChangeType: e.Tree.Change, ElementID: e.Tree.ElementID, ElementType: e.Tree.ElementType,
			ParentID: optional(e.Tree.ParentID), Timestamp: at,
		}}
	case recorder.KindAlert:
		buttons := e.Alert.Buttons
		if buttons == nil {
			buttons = []string{}
		}
		return wire.AlertMessage{Type: wire.UIAlert, Timestamp: now(), Data: wire.AlertData{
			Title: optional(e.Alert.Title), Message: optional(e.Alert.Message), Buttons: buttons, Timestamp: at,
		}}
	default:
		return wire.FailureMessage{Type: wire.UIError, Timestamp: now(), Data: wire.FailureData{
			Message: e.Failure.Message, StackTrace: optional(e.Failure.Stack), Timestamp: at,
		}}
	}
}

// optional returns nil for an empty text.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
