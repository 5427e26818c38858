package video

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// Errors of a stream.
var (
	// ErrDeleted ends the viewers of a stream that was deleted.
	ErrDeleted = errors.New("the stream was deleted")
	// ErrNoOutput is wrapped when a stream has no output of a name, or none of the
	// right kind.
	ErrNoOutput = errors.New("no such output")
)

// State is what the capture of a stream is doing.
type State string

// The states of a capture.
const (
	Running  State = "running"  // frames are coming
	Stopped  State = "stopped"  // nobody watches, or the first frame has not come yet
	Disabled State = "disabled" // it has failed and will be tried again, or the camera is not there, or its file has ended
)

// Status is the state of a stream's capture.
type Status struct {
	State State
	// StartedAt is when the first frame of a Running capture came, else zero.
	StartedAt time.Time
	// DisabledSince and Reason belong to Disabled, else they are zero.
	DisabledSince time.Time
	Reason        string
}

// Stream is a camera and its viewers. It is made by a [Manager]. Its methods are
// safe for concurrent use.
type Stream struct {
	id          string
	log         *slog.Logger
	transcoder  Transcoder // may be nil
	newPipeline NewPipeline
	changed     func(Change) // tells the manager; called without a lock

	frames  *topic.Topic[*Frame]
	metrics *topic.Topic[Metrics]
	meter   meter
	seq     atomic.Uint64
	epochs  atomic.Uint64
	viewers atomic.Int32
	deleted atomic.Bool
	newest  atomic.Pointer[Frame]  // MJPG; nil while nothing is captured
	source  atomic.Pointer[Format] // of the newest captured frame, nil before
	format  atomic.Pointer[Format] // of the newest published frame, nil before
	stills  stills

	mu      sync.Mutex
	cfg     Config
	camera  Camera
	renewed chan struct{} // closed when cfg and camera are replaced
	poked   chan struct{} // of size 1: the camera may be there again
	active  bool          // the source runs
	status  Status
	choice  choice
	graph   Pipeline // nil for none
	// graphMeter measures graph; guarded by meter.mu but for the pointer.
	graphMeter *graphMeter
	watches    map[*ValueWatch]struct{}
	// Outputs of graph that are wanted, with and without the picture that is shown to
	// viewers, if there are any. The lists are replaced, not changed.
	want, wantValues []string
	values           map[string]Sample
	hold             *topic.Subscription[*Frame] // of StartOnBoot

	starts, failures uint64
	lastError        string
	lastErrorAt      time.Time
}

// streamOptions is what a manager gives its streams.
type streamOptions struct {
	Log         *slog.Logger
	Transcoder  Transcoder
	NewPipeline NewPipeline
	Changed     func(Change)
	Linger      time.Duration
}

func newStream(cfg Config, camera Camera, graph Pipeline, o streamOptions) *Stream {
	s := &Stream{
		id: cfg.ID, log: o.Log, transcoder: o.Transcoder, newPipeline: o.NewPipeline, changed: o.Changed,
		cfg: cfg, camera: camera, renewed: make(chan struct{}), poked: make(chan struct{}, 1),
		status: Status{State: Stopped}, watches: map[*ValueWatch]struct{}{}, values: map[string]Sample{},
	}
	s.setGraph(graph, cfg.ActiveOutput)
	s.frames = topic.New(topic.Options[*Frame]{
		Name: "streams." + cfg.ID + ".frames", HistoryItems: held, Source: s.run, Linger: o.Linger, Logger: o.Log,
		Size: func(f *Frame) int { return len(f.Data) },
	})
	s.metrics = topic.New(topic.Options[Metrics]{
		Name: "streams." + cfg.ID + ".metrics", HistoryItems: 1, Linger: o.Linger, Logger: o.Log,
		Source: topic.Sample(s.sample, nil),
	})
	return s
}

// ID returns the stream's UUID.
func (s *Stream) ID() string { return s.id }

// Config returns the configuration in force.
func (s *Stream) Config() Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

// Status returns the state of the capture. For a stream that is stopped it looks
// whether the camera is there, where that is cheap.
func (s *Stream) Status() Status {
	s.mu.Lock()
	status, camera := s.status, s.camera
	s.mu.Unlock()
	p, ok := camera.(Presence)
	if !ok || status.State == Running || s.isActive() {
		return status
	}
	err := p.Present()
	s.mu.Lock()
	before := s.status
	switch {
	case s.active || s.camera != camera:
	case err == nil:
		s.status = Status{State: Stopped}
	case s.status.State == Stopped:
		s.status = Status{State: Disabled, DisabledSince: time.Now(), Reason: err.Error()}
	}
	status = s.status
	s.mu.Unlock()
	s.tell(before.State, status.State)
	return status
}

func (s *Stream) isActive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active
}

// tell reports a change of the state.
func (s *Stream) tell(before, after State) {
	if before != after {
		s.changed(Change{Kind: ChangedState, ID: s.id, State: after})
	}
}

// SourceFormat returns the format of the newest frame that the camera has
// delivered; ok is false if there was none yet.
func (s *Stream) SourceFormat() (f Format, ok bool) { return loadFormat(&s.source) }

// Format returns the format that viewers get: that of the newest frame or, before
// the first one, what the configuration asks for. ok is false if neither is known.
func (s *Stream) Format() (f Format, ok bool) {
	if f, ok = loadFormat(&s.format); ok {
		return f, true
	}
	cfg := s.Config()
	f = cfg.Capture.Format
	if target := cfg.target(); target != "" {
		f.FourCC = target
	} else if f.FourCC != "" {
		f.FourCC = MJPG // raw formats are encoded
	}
	return f, f.FourCC != "" && f.Width > 0
}

func loadFormat(p *atomic.Pointer[Format]) (Format, bool) {
	if f := p.Load(); f != nil {
		return *f, true
	}
	return Format{}, false
}

// MetricsTopic returns the measurements, taken while somebody is subscribed: at once
// and then at the interval asked for. It does not start the camera.
func (s *Stream) MetricsTopic() *topic.Topic[Metrics] { return s.metrics }

// nextEpoch returns a number for frames that do not refer to those before.
func (s *Stream) nextEpoch() uint64 { return s.epochs.Add(1) }

// replace puts another configuration in force. A capture that runs is begun again;
// viewers stay. It tells whether there was one.
func (s *Stream) replace(cfg Config, camera Camera, graph Pipeline) (restarted bool) {
	s.mu.Lock()
	before := s.status.State
	s.cfg, s.camera = cfg, camera
	close(s.renewed)
	s.renewed = make(chan struct{})
	restarted = s.active
	if !restarted {
		s.status = Status{State: Stopped}
	}
	after := s.status.State
	s.mu.Unlock()
	s.source.Store(nil)
	s.format.Store(nil)
	s.setGraph(graph, cfg.ActiveOutput)
	s.keep(cfg.StartOnBoot)
	s.tell(before, after)
	return restarted
}

// keep holds the camera running or gives that up.
func (s *Stream) keep(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case on && s.hold == nil:
		// Fails only if the stream is being deleted.
		s.hold, _ = s.frames.Subscribe(topic.SubscribeOptions{})
	case !on && s.hold != nil:
		s.hold.Close()
		s.hold = nil
	}
}

// poke makes a stream that waits for its camera try at once.
func (s *Stream) poke() {
	select {
	case s.poked <- struct{}{}:
	default:
	}
}

// close ends the stream, its viewers and its camera, and waits for it.
func (s *Stream) close(deleted bool) {
	s.deleted.Store(deleted)
	s.frames.Close()
	s.metrics.Close()
}
