package client

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff gives growing pauses with a random part.
type backoff struct {
	conf Reconnect
	wait time.Duration
}

// next gives the pause before the next attempt: between one half and the whole
// of a time that doubles up to MaxWait.
func (b *backoff) next() time.Duration {
	b.wait = min(max(2*b.wait, b.conf.MinWait), b.conf.MaxWait)
	half := b.wait / 2
	return b.wait - rand.N(half+1)
}

// lived tells that a connection lasted for d. Only one that lasted is a reason
// to begin with short pauses again: a server that accepts and closes at once is
// not helped by more attempts.
func (b *backoff) lived(d time.Duration) {
	if d >= b.conf.MaxWait {
		b.wait = 0
	}
}

// sleep waits, unless ctx ends first, whose cause it returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
