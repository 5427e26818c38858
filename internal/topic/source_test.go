package topic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// counting is a source that counts its lives and publishes one event per 100 ms.
type counting struct{ starts, alive atomic.Int32 }

func (c *counting) run(ctx context.Context, out *topic.Publisher[int]) error {
	c.starts.Add(1)
	c.alive.Add(1)
	defer c.alive.Add(-1)
	out.Ready()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := 1; ; i++ {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
			out.Publish(i)
		}
	}
}

func TestSourceRunsOnDemandAndLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &counting{}
		tp := topic.New(topic.Options[int]{Source: src.run})
		defer tp.Close()
		pass(time.Hour)
		if src.starts.Load() != 0 {
			t.Fatal("started without demand")
		}
		first, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		second, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		pass(time.Second)
		if src.starts.Load() != 1 {
			t.Fatalf("%d sources for two subscribers", src.starts.Load())
		}
		first.Close()
		pass(time.Minute)
		if src.alive.Load() != 1 {
			t.Fatal("stopped although somebody is subscribed")
		}
		second.Close()
		pass(topic.DefaultLinger - time.Millisecond)
		third, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		pass(time.Minute)
		if src.starts.Load() != 1 || src.alive.Load() != 1 {
			t.Fatal("a subscriber within the linger time did not keep the source")
		}
		third.Close()
		pass(topic.DefaultLinger + time.Millisecond)
		synctest.Wait()
		if src.alive.Load() != 0 {
			t.Fatal("still runs after the linger time")
		}
		if st := tp.Stats(); st.State != topic.Idle || st.Held != 0 {
			t.Errorf("after the stop: %v with %d events held", st.State, st.Held)
		}
	})
}

func TestBrokenSourceIsRetriedWithBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var starts []time.Duration
		began := time.Now()
		failure := errors.New("sensor on fire")
		tp := topic.New(topic.Options[int]{Retry: true, Source: func(context.Context, *topic.Publisher[int]) error {
			starts = append(starts, time.Since(began))
			return failure
		}})
		s, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		pass(4 * time.Second)
		synctest.Wait()
		want := []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 3500 * time.Millisecond}
		if !slices.Equal(starts, want) {
			t.Errorf("started at %v, want %v", starts, want)
		}
		if st := tp.Stats(); st.State != topic.Broken || !errors.Is(st.Err, failure) {
			t.Errorf("state %v, %v", st.State, st.Err)
		}
		if _, _, err := read(t, s); err != nil {
			t.Errorf("a retried source ended its subscriber: %v", err)
		}
		s.Close()
		tp.Close()
	})
}

func TestSourceThatFailsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("no such file")
		fail := atomic.Bool{}
		fail.Store(true)
		tp := topic.New(topic.Options[int]{Source: func(ctx context.Context, out *topic.Publisher[int]) error {
			if fail.Load() {
				return failure
			}
			out.Publish(1)
			out.Ready()
			return nil
		}})
		defer tp.Close()
		s, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		if err := s.WaitReady(t.Context()); !errors.Is(err, failure) {
			t.Errorf("waiting for ready returned %v", err)
		}
		if _, _, err := read(t, s); !errors.Is(err, failure) {
			t.Errorf("subscriber ended with %v", err)
		}
		s.Close()
		synctest.Wait()
		fail.Store(false)
		again, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		defer again.Close()
		if err := again.WaitReady(t.Context()); err != nil {
			t.Errorf("the next demand did not start afresh: %v", err)
		}
		again.Rewind(-1)
		synctest.Wait()
		if got, _, err := read(t, again); !slices.Equal(got, []int{1}) || !errors.Is(err, io.EOF) {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestNotPresentIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		starts := 0
		tp := topic.New(topic.Options[int]{Retry: true, Source: func(context.Context, *topic.Publisher[int]) error {
			starts++
			return fmt.Errorf("find a sensor: %w", topic.ErrNotPresent)
		}})
		defer tp.Close()
		s, _ := tp.Subscribe(topic.SubscribeOptions{})
		pass(time.Hour)
		synctest.Wait()
		if st := tp.Stats(); starts != 1 || st.State != topic.NotPresent {
			t.Errorf("%d starts, state %v", starts, st.State)
		}
		s.Close()
		synctest.Wait()
		s, _ = tp.Subscribe(topic.SubscribeOptions{})
		synctest.Wait()
		if starts != 2 {
			t.Errorf("%d starts after a second demand", starts)
		}
		s.Close()
	})
}

func TestSampledSourceRunsAtTheFastestRateWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int32
		tp := topic.New(topic.Options[int32]{Source: topic.Sample(func(context.Context) (int32, error) {
			return reads.Add(1), nil
		}, nil)})
		defer tp.Close()
		slow, _ := tp.Subscribe(topic.SubscribeOptions{Interval: time.Second, Replay: 1})
		pass(10*time.Second + time.Millisecond)
		if n := reads.Load(); n != 11 {
			t.Errorf("%d reads in 10 s at 1 Hz, want 11", n)
		}
		synctest.Wait()
		reads.Store(0)
		var fast []*topic.Subscription[int32]
		for range 100 {
			s, _ := tp.Subscribe(topic.SubscribeOptions{Interval: 250 * time.Millisecond, Replay: 1})
			fast = append(fast, s)
		}
		pass(10*time.Second + time.Millisecond)
		synctest.Wait()
		if n := reads.Load(); n != 40 {
			t.Errorf("%d reads in 10 s for 100 viewers at 4 Hz, want 40", n)
		}
		for _, s := range fast {
			s.Close()
		}
		synctest.Wait()
		reads.Store(0)
		pass(10*time.Second + time.Millisecond)
		synctest.Wait()
		if n := reads.Load(); n != 10 {
			t.Errorf("%d reads in 10 s after the fast ones left, want 10", n)
		}
		slow.Close()
	})
}

func TestFailedReadRepeatsTheLastSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("busy")
		n, told := 0, 0
		tp := topic.New(topic.Options[int]{Source: topic.Sample(func(context.Context) (int, error) {
			if n++; n > 1 {
				return 0, failure
			}
			return 7, nil
		}, func(error) { told++ })})
		s, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		pass(2*time.Second + time.Millisecond)
		if got, _, _ := read(t, s); !slices.Equal(got, []int{7, 7, 7}) || told != 2 {
			t.Errorf("got %v, told %d failures", got, told)
		}
		s.Close()
		tp.Close()
	})
}

func TestSubscriberDuringTheStopGetsTheNextLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &counting{}
		slow := func(ctx context.Context, out *topic.Publisher[int]) error {
			err := src.run(ctx, out)
			pass(time.Second) // takes its time to stop
			return err
		}
		tp := topic.New(topic.Options[int]{Source: slow, Linger: -1})
		s, _ := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		pass(time.Second)
		s.Close()
		synctest.Wait()
		s, _ = tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		if err := s.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		pass(150 * time.Millisecond)
		if got, missed, err := read(t, s); !slices.Equal(got, []int{1}) || missed != 0 || err != nil {
			t.Errorf("got %v, missed %d, %v", got, missed, err)
		}
		s.Close()
		tp.Close()
	})
}
