package goruntime

import (
	"encoding/json"
	"math"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

func TestMeasure(t *testing.T) {
	var s *state
	// The runtime collects when it likes, also in between.
	runtime.GC()
	s = newState()
	ballast := make([]byte, 32<<20)
	for i := range ballast {
		ballast[i] = byte(i)
	}
	const collections = 3
	for range collections {
		runtime.GC()
	}
	sample, markers := s.measure(s.at.Add(time.Second))
	runtime.KeepAlive(ballast)
	if sample.ManagedBytes < int64(len(ballast)) || sample.GC0 < collections || sample.GC1 != 0 {
		t.Errorf("%+v", sample)
	}
	if sample.Threads == nil || *sample.Threads < 1 || sample.NativeBytes == nil || *sample.NativeBytes < int64(len(ballast)) || sample.NativeKind != "resident" {
		t.Errorf("%+v", sample)
	}
	if sample.CPUPercent == nil || *sample.CPUPercent <= 0 || *sample.CPUPercent > 100 {
		t.Errorf("%+v", sample)
	}
	if len(markers) != 2 || markers[0].Type != MarkerRuntime || markers[1].Type != MarkerGC {
		t.Fatalf("%+v", markers)
	}
	figures := map[string]float64{}
	if err := json.Unmarshal([]byte(markers[0].Payload), &figures); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"goroutines", "heapLiveBytes", "heapGoalBytes", "memoryTotalBytes", "gcPauseMaxUs"} {
		if figures[name] <= 0 {
			t.Errorf("%s: %s", name, markers[0].Payload)
		}
	}
	if err := json.Unmarshal([]byte(markers[1].Payload), &figures); err != nil || figures["cycles"] != float64(sample.GC0) {
		t.Errorf("%s, %v", markers[1].Payload, err)
	}
	// Differences begin afresh with each sample.
	if again, _ := s.measure(s.at.Add(time.Second)); again.GC0 >= sample.GC0 {
		t.Errorf("%d collections, then %d", sample.GC0, again.GC0)
	}
}

// TestMetricsExist finds names that a later version of Go gave up.
func TestMetricsExist(t *testing.T) {
	known := map[string]bool{}
	for _, d := range metrics.All() {
		known[d.Name] = true
	}
	for _, name := range names() {
		if !known[name] {
			t.Errorf("there is no metric %s", name)
		}
	}
}

func TestSession(t *testing.T) {
	var rec *recorder.Recorder
	rec = recorder.New(recorder.Options{Profiler: recorder.ProfilerOptions{
		Sampler: Sampler(func(m recorder.Marker) { rec.Profiler.Marker(m) }), Abilities: Abilities(),
	}})
	defer rec.Close()
	if a := rec.Profiler.Abilities(); !a.ManagedMemory || !a.GC || !a.CPU || !a.Threads || !a.NativeMemory || a.FPS {
		t.Errorf("%+v", a)
	}
	session, err := rec.Profiler.Start(recorder.MinSampling)
	if err != nil {
		t.Fatal(err)
	}
	var at recorder.Cursors
	for at.Sample < 3 || at.Marker < 3 {
		if err := rec.Profiler.Wait(t.Context(), session.ID, at); err != nil {
			t.Fatal(err)
		}
		batch, err := rec.Profiler.Read(session.ID, at, 100, true)
		if err != nil {
			t.Fatal(err)
		}
		at = batch.Next
	}
}

func TestHistogram(t *testing.T) {
	h := histogram{counts: []uint64{1, 97, 1, 1}, buckets: []float64{math.Inf(-1), 1, 2, 4, math.Inf(1)}, total: 100}
	for q, want := range map[float64]float64{0.005: 1, 0.5: 2, 0.98: 2, 0.99: 4, 1: 4} {
		if got := h.quantile(q); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := (&histogram{}).quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing: %v", got)
	}
}

func FuzzParseStatm(f *testing.F) {
	f.Add([]byte("1 2 3\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if n, ok := parseStatm(text, 4096); n < 0 || !ok && n != 0 {
			t.Errorf("%d, %t", n, ok)
		}
	})
}
