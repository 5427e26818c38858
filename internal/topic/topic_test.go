package topic_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read takes everything that a subscription has now.
func read[T any](t *testing.T, s *topic.Subscription[T]) (values []T, missed uint64, err error) {
	t.Helper()
	var items [3]topic.Item[T]
	for {
		n, err := s.Fill(items[:])
		for _, it := range items[:n] {
			values = append(values, it.Event.Value)
			missed += it.Missed
		}
		if n == 0 || err != nil {
			return values, missed, err
		}
	}
}

func subscribe[T any](t *testing.T, tp *topic.Topic[T], opts topic.SubscribeOptions) *topic.Subscription[T] {
	t.Helper()
	s, err := tp.Subscribe(opts)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestSequenceNumbersAreDense(t *testing.T) {
	tp := topic.New(topic.Options[string]{})
	for i := range 5 {
		if e := tp.Publish("x"); e.Seq != uint64(i+1) {
			t.Errorf("event %d has number %d", i+1, e.Seq)
		}
	}
	other := topic.New(topic.Options[string]{})
	if tp.Epoch() == other.Epoch() {
		t.Error("two topics share an epoch")
	}
	if got, want := (topic.Position{Epoch: "ab", Seq: 7}).String(), "ab:7"; got != want {
		t.Errorf("position is %q, want %q", got, want)
	}
}

func TestReplayThenLive(t *testing.T) {
	for _, tt := range []struct {
		replay int
		want   []int
	}{
		{0, []int{5, 6}},
		{2, []int{3, 4, 5, 6}},
		{-1, []int{1, 2, 3, 4, 5, 6}},
		{99, []int{1, 2, 3, 4, 5, 6}},
	} {
		t.Run(fmt.Sprint(tt.replay), func(t *testing.T) {
			tp := topic.New(topic.Options[int]{})
			for i := range 4 {
				tp.Publish(i + 1)
			}
			s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap, Replay: tt.replay})
			tp.Publish(5)
			tp.Publish(6)
			got, missed, err := read(t, s)
			if err != nil || missed != 0 || !slices.Equal(got, tt.want) {
				t.Errorf("got %v, missed %d, %v; want %v", got, missed, err, tt.want)
			}
		})
	}
}

func TestHistoryIsBoundedByCountAndBytes(t *testing.T) {
	tp := topic.New(topic.Options[string]{HistoryItems: 4, HistoryBytes: 10, Size: func(s string) int { return len(s) }})
	held := func() (values []string) {
		for _, e := range tp.Snapshot() {
			values = append(values, e.Value)
		}
		return values
	}
	for _, v := range []string{"a", "b", "c", "d", "e"} {
		tp.Publish(v)
	}
	if got := held(); !slices.Equal(got, []string{"b", "c", "d", "e"}) {
		t.Errorf("by count: %v", got)
	}
	tp.Publish("12345678")
	if got := held(); !slices.Equal(got, []string{"d", "e", "12345678"}) {
		t.Errorf("by bytes: %v", got)
	}
	tp.Publish("a single event beyond the bound")
	if got := held(); !slices.Equal(got, []string{"a single event beyond the bound"}) {
		t.Errorf("large event: %v", got)
	}
	if st := tp.Stats(); st.Held != 1 || st.HeldBytes != 31 || st.Published != 7 {
		t.Errorf("stats %+v", st)
	}
}

func TestGapIsToldInOrder(t *testing.T) {
	tp := topic.New(topic.Options[int]{HistoryItems: 4})
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
	for i := range 10 {
		tp.Publish(i + 1)
	}
	var items [2]topic.Item[int]
	n, err := s.Fill(items[:])
	if n != 2 || err != nil {
		t.Fatalf("fill: %d, %v", n, err)
	}
	if items[0].Missed != 6 || items[0].Event.Value != 7 || items[1].Missed != 0 {
		t.Errorf("got %d after %d missed, then %d", items[0].Event.Value, items[0].Missed, items[1].Missed)
	}
	if delivered, dropped := s.Counts(); delivered != 2 || dropped != 6 {
		t.Errorf("counted %d delivered, %d dropped", delivered, dropped)
	}
}

func TestMaxLag(t *testing.T) {
	tp := topic.New(topic.Options[int]{})
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap, MaxLag: 3})
	for i := range 10 {
		tp.Publish(i + 1)
	}
	got, missed, _ := read(t, s)
	if missed != 7 || !slices.Equal(got, []int{8, 9, 10}) {
		t.Errorf("got %v, missed %d", got, missed)
	}
}

func TestLosslessEndsInsteadOfLosing(t *testing.T) {
	tp := topic.New(topic.Options[int]{HistoryItems: 4})
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless})
	for i := range 5 {
		tp.Publish(i + 1)
	}
	if got, _, err := read(t, s); !errors.Is(err, topic.ErrLagged) || len(got) != 0 {
		t.Errorf("got %v, %v; want ErrLagged and nothing", got, err)
	}
}

func TestLatestKeepsOnlyTheNewest(t *testing.T) {
	tp := topic.New(topic.Options[int]{})
	tp.Publish(1)
	s := subscribe(t, tp, topic.SubscribeOptions{Replay: 1})
	if got, _, _ := read(t, s); !slices.Equal(got, []int{1}) {
		t.Errorf("replay %v", got)
	}
	tp.Publish(2)
	tp.Publish(3)
	if got, _, _ := read(t, s); !slices.Equal(got, []int{3}) {
		t.Errorf("live %v", got)
	}
	if _, dropped := s.Counts(); dropped != 1 {
		t.Errorf("counted %d dropped, want 1", dropped)
	}
}

func TestWakeOncePerDrain(t *testing.T) {
	var wakes int
	tp := topic.New(topic.Options[int]{})
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap, Wake: func() { wakes++ }})
	tp.Publish(1) // not waiting yet: the first Fill is the subscriber's own business
	if wakes != 0 {
		t.Errorf("%d wakes before the first Fill", wakes)
	}
	read(t, s)
	tp.Publish(2)
	tp.Publish(3)
	if wakes != 1 {
		t.Errorf("%d wakes for two events after a drain, want 1", wakes)
	}
	tp.End(nil)
	read(t, s)
	if wakes != 2 {
		t.Errorf("the end did not wake: %d", wakes)
	}
}

func TestEndComesAfterWhatIsLeft(t *testing.T) {
	failure := errors.New("it broke")
	for _, tt := range []struct{ give, want error }{{nil, io.EOF}, {failure, failure}} {
		tp := topic.New(topic.Options[int]{})
		s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
		tp.Publish(1)
		tp.End(tt.give)
		if tp.Publish(2) != nil {
			t.Error("published after the end")
		}
		got, _, err := read(t, s)
		if !slices.Equal(got, []int{1}) || !errors.Is(err, tt.want) {
			t.Errorf("got %v, %v; want [1], %v", got, err, tt.want)
		}
		late := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap, Replay: -1})
		if got, _, err := read(t, late); !slices.Equal(got, []int{1}) || !errors.Is(err, tt.want) {
			t.Errorf("late subscriber got %v, %v", got, err)
		}
	}
}

// TestNoGapNoOverlapUnderConcurrency subscribes at arbitrary moments while
// events are published, and expects each subscriber's numbers to be dense.
func TestNoGapNoOverlapUnderConcurrency(t *testing.T) {
	tp := topic.New(topic.Options[int]{HistoryItems: 1 << 16})
	const events = 20000
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range events {
			tp.Publish(i)
		}
		tp.End(nil)
	})
	for k := range 8 {
		wg.Go(func() {
			s, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Replay: k * 10})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			var last uint64
			for {
				it, err := s.Next(context.Background())
				if err != nil {
					if last != events && last != 0 {
						t.Errorf("ended with %v after %d", err, last)
					}
					return
				}
				if it.Missed > 0 || (last > 0 && it.Event.Seq != last+1) {
					t.Errorf("event %d after %d, missed %d", it.Event.Seq, last, it.Missed)
					return
				}
				last = it.Event.Seq
			}
		})
	}
	wg.Wait()
}

func TestEncodeOncePerForm(t *testing.T) {
	tp := topic.New(topic.Options[int]{})
	e := tp.Publish(42)
	var calls atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		for _, key := range []topic.Key{{Form: "a"}, {Form: "b"}, {Form: "b", Variant: 1}} {
			wg.Go(func() {
				got, err := topic.Encode(e, key, func(e *topic.Event[int]) (string, error) {
					calls.Add(1)
					return fmt.Sprint(key, e.Value), nil
				})
				if want := fmt.Sprint(key, 42); got != want || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
	}
	wg.Wait()
	if calls.Load() != 3 {
		t.Errorf("encoded %d times for 3 forms", calls.Load())
	}
	failure := errors.New("no such form")
	for range 2 {
		_, err := topic.Encode(e, topic.Key{Form: "bad"}, func(*topic.Event[int]) (string, error) {
			calls.Add(1)
			return "", failure
		})
		if !errors.Is(err, failure) {
			t.Errorf("got %v", err)
		}
	}
	if calls.Load() != 4 {
		t.Error("a failed form was tried again")
	}
}

func TestRewind(t *testing.T) {
	tp := topic.New(topic.Options[int]{})
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless})
	for i := range 5 {
		tp.Publish(i + 1)
	}
	if n := s.Rewind(2); n != 2 {
		t.Errorf("rewound to %d events", n)
	}
	tp.Publish(6)
	if got, _, err := read(t, s); err != nil || !slices.Equal(got, []int{4, 5, 6}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestWaitRoomFollowsTheFastest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := topic.New(topic.Options[string]{Size: func(s string) int { return len(s) }, HistoryItems: 100})
		if err := tp.WaitRoom(t.Context(), 0); err != nil {
			t.Fatalf("without subscribers: %v", err)
		}
		fast := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless})
		subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless}) // reads nothing
		tp.Publish("12345")
		tp.Publish("12345")
		var free atomic.Bool
		go func() {
			if err := tp.WaitRoom(t.Context(), 5); err != nil {
				t.Error(err)
			}
			free.Store(true)
		}()
		synctest.Wait()
		if free.Load() {
			t.Fatal("did not wait for the fast subscriber")
		}
		var one [1]topic.Item[string]
		if n, err := fast.Fill(one[:]); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		synctest.Wait()
		if !free.Load() {
			t.Error("still waits although the fast subscriber has room")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := tp.WaitRoom(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled wait returned %v", err)
		}
	})
}

func TestCloseEndsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := topic.New(topic.Options[int]{})
		s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
		ended := make(chan error, 1)
		go func() { _, err := s.Next(context.Background()); ended <- err }()
		synctest.Wait()
		tp.Close()
		if err := <-ended; !errors.Is(err, topic.ErrClosed) {
			t.Errorf("subscriber ended with %v", err)
		}
		if _, err := tp.Subscribe(topic.SubscribeOptions{}); !errors.Is(err, topic.ErrClosed) {
			t.Errorf("subscribed to a closed topic: %v", err)
		}
	})
}

func TestThinning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := topic.New(topic.Options[int]{Interval: 100 * time.Millisecond})
		s := subscribe(t, tp, topic.SubscribeOptions{Interval: 300 * time.Millisecond})
		subscribe(t, tp, topic.SubscribeOptions{Interval: 100 * time.Millisecond})
		var got []int
		for i := range 10 {
			tp.Publish(i)
			v, _, _ := read(t, s)
			got = append(got, v...)
			pass(100*time.Millisecond + time.Duration(i%3-1)*5*time.Millisecond) // jitter
		}
		if want := []int{0, 3, 6, 9}; !slices.Equal(got, want) {
			t.Errorf("every third sample: got %v, want %v", got, want)
		}
	})
}
