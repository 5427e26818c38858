package recorder

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds and default of a session's sampling interval.
const (
	MinSampling     = 50 * time.Millisecond
	MaxSampling     = 60 * time.Second
	DefaultSampling = 500 * time.Millisecond
)

var (
	// ErrNoSession says that no session of that id is kept, or none is active.
	ErrNoSession = errors.New("no such profiler session")
	// ErrProfilerOff says that the profiler is switched off.
	ErrProfilerOff = errors.New("the profiler is switched off")
)

// Current names, in any case, the session that is active or the last one.
const Current = "current"

// Session describes a profiler session.
type Session struct {
	ID       string // 32 hexadecimal digits
	Started  time.Time
	Stopped  time.Time // zero while it is active
	Interval time.Duration
	Active   bool
}

// Profiler holds the samples, markers and spans of one session, and keeps those of
// a finished one until the next begins.
type Profiler struct {
	opts    ProfilerOptions
	log     *slog.Logger
	network *gate
	ids     ids
	active  atomic.Bool
	running sync.WaitGroup // samplers

	mu      sync.Mutex
	session *Session // nil: there has never been one
	cancel  context.CancelFunc
	samples series[Sample]
	markers series[Marker]
	spans   series[Span]
	changed chan struct{} // closed when there is news; nil if nobody waits
	closed  bool
}

func newProfiler(opts Options) *Profiler {
	p := &Profiler{opts: opts.Profiler, log: opts.Logger}
	p.ids.init()
	n := opts.Capacity.Profiler
	p.samples, p.markers, p.spans = newSeries[Sample](n), newSeries[Marker](n), newSeries[Span](n)
	return p
}

// Enabled reports whether sessions can be started.
func (p *Profiler) Enabled() bool { return !p.opts.Disabled }

// Abilities tells which figures samples have.
func (p *Profiler) Abilities() Abilities { return p.opts.Abilities }

// Active reports whether a session collects. It is one atomic load; producers ask it
// before they build a marker or span.
func (p *Profiler) Active() bool { return p.active.Load() }

// Start begins a session, which empties the buffers and ends what was kept of an
// earlier one. While one is active it is returned unchanged. every is the sampling
// interval; 0 means 500 ms, others are brought within the bounds.
func (p *Profiler) Start(every time.Duration) (Session, error) {
	if p.opts.Disabled {
		return Session{}, ErrProfilerOff
	}
	if every == 0 {
		every = DefaultSampling
	}
	every = min(max(every, MinSampling), MaxSampling)
	var id [16]byte
	_, _ = rand.Read(id[:]) // never returns an error
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return Session{}, ErrProfilerOff
	case p.session != nil && p.session.Active:
		return *p.session, nil
	}
	p.session = &Session{ID: hex.EncodeToString(id[:]), Started: time.Now().UTC(), Interval: every, Active: true}
	p.samples.reset()
	p.markers.reset()
	p.spans.reset()
	p.active.Store(true)
	p.network.hold()
	p.startSamplerLocked()
	p.tellLocked()
	return *p.session, nil
}

func (p *Profiler) startSamplerLocked() {
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	if p.opts.Sampler == nil {
		return
	}
	s := p.session
	p.running.Go(func() {
		err := p.opts.Sampler.Run(ctx, s.Interval, func(v Sample) { p.sample(s, v) })
		if err != nil && ctx.Err() == nil {
			p.log.Warn("sampling failed", "err", err)
		}
	})
}

// Stop ends a session, named by id or Current, and returns it; ending one that has
// ended returns it again. Samples that are being taken are dropped; Stop does not
// wait for the sampler. An id that is not kept is ErrNoSession.
func (p *Profiler) Stop(id string) (Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, err := p.findLocked(id)
	if err != nil {
		return Session{}, err
	}
	p.endLocked(s)
	return *s, nil
}

func (p *Profiler) endLocked(s *Session) {
	if !s.Active {
		return
	}
	s.Active, s.Stopped = false, time.Now().UTC()
	p.active.Store(false)
	p.cancel()
	p.network.release()
	p.tellLocked()
}

func (p *Profiler) findLocked(id string) (*Session, error) {
	if p.session == nil || id != p.session.ID && !strings.EqualFold(id, Current) {
		return nil, ErrNoSession
	}
	return p.session, nil
}

// Session returns a session by id or Current, or ErrNoSession.
func (p *Profiler) Session(id string) (Session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, err := p.findLocked(id)
	if err != nil {
		return Session{}, err
	}
	return *s, nil
}

// tellLocked wakes those who wait for news.
func (p *Profiler) tellLocked() {
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// Sample records a sample, if a session is active. It is for producers that are no
// Sampler.
func (p *Profiler) Sample(v Sample) {
	if p.Active() {
		p.sample(nil, v)
	}
}

// sample records a sample for a session; nil means the active one.
func (p *Profiler) sample(of *Session, v Sample) {
	v.Time = utc(v.Time)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.session == nil || !p.session.Active || of != nil && of != p.session {
		return
	}
	p.samples.add(v)
	p.tellLocked()
}

// Marker records a marker. It reports false, and does nothing, if no session is
// active.
func (p *Profiler) Marker(m Marker) bool {
	if !p.Active() {
		return false
	}
	m.tidy()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.session.Active {
		return false
	}
	p.markers.add(m)
	p.tellLocked()
	return true
}

// Span records a span that has ended. It reports false, and does nothing, if no
// session is active. An end before the start becomes the start.
func (p *Profiler) Span(s Span) bool {
	if !p.Active() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.session.Active {
		return false
	}
	s.tidy(p.session.ID, p.ids.next)
	p.spans.add(s)
	p.tellLocked()
	return true
}

// slowExchange is the duration from which an exchange becomes a span.
const slowExchange = 50 * time.Millisecond

// exchange records an HTTP exchange as markers, and as a span if it was slow or failed.
func (p *Profiler) exchange(x *Summary) {
	if !p.Active() {
		return
	}
	name, end := cut(x.Method+" "+x.URL, maxProfileText), x.Start.Add(x.Duration)
	p.Marker(Marker{Time: x.Start, Type: "network.request.start", Name: name})
	p.Marker(Marker{Time: end, Type: "network.request.end", Name: name})
	failed := x.Error != "" || x.Status == 0 || x.Status >= 400
	if !failed && x.Duration < slowExchange {
		return
	}
	s := Span{Start: x.Start, End: end, Kind: "network.request", Name: name, Error: x.Error}
	if failed {
		s.Status = "error"
	}
	p.Span(s)
}

func (p *Profiler) close() {
	p.mu.Lock()
	p.closed = true
	if p.session != nil {
		p.endLocked(p.session)
	}
	p.mu.Unlock()
	p.running.Wait()
}
