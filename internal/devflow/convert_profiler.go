package devflow

import (
	"math"
	"runtime"
	"time"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

func toBatch(b recorder.Batch) wire.ProfilerBatch {
	return wire.ProfilerBatch{
		SessionID: b.Session.ID, IsActive: b.Session.Active,
		Samples: convert(b.Samples, toSample), Markers: convert(b.Markers, toMarker), Spans: convert(b.Spans, toSpan),
		SampleCursor: b.Next.Sample, MarkerCursor: b.Next.Marker, SpanCursor: b.Next.Span,
	}
}

// convert returns a list that is never nil.
func convert[A, B any](list []A, one func(*A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = one(&list[i])
	}
	return out
}

func toSession(s recorder.Session) *wire.ProfilerSessionInfo {
	return &wire.ProfilerSessionInfo{
		SessionID: s.ID, StartedAtUTC: wire.NewTimestamp(s.Started), SampleIntervalMs: int(s.Interval.Milliseconds()), IsActive: s.Active,
	}
}

func toSample(s *recorder.Sample) wire.ProfilerSample {
	return wire.ProfilerSample{
		TsUTC: wire.NewTimestamp(s.Time), FPS: figure(s.FPS, math.MaxFloat64),
		FrameTimeMsP50: figure(s.FrameP50, math.MaxFloat64), FrameTimeMsP95: figure(s.FrameP95, math.MaxFloat64),
		WorstFrameTimeMs: figure(s.FrameWorst, math.MaxFloat64),
		ManagedBytes:     max(s.ManagedBytes, 0), GC0: max(s.GC0, 0), GC1: max(s.GC1, 0), GC2: max(s.GC2, 0),
		NativeMemoryBytes: s.NativeBytes, NativeMemoryKind: s.NativeKind, CPUPercent: figure(s.CPUPercent, 100), ThreadCount: s.Threads,
		JankFrameCount: max(s.JankFrames, 0), UIThreadStalls: max(s.Stalls, 0),
		FrameSource: orNone(s.FrameSource), FrameQuality: orNone(s.FrameQuality),
	}
}

// figure brings a number into its range; one that is none is left out.
func figure(v *float64, most float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	n := min(max(*v, 0), most)
	return &n
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func toMarker(m *recorder.Marker) wire.ProfilerMarker {
	return wire.ProfilerMarker{TsUTC: wire.NewTimestamp(m.Time), Type: m.Type, Name: m.Name, PayloadJSON: m.Payload}
}

func toSpan(s *recorder.Span) wire.ProfilerSpan {
	return wire.ProfilerSpan{
		SpanID: s.ID, ParentSpanID: s.Parent, TraceID: s.Trace, StartTsUTC: wire.NewTimestamp(s.Start), EndTsUTC: wire.NewTimestamp(s.End),
		DurationMs: millis(s.Duration()), Kind: s.Kind, Name: s.Name, Status: s.Status, Screen: s.Screen, ElementPath: s.Path,
		TagsJSON: s.Tags, Error: s.Error,
	}
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func toHotspot(h *recorder.Hotspot) wire.ProfilerHotspot {
	return wire.ProfilerHotspot{
		Kind: h.Kind, Name: h.Name, Screen: h.Screen, Count: h.Count, ErrorCount: h.Errors,
		AvgDurationMs: millis(h.Average), P95DurationMs: millis(h.P95), MaxDurationMs: millis(h.Max),
	}
}

func toProfilerCapabilities(p *recorder.Profiler) wire.ProfilerCapabilities {
	can, on := p.Abilities(), p.Enabled()
	return wire.ProfilerCapabilities{
		Available: on, SupportedInBuild: true, FeatureEnabled: on, Platform: platform(),
		ManagedMemorySupported: can.ManagedMemory, NativeMemorySupported: can.NativeMemory, GCSupported: can.GC,
		CPUPercentSupported: can.CPU, FPSSupported: can.FPS, FrameTimingsEstimated: can.FrameTimingsEstimated,
		NativeFrameTimingsSupported: can.NativeFrameTimings, JankEventsSupported: can.Jank, UIThreadStallSupported: can.UIStall,
		ThreadCountSupported: can.Threads,
	}
}

// platform is the protocol's name of the operating system.
func platform() string {
	switch runtime.GOOS {
	case "darwin":
		return "macos"
	case "windows", "android", "ios":
		return runtime.GOOS
	}
	return "linux"
}
