package client

import (
	"context"
	"sync"
)

// queueBytes bounds the messages that wait in one queue, by their size on the
// wire. A single larger one is let in when the queue is empty.
const queueBytes = 4 << 20

// A queue hands events from the reader of a connection to the receiver.
type queue[T any] struct {
	max    int  // events
	newest bool // full: the oldest message makes room; otherwise the producer waits

	mu     sync.Mutex
	events []Event[T]
	bytes  int
	missed uint64 // thrown away since the last event that was taken
	end    error  // why no more events come

	filled chan struct{} // capacity 1: something to take, or the end
	room   chan struct{} // capacity 1: something was taken
}

func newQueue[T any](maxEvents int, newest bool) *queue[T] {
	return &queue[T]{max: maxEvents, newest: newest, filled: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put adds an event. It blocks while the queue is full and not newest; it
// returns the error of ctx if that ends first.
func (q *queue[T]) put(ctx context.Context, e Event[T]) error {
	for !q.tryPut(e) {
		select {
		case <-q.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (q *queue[T]) tryPut(e Event[T]) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.newest {
		q.makeRoom(e.size)
	} else if e.Gap == nil && q.full(e.size) {
		// A gap is let in regardless: there are two of them per lost
		// connection and none comes while the reader waits here.
		return false
	}
	q.events = append(q.events, e)
	q.bytes += e.size
	signal(q.filled)
	return true
}

func (q *queue[T]) full(size int) bool {
	return len(q.events) > 0 && (len(q.events) >= q.max || q.bytes+size > queueBytes)
}

// makeRoom throws away the oldest messages, and the oldest gaps once nothing
// else is left, which a later gap tells anew.
func (q *queue[T]) makeRoom(size int) {
	for q.full(size) {
		i := 0
		for i < len(q.events)-1 && q.events[i].Gap != nil {
			i++
		}
		if q.events[i].Gap != nil {
			i = 0
		} else {
			q.missed++
		}
		q.bytes -= q.events[i].size
		q.events = append(q.events[:i], q.events[i+1:]...)
	}
}

// finish says that no more events come. The first reason stays.
func (q *queue[T]) finish(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end == nil {
		q.end = err
	}
	signal(q.filled)
}

// take gives the next event, or the reason why there is none once all have been
// taken.
func (q *queue[T]) take(ctx context.Context) (Event[T], error) {
	for {
		e, ok, err := q.tryTake()
		if ok || err != nil {
			return e, err
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
			return Event[T]{}, context.Cause(ctx)
		}
	}
}

func (q *queue[T]) tryTake() (Event[T], bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.events) == 0 {
		if q.end != nil {
			signal(q.filled) // for another receiver, or the next call
		}
		return Event[T]{}, false, q.end
	}
	e := q.events[0]
	q.events[0] = Event[T]{} // let go of its memory
	q.events = q.events[1:]
	q.bytes -= e.size
	if e.Gap == nil {
		e.Missed, q.missed = q.missed, 0
	}
	if len(q.events) > 0 || q.end != nil {
		signal(q.filled)
	}
	signal(q.room)
	return e, true, nil
}

func (q *queue[T]) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events)
}
