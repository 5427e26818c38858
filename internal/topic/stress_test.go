package topic_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// TestStress lets everything happen at once: a source that starts and stops with
// demand, subscribers of all policies that come, read, rewind and go, others
// that publish and clear, and in the end Close. What it checks is what each
// subscriber sees: numbers that only grow, and the errors that are documented.
func TestStress(t *testing.T) {
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	for seed := range rounds {
		st := &stress{t: t, source: &ticking{}}
		st.topic = topic.New(topic.Options[int]{
			HistoryItems: 64, HistoryBytes: 10_000, Size: func(int) int { return 100 },
			Source: st.source.run, Linger: time.Millisecond, Retry: true, Interval: time.Millisecond,
		})
		st.run(uint64(seed))
		if n := st.source.alive.Load(); n != 0 {
			t.Errorf("seed %d: %d sources run after Close", seed, n)
		}
		if stats := st.topic.Stats(); stats.Subscribers != 0 || stats.State != topic.Idle {
			t.Errorf("seed %d: in the end %+v", seed, stats)
		}
	}
}

// ticking is a source that publishes, fails now and then, and never runs twice.
type ticking struct {
	alive atomic.Int32
	lives atomic.Int32
}

func (s *ticking) run(ctx context.Context, out *topic.Publisher[int]) error {
	if s.alive.Add(1) != 1 {
		panic("two sources at once")
	}
	defer s.alive.Add(-1)
	life := s.lives.Add(1)
	out.Ready()
	for n := range 200 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-out.IntervalChanged():
		case <-time.After(20 * time.Microsecond):
			out.Publish(n)
		}
	}
	if life%3 == 0 {
		return errors.New("broke")
	}
	<-ctx.Done()
	return nil
}

type stress struct {
	t      *testing.T
	topic  *topic.Topic[int]
	source *ticking
}

func (st *stress) run(seed uint64) {
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for k := range 8 {
		wg.Go(func() { st.subscriber(rand.New(rand.NewPCG(seed, uint64(k))), stop) })
	}
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Microsecond):
				st.topic.Publish(-1)
				st.topic.Snapshot()
				st.topic.Stats()
				st.topic.Newest()
			}
		}
	})
	<-time.After(50 * time.Millisecond)
	if seed%2 == 0 {
		st.topic.Close() // with subscribers
		close(stop)
		wg.Wait()
		return
	}
	close(stop)
	wg.Wait()
	st.topic.Close()
}

// subscriber comes and goes until stop.
func (st *stress) subscriber(random *rand.Rand, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		opts := topic.SubscribeOptions{
			Policy: topic.Policy(random.IntN(3)), Replay: random.IntN(5) - 1,
			Interval: time.Duration(random.IntN(3)) * time.Millisecond, MaxLag: random.IntN(2) * 10,
			Wake: func() {},
		}
		s, err := st.topic.Subscribe(opts)
		if errors.Is(err, topic.ErrClosed) {
			return
		}
		st.read(s, opts.Policy, random)
		s.Close()
	}
}

func (st *stress) read(s *topic.Subscription[int], policy topic.Policy, random *rand.Rand) {
	var last uint64
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(10))*time.Millisecond)
	defer cancel()
	for range 1 + random.IntN(200) {
		switch random.IntN(40) {
		case 0:
			s.Rewind(random.IntN(5) - 1)
			last = 0
		case 1:
			s.SetInterval(time.Duration(random.IntN(3)) * time.Millisecond)
		case 2:
			_ = s.WaitReady(ctx)
		}
		it, err := s.Next(ctx)
		if err != nil {
			st.expectOneOf(err, context.DeadlineExceeded, topic.ErrClosed, topic.ErrLagged, io.EOF)
			return
		}
		if last > 0 && it.Event.Seq <= last {
			st.t.Errorf("event %d after %d", it.Event.Seq, last)
		}
		if policy == topic.Lossless && it.Missed > 0 {
			st.t.Errorf("lossless missed %d", it.Missed)
		}
		last = it.Event.Seq
	}
}

func (st *stress) expectOneOf(err error, allowed ...error) {
	for _, a := range allowed {
		if errors.Is(err, a) {
			return
		}
	}
	st.t.Errorf("ended with %v", err)
}

// TestCloseDuringTheRun: Close waits for the source, also while it is broken and
// waits for its next try, and while subscribers come.
func TestCloseDuringTheRun(t *testing.T) {
	for name, retry := range map[string]bool{"running": false, "broken": true} {
		t.Run(name, func(t *testing.T) {
			var alive atomic.Bool
			entered := make(chan struct{}, 100)
			tp := topic.New(topic.Options[int]{Retry: true, Source: func(ctx context.Context, _ *topic.Publisher[int]) error {
				alive.Store(true)
				defer alive.Store(false)
				entered <- struct{}{}
				if retry {
					return errors.New("broken")
				}
				<-ctx.Done()
				return nil
			}})
			s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
			<-entered
			ended := make(chan error, 1)
			go func() { _, err := s.Next(context.Background()); ended <- err }()
			tp.Close()
			if alive.Load() {
				t.Error("the source runs after Close")
			}
			if err := <-ended; !errors.Is(err, topic.ErrClosed) {
				t.Errorf("the subscriber ended with %v", err)
			}
			if err := s.WaitReady(t.Context()); !errors.Is(err, topic.ErrClosed) {
				t.Errorf("waiting for ready: %v", err)
			}
		})
	}
}

// TestLogMayUseTheTopic: a log that is itself a topic must not stand in its own
// way, and a source that stays broken is warned of once.
func TestLogMayUseTheTopic(t *testing.T) {
	var tp *topic.Topic[int]
	log := &publishingLog{publish: func() { tp.Publish(1) }}
	failed := make(chan struct{}, 100)
	tp = topic.New(topic.Options[int]{Logger: slog.New(log), Retry: true, Source: func(context.Context, *topic.Publisher[int]) error {
		failed <- struct{}{}
		return errors.New("still broken")
	}})
	s := subscribe(t, tp, topic.SubscribeOptions{Policy: topic.Gap})
	<-failed
	<-failed // half a second later
	s.Close()
	tp.Close()
	if n := log.warnings.Load(); n != 1 {
		t.Errorf("%d warnings", n)
	}
}

type publishingLog struct {
	slog.Handler
	publish  func()
	warnings atomic.Int32
}

func (l *publishingLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *publishingLog) Handle(_ context.Context, r slog.Record) error {
	if r.Level == slog.LevelWarn {
		l.warnings.Add(1)
	}
	l.publish()
	return nil
}
