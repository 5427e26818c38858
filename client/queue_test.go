package client

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
)

func event(v int) Event[int] { return Event[int]{Value: v, size: 1} }

func lost() Event[int] { return Event[int]{Gap: &Gap{}} }

func drain(t *testing.T, q *queue[int]) (values []int, missed []uint64, gaps int, end error) {
	t.Helper()
	for {
		e, err := q.take(t.Context())
		if err != nil {
			return values, missed, gaps, err
		}
		if e.Gap != nil {
			gaps++
			continue
		}
		values, missed = append(values, e.Value), append(missed, e.Missed)
	}
}

func TestQueueOfStatesKeepsTheNewestAndCounts(t *testing.T) {
	q := newQueue[int](2, true)
	for v := range 5 {
		if err := q.put(t.Context(), event(v)); err != nil {
			t.Fatal(err)
		}
	}
	q.finish(io.EOF)
	values, missed, _, end := drain(t, q)
	if len(values) != 2 || values[0] != 3 || values[1] != 4 || missed[0] != 3 || missed[1] != 0 || end != io.EOF {
		t.Fatalf("got %v, missed %v, end %v", values, missed, end)
	}
}

func TestQueueOfStatesKeepsGapsBeforeMessages(t *testing.T) {
	q := newQueue[int](3, true)
	for _, e := range []Event[int]{event(1), lost(), event(2), event(3), event(4)} {
		_ = q.put(t.Context(), e)
	}
	q.finish(io.EOF)
	values, missed, gaps, _ := drain(t, q)
	if gaps != 1 || len(values) != 2 || values[0] != 3 || missed[0] != 2 {
		t.Fatalf("got %v, missed %v, %d gaps", values, missed, gaps)
	}
}

func TestQueueNeverHoldsMoreThanItsBound(t *testing.T) {
	q := newQueue[int](3, true)
	for range 100 {
		_ = q.put(t.Context(), lost())
		_ = q.put(t.Context(), event(1))
	}
	if len(q.events) > 3 {
		t.Fatalf("%d events held", len(q.events))
	}
}

func TestLosslessQueueHoldsTheProducer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue[int](2, false)
		put := 0
		go func() {
			for v := range 4 {
				_ = q.put(t.Context(), event(v))
				put++
			}
			q.finish(io.EOF)
		}()
		synctest.Wait()
		if put != 2 {
			t.Fatalf("%d messages put into a queue of 2", put)
		}
		values, missed, _, _ := drain(t, q)
		if len(values) != 4 || missed[3] != 0 {
			t.Fatalf("got %v, missed %v", values, missed)
		}
	})
}

func TestLosslessQueueIsBoundedInBytes(t *testing.T) {
	q := newQueue[int](100, false)
	big := Event[int]{size: queueBytes}
	if !q.tryPut(big) {
		t.Fatal("an empty queue must take a message of any size")
	}
	if q.tryPut(big) {
		t.Fatal("two messages of the whole bound were taken")
	}
	if !q.tryPut(lost()) {
		t.Fatal("a gap must always be told")
	}
}

func TestQueueEndsWaits(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("enough")
	cancel(cause)
	q := newQueue[int](1, false)
	if _, err := q.take(ctx); !errors.Is(err, cause) {
		t.Fatalf("take: %v", err)
	}
	_ = q.put(t.Context(), event(1))
	if err := q.put(ctx, event(2)); !errors.Is(err, cause) {
		t.Fatalf("put: %v", err)
	}
}

func TestQueueTellsItsEndToEveryCall(t *testing.T) {
	q := newQueue[int](1, false)
	q.finish(io.EOF)
	q.finish(io.ErrUnexpectedEOF)
	for range 3 {
		if _, err := q.take(t.Context()); err != io.EOF {
			t.Fatalf("got %v, want the first reason", err)
		}
	}
}
