package console

import (
	"context"
	"time"
)

const (
	// window is how much live output the fastest attachment may leave unread
	// before the shell is paused.
	window = 32 << 10
	// pauseLimit is how long the shell stays paused while no attachment takes
	// anything. It is longer than the time after which a connection drops a
	// peer that does not read.
	pauseLimit = 15 * time.Second

	// An attachment that is this far behind is in danger: what one read may
	// add, every byte of it replaced by a U+FFFD of three, still fits.
	dangerBytes = MaxReplay - 3*readSize - MaxChunk
	dangerItems = liveItems / 2

	// graceStep is how long an attachment in danger may go without taking
	// anything; maxGrace is how long it may hold the shell altogether, of which
	// one part in graceRefill comes back with time.
	graceStep   = 20 * time.Millisecond
	maxGrace    = 250 * time.Millisecond
	graceRefill = 20
)

// pace pauses the reader for the sake of the attachments.
func (s *Session) pace() {
	s.waitForFastest()
	s.waitForEndangered()
}

// waitForFastest pauses while even the fastest attachment has too much unread.
// A pause in which none takes anything ends them.
func (s *Session) waitForFastest() {
	for {
		before := s.progress.Load()
		ctx, cancel := context.WithTimeout(s.pacing, s.patience)
		err := s.output.WaitRoom(ctx, window)
		cancel()
		if err == nil || s.pacing.Err() != nil {
			return
		}
		if s.progress.Load() == before {
			s.endStalled()
		}
	}
}

// endStalled ends all attachments to the live output.
func (s *Session) endStalled() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logger.Warn("console viewers take no output, they are ended", "viewers", len(s.viewers))
	for a := range s.viewers {
		a.endStalled()
	}
}

// waitForEndangered pauses for attachments that are about to fall off the
// history and still move. It makes up for the moments in which a viewer that is
// fast enough does not get to run: without it, 6 ms of a busy processor would
// end a viewer beside another one during a flood. Who is slower all the time
// uses up its grace and falls off; who stands still is not waited for.
func (s *Session) waitForEndangered() {
	for s.pacing.Err() == nil {
		a := s.endangered()
		if a == nil {
			return
		}
		began := time.Now()
		moved := a.awaitMove(s.pacing, graceStep)
		s.mu.Lock()
		a.grace.spend(time.Since(began), moved)
		s.mu.Unlock()
	}
}

// endangered returns an attachment that is worth waiting for, or nil.
func (s *Session) endangered() *Attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.viewers) < 2 {
		return nil // the fastest one
	}
	for a := range s.viewers {
		if a.sub == nil || a.stalled.Load() {
			continue
		}
		bytes, items := s.replay.next-a.offset.Load(), s.published-a.seq.Load()
		lost := bytes > MaxReplay || items > liveItems
		if (bytes > dangerBytes || items > dangerItems) && !lost && a.grace.left(time.Now()) >= graceStep {
			return a
		}
	}
	return nil
}

// grace is the time for which an attachment may still hold the shell. It is
// guarded by the mutex of the session, which also keeps what those have used
// who left: a new attachment begins with that, or a slow viewer that comes back
// each time it fell off would hold the shell again and again.
type grace struct {
	used time.Duration
	at   time.Time // when used was true
}

func (g *grace) left(now time.Time) time.Duration {
	g.used = max(0, g.used-now.Sub(g.at)/graceRefill)
	g.at = now
	return maxGrace - g.used
}

// spend uses up d, or everything if nothing came of it.
func (g *grace) spend(d time.Duration, moved bool) {
	g.used += d
	if !moved {
		g.used = maxGrace
	}
}

// join makes g tell the more used of the two.
func (g *grace) join(other grace, now time.Time) {
	if other.left(now) < g.left(now) {
		*g = other
	}
}

// awaitMove waits until the viewer takes something or leaves, and reports
// whether it did within d.
func (a *Attachment) awaitMove(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-a.moved:
		return true
	case <-timer.C:
		return false
	case <-ctx.Done():
		return false
	}
}
