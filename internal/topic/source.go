package topic

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Bounds of the delay before a broken source is run again.
const (
	retryMin = 500 * time.Millisecond
	retryMax = 30 * time.Second
)

// Source produces events until ctx is done. Returning means finished: nil ends
// the topic, ErrNotPresent says that there is nothing to read on this device,
// any other error that it broke. A source must return promptly when ctx is done
// and must have stopped its own goroutines by then; what it returns is then
// ignored.
type Source[T any] func(ctx context.Context, out *Publisher[T]) error

// Publisher is a running source's access to its topic.
type Publisher[T any] struct {
	topic *Topic[T]
	run   *run
}

// run is one life of a source, from first demand to the end of linger.
type run struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	done    chan struct{}
	ready   chan struct{}
	changed chan struct{}

	// Guarded by the topic's mutex.
	isReady  bool
	readyErr error // why the source will never be ready
}

// setReady is called with the topic's mutex held.
func (r *run) setReady(err error) {
	if !r.isReady {
		r.isReady, r.readyErr = true, err
		close(r.ready)
	}
}

func newRun() *run {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &run{ctx: ctx, cancel: cancel, done: make(chan struct{}), ready: make(chan struct{}), changed: make(chan struct{}, 1)}
}

func (r *run) intervalChanged() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

// Publish is [Topic.Publish].
func (p *Publisher[T]) Publish(v T) *Event[T] { return p.topic.Publish(v) }

// Ready tells that the history now holds what the source had to offer at its
// start (for example the last lines of a log) and that what follows is live.
func (p *Publisher[T]) Ready() {
	p.topic.mu.Lock()
	defer p.topic.mu.Unlock()
	p.run.setReady(nil)
}

// Interval returns the fastest sampling period that a subscriber wants now.
func (p *Publisher[T]) Interval() time.Duration {
	p.topic.mu.Lock()
	defer p.topic.mu.Unlock()
	return p.topic.interval
}

// IntervalChanged receives a value after Interval has changed.
func (p *Publisher[T]) IntervalChanged() <-chan struct{} { return p.run.changed }

// WaitRoom waits while even the fastest lossless subscriber is more than
// maxBytes behind. See [Topic.WaitRoom].
func (p *Publisher[T]) WaitRoom(ctx context.Context, maxBytes int) error {
	return p.topic.WaitRoom(ctx, maxBytes)
}

// WaitRoom paces a publisher that can be paused without loss, such as the
// reader of a PTY or of a file: it blocks while there are lossless subscribers
// and even the one that is furthest ahead has more than maxBytes to read. Slower
// subscribers never hold the publisher; they live on the history and are ended
// with ErrLagged when it does not reach. It returns ctx's cause when ctx is
// done, and nil otherwise, also after the topic was closed or has ended.
func (t *Topic[T]) WaitRoom(ctx context.Context, maxBytes int) error {
	for {
		t.mu.Lock()
		if t.hasRoomLocked(maxBytes) {
			t.mu.Unlock()
			return context.Cause(ctx)
		}
		if t.room == nil {
			t.room = make(chan struct{})
		}
		room := t.room
		t.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (t *Topic[T]) hasRoomLocked(maxBytes int) bool {
	if t.closed || t.ended != nil {
		return true
	}
	ahead, found := uint64(0), false
	for _, s := range t.subs {
		if s.opts.Policy == Lossless && s.cursor >= ahead {
			ahead, found = s.cursor, true
		}
	}
	if !found {
		return true
	}
	behind, bytes := int(min(t.last+1-ahead, uint64(t.history.n))), 0
	for i := range behind {
		if bytes += t.history.at(t.history.n - 1 - i).size; bytes > maxBytes {
			return false
		}
	}
	// The history's own item bound paces too: at most half of it may be unread,
	// or small events would push the subscriber off before maxBytes is reached.
	return behind <= t.opts.HistoryItems/2
}

// startLocked starts the source if there is one and it does not run.
func (t *Topic[T]) startLocked() {
	if t.linger != nil {
		t.linger.Stop()
		t.linger = nil
	}
	if t.opts.Source == nil || t.run != nil {
		return
	}
	r := newRun()
	t.run = r
	t.ended = nil
	t.starts++
	t.state, t.stateErr = Running, nil
	go t.supervise(r)
}

// lingerLocked arranges for the source to be cancelled unless somebody
// subscribes before.
func (t *Topic[T]) lingerLocked() {
	r := t.run
	if t.opts.Linger < 0 || t.ended != nil || t.state == NotPresent {
		t.cancelLocked(r)
		return
	}
	t.linger = time.AfterFunc(t.opts.Linger, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if len(t.subs) == 0 && t.run == r {
			t.cancelLocked(r)
		}
	})
}

// cancelLocked ends a run that nobody wants any more. Whoever subscribes from
// now on waits for the next run.
func (t *Topic[T]) cancelLocked(r *run) {
	t.ended = nil
	r.cancel(ErrClosed)
}

// supervise runs the source until the demand ends. It owns the run: done is
// closed when the source has returned for the last time.
func (t *Topic[T]) supervise(r *run) {
	t.runSource(r)
	<-r.ctx.Done()
	t.log(slog.LevelDebug, Idle, nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run = nil
	close(r.done)
	t.state, t.stateErr = Idle, nil
	if !t.opts.KeepHistory {
		t.history.clear()
		t.skipAllLocked()
	}
	// Somebody subscribed between the cancellation and now.
	if len(t.subs) > 0 && !t.closed {
		t.startLocked()
	}
}

// runSource runs the source, again and again if it is to be retried.
func (t *Topic[T]) runSource(r *run) {
	t.log(slog.LevelDebug, Running, nil)
	delay, told := retryMin, ""
	for {
		began := time.Now()
		err := t.opts.Source(r.ctx, &Publisher[T]{topic: t, run: r})
		state, again := t.returned(r, err)
		if state == Idle {
			return
		}
		level := slog.LevelDebug
		if state == Broken && err.Error() != told {
			level, told = slog.LevelWarn, err.Error()
		}
		t.log(level, state, err)
		if !again {
			return
		}
		if time.Since(began) > retryMax {
			delay = retryMin
		}
		select {
		case <-time.After(delay):
		case <-r.ctx.Done():
			return
		}
		delay = min(2*delay, retryMax)
		t.mu.Lock()
		t.state, t.stateErr = Running, nil
		t.mu.Unlock()
	}
}

// returned records how the source returned: what state it is in now, Idle if
// it was cancelled, and whether to run it again.
func (t *Topic[T]) returned(r *run, err error) (state State, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.ctx.Err() != nil {
		return Idle, false
	}
	switch {
	case err == nil:
		t.state, t.stateErr = Ended, nil
	case errors.Is(err, ErrNotPresent):
		t.state, t.stateErr = NotPresent, err
	default:
		t.state, t.stateErr = Broken, err
		if t.opts.Retry {
			return Broken, true
		}
	}
	state = t.state
	if !t.opts.Retry || err == nil {
		t.endLocked(err)
	}
	r.setReady(err)
	// With nobody left to tell, the next demand starts afresh.
	if len(t.subs) == 0 {
		t.cancelLocked(r)
	}
	return state, false
}

// log is called without the topic's lock: a slow or curious log must not hold
// up those who publish.
func (t *Topic[T]) log(level slog.Level, s State, err error) {
	t.opts.Logger.Log(context.Background(), level, "source state changed", "topic", t.opts.Name, "state", s.String(), "err", err)
}
