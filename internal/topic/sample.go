package topic

import (
	"context"
	"errors"
	"time"
)

// Sample makes a source out of a function that reads one value: it reads at
// once and then at the fastest rate that any subscriber wants. If a read fails
// after one has succeeded, the last value is published again, so that
// subscribers keep their rhythm and see its age; the failure goes to failed,
// which may be nil. If the first read fails, the source returns its error.
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
		ticker := time.NewTicker(out.Interval())
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-out.IntervalChanged():
				ticker.Reset(out.Interval())
				continue
			case <-ticker.C:
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
		}
	}
}
