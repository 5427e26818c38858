package recorder

import (
	"sync"

	"github.com/heliograph/heliograph/internal/topic"
)

// liveBytes bounds the unread live items of one kind, by their estimated size.
const liveBytes = 8 << 20

// Event is a recorded item with its number, dense and beginning at 1. It is
// shared by all readers; see topic.Event.
type Event[T any] = topic.Event[T]

// Stream is a reader's place: what was held when it was opened, and a
// subscription to all that follows. It must be closed.
type Stream[T any] struct {
	// Held is what was kept, oldest first.
	Held []*Event[T]
	// Last is the number of the newest event that was recorded then.
	Last uint64
	*topic.Subscription[T]

	topic *topic.Topic[T]
	gate  *gate
	once  sync.Once
}

// Lost reports whether the reader is so far behind that it has lost events, also if it
// does not read at all.
func (s *Stream[T]) Lost() bool {
	lag := s.Lag() // first: what is published in between makes Held grow
	return lag > uint64(s.topic.Stats().Held)
}

// Close ends the subscription and gives up the interest.
func (s *Stream[T]) Close() {
	s.Subscription.Close()
	s.once.Do(func() {
		if s.gate != nil {
			s.gate.release()
		}
	})
}

// buffer keeps the newest items of a topic. The topic's own history is for readers
// that are behind and also has what was cleared; the kept items are what a new
// reader gets.
type buffer[T any] struct {
	topic    *topic.Topic[T]
	maxBytes int
	size     func(T) int
	dropped  func(*Event[T]) // an item is not kept any more; called with mu held

	mu    sync.Mutex
	kept  ring[*Event[T]]
	bytes int
	last  uint64
}

// newBuffer returns a buffer for capacity items of together maxBytes.
func newBuffer[T any](name string, capacity, maxBytes int, size func(T) int, opts Options) *buffer[T] {
	return &buffer[T]{
		topic: topic.New(topic.Options[T]{
			Name: name, HistoryItems: Window, HistoryBytes: liveBytes, Size: size, Logger: opts.Logger,
		}),
		maxBytes: maxBytes, size: size, kept: ring[*Event[T]]{max: capacity},
	}
}

// add publishes an item and keeps it.
func (b *buffer[T]) add(v T) *Event[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.addLocked(v)
}

func (b *buffer[T]) addLocked(v T) *Event[T] {
	e := b.noteLocked(v)
	if e != nil {
		b.keepLocked(e)
	}
	return e
}

// keepLocked keeps an event that was published.
func (b *buffer[T]) keepLocked(e *Event[T]) {
	b.bytes += b.size(e.Value)
	if old, left := b.kept.push(e); left {
		b.forgetLocked(old)
	}
	for b.bytes > b.maxBytes && b.kept.n > 1 {
		b.forgetLocked(b.kept.pop())
	}
}

func (b *buffer[T]) forgetLocked(e *Event[T]) {
	b.bytes -= b.size(e.Value)
	if b.dropped != nil {
		b.dropped(e)
	}
}

// note publishes something that only those who listen now get.
func (b *buffer[T]) note(v T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.noteLocked(v)
}

func (b *buffer[T]) noteLocked(v T) *Event[T] {
	e := b.topic.Publish(v)
	if e != nil {
		b.last = e.Seq
	}
	return e
}

// clearLocked keeps nothing of what there is.
func (b *buffer[T]) clearLocked() {
	b.kept.clear()
	b.bytes = 0
}

// position returns the number of the newest event.
func (b *buffer[T]) position() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

func (b *buffer[T]) held() []*Event[T] {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept.last(-1)
}

// open takes what is held and subscribes, in one step.
func (b *buffer[T]) open(g *gate, wake func()) (*Stream[T], error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.openLocked(g, wake)
}

func (b *buffer[T]) openLocked(g *gate, wake func()) (*Stream[T], error) {
	sub, err := b.topic.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless, Wake: wake})
	if err != nil {
		return nil, err
	}
	if g != nil {
		g.hold()
	}
	return &Stream[T]{Held: b.kept.last(-1), Last: b.last, Subscription: sub, topic: b.topic, gate: g}, nil
}

func (b *buffer[T]) readers() int { return b.topic.Stats().Subscribers }

func (b *buffer[T]) close() { b.topic.Close() }
