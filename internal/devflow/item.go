package devflow

import (
	"bytes"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// Names of the forms of an item that are kept beside it.
const (
	formItem = "devflow item"
	formLive = "devflow live"
)

// variant numbers the two variants of a form.
func variant(mirror bool) int {
	if mirror {
		return 1
	}
	return 0
}

// item returns an item's JSON, made once for all who want it. toWire converts it.
func item[T any](e *recorder.Event[T], mirror bool, toWire func(T, bool) any) ([]byte, error) {
	return topic.Encode(e, topic.Key{Form: formItem, Variant: variant(mirror)}, func(e *recorder.Event[T]) ([]byte, error) {
		return marshal(toWire(e.Value, mirror))
	})
}

// live returns the frame that tells of an item, made once for all who want it.
func live[T any](e *recorder.Event[T], mirror bool, message func(T, bool) ([]byte, error)) (*wsconn.Frame, error) {
	return topic.Encode(e, topic.Key{Form: formLive, Variant: variant(mirror)}, func(e *recorder.Event[T]) (*wsconn.Frame, error) {
		data, err := message(e.Value, mirror)
		if err != nil {
			return nil, err
		}
		return wsconn.PlainText(data), nil
	})
}

// list returns the JSON array of items.
func list[T any](events []*recorder.Event[T], mirror bool, toWire func(T, bool) any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('[')
	for i, e := range events {
		data, err := item(e, mirror, toWire)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(data)
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// newest returns at most n of the events that pass, newest first, without the first
// skip of them.
func newest[T any](events []*recorder.Event[T], skip, n int, pass func(T) bool) []*recorder.Event[T] {
	var found []*recorder.Event[T]
	for i := len(events) - 1; i >= 0 && len(found) < n; i-- {
		switch {
		case !pass(events[i].Value):
		case skip > 0:
			skip--
		default:
			found = append(found, events[i])
		}
	}
	return found
}
