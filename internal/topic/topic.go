package topic

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Errors that a subscription ends with. A topic whose source has finished ends
// its subscriptions with [io.EOF], one whose source failed for good with the
// error of the source.
var (
	// ErrNotPresent is returned by a source whose thing does not exist on this
	// device. It is not retried while the demand lasts.
	ErrNotPresent = errors.New("not present on this device")
	// ErrLagged ends a lossless subscription that fell off the history.
	ErrLagged = errors.New("subscriber fell behind the history")
	// ErrClosed is returned after the topic or the subscription was closed.
	ErrClosed = errors.New("closed")
)

// Defaults of [Options].
const (
	DefaultHistoryItems = 1024
	DefaultLinger       = 2 * time.Second
	DefaultInterval     = time.Second
)

// Options describe a topic. The zero value is a topic of at most 1024 events
// that is fed by [Topic.Publish] and has no source.
type Options[T any] struct {
	// Name appears in logs and metrics.
	Name string
	// HistoryItems bounds the number of events kept; 0 means 1024.
	HistoryItems int
	// HistoryBytes bounds the sum of the sizes of the events kept, as told by
	// Size; 0 means no bound. The newest event is kept even if it is larger.
	HistoryBytes int
	// Size returns the memory an event's value accounts for, in bytes. Encoded
	// forms live as long as their event; where they matter, Size counts them.
	// Required if HistoryBytes is set or WaitRoom is used. It is called by the
	// publisher, without a lock.
	Size func(T) int
	// Source produces the events while there is demand. Nil: the owner calls
	// Publish whenever it likes.
	Source Source[T]
	// Linger is how long Source goes on after the last subscription closed;
	// 0 means 2 s, negative means that it is cancelled at once.
	Linger time.Duration
	// Interval is the sampling period of a sampled source while no subscriber
	// asks for one; 0 means 1 s.
	Interval time.Duration
	// Retry makes the supervisor run a failed Source again after a delay that
	// doubles from 500 ms to 30 s. Without it, a failure ends the topic.
	Retry bool
	// KeepHistory keeps the events when Source stops. Without it, the history
	// is emptied, since events from before a pause would look current.
	KeepHistory bool
	// Logger gets a debug record per change of the source's state, and a warning
	// when the source breaks for another reason than before; nil means no log.
	Logger *slog.Logger
}

// State tells what the source of a topic is doing.
type State int

// The states of a source.
const (
	Idle       State = iota // nobody is subscribed
	Running                 // the source runs
	NotPresent              // the source returned ErrNotPresent
	Broken                  // the source failed; it is retried if Retry is set
	Ended                   // the source returned without an error
)

// String returns the lower-case name of the state.
func (s State) String() string {
	return [...]string{"idle", "running", "not present", "broken", "ended"}[s]
}

// Stats are the counters of a topic since it was made.
type Stats struct {
	Published   uint64 // events published
	Delivered   uint64 // events handed to subscribers
	Dropped     uint64 // events that subscribers lost; counted when they read on
	Subscribers int    // open subscriptions
	Held        int    // events in the history
	HeldBytes   int    // their size
	Starts      uint64 // times the source was started
	State       State
	Err         error // why State is NotPresent or Broken
}

// Topic is a stream of events. Make one with [New] and release it with
// [Topic.Close].
type Topic[T any] struct {
	opts  Options[T]
	epoch string

	mu       sync.Mutex
	history  ring[T]
	last     uint64 // sequence number of the newest event
	subs     []*Subscription[T]
	closed   bool
	ended    error // why no more events will come, if so
	state    State
	stateErr error
	run      *run
	linger   *time.Timer
	starts   uint64
	room     chan struct{} // closed when paced publishers should look again; nil if none waits
	interval time.Duration // shortest interval wanted

	delivered uint64
	dropped   uint64

	observers atomic.Int32 // len(subs)
}

// New returns a topic. It starts nothing before the first subscription.
func New[T any](opts Options[T]) *Topic[T] {
	if opts.HistoryItems <= 0 {
		opts.HistoryItems = DefaultHistoryItems
	}
	if opts.Linger == 0 {
		opts.Linger = DefaultLinger
	}
	if opts.Interval <= 0 {
		opts.Interval = DefaultInterval
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.HistoryBytes > 0 && opts.Size == nil {
		panic("topic: HistoryBytes needs Size in topic " + opts.Name)
	}
	var epoch [8]byte
	_, _ = rand.Read(epoch[:]) // crypto/rand.Read never returns an error
	return &Topic[T]{
		opts:     opts,
		epoch:    hex.EncodeToString(epoch[:]),
		history:  ring[T]{maxItems: opts.HistoryItems, maxBytes: opts.HistoryBytes},
		interval: opts.Interval,
	}
}

// Name returns the name given in the options.
func (t *Topic[T]) Name() string { return t.opts.Name }

// Epoch returns the random identity of this topic's numbering.
func (t *Topic[T]) Epoch() string { return t.epoch }

// Observed reports whether anybody is subscribed. Producers that run inside
// somebody's hot path ask it before they build an expensive value: it is one
// atomic load.
func (t *Topic[T]) Observed() bool { return t.observers.Load() > 0 }

// Publish appends a value to the history and wakes the subscribers that wait
// for it. It never blocks. After the topic was closed or has ended it does
// nothing and returns nil.
func (t *Topic[T]) Publish(v T) *Event[T] {
	e := &Event[T]{Value: v}
	if t.opts.Size != nil {
		e.size = t.opts.Size(v)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.ended != nil {
		return nil
	}
	t.last++
	e.Seq, e.Time = t.last, time.Now()
	t.history.push(e)
	if old := t.history.n - 1 - keepForms; old >= 0 {
		t.history.at(old).dropForms()
	}
	for _, s := range t.subs {
		s.offer(e)
	}
	return e
}

// End tells that no further events will come: subscriptions get what is left
// for them and then err, or [io.EOF] if err is nil. It is for topics without a
// Source, for example a console session whose shell has exited. The history
// stays readable by later subscribers, who end the same way.
func (t *Topic[T]) End(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLocked(err)
}

func (t *Topic[T]) endLocked(err error) {
	if t.ended != nil {
		return
	}
	if err == nil {
		err = io.EOF
	}
	t.ended = err
	t.wakeAllLocked()
	t.freeRoomLocked()
}

// Newest returns the newest event of the history, or nil.
func (t *Topic[T]) Newest() *Event[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.history.newest()
}

// Snapshot returns the events now held, oldest first. It is for HTTP endpoints
// that answer from the same history that the channel replays.
func (t *Topic[T]) Snapshot() []*Event[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	events := make([]*Event[T], t.history.n)
	for i := range events {
		events[i] = t.history.at(i)
	}
	return events
}

// Clear empties the history. Subscriptions do not count what they had not
// read of it as missed.
func (t *Topic[T]) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.history.clear()
	t.skipAllLocked()
	t.freeRoomLocked()
}

// skipAllLocked makes all subscribers go on with what is published next.
func (t *Topic[T]) skipAllLocked() {
	for _, s := range t.subs {
		s.cursor, s.pending = t.last+1, nil
	}
}

// Stats returns the counters.
func (t *Topic[T]) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{
		Published:   t.last,
		Delivered:   t.delivered,
		Dropped:     t.dropped,
		Subscribers: len(t.subs),
		Held:        t.history.n,
		HeldBytes:   t.history.bytes,
		Starts:      t.starts,
		State:       t.state,
		Err:         t.stateErr,
	}
}

// Close cancels the source, waits for it, and ends all subscriptions with
// [ErrClosed]. It must not be called by the source. Closing twice is allowed.
func (t *Topic[T]) Close() {
	t.mu.Lock()
	t.closed = true
	if t.linger != nil {
		t.linger.Stop()
	}
	r := t.run
	if r != nil {
		r.cancel(ErrClosed)
	}
	t.wakeAllLocked()
	t.freeRoomLocked()
	t.mu.Unlock()
	if r != nil {
		<-r.done
	}
}

func (t *Topic[T]) wakeAllLocked() {
	for _, s := range t.subs {
		s.wakeLocked()
	}
}

// freeRoomLocked makes paced publishers look again.
func (t *Topic[T]) freeRoomLocked() {
	if t.room != nil {
		close(t.room)
		t.room = nil
	}
}

// Subscribe registers a subscriber and, if the topic has a source that does
// not run, starts it. It returns [ErrClosed] if the topic was closed. The
// subscription must be closed by its owner.
func (t *Topic[T]) Subscribe(opts SubscribeOptions) (*Subscription[T], error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, ErrClosed
	}
	s := &Subscription[T]{topic: t, opts: opts}
	t.subs = append(t.subs, s)
	t.observers.Store(int32(len(t.subs)))
	t.updateIntervalLocked()
	t.startLocked()
	s.rewindLocked(opts.Replay)
	t.freeRoomLocked()
	return s, nil
}

func (t *Topic[T]) removeLocked(s *Subscription[T]) {
	t.subs = slices.DeleteFunc(t.subs, func(other *Subscription[T]) bool { return other == s })
	t.observers.Store(int32(len(t.subs)))
	s.wakeLocked()
	t.updateIntervalLocked()
	t.freeRoomLocked()
	if len(t.subs) == 0 && t.run != nil && !t.closed {
		t.lingerLocked()
	}
}

// updateIntervalLocked finds the fastest rate that any subscriber wants.
func (t *Topic[T]) updateIntervalLocked() {
	var least time.Duration
	for _, s := range t.subs {
		if i := s.opts.Interval; i > 0 && (least == 0 || i < least) {
			least = i
		}
	}
	if least == 0 {
		least = t.opts.Interval
	}
	if least != t.interval {
		t.interval = least
		if t.run != nil {
			t.run.intervalChanged()
		}
	}
}
