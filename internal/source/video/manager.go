package video

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/topic"
)

// Errors of a manager.
var (
	// ErrNotFound is wrapped when there is no stream of an id.
	ErrNotFound = errors.New("no such stream")
	// ErrConflict is wrapped when another stream has the same alias or hardware id.
	ErrConflict = errors.New("another stream has this identity")
	// ErrFull is wrapped when there are as many streams as there may be.
	ErrFull = errors.New("there are too many streams")
)

// maxStreams bounds the streams of a manager.
const maxStreams = 64

// Options describe a manager.
type Options struct {
	// Backends are the kinds of cameras, by unique names.
	Backends []Backend
	// StateFile is where the configurations are kept; "" keeps them in memory only.
	StateFile string
	// Transcoder may be nil; then there is no H264 for what is captured as JPEG.
	Transcoder Transcoder
	// NewPipeline makes pipelines; nil means that there are none.
	NewPipeline NewPipeline
	// Linger is how long a camera goes on after the last viewer; 0 means 2 s.
	Linger time.Duration
	// Logger may be nil.
	Logger *slog.Logger
}

// ChangeKind says what has happened to a stream.
type ChangeKind string

// What can happen to a stream.
const (
	Appeared     ChangeKind = "appeared"
	Vanished     ChangeKind = "vanished"
	Updated      ChangeKind = "updated" // its configuration
	ChangedState ChangeKind = "state"   // of its capture
)

// Change is news about a stream.
type Change struct {
	Kind  ChangeKind
	ID    string
	State State // with ChangedState
}

// Manager keeps the streams. Make one with [New] and release it with
// [Manager.Close]. Its methods are safe for concurrent use.
type Manager struct {
	opts    Options
	changes *topic.Topic[Change]
	store   *store

	edit sync.Mutex // held while the set of streams is changed

	mu      sync.Mutex
	streams map[string]*Stream
	closed  bool
}

// New returns a manager with the streams of the state file. Streams that are to be
// started on boot are started. A stream whose configuration is no longer valid is left
// out and logged, and stays in the file until the next change.
func New(opts Options) (*Manager, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	st, configs, err := openStore(opts.StateFile)
	if err != nil {
		return nil, err
	}
	m := &Manager{
		opts: opts, store: st, streams: map[string]*Stream{},
		changes: topic.New(topic.Options[Change]{Name: "streams.changes", HistoryItems: 256, Logger: opts.Logger}),
	}
	for _, cfg := range configs {
		s, err := m.build(cfg)
		if err != nil {
			opts.Logger.Warn("stream left out", "stream", cfg.ID, "err", err)
			continue
		}
		m.streams[cfg.ID] = s
	}
	for _, s := range m.List() {
		s.keep(s.Config().StartOnBoot)
	}
	st.start(m.flush, opts.Logger)
	return m, nil
}

// Changes returns the topic of what happens to streams.
func (m *Manager) Changes() *topic.Topic[Change] { return m.changes }

func (m *Manager) tell(c Change) { m.changes.Publish(c) }

// backend returns the backend of a name, nil if there is none.
func (m *Manager) backend(name string) Backend {
	for _, b := range m.opts.Backends {
		if b.Name() == name {
			return b
		}
	}
	return nil
}

// Validate tells what is wrong with a configuration, without touching the camera;
// nothing if it can be used.
func (m *Manager) Validate(cfg Config) []Issue {
	_, list := m.examine(cfg)
	return list
}

// examine is Validate that also returns the active pipeline.
func (m *Manager) examine(cfg Config) (Pipeline, []Issue) {
	cfg = cfg.filled()
	list := cfg.check()
	b := m.backend(cfg.Capture.Backend)
	switch {
	case cfg.Capture.Backend == "":
		list = append(list, Issue{Path: "capture.backend", Code: IssueRequired, Message: "is missing"})
	case b == nil:
		list = append(list, Issue{Path: "capture.backend", Code: IssueUnsupported, Message: fmt.Sprintf("there is no backend %.40q", cfg.Capture.Backend)})
	case len(list) == 0:
		list = append(list, b.Validate(cfg.Capture)...)
	}
	if len(list) == 0 && cfg.target().Inter() && cfg.Encoding.Format.Inter() {
		list = append(list, m.checkEncoder(cfg)...)
	}
	active := cfg.pipeline()
	var graph Pipeline
	for i, p := range cfg.Pipelines {
		made, wrong := m.makePipeline(p)
		for _, issue := range wrong {
			issue.Path = join(fmt.Sprintf("pipelines[%d].pipeline_graph", i), issue.Path)
			list = append(list, issue)
		}
		if active != nil && p.ID == active.ID {
			graph = made
		}
	}
	return graph, append(list, inputIssues(graph, cfg.Inputs)...)
}

// inputIssues gives a pipeline, which may be nil, the inputs kept for it and tells
// what is wrong with them. Those that it does not have are for another one.
func inputIssues(p Pipeline, inputs Inputs) []Issue {
	if p == nil || len(inputs) == 0 {
		return nil
	}
	var list []Issue
	for _, issue := range p.SetInputs(inputs) {
		if issue.Code == IssueUnknown {
			continue
		}
		issue.Path = join("pipeline_host_inputs", issue.Path)
		list = append(list, issue)
	}
	return list
}

// join puts a dotted path below another one.
func join(path, below string) string {
	if below == "" {
		return path
	}
	return path + "." + below
}

// checkEncoder tells whether frames can be encoded at all.
func (m *Manager) checkEncoder(cfg Config) []Issue {
	err := error(ErrNotInstalled)
	if m.opts.Transcoder != nil {
		err = m.opts.Transcoder.Available()
	}
	if err == nil {
		return nil
	}
	return []Issue{{
		Path: "encoder.settings.kind", Code: IssueUnsupported, Message: fmt.Sprintf("%s cannot be encoded: %v", cfg.target(), err),
		Remediation: "install ffmpeg, or choose MJPEG",
	}}
}

func (m *Manager) makePipeline(p PipelineConfig) (Pipeline, []Issue) {
	switch {
	case p.ID == RawPipeline || len(p.Graph) == 0:
		return nil, nil
	case m.opts.NewPipeline == nil:
		return nil, []Issue{{Code: IssueUnsupported, Message: "there are no pipelines"}}
	}
	return m.opts.NewPipeline(p.Graph)
}

// build makes a stream of a configuration.
func (m *Manager) build(cfg Config) (*Stream, error) {
	graph, list := m.examine(cfg)
	if len(list) > 0 {
		return nil, &ValidationError{Issues: list}
	}
	cfg = cfg.filled()
	return newStream(cfg, m.backend(cfg.Capture.Backend).Camera(cfg.Capture), graph, streamOptions{
		Log: m.opts.Logger, Transcoder: m.opts.Transcoder, NewPipeline: m.opts.NewPipeline, Changed: m.tell, Linger: m.opts.Linger,
	}), nil
}

// Create makes a stream, with a new id if the configuration has none. If there is a
// stream of that id, it gets the configuration instead. The stream is stored before
// Create returns. Errors are a *ValidationError, or wrap ErrConflict, ErrBusy (another
// stream has the camera), ErrFull, topic.ErrClosed, or are about the state file.
func (m *Manager) Create(cfg Config) (*Stream, error) {
	m.edit.Lock()
	defer m.edit.Unlock()
	if cfg.ID == "" {
		cfg.ID = uuid.NewString()
	}
	if s, err := m.Get(cfg.ID); err == nil {
		_, err := m.update(s, cfg)
		return s, err
	}
	if err := m.admit(cfg); err != nil {
		return nil, err
	}
	s, err := m.build(cfg)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.streams[cfg.ID] = s
	m.mu.Unlock()
	if err := m.store.save(m.configs()); err != nil {
		m.mu.Lock()
		delete(m.streams, cfg.ID)
		m.mu.Unlock()
		s.close(true)
		return nil, err
	}
	s.keep(cfg.StartOnBoot)
	m.tell(Change{Kind: Appeared, ID: cfg.ID})
	return s, nil
}

// admit tells whether a configuration gets along with the other streams.
func (m *Manager) admit(cfg Config) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return topic.ErrClosed
	}
	if _, there := m.streams[cfg.ID]; !there && len(m.streams) >= maxStreams {
		return fmt.Errorf("make a stream: %w: %d", ErrFull, maxStreams)
	}
	for id, s := range m.streams {
		other := s.Config()
		switch {
		case id == cfg.ID:
		case cfg.Alias != "" && cfg.Alias == other.Alias:
			return fmt.Errorf("%w: alias %q", ErrConflict, cfg.Alias)
		case cfg.HardwareID != "" && cfg.HardwareID == other.HardwareID:
			return fmt.Errorf("%w: hardware id %q", ErrConflict, cfg.HardwareID)
		case cfg.Capture.camera() != "" && cfg.Capture.camera() == other.Capture.camera():
			return fmt.Errorf("%w: stream %s has %s", ErrBusy, id, cfg.Capture.camera())
		}
	}
	return nil
}

// Update gives a stream another configuration and stores it. Viewers stay; a capture
// that runs is begun again, which restarted tells. Errors are those of Create, and
// ErrNotFound.
func (m *Manager) Update(id string, cfg Config) (restarted bool, err error) {
	m.edit.Lock()
	defer m.edit.Unlock()
	s, err := m.Get(id)
	if err != nil {
		return false, err
	}
	cfg.ID = id
	return m.update(s, cfg)
}

func (m *Manager) update(s *Stream, cfg Config) (restarted bool, err error) {
	graph, list := m.examine(cfg)
	if len(list) > 0 {
		return false, &ValidationError{Issues: list}
	}
	if err := m.admit(cfg); err != nil {
		return false, err
	}
	cfg = cfg.filled()
	configs := m.configs()
	configs[slices.IndexFunc(configs, func(c Config) bool { return c.ID == cfg.ID })] = cfg
	if err := m.store.save(configs); err != nil {
		return false, err
	}
	restarted = s.replace(cfg, m.backend(cfg.Capture.Backend).Camera(cfg.Capture), graph)
	m.tell(Change{Kind: Updated, ID: cfg.ID})
	return restarted, nil
}

// Delete removes a stream; its viewers end with ErrDeleted. It waits until the camera
// has stopped. A stream that does not exist is no error.
func (m *Manager) Delete(id string) error {
	m.edit.Lock()
	defer m.edit.Unlock()
	s, err := m.Get(id)
	if err != nil {
		return nil
	}
	configs := slices.DeleteFunc(m.configs(), func(c Config) bool { return c.ID == id })
	if err := m.store.save(configs); err != nil {
		return err
	}
	m.mu.Lock()
	delete(m.streams, id)
	m.mu.Unlock()
	s.close(true)
	m.tell(Change{Kind: Vanished, ID: id})
	return nil
}

// Get returns a stream; the error wraps ErrNotFound.
func (m *Manager) Get(id string) (*Stream, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.streams[id]; s != nil {
		return s, nil
	}
	return nil, fmt.Errorf("stream %.40s: %w", id, ErrNotFound)
}

// List returns all streams, by id.
func (m *Manager) List() []*Stream {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*Stream, 0, len(m.streams))
	for _, s := range m.streams {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *Stream) int { return cmp.Compare(a.id, b.id) })
	return list
}

// flush writes the configurations as they are.
func (m *Manager) flush() error {
	m.edit.Lock()
	defer m.edit.Unlock()
	return m.store.save(m.configs())
}

func (m *Manager) configs() []Config {
	list := m.List()
	configs := make([]Config, len(list))
	for i, s := range list {
		configs[i] = s.Config()
	}
	return configs
}

// Probe lists the cameras that can be found now, and what went wrong with looking
// for them. It may take seconds.
func (m *Manager) Probe(ctx context.Context) ([]Device, []error) {
	var devices []Device
	var errs []error
	for _, b := range m.opts.Backends {
		found, err := b.Probe(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("look for %s cameras: %w", b.Name(), err))
		}
		devices = append(devices, found...)
	}
	return devices, errs
}

// Look makes streams that wait for their camera try at once, and those that nobody
// watches look whether it is there. It is to be called when devices have come or
// gone.
func (m *Manager) Look() {
	for _, s := range m.List() {
		s.poke()
		s.Status()
	}
}

// Close stops all cameras and ends all viewers with topic.ErrClosed. What was not
// stored yet is. It is called once.
func (m *Manager) Close() error {
	m.edit.Lock()
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.edit.Unlock()
	var all sync.WaitGroup
	for _, s := range m.List() {
		all.Go(func() { s.close(false) })
	}
	all.Wait()
	err := m.store.close()
	m.changes.Close()
	return err
}
