package topic

import (
	"context"
	"time"
)

// Policy says what happens to a subscriber that does not keep up.
type Policy int

const (
	// Latest hands out only the newest event; older ones are dropped.
	Latest Policy = iota
	// Gap hands out all events of the history in order. What left the history
	// before it was read is reported as Item.Missed with the next event.
	Gap
	// Lossless is like Gap, but a loss ends the subscription with ErrLagged.
	// A publisher that uses Publisher.WaitRoom is paced by such subscribers.
	Lossless
)

// SubscribeOptions say what a subscriber wants. The zero value wants the
// newest of the events published from now on.
type SubscribeOptions struct {
	Policy Policy
	// Replay is the number of events of the history to begin with, the newest
	// ones; negative means all. For Latest, anything but 0 means the newest.
	Replay int
	// Interval is the mean time between two events at the most, and what a
	// sampled source is asked for. A subscriber gets the samples nearest to its
	// own rhythm, never two within half an Interval. Events in between are
	// thinned out: they do not count as dropped, and the newest of them is not
	// handed out later, therefore Interval is for topics that are published
	// regularly. 0 means every event. Only for Latest.
	Interval time.Duration
	// MaxLag bounds how many events a Gap or Lossless subscriber may be behind,
	// its replay included; 0 means as many as the history holds.
	MaxLag int
	// Wake, if not nil, is called when an event may be taken after Fill found
	// none, and when the subscription has ended. It must not block and must not
	// call into the topic.
	Wake func()
}

// Item is what a subscriber gets: an event, and how many events directly before
// it the subscriber has lost.
type Item[T any] struct {
	Event  *Event[T]
	Missed uint64
}

// Subscription is a subscriber's place in a topic.
type Subscription[T any] struct {
	topic *Topic[T]
	opts  SubscribeOptions

	// All below is guarded by topic.mu.
	signal    chan struct{} // of size 1; nil before the first Next that waits
	cursor    uint64        // next sequence number wanted
	pending   *Event[T]     // Latest: the event to hand out next
	due       time.Time     // Latest with Interval: when the next event is wanted
	took      time.Time     // Latest with Interval: when the last one was accepted
	lost      error         // Lossless: ErrLagged once something was lost
	waiting   bool          // Fill found nothing; the next event wakes
	closed    bool
	delivered uint64
	dropped   uint64
}

// offer is called for each published event.
func (s *Subscription[T]) offer(e *Event[T]) {
	if s.opts.Policy == Latest && !s.accept(e) {
		return
	}
	if s.waiting {
		s.wakeLocked()
	}
}

// accept makes e the pending event if it is due.
func (s *Subscription[T]) accept(e *Event[T]) bool {
	if every := s.opts.Interval; every > 0 {
		// Half a sampling period of tolerance picks the sample nearest to the
		// time it is due, so that timer jitter does not skip a whole period.
		if e.Time.Before(s.due.Add(-s.topic.interval/2)) || e.Time.Before(s.took.Add(every/2)) {
			return false
		}
		s.took = e.Time
		s.due = s.due.Add(every)
		if s.due.Before(e.Time) {
			s.due = e.Time.Add(every)
		}
	}
	if s.pending != nil {
		s.dropLocked(1)
	}
	s.pending = e
	return true
}

func (s *Subscription[T]) dropLocked(n uint64) {
	s.dropped += n
	s.topic.dropped += n
}

func (s *Subscription[T]) wakeLocked() {
	s.waiting = false
	if s.signal != nil {
		select {
		case s.signal <- struct{}{}:
		default:
		}
	}
	if s.opts.Wake != nil {
		s.opts.Wake()
	}
}

// Fill takes up to len(dst) events without blocking and returns how many. It
// returns 0 and no error when there is nothing now; the next event then calls
// Wake. It returns an error only when nothing is left: io.EOF or the error of
// the source if the topic has ended, ErrLagged from then on if a lossless
// subscriber lost events, ErrClosed if the topic or the subscription was closed.
func (s *Subscription[T]) Fill(dst []Item[T]) (int, error) {
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	return s.fillLocked(dst)
}

func (s *Subscription[T]) fillLocked(dst []Item[T]) (int, error) {
	t := s.topic
	if s.closed || t.closed {
		return 0, ErrClosed
	}
	n, err := 0, error(nil)
	if s.opts.Policy == Latest {
		n = s.fillLatest(dst)
	} else {
		n, err = s.fillHistory(dst)
	}
	if n > 0 {
		s.delivered += uint64(n)
		t.delivered += uint64(n)
		return n, nil
	}
	if err == nil {
		err = t.ended
	}
	s.waiting = err == nil
	return 0, err
}

func (s *Subscription[T]) fillLatest(dst []Item[T]) int {
	if s.pending == nil || len(dst) == 0 {
		return 0
	}
	dst[0] = Item[T]{Event: s.pending}
	s.pending = nil
	return 1
}

func (s *Subscription[T]) fillHistory(dst []Item[T]) (int, error) {
	t := s.topic
	if s.lost != nil {
		return 0, s.lost
	}
	missed := s.skipLost()
	if missed > 0 {
		s.dropLocked(missed)
		if s.opts.Policy == Lossless {
			s.lost = ErrLagged
			return 0, s.lost
		}
	}
	behind := int(t.last + 1 - s.cursor)
	n := min(len(dst), behind)
	for i := range n {
		dst[i] = Item[T]{Event: t.history.at(t.history.n - behind + i)}
	}
	if n > 0 {
		dst[0].Missed = missed
		s.cursor += uint64(n)
		if s.opts.Policy == Lossless {
			t.freeRoomLocked()
		}
	}
	return n, nil
}

// skipLost moves the cursor over events that may no longer be read and returns
// how many there were.
func (s *Subscription[T]) skipLost() uint64 {
	t := s.topic
	oldest := t.last + 1 - uint64(t.history.n)
	if s.opts.MaxLag > 0 && t.last+1-s.cursor > uint64(s.opts.MaxLag) {
		oldest = max(oldest, t.last+1-uint64(s.opts.MaxLag))
	}
	if s.cursor >= oldest {
		return 0
	}
	missed := oldest - s.cursor
	s.cursor = oldest
	return missed
}

// Next waits for the next event. It returns ctx's cause when ctx is done, and
// otherwise the errors of Fill. A subscription is read either with Next or with
// Fill, not with both.
func (s *Subscription[T]) Next(ctx context.Context) (Item[T], error) {
	for {
		item, signal, err := s.try()
		if signal == nil {
			return item, err
		}
		select {
		case <-signal:
		case <-ctx.Done():
			return Item[T]{}, context.Cause(ctx)
		}
	}
}

// try is Next without waiting: if there is nothing, it returns what tells when
// to try again.
func (s *Subscription[T]) try() (Item[T], <-chan struct{}, error) {
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	var one [1]Item[T]
	if n, err := s.fillLocked(one[:]); n > 0 || err != nil {
		return one[0], nil, err
	}
	if s.signal == nil {
		s.signal = make(chan struct{}, 1)
	}
	return Item[T]{}, s.signal, nil
}

// Rewind places the cursor so that the newest n events of the history come
// next (all, if n is negative), and then what is published later. It returns
// how many events of the history there are to come. It is for channels that must
// wait for Ready before they know what to replay. What was lost before is
// forgiven.
func (s *Subscription[T]) Rewind(n int) int {
	t := s.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	s.rewindLocked(n)
	s.wakeLocked()
	t.freeRoomLocked()
	if s.opts.Policy == Latest {
		return min(1, int(t.last+1-s.cursor))
	}
	return int(t.last + 1 - s.cursor)
}

func (s *Subscription[T]) rewindLocked(n int) {
	t := s.topic
	if n < 0 || n > t.history.n {
		n = t.history.n
	}
	if s.opts.MaxLag > 0 {
		n = min(n, s.opts.MaxLag)
	}
	s.cursor = t.last + 1 - uint64(n)
	s.pending, s.lost = nil, nil
	if s.opts.Policy == Latest {
		s.due = time.Now()
		if n > 0 {
			s.pending = t.history.newest()
			s.took, s.due = s.due, s.due.Add(s.opts.Interval)
		}
	}
}

// SetInterval changes the interval of a Latest subscription. The next event
// comes no later than one new interval from now.
func (s *Subscription[T]) SetInterval(every time.Duration) {
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	s.opts.Interval = every
	s.due = time.Now()
	s.topic.updateIntervalLocked()
}

// WaitReady waits until the source has called Publisher.Ready, and returns the
// error with which it ended if it did so before that; a source that is retried
// is waited for. It returns ctx's cause when ctx is done. A topic without a
// source is always ready.
func (s *Subscription[T]) WaitReady(ctx context.Context) error {
	t := s.topic
	for {
		t.mu.Lock()
		r, closed := t.run, t.closed || s.closed
		t.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case r == nil:
			return nil
		}
		ready := r.ready
		if r.ctx.Err() != nil {
			ready = nil // an earlier life of the source, which is about to end
		}
		select {
		case <-ready:
			t.mu.Lock()
			defer t.mu.Unlock()
			return r.readyErr
		case <-r.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Lag returns how many events were published that the subscriber has not taken,
// lost ones included. For Latest it is 0 or 1.
func (s *Subscription[T]) Lag() uint64 {
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	if s.opts.Policy == Latest {
		if s.pending != nil {
			return 1
		}
		return 0
	}
	return s.topic.last + 1 - s.cursor
}

// Counts returns how many events the subscriber got and how many it lost.
func (s *Subscription[T]) Counts() (delivered, dropped uint64) {
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	return s.delivered, s.dropped
}

// Close ends the subscription and gives up its demand. A concurrent Next
// returns ErrClosed. Closing twice is allowed.
func (s *Subscription[T]) Close() {
	t := s.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	if !s.closed {
		s.closed = true
		t.removeLocked(s)
	}
}
