package recorder

import (
	"context"
	"time"
)

// Sample is one measurement of the application. Pointers are nil where there is no
// figure.
type Sample struct {
	Time                           time.Time // zero: now
	FPS                            *float64  // frames per second
	FrameP50, FrameP95, FrameWorst *float64  // frame times in ms
	ManagedBytes                   int64     // heap in use
	GC0, GC1, GC2                  int64     // collections since the last sample
	NativeBytes                    *int64    // memory of NativeKind
	NativeKind                     string    // resident, virtual, private; empty: none
	CPUPercent                     *float64  // 0..100 of all cores
	Threads                        *int64    // of the operating system
	JankFrames, Stalls             int64     // since the last sample
	FrameSource, FrameQuality      string    // empty means none
}

// Marker is a moment.
type Marker struct {
	Time    time.Time // zero: now
	Type    string    // for example user.action, gc, navigation.start; empty: user.action
	Name    string
	Payload string // a JSON text; empty: none
}

// Span is a period. Empty texts are absent.
type Span struct {
	ID            string // given by Profiler.Span if empty
	Parent, Trace string // Trace: the session if empty
	Start, End    time.Time
	Kind          string // for example ui.operation, network.request; empty: ui.operation
	Name          string
	Status        string // ok, error, cancelled; empty: ok
	Screen, Path  string
	Tags          string // a JSON text
	Error         string
}

// Duration returns how long the span took, never less than 0.
func (s *Span) Duration() time.Duration { return max(s.End.Sub(s.Start), 0) }

// maxProfileText bounds each text of a marker or span, in bytes.
const maxProfileText = 4 << 10

func (m *Marker) tidy() {
	m.Time = utc(m.Time)
	if m.Type == "" {
		m.Type = "user.action"
	}
	m.Type, m.Name = cut(m.Type, maxShort), cut(m.Name, maxProfileText)
	if len(m.Payload) > maxProfileText {
		m.Payload = "" // half a JSON text is none
	}
}

func (s *Span) tidy(session string, id func() string) {
	s.Start = utc(s.Start)
	if s.End.IsZero() || s.End.Before(s.Start) {
		s.End = s.Start
	}
	s.End = s.End.UTC()
	for _, d := range []struct {
		field *string
		value string
	}{{&s.Kind, "ui.operation"}, {&s.Status, "ok"}, {&s.Trace, session}} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if s.ID == "" {
		s.ID = id()
	}
	for _, text := range []*string{&s.ID, &s.Parent, &s.Trace, &s.Kind, &s.Status} {
		*text = cut(*text, maxShort)
	}
	for _, text := range []*string{&s.Name, &s.Screen, &s.Path, &s.Error} {
		*text = cut(*text, maxProfileText)
	}
	if len(s.Tags) > maxProfileText {
		s.Tags = ""
	}
}

// Sampler measures the application during a session.
type Sampler interface {
	// Run measures about every period and hands each sample to out, until ctx is
	// done. An error ends the sampling, not the session, and is logged.
	Run(ctx context.Context, every time.Duration, out func(Sample)) error
}

// SamplerFunc is a Sampler made of a function that is called once per period. A
// call that fails is skipped. newRead is called at the beginning of each session, so
// that differences begin afresh.
type SamplerFunc func() (read func(ctx context.Context) (Sample, error))

// Run implements Sampler.
func (f SamplerFunc) Run(ctx context.Context, every time.Duration, out func(Sample)) error {
	read := f()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if s, err := read(ctx); err == nil {
			out(s)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// ProfilerOptions say what the profiler can do.
type ProfilerOptions struct {
	// Disabled switches the profiler off: no session can be started.
	Disabled bool
	// Sampler measures during a session; nil means that producers call
	// Profiler.Sample themselves, or that there are no samples.
	Sampler Sampler
	// Abilities are told to clients.
	Abilities Abilities
}

// Abilities tell which figures samples have.
type Abilities struct {
	ManagedMemory, NativeMemory, GC, CPU, FPS, Threads       bool
	FrameTimingsEstimated, NativeFrameTimings, Jank, UIStall bool
}
