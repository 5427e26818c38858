package goruntime

import (
	"context"
	"encoding/json"
	"runtime/metrics"
	"strconv"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Types of the markers.
const (
	MarkerRuntime = "runtime.go"
	MarkerGC      = "gc"
)

// The metrics that are read, in the order of the list that names returns.
const (
	heapObjects = iota
	heapLive
	heapGoal
	memoryTotal
	gcCycles
	goroutines
	threads
	latencies
	pauses
	metricCount
)

func names() [metricCount]string {
	return [metricCount]string{
		heapObjects: "/memory/classes/heap/objects:bytes",
		heapLive:    "/gc/heap/live:bytes",
		heapGoal:    "/gc/heap/goal:bytes",
		memoryTotal: "/memory/classes/total:bytes",
		gcCycles:    "/gc/cycles/total:gc-cycles",
		goroutines:  "/sched/goroutines:goroutines",
		threads:     "/sched/threads/total:threads",
		latencies:   "/sched/latencies:seconds",
		pauses:      "/sched/pauses/total/gc:seconds",
	}
}

// Abilities returns which figures there are on this system.
func Abilities() recorder.Abilities {
	_, resident := residentBytes()
	_, cpu := cpuTime()
	return recorder.Abilities{ManagedMemory: true, NativeMemory: resident, GC: true, CPU: cpu, Threads: true}
}

// Sampler returns what measures during a session. marker gets the markers; it is
// recorder.Profiler.Marker, which does not exist yet when a sampler is needed.
func Sampler(marker func(recorder.Marker)) recorder.SamplerFunc {
	return func() func(context.Context) (recorder.Sample, error) {
		s := newState()
		return func(context.Context) (recorder.Sample, error) {
			sample, markers := s.measure(time.Now())
			for _, m := range markers {
				marker(m)
			}
			return sample, nil
		}
	}
}

// state is what differences are taken to.
type state struct {
	values         []metrics.Sample
	at             time.Time
	cpu            time.Duration
	cycles         uint64
	waited, paused histogram
}

func newState() *state {
	s := &state{values: make([]metrics.Sample, metricCount)}
	for i, name := range names() {
		s.values[i].Name = name
	}
	metrics.Read(s.values)
	s.cpu, _ = cpuTime()
	s.at, s.cycles = time.Now(), s.number(gcCycles)
	s.waited.advance(s.values[latencies].Value)
	s.paused.advance(s.values[pauses].Value)
	return s
}

// number returns a counter, 0 where the runtime does not have it.
func (s *state) number(metric int) uint64 {
	if v := s.values[metric].Value; v.Kind() == metrics.KindUint64 {
		return v.Uint64()
	}
	return 0
}

func (s *state) measure(now time.Time) (recorder.Sample, []recorder.Marker) {
	metrics.Read(s.values)
	cycles := s.number(gcCycles)
	sample := recorder.Sample{Time: now, ManagedBytes: int64(s.number(heapObjects)), GC0: int64(cycles - s.cycles)}
	if n := int64(s.number(threads)); n > 0 {
		sample.Threads = &n
	}
	if n, ok := residentBytes(); ok {
		sample.NativeBytes, sample.NativeKind = &n, "resident"
	}
	if cpu, ok := cpuTime(); ok {
		percent := share(cpu-s.cpu, now.Sub(s.at))
		sample.CPUPercent, s.cpu = &percent, cpu
	}
	waited, paused := s.waited.advance(s.values[latencies].Value), s.paused.advance(s.values[pauses].Value)
	markers := []recorder.Marker{{Time: now, Type: MarkerRuntime, Name: "go runtime", Payload: payload(map[string]float64{
		"goroutines":       float64(s.number(goroutines)),
		"heapLiveBytes":    float64(s.number(heapLive)),
		"heapGoalBytes":    float64(s.number(heapGoal)),
		"memoryTotalBytes": float64(s.number(memoryTotal)),
	}, quantiles("schedLatency", waited), quantiles("gcPause", paused))}}
	if sample.GC0 > 0 {
		markers = append(markers, recorder.Marker{
			Time: now, Type: MarkerGC, Name: strconv.FormatInt(sample.GC0, 10) + " collections",
			Payload: payload(map[string]float64{"cycles": float64(sample.GC0)}, quantiles("gcPause", paused)),
		})
	}
	s.at, s.cycles = now, cycles
	return sample, markers
}

// quantiles are members of a payload.
func quantiles(name string, h histogram) map[string]float64 {
	if h.total == 0 {
		return nil
	}
	const micro = 1e6
	return map[string]float64{
		name + "P50Us": h.quantile(0.5) * micro, name + "P99Us": h.quantile(0.99) * micro, name + "MaxUs": h.quantile(1) * micro,
	}
}

func payload(parts ...map[string]float64) string {
	all := map[string]float64{}
	for _, part := range parts {
		for name, v := range part {
			all[name] = float64(int64(v*100)) / 100
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "" // there are only finite numbers
	}
	return string(text)
}
