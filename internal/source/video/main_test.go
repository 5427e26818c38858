package video

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scripted is a backend whose cameras do what a test says.
type scripted struct {
	run     func(ctx context.Context, to Sink) error
	present func() error

	mu       sync.Mutex
	running  int
	runs     int
	settings []Setting
}

func (*scripted) Name() string                            { return "scripted" }
func (*scripted) Probe(context.Context) ([]Device, error) { return nil, nil }
func (*scripted) Validate(Capture) []Issue                { return nil }
func (b *scripted) Camera(Capture) Camera                 { return b }
func (*scripted) Describe(context.Context) (Descriptor, error) {
	return Descriptor{}, nil
}

func (b *scripted) SetControl(_ context.Context, id uint32, v Value) error {
	if id != 1 {
		return fmt.Errorf("control %d: %w", id, ErrNoControl)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settings = append(b.settings, Setting{ID: id, Value: v})
	return nil
}

func (b *scripted) Present() error {
	if b.present == nil {
		return nil
	}
	return b.present()
}

func (b *scripted) Run(ctx context.Context, to Sink) error {
	b.mu.Lock()
	b.running++
	b.runs++
	twice := b.running > 1
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.running--
		b.mu.Unlock()
	}()
	if twice {
		return errors.New("a camera runs twice at a time")
	}
	return b.run(ctx, to)
}

// counts returns how many runs there are now and were in all.
func (b *scripted) counts() (running, runs int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.running, b.runs
}

// ticking returns a camera that delivers a frame at each interval, made by a function
// of its number from 1, until that returns an error.
func ticking(every time.Duration, frame func(n int) (Frame, error)) func(context.Context, Sink) error {
	return func(ctx context.Context, to Sink) error {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := 1; ; n++ {
			f, err := frame(n)
			if err != nil {
				return err
			}
			to.Frame(f, 0)
			select {
			case <-tick.C:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// jpegFrame is a frame that nobody decodes.
func jpegFrame(n int) (Frame, error) {
	return Frame{FourCC: MJPG, Width: 64, Height: 48, Data: []byte{byte(n)}}, nil
}

// coded returns a function that makes inter-coded frames with a key frame each gop.
func coded(gop int) func(n int) (Frame, error) {
	return func(n int) (Frame, error) {
		return Frame{FourCC: H264, Width: 64, Height: 48, Key: n%gop == 1, Data: []byte{byte(n)}}, nil
	}
}

// manager returns a manager of scripted cameras that is closed with the test, and
// a stream.
func manager(t *testing.T, b *scripted) (*Manager, *Stream) {
	t.Helper()
	m, err := New(Options{Backends: []Backend{b}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Create(Config{Capture: Capture{Backend: "scripted"}})
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

// watch makes a viewer.
func watch(t *testing.T, s *Stream, o ViewerOptions) *Viewer {
	t.Helper()
	v, err := s.Watch(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// next waits for a frame.
func next(t *testing.T, v *Viewer) *Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f, err := v.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
