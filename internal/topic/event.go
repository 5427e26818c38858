package topic

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Event is one published value. Events are shared by all subscribers and are
// immutable, but for the memo of encoded forms, which is safe for concurrent
// use.
type Event[T any] struct {
	// Seq is the number of the event in its topic: dense, the first is 1.
	Seq uint64
	// Time is when the event was published.
	Time time.Time
	// Value is what was published. It must not be modified.
	Value T

	size  int
	forms atomic.Pointer[form]
	aged  atomic.Bool // forms are not kept any more
}

// Key names one encoded form of an event: the protocol and message it was
// encoded for, and a variant where the same message exists in several shapes
// (for example the row limit of a process list).
type Key struct {
	Form    string
	Variant int
}

// form is one entry of the memo: a linked list that only ever grows at its
// end. Events have one or two forms in practice.
type form struct {
	key   Key
	once  sync.Once
	value any
	err   error
	next  atomic.Pointer[form]
}

// keepForms is how many events of a topic keep their encoded forms. Subscribers
// that are further behind encode for themselves: they are few, and forms kept
// for all of a long history would cost several times what the history does.
const keepForms = 1024

// dropForms forgets the encoded forms of an event, for good.
func (e *Event[T]) dropForms() {
	e.forms.Store(nil)
	e.aged.Store(true)
}

// Encode returns the form of e named by key. The first caller makes it with
// encode; concurrent callers wait for that one call, later ones share its
// result, errors included, as long as e is among the newest 1024 events of its
// topic. A key must always be used with the same type F.
func Encode[F, T any](e *Event[T], key Key, encode func(*Event[T]) (F, error)) (F, error) {
	if e.aged.Load() {
		return encode(e)
	}
	f := e.form(key)
	f.once.Do(func() { f.value, f.err = encode(e) })
	if f.err != nil {
		var zero F
		return zero, f.err
	}
	return f.value.(F), nil
}

func (e *Event[T]) form(key Key) *form {
	at := &e.forms
	var fresh *form
	for {
		f := at.Load()
		if f == nil {
			if fresh == nil {
				fresh = &form{key: key}
			}
			if at.CompareAndSwap(nil, fresh) {
				return fresh
			}
			continue
		}
		if f.key == key {
			return f
		}
		at = &f.next
	}
}

// Position is the place of an event in the life of a topic. Positions of
// different epochs cannot be compared: the process was restarted in between.
type Position struct {
	Epoch string
	Seq   uint64
}

// String returns "epoch:seq".
func (p Position) String() string { return p.Epoch + ":" + strconv.FormatUint(p.Seq, 10) }
