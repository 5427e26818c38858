package topic

import (
	"context"
	"errors"
	"time"
)

// Sample makes a source out of a function that reads one value: it reads at
// once and then at the fastest rate that any subscriber wants, on a steady beat
// that subscribers who come and go do not delay. A read that takes longer than
// the interval skips beats. If a read fails after one has succeeded, the last
// value is published again, so that subscribers keep their rhythm and see its
// age; the failure goes to failed, which may be nil. If the first read fails, the
// source returns its error.
//
// read must honour ctx if it can block for long.
func Sample[T any](read func(context.Context) (T, error), failed func(error)) Source[T] {
	return func(ctx context.Context, out *Publisher[T]) error {
		last, err := read(ctx)
		if err != nil {
			return err
		}
		out.Publish(last)
		out.Ready()
		b := startBeat(out.Interval())
		defer b.timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-out.IntervalChanged():
				b.change(out.Interval())
				continue
			case <-b.timer.C:
			}
			v, err := read(ctx)
			switch {
			case err == nil:
				last = v
			case errors.Is(err, ErrNotPresent), ctx.Err() != nil:
				return err
			case failed != nil:
				failed(err)
			}
			out.Publish(last)
			b.next()
		}
	}
}

// beat is a ticker whose period may change without losing the beat.
type beat struct {
	every time.Duration
	last  time.Time // when the last beat was, or should have been
	timer *time.Timer
}

func startBeat(every time.Duration) *beat {
	return &beat{every: every, last: time.Now(), timer: time.NewTimer(every)}
}

// change sets the period, counted from the last beat.
func (b *beat) change(every time.Duration) {
	b.every = every
	b.timer.Reset(time.Until(b.last.Add(every)))
}

// next arranges for the next beat after one was received.
func (b *beat) next() {
	now := time.Now()
	b.last = b.last.Add(b.every)
	if late := now.Sub(b.last); late >= b.every {
		b.last = b.last.Add(late - late%b.every)
	}
	b.timer.Reset(b.last.Add(b.every).Sub(now))
}
