package video

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// TestDemand follows the camera from the first viewer to the end of the linger.
func TestDemand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &scripted{run: ticking(time.Second/30, jpegFrame)}
		m, s := manager(t, b)
		defer m.Close()
		time.Sleep(time.Hour)
		if _, runs := b.counts(); runs != 0 {
			t.Fatal("the camera runs without a viewer")
		}
		if st := s.Status(); st.State != Stopped {
			t.Errorf("before the first viewer: %+v", st)
		}
		one := watch(t, s, ViewerOptions{})
		next(t, one)
		if st := s.Status(); st.State != Running || st.StartedAt.IsZero() {
			t.Errorf("with a viewer: %+v", st)
		}
		two := watch(t, s, ViewerOptions{})
		next(t, two)
		one.Close()
		two.Close()
		time.Sleep(time.Second)
		if running, _ := b.counts(); running != 1 {
			t.Error("the camera does not linger")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if running, runs := b.counts(); running != 0 || runs != 1 {
			t.Errorf("after the linger %d run, %d have", running, runs)
		}
		if st := s.Status(); st.State != Stopped || !st.StartedAt.IsZero() {
			t.Errorf("after the last viewer: %+v", st)
		}
	})
}

// TestSlowViewer reads one frame in two seconds, beside a quick one.
func TestSlowViewer(t *testing.T) {
	const every = time.Second / 30
	synctest.Test(t, func(t *testing.T) {
		m, s := manager(t, &scripted{run: ticking(every, jpegFrame)})
		defer m.Close()
		slow, quick := watch(t, s, ViewerOptions{}), watch(t, s, ViewerOptions{})
		defer slow.Close()
		defer quick.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var seen []uint64
		go func() {
			for {
				f, err := quick.Next(ctx)
				if err != nil {
					return
				}
				seen = append(seen, f.Seq)
			}
		}()
		for range 10 {
			time.Sleep(2 * time.Second)
			f := next(t, slow)
			if age := time.Since(f.Captured); age > 2*every {
				t.Errorf("frame %d is %s old", f.Seq, age)
			}
		}
		cancel()
		synctest.Wait()
		for i := range seen {
			if seen[i] != uint64(i+1) {
				t.Fatalf("the quick viewer got frame %d as number %d", seen[i], i+1)
			}
		}
		if len(seen) < 595 {
			t.Errorf("the quick viewer got %d frames in 20 s", len(seen))
		}
		if got, lost := slow.Counts(); got != 10 || lost < 500 {
			t.Errorf("the slow viewer got %d and lost %d", got, lost)
		}
	})
}

// TestKeyFrames reads an inter-coded stream with pauses: what is read can always be
// decoded.
func TestKeyFrames(t *testing.T) {
	const every, gop = 100 * time.Millisecond, 10
	synctest.Test(t, func(t *testing.T) {
		m, s := manager(t, &scripted{run: ticking(every, coded(gop))})
		defer m.Close()
		first := watch(t, s, ViewerOptions{})
		defer first.Close()
		if f := next(t, first); !f.Key || f.Seq != 1 {
			t.Fatalf("the first frame is %d, key %v", f.Seq, f.Key)
		}
		time.Sleep(250 * time.Millisecond)
		late := watch(t, s, ViewerOptions{})
		defer late.Close()
		if f := next(t, late); !f.Key || f.Seq != gop+1 {
			t.Fatalf("who comes late begins with %d, key %v", f.Seq, f.Key)
		}
		// A pause that the queue bridges loses nothing.
		time.Sleep(3 * every)
		for want := uint64(gop + 2); want <= gop+4; want++ {
			if f := next(t, late); f.Seq != want {
				t.Fatalf("after a short pause: frame %d, want %d", f.Seq, want)
			}
		}
		// A longer one goes on at the next key frame.
		time.Sleep(5*every + every/2)
		if f := next(t, late); !f.Key || f.Seq != 2*gop+1 {
			t.Fatalf("after a long pause: frame %d, key %v", f.Seq, f.Key)
		}
		if f := next(t, late); f.Key || f.Seq != 2*gop+2 {
			t.Fatalf("then frame %d", f.Seq)
		}
	})
}

// TestLossBeforeTheStream makes a camera lose frames: viewers wait for a key frame.
func TestLossBeforeTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := manager(t, &scripted{run: func(ctx context.Context, to Sink) error {
			make := coded(8)
			for n := 1; ; n++ {
				if n == 4 {
					to.Dropped(1)
					continue
				}
				f, _ := make(n)
				to.Frame(f, 0)
				select {
				case <-time.After(50 * time.Millisecond):
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
		}})
		defer m.Close()
		v := watch(t, s, ViewerOptions{})
		defer v.Close()
		var got []byte
		for range 5 {
			got = append(got, next(t, v).Data[0])
		}
		if want := []byte{1, 2, 3, 9, 10}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if d := s.Metrics().Dropped; d != 1 {
			t.Errorf("%d dropped", d)
		}
	})
}

// TestBackoff lets a camera fail and recover.
func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var began []time.Duration
		start, bad := time.Now(), errors.New("the cable is out")
		m, s := manager(t, &scripted{run: func(ctx context.Context, to Sink) error {
			began = append(began, time.Since(start))
			if len(began) == 10 {
				return ticking(time.Second, func(n int) (Frame, error) {
					if n > 3 {
						return Frame{}, bad
					}
					return jpegFrame(n)
				})(ctx, to)
			}
			return bad
		}})
		defer m.Close()
		changes, err := m.Changes().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		if err != nil {
			t.Fatal(err)
		}
		defer changes.Close()
		v := watch(t, s, ViewerOptions{})
		defer v.Close()
		time.Sleep(time.Second)
		since := s.Status().DisabledSince
		if st := s.Status(); st.State != Disabled || st.Reason != bad.Error() || since.IsZero() {
			t.Errorf("while it fails: %+v", st)
		}
		next(t, v)
		if st := s.Status(); st.State != Running {
			t.Errorf("when it is back: %+v", st)
		}
		time.Sleep(3*time.Second + 300*time.Millisecond)
		synctest.Wait()
		ms := func(d time.Duration) int64 { return d.Milliseconds() }
		want := []int64{0, 250, 750, 1750, 3750, 7750, 15750, 25750, 35750, 45750, 49000}
		if got := slices.Collect(func(yield func(int64) bool) {
			for _, d := range began {
				if !yield(ms(d)) {
					return
				}
			}
		}); !slices.Equal(got[:min(len(got), len(want))], want) {
			t.Errorf("started at %v ms, want %v", got, want)
		}
		if got := s.Metrics(); got.Failures < 10 || got.LastError != bad.Error() || got.Starts < 11 {
			t.Errorf("metrics: %+v", got)
		}
		var states []State
		for {
			var items [8]topic.Item[Change]
			n, _ := changes.Fill(items[:])
			if n == 0 {
				break
			}
			for _, item := range items[:n] {
				states = append(states, item.Event.Value.State)
			}
		}
		if want := []State{Disabled, Running, Disabled}; !slices.Equal(states, want) {
			t.Errorf("told %v, want %v", states, want)
		}
	})
}

// TestLook makes a waiting stream try at once.
func TestLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var there atomic.Bool
		gone := errors.New("unplugged")
		b := &scripted{
			run: func(ctx context.Context, to Sink) error {
				if !there.Load() {
					return gone
				}
				return ticking(time.Second, jpegFrame)(ctx, to)
			},
			present: func() error {
				if !there.Load() {
					return gone
				}
				return nil
			},
		}
		m, s := manager(t, b)
		defer m.Close()
		if st := s.Status(); st.State != Disabled || st.Reason != "unplugged" {
			t.Errorf("unplugged and not watched: %+v", st)
		}
		v := watch(t, s, ViewerOptions{})
		defer v.Close()
		time.Sleep(30 * time.Second)
		there.Store(true)
		began := time.Now()
		m.Look()
		next(t, v)
		if d := time.Since(began); d != 0 {
			t.Errorf("it took %s", d)
		}
	})
}

// TestStall has a camera that falls silent.
func TestStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := manager(t, &scripted{run: func(ctx context.Context, to Sink) error {
			f, _ := jpegFrame(1)
			to.Frame(f, 0)
			<-ctx.Done()
			return context.Cause(ctx)
		}})
		defer m.Close()
		v := watch(t, s, ViewerOptions{})
		defer v.Close()
		next(t, v)
		began := time.Now()
		if f := next(t, v); f.Seq != 2 {
			t.Errorf("frame %d", f.Seq)
		}
		if d := time.Since(began); d != 10250*time.Millisecond {
			t.Errorf("it came back after %s", d)
		}
		if e := s.Metrics().LastError; e != "no frames arrive: none for 10s" {
			t.Errorf("the reason is %q", e)
		}
	})
}

// TestEndOfFile has a source that ends: it is not started again until it is changed.
func TestEndOfFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &scripted{run: func(_ context.Context, to Sink) error {
			f, _ := jpegFrame(1)
			to.Frame(f, 0)
			return nil
		}}
		m, s := manager(t, b)
		defer m.Close()
		v := watch(t, s, ViewerOptions{})
		defer v.Close()
		next(t, v)
		time.Sleep(time.Hour)
		if _, runs := b.counts(); runs != 1 {
			t.Errorf("it was started %d times", runs)
		}
		if st := s.Status(); st.State != Disabled || st.Reason == "" {
			t.Errorf("at the end: %+v", st)
		}
		restarted, err := m.Update(s.ID(), Config{Alias: "again", Capture: Capture{Backend: "scripted"}})
		if err != nil || !restarted {
			t.Errorf("restarted %v, %v", restarted, err)
		}
		if f := next(t, v); f.Seq != 2 {
			t.Errorf("frame %d", f.Seq)
		}
	})
}

// TestTargetFPS thins frames out.
func TestTargetFPS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := manager(t, &scripted{run: ticking(time.Second/30, jpegFrame)})
		defer m.Close()
		for _, fps := range []float64{10, 29, 1} {
			if _, err := m.Update(s.ID(), Config{Capture: Capture{Backend: "scripted", TargetFPS: fps}}); err != nil {
				t.Fatal(err)
			}
			v := watch(t, s, ViewerOptions{})
			next(t, v)
			began, n := time.Now(), 0
			for ; time.Since(began) < 10*time.Second; n++ {
				next(t, v)
			}
			if float64(n) < 9.5*fps-1 || float64(n) > 10.5*fps+1 {
				t.Errorf("%d frames in 10 s, want %v per second", n, fps)
			}
			v.Close()
		}
	})
}

// TestViewerInterval passes frames over for one viewer only.
func TestViewerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := manager(t, &scripted{run: ticking(time.Second/30, jpegFrame)})
		defer m.Close()
		for _, every := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond} {
			v := watch(t, s, ViewerOptions{Interval: every})
			next(t, v)
			began, n := time.Now(), 0
			for ; time.Since(began) < 10*time.Second; n++ {
				next(t, v)
			}
			want := min(300, int(10*time.Second/every))
			if n < want*95/100 || n > want*105/100 {
				t.Errorf("interval %s: %d frames in 10 s, want %d", every, n, want)
			}
			v.Close()
		}
	})
}

// TestNoCopy hands frames to many viewers: the cost does not depend on their number,
// and all get the very same bytes.
func TestNoCopy(t *testing.T) {
	frames, done := make(chan Frame), make(chan struct{})
	m, s := manager(t, &scripted{run: func(ctx context.Context, to Sink) error {
		for {
			select {
			case f := <-frames:
				to.Frame(f, 0)
				done <- struct{}{}
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}})
	defer m.Close()
	data := make([]byte, 100_000)
	cost := func(n int) float64 {
		var viewers []*Viewer
		for range n {
			viewers = append(viewers, watch(t, s, ViewerOptions{Wake: func() {}}))
		}
		var items [4]topic.Item[*Frame]
		defer func() {
			for _, v := range viewers {
				v.Close()
			}
		}()
		return testing.AllocsPerRun(50, func() {
			frames <- Frame{FourCC: MJPG, Width: 64, Height: 48, Data: data, Captured: time.Now()}
			<-done
			for _, v := range viewers {
				if n, err := v.Fill(items[:]); n != 1 || err != nil {
					t.Fatalf("%d frames, %v", n, err)
				}
				if &items[0].Event.Value.Data[0] != &data[0] {
					t.Fatal("the bytes were copied")
				}
			}
		})
	}
	one, twenty := cost(1), cost(20)
	if twenty > one {
		t.Errorf("a frame makes %v things with one viewer and %v with twenty", one, twenty)
	}
}

func TestStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &scripted{run: ticking(3*time.Second, jpegFrame)}
		m, s := manager(t, b)
		defer m.Close()
		f, err := s.Still(t.Context())
		if err != nil || f.Seq != 1 {
			t.Fatalf("%+v, %v", f, err)
		}
		if again, err := s.Still(t.Context()); err != nil || again != f {
			t.Errorf("a fresh frame is captured anew, %v", err)
		}
		time.Sleep(1100 * time.Millisecond)
		if later, err := s.Still(t.Context()); err != nil || later.Seq != 2 {
			t.Errorf("an old frame is given: %+v, %v", later, err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if running, _ := b.counts(); running != 0 {
			t.Error("the camera goes on after the still")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		b.run = func(ctx context.Context, _ Sink) error { <-ctx.Done(); return context.Cause(ctx) }
		if _, err := s.Still(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without a frame: %v", err)
		}
	})
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := manager(t, &scripted{run: ticking(40*time.Millisecond, jpegFrame)})
		defer m.Close()
		sub, err := s.MetricsTopic().Subscribe(topic.SubscribeOptions{Interval: 250 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		item, err := sub.Next(t.Context())
		if err != nil || item.Event.Value.Starts != 0 || item.Event.Value.Transport != nil || item.Event.Value.Encoder != nil {
			t.Fatalf("at first: %+v, %v", item.Event.Value, err)
		}
		v := watch(t, s, ViewerOptions{})
		for range 50 {
			next(t, v)
		}
		got := s.Metrics()
		if got.Capture.FPS < 24.9 || got.Capture.FPS > 25.1 || got.Capture.LastInterval != 40*time.Millisecond || got.Capture.Count != 50 {
			t.Errorf("capture: %+v", got.Capture)
		}
		if got.Viewers != 1 || got.Bytes != 50 || got.Starts != 1 || got.Transport == nil || got.Transport.Delivered != 50 {
			t.Errorf("metrics: %+v", got)
		}
		v.Close()
		time.Sleep(time.Minute)
		if got := s.Metrics(); got.Capture.FPS != 0 || got.Viewers != 0 || got.Capture.Count < 50 {
			t.Errorf("after the last viewer: %+v", got)
		}
	})
}
