package recorder

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSeriesCursors(t *testing.T) {
	s := newSeries[int](5)
	for i := 1; i <= 8; i++ {
		s.add(i)
	}
	for _, test := range []struct {
		cursor int64
		limit  int
		stream bool
		items  string
		next   int64
		lost   int64
	}{
		{0, 100, false, "[4 5 6 7 8]", 8, 3}, {0, 2, false, "[4 5]", 5, 3}, {5, 2, false, "[6 7]", 7, 0}, {8, 9, false, "[]", 8, 0},
		{99, 9, false, "[]", 8, 0}, {0, 100, true, "[1 2 3 4 5 6 7 8]", 8, 0}, {2, 1, true, "[3]", 3, 0},
	} {
		items, next, lost := s.after(test.cursor, test.limit, test.stream)
		if fmt.Sprint(items) != test.items || next != test.next || lost != test.lost {
			t.Errorf("%+v: %v, %d, %d", test, items, next, lost)
		}
	}
	if fmt.Sprint(s.all()) != "[4 5 6 7 8]" {
		t.Errorf("all: %v", s.all())
	}
	s.reset()
	s.add(9)
	if items, next, _ := s.after(0, 9, false); fmt.Sprint(items) != "[9]" || next != 1 {
		t.Errorf("after a reset: %v, %d", items, next)
	}
}

func TestSeriesOfNothing(t *testing.T) {
	s := newSeries[int](0)
	s.add(1)
	if items, next, _ := s.after(0, 9, false); len(items) != 0 || next != 1 {
		t.Errorf("kept %v, next %d", items, next)
	}
	if items, _, _ := s.after(0, 9, true); len(items) != 1 {
		t.Errorf("streamed %v", items)
	}
}

func TestSessions(t *testing.T) {
	r := newTest(t, Options{})
	p := r.Profiler
	if p.Marker(Marker{Name: "x"}) || p.Span(Span{Name: "x"}) || p.Active() {
		t.Error("recorded without a session")
	}
	if _, err := p.Stop(Current); !errors.Is(err, ErrNoSession) {
		t.Errorf("stop: %v", err)
	}
	first, err := p.Start(time.Millisecond)
	if err != nil || first.Interval != MinSampling || len(first.ID) != 32 || !first.Active {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := p.Start(time.Hour); err != nil || again.ID != first.ID || again.Interval != MinSampling {
		t.Errorf("started twice: %+v, %v", again, err)
	}
	p.Marker(Marker{Name: strings.Repeat("n", 9000), Payload: strings.Repeat("{", 9000)})
	p.Span(Span{Name: "s", Start: time.Now(), End: time.Now().Add(-time.Hour)})
	b, err := p.Read("CURRENT", Cursors{}, 10, false)
	if err != nil || len(b.Markers) != 1 || len(b.Markers[0].Name) > maxProfileText || b.Markers[0].Payload != "" || b.Spans[0].Duration() != 0 ||
		b.Spans[0].Trace != first.ID || b.Spans[0].ID == "" || b.More {
		t.Errorf("%+v, %v", b, err)
	}
	stopped, err := p.Stop(first.ID)
	if err != nil || stopped.Active || stopped.Stopped.IsZero() || p.Marker(Marker{Name: "late"}) {
		t.Errorf("%+v, %v", stopped, err)
	}
	second, err := p.Start(0)
	if err != nil || second.ID == first.ID || second.Interval != DefaultSampling {
		t.Errorf("%+v, %v", second, err)
	}
	if _, err := p.Read(first.ID, Cursors{}, 10, false); !errors.Is(err, ErrNoSession) {
		t.Errorf("a replaced session: %v", err)
	}
	if b, err := p.Read(second.ID, Cursors{}, 10, false); err != nil || !b.Empty() {
		t.Errorf("a new session has %+v, %v", b, err)
	}
}

func TestProfilerSwitchedOff(t *testing.T) {
	r := newTest(t, Options{Profiler: ProfilerOptions{Disabled: true}})
	if _, err := r.Profiler.Start(0); !errors.Is(err, ErrProfilerOff) || r.Profiler.Enabled() {
		t.Errorf("start: %v", err)
	}
}

func TestSamplerRunsWithTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := 0
		r := New(Options{Profiler: ProfilerOptions{Sampler: SamplerFunc(func() func(context.Context) (Sample, error) {
			begun++
			n := int64(0)
			return func(context.Context) (Sample, error) {
				if n++; n == 2 {
					return Sample{}, errors.New("once")
				}
				return Sample{ManagedBytes: n}, nil
			}
		})}})
		defer r.Close()
		s, err := r.Profiler.Start(100 * time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(450 * time.Millisecond)
		if _, err := r.Profiler.Stop(s.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		b, err := r.Profiler.Read(s.ID, Cursors{}, 100, false)
		if err != nil || len(b.Samples) != 4 || begun != 1 {
			t.Errorf("%d samples, %d runs, %v", len(b.Samples), begun, err)
		}
		if _, err := r.Profiler.Start(time.Second); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if begun != 2 {
			t.Errorf("%d runs", begun)
		}
	})
}

func TestWaitForNewsAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Options{})
		defer r.Close()
		s, err := r.Profiler.Start(time.Second)
		if err != nil {
			t.Fatal(err)
		}
		news, end := make(chan error, 1), make(chan error, 1)
		go func() { news <- r.Profiler.Wait(t.Context(), s.ID, Cursors{}) }()
		go func() { end <- r.Profiler.WaitEnd(t.Context(), s.ID) }()
		synctest.Wait()
		if len(news)+len(end) != 0 {
			t.Error("they did not wait")
		}
		r.Profiler.Sample(Sample{})
		synctest.Wait()
		if len(news) != 1 || len(end) != 0 {
			t.Errorf("after a sample: %d, %d", len(news), len(end))
		}
		if _, err := r.Profiler.Stop(Current); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(end) != 1 {
			t.Error("the end was not noticed")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.Profiler.Start(time.Second); err != nil {
			t.Fatal(err)
		}
		if err := r.Profiler.Wait(ctx, Current, Cursors{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waited: %v", err)
		}
	})
}
