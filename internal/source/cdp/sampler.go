package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/performance"

	"github.com/heliograph/heliograph/internal/recorder"
)

// maxFrames bounds the frame times that are kept between samples.
const maxFrames = 4096

// errNoPage says that there is nothing to measure now.
var errNoPage = errors.New("no page is attached")

// measures are the figures of a page between two samples.
type measures struct {
	mu     sync.Mutex
	cores  int
	frames []float64 // ms
	janks  int64
	stalls int64
	worst  float64 // ms, of slow frames
	before usage
}

// usage is the processor time that the page's process has used.
type usage struct {
	known bool
	at    float64 // s, of the browser's clock
	used  float64 // s
}

func (m *measures) setCores(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cores = n
}

func (m *measures) addFrames(times []float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range times {
		if t > 0 && t < 1e6 && len(m.frames) < maxFrames {
			m.frames = append(m.frames, t)
		}
	}
}

func (m *measures) stall() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stalls++
}

func (m *measures) jank(duration float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.janks++
	m.worst = max(m.worst, min(duration, 1e6))
}

// interval returns the period of the present session in ms.
func (m *measures) interval(rec *recorder.Recorder) int64 {
	s, err := rec.Profiler.Session(recorder.Current)
	if err != nil {
		return recorder.DefaultSampling.Milliseconds()
	}
	return s.Interval.Milliseconds()
}

// enable makes the browser count, or stop it.
func (m *measures) enable(p *page, on bool) {
	m.mu.Lock()
	m.frames, m.janks, m.stalls, m.worst, m.before = nil, 0, 0, 0, usage{}
	m.mu.Unlock()
	if on {
		p.call("", performance.CommandEnable, nil, nil)
	} else {
		p.call("", performance.CommandDisable, nil, nil)
	}
}

// Abilities tells which figures the samples have.
func (s *Source) Abilities() recorder.Abilities {
	return recorder.Abilities{ManagedMemory: true, CPU: true, FPS: true, FrameTimingsEstimated: true, Jank: true, UIStall: true}
}

// Sampler measures the page that is attached. While there is none there are no
// samples.
func (s *Source) Sampler() recorder.Sampler {
	return recorder.SamplerFunc(func() func(context.Context) (recorder.Sample, error) { return s.sample })
}

// sample asks the page for its figures.
func (s *Source) sample(ctx context.Context) (recorder.Sample, error) {
	p := s.current()
	if p == nil {
		return recorder.Sample{}, errNoPage
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	type reply struct {
		result json.RawMessage
		err    error
	}
	replies := make(chan reply, 1)
	ok := p.ask(ctx, func() {
		p.call("", performance.CommandGetMetrics, nil, func(result json.RawMessage, err error) { replies <- reply{result, err} })
	})
	if !ok {
		return recorder.Sample{}, errNoPage
	}
	select {
	case r := <-replies:
		if r.err != nil {
			return recorder.Sample{}, r.err
		}
		return p.measure.sample(r.result)
	case <-p.done:
		return recorder.Sample{}, errNoPage
	case <-ctx.Done():
		return recorder.Sample{}, context.Cause(ctx)
	}
}

// sample makes a sample of the browser's figures and of what was counted.
func (m *measures) sample(result json.RawMessage) (recorder.Sample, error) {
	var answer performance.GetMetricsResult
	if err := json.Unmarshal(result, &answer); err != nil {
		return recorder.Sample{}, errNoPage
	}
	figures := map[string]float64{}
	for _, metric := range answer.Metrics {
		if metric != nil {
			figures[metric.Name] = metric.Value
		}
	}
	if len(figures) == 0 { // counting has not begun
		return recorder.Sample{}, errNoPage
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := recorder.Sample{
		Time: time.Now(), ManagedBytes: int64(figures["JSHeapUsedSize"]), JankFrames: m.janks, Stalls: m.stalls,
		CPUPercent: m.processor(figures),
	}
	m.frameTimes(&out)
	m.frames, m.janks, m.stalls, m.worst = m.frames[:0], 0, 0, 0
	return out, nil
}

// processor returns the share of all cores that the page's process has used since
// the last sample.
func (m *measures) processor(figures map[string]float64) *float64 {
	used, ok := figures["ProcessTime"]
	now := usage{known: ok, at: figures["Timestamp"], used: used}
	before := m.before
	m.before = now
	if !before.known || !now.known || m.cores < 1 || now.at <= before.at || now.used < before.used {
		return nil // another process, after a navigation
	}
	return ref(min(100*(now.used-before.used)/(now.at-before.at)/float64(m.cores), 100))
}

// frameTimes fills in the figures of frames. They come from the times between frames
// that the page could draw, measured a dozen at a time; without any the page was
// hidden or too busy.
func (m *measures) frameTimes(out *recorder.Sample) {
	if m.worst > 0 {
		out.FrameWorst, out.FrameSource, out.FrameQuality = ref(m.worst), "long-animation-frame", "measured"
	}
	if len(m.frames) == 0 {
		return
	}
	sorted := slices.Sorted(slices.Values(m.frames))
	sum := 0.0
	for _, t := range sorted {
		sum += t
	}
	at := func(q float64) *float64 {
		return ref(sorted[min(max(int(math.Ceil(q*float64(len(sorted))))-1, 0), len(sorted)-1)])
	}
	out.FPS = ref(1000 * float64(len(sorted)) / sum)
	out.FrameP50, out.FrameP95 = at(0.5), at(0.95)
	out.FrameWorst = ref(max(m.worst, sorted[len(sorted)-1]))
	out.FrameSource, out.FrameQuality = "requestAnimationFrame", "estimated"
}
