package topic_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }

// arrivals publishes at the given moments, in milliseconds from now, and
// returns those of the events that s got.
func arrivals(t *testing.T, tp *topic.Topic[int], s *topic.Subscription[int], at []int) (got []int) {
	t.Helper()
	began := time.Now()
	for _, ms := range at {
		pass(time.Until(began.Add(time.Duration(ms) * time.Millisecond)))
		tp.Publish(ms)
		v, _, _ := read(t, s)
		got = append(got, v...)
	}
	return got
}

func TestIntervalOfIrregularEvents(t *testing.T) {
	every := func(step, until int) (at []int) {
		for ms := 0; ms <= until; ms += step {
			at = append(at, ms)
		}
		return at
	}
	for name, tt := range map[string]struct {
		at, want []int
	}{
		"as wanted":                       {every(1000, 4000), []int{0, 1000, 2000, 3000, 4000}},
		"rarer than wanted":               {[]int{0, 2500, 5200, 9000}, []int{0, 2500, 5200, 9000}},
		"a burst gives its first":         {[]int{0, 1, 2, 3, 4, 5}, []int{0}},
		"never two within half of it":     {[]int{0, 1490, 1510, 1980, 2000}, []int{0, 1490, 2000}},
		"a late one does not pile up":     {[]int{0, 5000, 5100, 5200, 5500, 6000}, []int{0, 5000, 5500}},
		"ten times as often as is wanted": {every(100, 4000), []int{0, 500, 1500, 2500, 3500}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tp := topic.New(topic.Options[int]{})
				s := subscribe(t, tp, topic.SubscribeOptions{Interval: time.Second})
				if got := arrivals(t, tp, s, tt.at); !slices.Equal(got, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
				if _, dropped := s.Counts(); dropped != 0 {
					t.Errorf("what was thinned out counts as dropped: %d", dropped)
				}
			})
		})
	}
}

func TestLatestThatReadsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := topic.New(topic.Options[int]{})
		s := subscribe(t, tp, topic.SubscribeOptions{Interval: time.Second})
		for i := range 5 {
			tp.Publish(i)
			pass(time.Second)
		}
		if s.Lag() != 1 {
			t.Errorf("lag %d", s.Lag())
		}
		if got, _, _ := read(t, s); !slices.Equal(got, []int{4}) {
			t.Errorf("got %v, want the newest", got)
		}
		if delivered, dropped := s.Counts(); delivered != 1 || dropped != 4 {
			t.Errorf("%d delivered, %d dropped", delivered, dropped)
		}
		if s.Lag() != 0 {
			t.Errorf("lag %d after reading", s.Lag())
		}
	})
}

func TestSetInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var wanted []time.Duration
		tp := topic.New(topic.Options[int]{Source: func(ctx context.Context, out *topic.Publisher[int]) error {
			for {
				wanted = append(wanted, out.Interval())
				select {
				case <-out.IntervalChanged():
				case <-ctx.Done():
					return nil
				}
			}
		}})
		defer tp.Close()
		s := subscribe(t, tp, topic.SubscribeOptions{Interval: 10 * time.Second, Replay: 1})
		synctest.Wait()
		tp.Publish(1)
		if got, _, _ := read(t, s); !slices.Equal(got, []int{1}) {
			t.Fatalf("first: %v", got)
		}
		pass(time.Second)
		s.SetInterval(100 * time.Millisecond)
		tp.Publish(2)
		if got, _, _ := read(t, s); !slices.Equal(got, []int{2}) {
			t.Errorf("right after the change: %v", got)
		}
		synctest.Wait()
		other := subscribe(t, tp, topic.SubscribeOptions{Interval: 20 * time.Millisecond})
		synctest.Wait()
		other.SetInterval(0) // no wish any more
		synctest.Wait()
		s.SetInterval(0)
		synctest.Wait()
		want := []time.Duration{10 * time.Second, 100 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, topic.DefaultInterval}
		if !slices.Equal(wanted, want) {
			t.Errorf("the source was asked for %v, want %v", wanted, want)
		}
	})
}

// TestBeatSurvivesComingAndGoing: clients that keep reconnecting with another
// interval do not keep the sampler from sampling.
func TestBeatSurvivesComingAndGoing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reads atomic.Int32
		tp := topic.New(topic.Options[int32]{Source: topic.Sample(func(context.Context) (int32, error) { return reads.Add(1), nil }, nil)})
		defer tp.Close()
		steady := subscribe(t, tp, topic.SubscribeOptions{Interval: time.Second})
		for range 200 {
			s, err := tp.Subscribe(topic.SubscribeOptions{Interval: 500 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			pass(50 * time.Millisecond)
			s.Close()
			pass(50 * time.Millisecond)
		}
		synctest.Wait()
		if n := reads.Load(); n < 20 || n > 41 {
			t.Errorf("%d reads in 20 s, two a second were wanted half of the time", n)
		}
		if _, dropped := steady.Counts(); dropped < 18 || dropped > 21 {
			t.Errorf("%d samples in 20 s for the steady viewer", dropped)
		}
	})
}

// TestSlowReadSkipsBeats: a read that takes longer than the interval is not
// followed by a burst.
func TestSlowReadSkipsBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		tp := topic.New(topic.Options[int]{Source: topic.Sample(func(context.Context) (int, error) {
			at = append(at, time.Since(began))
			if len(at) == 3 {
				pass(3500 * time.Millisecond)
			}
			return len(at), nil
		}, nil)})
		defer tp.Close()
		subscribe(t, tp, topic.SubscribeOptions{Interval: time.Second})
		pass(8*time.Second + time.Millisecond)
		synctest.Wait()
		want := []time.Duration{0, 1, 2, 6, 7, 8}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(at, want) {
			t.Errorf("read at %v, want %v", at, want)
		}
	})
}

func TestReplayOfLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := topic.New(topic.Options[int]{})
		empty := subscribe(t, tp, topic.SubscribeOptions{Replay: -1, Interval: time.Second})
		if n := empty.Rewind(-1); n != 0 {
			t.Errorf("%d events to come of an empty history", n)
		}
		tp.Publish(1)
		tp.Publish(2)
		s := subscribe(t, tp, topic.SubscribeOptions{Replay: -1, Interval: time.Second})
		if got := arrivals(t, tp, s, []int{100, 900, 1000}); !slices.Equal(got, []int{2, 900}) {
			t.Errorf("got %v: the replay is the newest, the next is due a second later", got)
		}
		if n := s.Rewind(5); n != 1 {
			t.Errorf("%d events to come, Latest knows one", n)
		}
		tp.Clear()
		if got, _, _ := read(t, s); len(got) != 0 {
			t.Errorf("after clear: %v", got)
		}
	})
}
