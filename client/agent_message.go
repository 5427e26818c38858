package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client/devflow"
)

// An AgentItem is one thing that an agent tells, such as a log entry.
type AgentItem[T any] struct {
	// Value is the item as far as this client knows its members.
	Value T
	// Raw is the JSON of the item as it came, with all of its members.
	Raw json.RawMessage
}

// An AgentMessage is one message of a channel of an agent.
type AgentMessage[T any] struct {
	// Type is the type of the message, one of the Type or UI constants of package
	// devflow, or a word that this client does not know; such a message has no items.
	Type string
	// Raw is the whole message as it came.
	Raw json.RawMessage
	// Items are what the message tells, oldest first. A replay that came after a lost
	// connection is without the items that were delivered before.
	Items []AgentItem[T]
}

// decodeItem makes an item of JSON.
func decodeItem[T any](raw json.RawMessage) (AgentItem[T], error) {
	item := AgentItem[T]{Raw: raw}
	err := json.Unmarshal(raw, &item.Value)
	return item, err
}

// decodeItems makes items of JSON values.
func decodeItems[T any](list []json.RawMessage) ([]AgentItem[T], error) {
	items := make([]AgentItem[T], 0, len(list))
	for _, raw := range list {
		item, err := decodeItem[T](raw)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// agentEnvelope is what all messages have.
type agentEnvelope struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// readEnvelope splits a message. Agents of an earlier generation have the payload at
// the top level, which then is the whole message.
func readEnvelope(binary bool, data []byte) (agentEnvelope, error) {
	var e agentEnvelope
	if binary {
		return e, errBinary
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, err
	}
	if e.Type == "" {
		return e, fmt.Errorf("no type in the message")
	}
	if len(e.Data) == 0 {
		e.Data = data
	}
	return e, nil
}

// agentError makes an Error of an error message. Op is the sensor or the id that it is
// about, if it names one.
func agentError(channel string, data json.RawMessage) *Error {
	var p struct{ Message, Error, Sensor, ID string }
	_ = json.Unmarshal(data, &p)
	e := &Error{Channel: channel, Op: firstOf(p.Sensor, p.ID), Message: firstOf(p.Message, p.Error)}
	lower := strings.ToLower(e.Message)
	if strings.HasSuffix(lower, "not found") || strings.Contains(lower, "unknown sensor") {
		e.Code = "not_found"
	}
	return e
}

// refusal is the judge of channels of an agent: an error before anything else is why
// the agent closes the connection. Later ones are news of what goes on.
func refusal[T any](end string) func() func(AgentMessage[T], *Error) verdict {
	return func() func(AgentMessage[T], *Error) verdict {
		first := true
		return func(m AgentMessage[T], told *Error) verdict {
			defer func() { first = false }()
			switch {
			case told != nil && first:
				return verdict{err: told}
			case told == nil && end != "" && m.Type == end:
				return verdict{done: true}
			}
			return verdict{}
		}
	}
}

// payload gives the items in the data of a message, oldest first.
type payload func(kind string, data json.RawMessage) ([]json.RawMessage, error)

func logItems(kind string, data json.RawMessage) ([]json.RawMessage, error) {
	var p struct {
		Entries []json.RawMessage `json:"entries"`
		Entry   json.RawMessage   `json:"entry"`
	}
	err := json.Unmarshal(data, &p)
	switch {
	case err != nil:
		return nil, err
	case kind == devflow.TypeReplay:
		slices.Reverse(p.Entries)
		return p.Entries, nil
	case (kind == devflow.TypeLog || kind == devflow.TypeRequest) && len(p.Entry) > 0:
		return []json.RawMessage{p.Entry}, nil
	}
	return nil, nil
}

func bleItems(kind string, data json.RawMessage) ([]json.RawMessage, error) {
	switch kind {
	case devflow.TypeReplay:
		var p struct {
			Events []json.RawMessage `json:"events"`
		}
		err := json.Unmarshal(data, &p)
		return p.Events, err
	case devflow.TypeBleEvent:
		return []json.RawMessage{data}, nil
	}
	return nil, nil
}

// only makes the payload of channels where messages of some types are one item.
func only(kinds ...string) payload {
	return func(kind string, data json.RawMessage) ([]json.RawMessage, error) {
		if slices.Contains(kinds, kind) {
			return []json.RawMessage{data}, nil
		}
		return nil, nil
	}
}

// decodeAgent reads a channel of an agent.
func decodeAgent[T any](channel string, items payload) func(bool, []byte) (AgentMessage[T], error) {
	return func(binary bool, data []byte) (AgentMessage[T], error) {
		e, err := readEnvelope(binary, data)
		m := AgentMessage[T]{Type: e.Type, Raw: data}
		switch {
		case err != nil:
			return m, err
		case e.Type == devflow.TypeError:
			return m, agentError(channel, e.Data)
		}
		list, err := items(e.Type, e.Data)
		if err != nil {
			return m, err
		}
		m.Items, err = decodeItems[T](list)
		return m, err
	}
}

// A place is how far a subscription has come in a channel with a replay, so that a
// connection that was lost goes on where it ended. The channels have no positions on
// the wire: the last item is looked for in the replay.
type place[T any] struct {
	asked  int // the replay that was asked for; negative: none
	most   int // the replay after a loss: all that the agent holds
	key    func(AgentItem[T]) string
	opened bool
	last   string // key of the last item; empty: none came
	empty  bool   // the agent's buffer was seen empty: all that is in it is new
}

// replay gives the parameter for the next attempt to connect. The empty text leaves it
// to the agent.
func (p *place[T]) replay() string {
	asked := p.asked
	if p.opened && (p.last != "" || p.empty) {
		asked = max(p.asked, p.most)
	}
	switch {
	case asked < 0:
		return "0"
	case asked == 0:
		return ""
	}
	return fmt.Sprint(asked)
}

// follow notes a message, and takes out of a replay what was delivered before.
func (p *place[T]) follow(m AgentMessage[T]) AgentMessage[T] {
	if m.Type == devflow.TypeReplay && p.opened && p.last != "" {
		for i := len(m.Items) - 1; i >= 0; i-- {
			if p.key(m.Items[i]) == p.last {
				m.Items = m.Items[i+1:]
				break
			}
		}
	}
	p.opened = true
	switch {
	case len(m.Items) > 0:
		p.last = p.key(m.Items[len(m.Items)-1])
	case m.Type == devflow.TypeCleared:
		p.last, p.empty = "", true
	case m.Type == devflow.TypeReplay && p.last == "":
		p.empty = true
	}
	return m
}

// resuming makes a decoder follow a place.
func resuming[T any](p *place[T], decode func(bool, []byte) (AgentMessage[T], error)) func(bool, []byte) (AgentMessage[T], error) {
	return func(binary bool, data []byte) (AgentMessage[T], error) {
		m, err := decode(binary, data)
		if err != nil {
			return m, err
		}
		return p.follow(m), nil
	}
}

// throttleMs gives the parameter of a throttle: 0 is left to the agent, a negative one
// means no limit.
func throttleMs(d time.Duration) string {
	switch {
	case d < 0:
		return "0"
	case d == 0:
		return ""
	}
	return fmt.Sprint(max(d.Milliseconds(), 1))
}
