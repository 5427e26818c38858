package topic_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

func TestClear(t *testing.T) {
	for name, policy := range map[string]topic.Policy{"gap": topic.Gap, "lossless": topic.Lossless} {
		t.Run(name, func(t *testing.T) {
			tp := topic.New(topic.Options[int]{})
			s := subscribe(t, tp, topic.SubscribeOptions{Policy: policy})
			for i := range 3 {
				tp.Publish(i + 1)
			}
			tp.Clear()
			if e := tp.Newest(); e != nil || len(tp.Snapshot()) != 0 {
				t.Errorf("held after clear: %v", e)
			}
			if s.Lag() != 0 {
				t.Errorf("lag %d", s.Lag())
			}
			if e := tp.Publish(4); e.Seq != 4 {
				t.Errorf("numbering starts again with %d", e.Seq)
			}
			if got, missed, err := read(t, s); !slices.Equal(got, []int{4}) || missed != 0 || err != nil {
				t.Errorf("got %v, missed %d, %v", got, missed, err)
			}
			if _, dropped := s.Counts(); dropped != 0 {
				t.Errorf("%d dropped", dropped)
			}
		})
	}
}

func TestMaxLagCountsTheReplay(t *testing.T) {
	tp := topic.New(topic.Options[int]{})
	for i := range 10 {
		tp.Publish(i + 1)
	}
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap, Replay: -1, MaxLag: 3})
	if s.Lag() != 3 {
		t.Errorf("%d events to come", s.Lag())
	}
	tp.Publish(11)
	if got, missed, _ := read(t, s); !slices.Equal(got, []int{9, 10, 11}) || missed != 1 {
		t.Errorf("got %v, missed %d", got, missed)
	}
	strict := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless, MaxLag: 3})
	for i := range 4 {
		tp.Publish(12 + i)
	}
	if got, _, err := read(t, strict); !errors.Is(err, topic.ErrLagged) || len(got) != 0 {
		t.Errorf("lossless beyond its lag got %v, %v", got, err)
	}
	if delivered, dropped := strict.Counts(); delivered != 0 || dropped != 1 {
		t.Errorf("%d delivered, %d dropped", delivered, dropped)
	}
}

// TestLossIsForGood: what a lossless subscriber lost is not forgotten by asking
// again.
func TestLossIsForGood(t *testing.T) {
	tp := topic.New(topic.Options[int]{HistoryItems: 2})
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless})
	for i := range 3 {
		tp.Publish(i)
	}
	for range 3 {
		if got, _, err := read(t, s); len(got) != 0 || !errors.Is(err, topic.ErrLagged) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, topic.ErrLagged) {
		t.Errorf("next returned %v", err)
	}
	if n := s.Rewind(-1); n != 2 {
		t.Errorf("rewound to %d events", n)
	}
	if got, _, err := read(t, s); !slices.Equal(got, []int{1, 2}) || err != nil {
		t.Errorf("after rewinding: %v, %v", got, err)
	}
}

func TestKeepHistory(t *testing.T) {
	for _, keep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			lives := 0
			tp := topic.New(topic.Options[int]{KeepHistory: keep, Linger: -1, Source: func(ctx context.Context, out *topic.Publisher[int]) error {
				lives++
				out.Publish(lives)
				out.Ready()
				<-ctx.Done()
				pass(time.Second) // takes its time
				return nil
			}})
			defer tp.Close()
			first := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
			synctest.Wait()
			first.Close()
			synctest.Wait()
			// Subscribes while the first life still ends.
			during := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap, Replay: -1})
			pass(2 * time.Second)
			synctest.Wait()
			want := []int{2}
			if keep {
				want = []int{1, 2}
			}
			if got, missed, err := read(t, during); !slices.Equal(got, want) || missed != 0 || err != nil {
				t.Errorf("keep %v: got %v, missed %d, %v; want %v", keep, got, missed, err, want)
			}
			during.Close()
			pass(2 * time.Second)
			synctest.Wait()
			held := len(tp.Snapshot())
			if keep && held != 2 || !keep && held != 0 {
				t.Errorf("keep %v: %d events held while idle", keep, held)
			}
		})
	}
}

func TestLosslessIsPacedByItemsToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Events are so small that the bound in bytes is never reached.
		tp := topic.New(topic.Options[int]{HistoryItems: 16, Size: func(int) int { return 1 }})
		s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless})
		published := 0
		go func() {
			for published < 1000 && tp.WaitRoom(t.Context(), 1<<20) == nil {
				published++
				tp.Publish(published)
			}
			tp.End(nil)
		}()
		var got []int
		for {
			synctest.Wait()
			if lag := s.Lag(); lag > 9 {
				t.Fatalf("the publisher ran %d events ahead of a history of 16", lag)
			}
			var items [3]topic.Item[int]
			n, err := s.Fill(items[:])
			for _, it := range items[:n] {
				got = append(got, it.Event.Value)
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(got) != 1000 || got[999] != 1000 {
			t.Errorf("got %d events", len(got))
		}
	})
}

// TestPacedPublisherLooksAgain: whenever the one that is furthest ahead becomes
// another one.
func TestPacedPublisherLooksAgain(t *testing.T) {
	for name, change := range map[string]func(*testing.T, *topic.Topic[int], *topic.Subscription[int]){
		"a new viewer": func(t *testing.T, tp *topic.Topic[int], _ *topic.Subscription[int]) {
			subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless})
		},
		"the slow one leaves":  func(_ *testing.T, _ *topic.Topic[int], s *topic.Subscription[int]) { s.Close() },
		"the slow one rewinds": func(_ *testing.T, _ *topic.Topic[int], s *topic.Subscription[int]) { s.Rewind(0) },
		"clear":                func(_ *testing.T, tp *topic.Topic[int], _ *topic.Subscription[int]) { tp.Clear() },
		"end":                  func(_ *testing.T, tp *topic.Topic[int], _ *topic.Subscription[int]) { tp.End(nil) },
		"close":                func(_ *testing.T, tp *topic.Topic[int], _ *topic.Subscription[int]) { tp.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tp := topic.New(topic.Options[int]{Size: func(int) int { return 100 }})
				s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Lossless})
				tp.Publish(1)
				tp.Publish(2)
				free := make(chan error, 2)
				for range 2 {
					go func() { free <- tp.WaitRoom(t.Context(), 100) }()
				}
				synctest.Wait()
				if len(free) > 0 {
					t.Fatal("did not wait")
				}
				change(t, tp, s)
				for range 2 {
					if err := <-free; err != nil {
						t.Errorf("waiting for room: %v", err)
					}
				}
			})
		})
	}
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := topic.New(topic.Options[string]{Name: "x", HistoryItems: 2, Size: func(s string) int { return len(s) },
			Source: func(ctx context.Context, _ *topic.Publisher[string]) error { <-ctx.Done(); return nil }})
		if tp.Observed() || tp.Name() != "x" {
			t.Error("observed by nobody")
		}
		a := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
		b := subscribe(t, tp, topic.SubscribeOptions{})
		for _, v := range []string{"1", "22", "333"} {
			tp.Publish(v)
		}
		read(t, a)
		read(t, b)
		synctest.Wait()
		want := topic.Stats{Published: 3, Delivered: 3, Dropped: 3, Subscribers: 2, Held: 2, HeldBytes: 5, Starts: 1, State: topic.Running}
		if got := tp.Stats(); got != want || !tp.Observed() {
			t.Errorf("got %+v, want %+v", got, want)
		}
		b.Close()
		b.Close()
		a.Close()
		tp.Close()
		tp.Close()
		want.Subscribers, want.Held, want.HeldBytes, want.State = 0, 0, 0, topic.Idle
		if got := tp.Stats(); got != want || tp.Observed() {
			t.Errorf("after the end: %+v, want %+v", got, want)
		}
		if tp.Publish("late") != nil {
			t.Error("published to a closed topic")
		}
	})
}

func TestHistoryNeedsSize(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a bound in bytes without sizes was accepted")
		}
	}()
	topic.New(topic.Options[int]{HistoryBytes: 1})
}

// TestEndOfACancelledLifeIsNobodysBusiness: who subscribes while the source
// stops waits for the next life, whatever the last one returns.
func TestEndOfACancelledLifeIsNobodysBusiness(t *testing.T) {
	for name, returned := range map[string]error{"finished": nil, "broken": errors.New("it broke"), "not present": topic.ErrNotPresent} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lives := 0
				slow := slog.New(&publishingLog{publish: func() { pass(time.Second) }}) // shows what is between two states
				tp := topic.New(topic.Options[int]{Linger: -1, Logger: slow, Source: func(ctx context.Context, out *topic.Publisher[int]) error {
					if lives++; lives == 2 {
						out.Publish(2)
						return nil
					}
					<-ctx.Done()
					pass(time.Second)
					return returned
				}})
				defer tp.Close()
				first := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
				synctest.Wait()
				first.Close()
				s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
				if it, err := s.Next(t.Context()); err != nil || it.Event.Value != 2 {
					t.Errorf("got %+v, %v, want the event of the second life", it, err)
				}
				if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
					t.Errorf("then %v", err)
				}
			})
		})
	}
}
