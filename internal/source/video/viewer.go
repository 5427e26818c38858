package video

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// held is how many frames a stream keeps for its viewers.
const held = 4

// ViewerOptions say what a viewer wants.
type ViewerOptions struct {
	// Output is the output to show, for all viewers of the stream; "" leaves the
	// choice as it is.
	Output string
	// Restore makes Close put the former output back, if the choice is still the one
	// that this viewer has made.
	Restore bool
	// Interval is the least time between two frames; frames in between are passed
	// over. It does not count for inter-coded formats. 0 means every frame.
	Interval time.Duration
	// Wake is called when Fill may have something after it had nothing, and when the
	// viewer has ended. It must not block and not call into the stream. It may be
	// nil if Next is used.
	Wake func()
}

// Viewer is one reader of a stream's frames. It never holds up the stream: a frame
// that was not taken is replaced by the next one. Of an inter-coded format, frames
// that follow on each other wait behind one another, at most four of them, for they
// are useless one without the other; if there are more, all are dropped and the
// viewer goes on at the next key frame. The first frame, and the first one after
// others have been lost, is a key frame.
type Viewer struct {
	stream *Stream
	sub    *topic.Subscription[*Frame]
	opts   ViewerOptions
	signal chan struct{}
	former string // the output to restore

	mu        sync.Mutex
	queue     []topic.Item[*Frame]
	items     [held]topic.Item[*Frame]
	synced    bool   // the frames up to the newest queued one can be decoded
	epoch     uint64 // of the newest frame
	due       time.Time
	missed    uint64 // frames lost since the last one that was queued
	delivered uint64
	dropped   uint64
	closed    bool
}

// Watch makes a viewer, which starts the camera if nobody watched before. It wraps
// ErrNoOutput if there is no image output of the name wanted, and ErrDeleted after
// the stream was deleted. The viewer must be closed by its owner.
func (s *Stream) Watch(opts ViewerOptions) (*Viewer, error) {
	v := &Viewer{stream: s, opts: opts, signal: make(chan struct{}, 1)}
	if opts.Wake == nil {
		v.opts.Wake = v.notify
	}
	if opts.Output != "" {
		former, changed, err := s.choose(opts.Output, v)
		if err != nil {
			return nil, err
		}
		if changed {
			v.former = former
		}
	}
	sub, err := s.frames.Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Wake: v.opts.Wake})
	if err != nil {
		if v.former != "" {
			s.restore(v, v.former)
		}
		return nil, s.ended(err)
	}
	v.sub = sub
	s.viewers.Add(1)
	return v, nil
}

func (v *Viewer) notify() {
	select {
	case v.signal <- struct{}{}:
	default:
	}
}

// Fill takes the frames that are due without blocking and returns how many; one, or
// for inter-coded formats up to four. It returns 0 and no error when there is none;
// Wake is called when that changes. It ends with ErrDeleted or topic.ErrClosed.
// Missed tells how many frames the viewer did not get before that one.
func (v *Viewer) Fill(dst []topic.Item[*Frame]) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	err := v.pull()
	n := copy(dst, v.queue)
	if n == 0 {
		if len(v.queue) > 0 {
			err = nil
		}
		return 0, err
	}
	v.queue = v.queue[:copy(v.queue, v.queue[n:])]
	v.delivered += uint64(n)
	v.stream.meter.took(dst[:n])
	return n, nil
}

// pull takes all that the topic has.
func (v *Viewer) pull() error {
	for {
		n, err := v.sub.Fill(v.items[:])
		if n == 0 {
			return v.stream.ended(err)
		}
		for i := range n {
			v.take(v.items[i])
			v.items[i] = topic.Item[*Frame]{}
		}
	}
}

// take decides what becomes of one event.
func (v *Viewer) take(item topic.Item[*Frame]) {
	frame := item.Event.Value
	if item.Missed > 0 {
		v.drop(item.Missed)
		v.synced = false
	}
	if frame.Epoch != v.epoch {
		v.epoch, v.synced = frame.Epoch, false
	}
	switch {
	case !frame.FourCC.Inter():
		if !v.isDue(item.Event.Time) {
			return
		}
		v.clear()
		v.synced = false
	case frame.Key:
		v.clear()
		v.synced = true
	case !v.synced || len(v.queue) == held:
		v.clear()
		v.synced = false
		v.drop(1)
		return
	}
	item.Missed, v.missed = v.missed, 0
	v.queue = append(v.queue, item)
}

// isDue applies Interval. A frame that is a little early is taken, since the next
// one would be later than that.
func (v *Viewer) isDue(at time.Time) bool {
	if v.opts.Interval <= 0 {
		return true
	}
	if at.Before(v.due.Add(-v.opts.Interval / 6)) {
		return false
	}
	v.due = v.due.Add(v.opts.Interval)
	if v.due.Before(at) {
		v.due = at.Add(v.opts.Interval)
	}
	return true
}

// clear drops what is queued.
func (v *Viewer) clear() {
	v.drop(uint64(len(v.queue)))
	clear(v.queue)
	v.queue = v.queue[:0]
}

func (v *Viewer) drop(n uint64) {
	v.dropped += n
	v.missed += n
	v.stream.meter.replaced.Add(n)
}

// Next waits for the next frame. It returns ctx's cause when ctx is done, and
// otherwise the errors of Fill. It is for viewers without Wake.
func (v *Viewer) Next(ctx context.Context) (*Frame, error) {
	for {
		var one [1]topic.Item[*Frame]
		if n, err := v.Fill(one[:]); n > 0 || err != nil {
			if n > 0 {
				return one[0].Event.Value, nil
			}
			return nil, err
		}
		select {
		case <-v.signal:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Counts returns how many frames the viewer got, and how many it was too late for
// or could not have decoded.
func (v *Viewer) Counts() (delivered, dropped uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.delivered, v.dropped
}

// Close ends the viewer and, if it was asked to, restores the output. Closing twice
// is allowed.
func (v *Viewer) Close() {
	v.mu.Lock()
	closed := v.closed
	v.closed = true
	v.mu.Unlock()
	if closed {
		return
	}
	v.stream.viewers.Add(-1)
	if v.former != "" && v.opts.Restore {
		v.stream.restore(v, v.former)
	}
	v.sub.Close()
}

// ended makes the error of a closed topic say why it was closed.
func (s *Stream) ended(err error) error {
	if errors.Is(err, topic.ErrClosed) && s.deleted.Load() {
		return ErrDeleted
	}
	return err
}
