package console

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// Attachment is one viewer's place in the output of a session. It is read by
// one goroutine at a time; Close may be called by any.
//
// It begins with the replay and goes on with the live output without a gap or
// an overlap, as a lossless subscription does, except that nothing is lost while
// the replay is being taken unless the live output runs ahead of the topic's
// history.
type Attachment struct {
	session *Session
	sub     *topic.Subscription[Chunk] // nil if the shell had ended before
	wake    func()
	replay  []Chunk // not yet taken
	left    atomic.Int64
	stalled atomic.Bool
	closed  atomic.Bool

	offset atomic.Uint64 // of the live output that was not taken
	seq    atomic.Uint64 // of the newest live chunk that was taken
	moved  chan struct{} // of size 1: something was taken
	grace  grace
}

// Attach adds a viewer. wake, which may be nil, is called when Fill may be tried
// again after it returned 0 and no error, from any goroutine; it must not block
// and must not call into the session. Attaching to a session whose shell has
// ended is allowed. It returns ErrNotFound after the session was deleted.
//
// The attachment must be closed by its owner.
func (s *Session) Attach(wake func()) (*Attachment, error) {
	if wake == nil {
		wake = func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return nil, ErrNotFound
	}
	a := &Attachment{session: s, wake: wake, replay: s.replay.all(), moved: make(chan struct{}, 1)}
	a.offset.Store(s.replay.next)
	a.seq.Store(s.published)
	a.grace = s.departed
	a.left.Store(int64(len(a.replay)))
	if !s.closed {
		// The replay comes from the session; publishing takes s.mu too, so the
		// subscription begins exactly where the replay ends.
		sub, err := s.output.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless, Wake: wake})
		if err != nil {
			return nil, err
		}
		a.sub = sub
	}
	s.viewers[a] = struct{}{}
	s.touch()
	return a, nil
}

// Session returns the session that the viewer is attached to.
func (a *Attachment) Session() *Session { return a.session }

// Live reports whether the shell ran when the attachment was made. Only then
// is the viewer told of its end by Fill.
func (a *Attachment) Live() bool { return a.sub != nil }

// Fill takes up to len(dst) chunks without blocking, like
// [topic.Subscription.Fill]: 0 and no error means that there is nothing now, and
// wake will be called. Chunks of the replay come in events of their own, whose
// Seq is 0; a viewer's place is told by Chunk.Offset.
//
// It returns io.EOF when the viewer is to be told of the end of the session,
// after all output: the shell has ended while it was attached, or the session
// was deleted. Session().Info() then has the exit code. A viewer that attached
// after the end gets the replay, and then nothing until the session is deleted.
// It returns [topic.ErrLagged] if the viewer fell behind or stalled the shell
// for too long, and [topic.ErrClosed] after Close.
func (a *Attachment) Fill(dst []topic.Item[Chunk]) (int, error) {
	if a.closed.Load() {
		return 0, topic.ErrClosed
	}
	n, err := a.fill(dst)
	if n > 0 {
		a.session.progress.Add(uint64(n))
		if last := dst[n-1].Event; last.Seq > 0 {
			a.offset.Store(last.Value.Offset + uint64(len(last.Value.Data)))
			a.seq.Store(last.Seq)
		}
		a.noteMove()
	}
	return n, err
}

func (a *Attachment) noteMove() {
	select {
	case a.moved <- struct{}{}:
	default:
	}
}

func (a *Attachment) fill(dst []topic.Item[Chunk]) (int, error) {
	if a.stalled.Load() {
		return 0, topic.ErrLagged
	}
	if len(a.replay) > 0 {
		return a.fillReplay(dst), nil
	}
	if a.sub == nil {
		return 0, a.idle()
	}
	n, err := a.sub.Fill(dst)
	if errors.Is(err, topic.ErrClosed) && a.stalled.Load() {
		err = topic.ErrLagged
	}
	return n, err
}

func (a *Attachment) fillReplay(dst []topic.Item[Chunk]) int {
	n := min(len(dst), len(a.replay))
	for i, c := range a.replay[:n] {
		dst[i] = topic.Item[Chunk]{Event: &topic.Event[Chunk]{Time: a.session.created, Value: c}}
		a.replay[i] = Chunk{} // the block may be released now
	}
	a.replay = a.replay[n:]
	a.left.Store(int64(len(a.replay)))
	return n
}

// idle is the answer to those who attached after the end.
func (a *Attachment) idle() error {
	select {
	case <-a.session.deleted:
		return io.EOF
	default:
		return nil
	}
}

// Lag returns how many chunks there are that the viewer has not taken.
func (a *Attachment) Lag() uint64 {
	lag := uint64(a.left.Load())
	if a.sub != nil {
		lag += a.sub.Lag()
	}
	return lag
}

// wakeIdle wakes a viewer that waits for nothing but the deletion.
func (a *Attachment) wakeIdle() {
	if a.sub == nil {
		a.wake()
	}
}

func (a *Attachment) endStalled() {
	a.stalled.Store(true)
	if a.sub != nil {
		a.sub.Close() // wakes
	}
}

// Close gives up the viewer's place. The shell goes on. Closing twice is
// allowed.
func (a *Attachment) Close() {
	if a.closed.Swap(true) {
		return
	}
	a.noteMove()
	s := a.session
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.viewers, a)
	s.departed.join(a.grace, time.Now())
	if a.sub != nil {
		a.sub.Close()
	}
	s.releaseLocked()
}
