package video

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// Metrics is how a stream fares, measured. What is not measured is zero in structs
// and nil in pointers.
type Metrics struct {
	At      time.Time
	Capture Stage // frames that came from the camera; work is reading and decoding by the backend
	Host    Stage // frames that were published; work is the time from the capture to that
	Graph   Stage // pictures that the pipeline has processed
	// Encoder is that of frames encoded here: JPEG of raw pictures or pipelines, or
	// the transcoder. Nil if none has been at work.
	Encoder *Codec
	Decoder *Codec // for the pipeline; nil likewise
	// Transport is the way from the camera to the viewers' connections; nil before
	// the first frame was taken.
	Transport *Transport

	Viewers       int    // open viewers
	ValueWatchers int    // open ValueWatches
	Dropped       uint64 // frames that the camera or its driver lost
	Thinned       uint64 // frames that TargetFPS left out
	Bytes         uint64 // of frames published
	Starts        uint64 // times the camera was started
	Failures      uint64 // times it failed
	LastError     string // of the newest failure
	LastErrorAt   time.Time
	HeldFrames    int // in memory for viewers
	HeldBytes     int
	GraphError    string // of the newest picture that the pipeline could not process
	GraphErrorAt  time.Time
	Pipeline      *GraphMetrics // nil if the stream has none
}

// Codec is how an encoder or decoder fares.
type Codec struct {
	Stage
	Name         string
	Errors       uint64
	Backpressure uint64 // frames that were replaced by a newer one while it was busy
}

// Transport is the way of the frames that viewers took, over the last 120 of them.
type Transport struct {
	Queue, LastQueue       time.Duration // from being published to being taken
	Publish, LastPublish   time.Duration // from the capture to being published
	EndToEnd, LastEndToEnd time.Duration // from the capture to being taken
	Replaced               uint64        // frames that viewers did not get, because a newer one came or they could not have decoded them
	Delivered              uint64
}

// codecMeter measures an encoder or decoder.
type codecMeter struct {
	window       window
	name         string
	errors       uint64
	backpressure uint64
}

func (c *codecMeter) codec(now time.Time) *Codec {
	if c.name == "" {
		return nil
	}
	return &Codec{Stage: c.window.stage(now), Name: c.name, Errors: c.errors, Backpressure: c.backpressure}
}

// meter collects what Metrics tells.
type meter struct {
	replaced atomic.Uint64

	mu               sync.Mutex
	capture          window
	host             window
	graph            window
	encoder          codecMeter
	decoder          codecMeter
	queue            window // work: published to taken
	endToEnd         window // work: captured to taken
	dropped, thinned uint64
	bytes            uint64
	delivered        uint64
	graphError       string
	graphErrorAt     time.Time
	input            inputMeter  // of the pipeline
	pipeline         *graphMeter // nil without a pipeline
}

// restart begins new averages for a new capture.
func (m *meter) restart() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, w := range []*window{&m.capture, &m.host, &m.graph, &m.encoder.window, &m.decoder.window, &m.input.waited} {
		w.restart()
	}
}

func (m *meter) captured(at time.Time, work time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.capture.add(at, work)
}

func (m *meter) published(f *Frame, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.host.add(now, now.Sub(f.Captured))
	m.bytes += uint64(len(f.Data))
}

func (m *meter) coded(c *codecMeter, name string, now time.Time, work time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.name = name
	c.window.add(now, work)
}

func (m *meter) codecFailed(c *codecMeter, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.name = name
	c.errors++
}

func (m *meter) count(n *uint64, by uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*n += by
}

func (m *meter) graphFailed(err error, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.graphError, m.graphErrorAt = err.Error(), now
}

// setGraph begins to measure another pipeline, nil for none.
func (m *meter) setGraph(p Pipeline) *graphMeter {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pipeline, m.graphError, m.graphErrorAt = nil, "", time.Time{}
	if p != nil {
		m.pipeline = newGraphMeter(p)
	}
	return m.pipeline
}

// graphOffered notes that a picture waits for the pipeline, and how many were given up
// for it.
func (m *meter) graphOffered(bytes int, skipped uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.input.waiting, m.input.peakWaiter = bytes, max(m.input.peakWaiter, bytes)
	m.input.skipped += skipped
}

// graphTook notes that the pipeline begins with the picture that has waited.
func (m *meter) graphTook(now time.Time, waited time.Duration, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.input.waiting = 0
	m.input.taken++
	m.input.takenBytes += uint64(bytes)
	m.input.waited.add(now, waited)
}

// graphRan notes a picture that a pipeline has processed, or could not.
func (m *meter) graphRan(g *graphMeter, r graphRun) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.pipeline != g {
		return // of a pipeline that is no more
	}
	if r.err != nil {
		m.graphError, m.graphErrorAt = r.err.Error(), r.done
	} else {
		m.graph.add(r.done, r.done.Sub(r.began))
	}
	g.ran(r)
}

// shown notes the JPEG that was made of a pipeline's picture.
func (m *meter) shown(g *graphMeter, now time.Time, took time.Duration, size int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g.encoding.add(now, took)
	g.previewBytes = size
}

// took counts frames that a viewer took.
func (m *meter) took(items []topic.Item[*Frame]) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, item := range items {
		m.queue.add(now, now.Sub(item.Event.Time))
		m.endToEnd.add(now, now.Sub(item.Event.Value.Captured))
		m.delivered++
	}
}

// snapshot fills in what the meter knows.
func (m *meter) snapshot(now time.Time) Metrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := Metrics{
		At: now, Capture: m.capture.stage(now), Host: m.host.stage(now), Graph: m.graph.stage(now),
		Encoder: m.encoder.codec(now), Decoder: m.decoder.codec(now),
		Dropped: m.dropped, Thinned: m.thinned, Bytes: m.bytes,
		GraphError: m.graphError, GraphErrorAt: m.graphErrorAt,
	}
	if m.pipeline != nil {
		out.Pipeline = m.pipeline.snapshot(now)
		in := &m.input
		out.Pipeline.Input, out.Pipeline.Skipped = in.waited.timing(now), in.skipped
		out.Pipeline.Taken, out.Pipeline.TakenBytes = in.taken, in.takenBytes
		out.Pipeline.WaitingBytes, out.Pipeline.PeakWaitingBytes = in.waiting, in.peakWaiter
	}
	if m.delivered > 0 {
		queue, whole := m.queue.stage(now), m.endToEnd.stage(now)
		out.Transport = &Transport{
			Queue: queue.Work, LastQueue: queue.LastWork, Publish: out.Host.Work, LastPublish: out.Host.LastWork,
			EndToEnd: whole.Work, LastEndToEnd: whole.LastWork, Replaced: m.replaced.Load(), Delivered: m.delivered,
		}
	}
	return out
}

// Metrics measures the stream now. It does not start the camera.
func (s *Stream) Metrics() Metrics {
	now := time.Now()
	m := s.meter.snapshot(now)
	held := s.frames.Stats()
	m.HeldFrames, m.HeldBytes = held.Held, held.HeldBytes
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Viewers, m.ValueWatchers = int(s.viewers.Load()), len(s.watches)
	m.Starts, m.Failures = s.starts, s.failures
	m.LastError, m.LastErrorAt = s.lastError, s.lastErrorAt
	return m
}
