package recorder

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"
)

// Cursors are the numbers of the last items a reader has of each series.
type Cursors struct{ Sample, Marker, Span int64 }

// Batch is a part of a session.
type Batch struct {
	Session Session
	Samples []Sample
	Markers []Marker
	Spans   []Span
	Next    Cursors // to go on with
	More    bool    // there is more already
	Lost    int64   // items after the given cursors that are not held any more
}

// Empty reports whether the batch has no items.
func (b *Batch) Empty() bool { return len(b.Samples)+len(b.Markers)+len(b.Spans) == 0 }

// Read returns at most limit items of each series after the cursors. stream is set by
// readers that go on from a place they were given by Read: they may be Window
// items behind even if less is kept. An id that is not kept is ErrNoSession.
func (p *Profiler) Read(id string, from Cursors, limit int, stream bool) (Batch, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, err := p.findLocked(id)
	if err != nil {
		return Batch{}, err
	}
	b := Batch{Session: *s}
	var lost [3]int64
	b.Samples, b.Next.Sample, lost[0] = p.samples.after(from.Sample, limit, stream)
	b.Markers, b.Next.Marker, lost[1] = p.markers.after(from.Marker, limit, stream)
	b.Spans, b.Next.Span, lost[2] = p.spans.after(from.Span, limit, stream)
	b.Lost = lost[0] + lost[1] + lost[2]
	b.More = b.Next.Sample < p.samples.last || b.Next.Marker < p.markers.last || b.Next.Span < p.spans.last
	return b, nil
}

// Wait waits until session id has something after the cursors, has ended, or is not
// kept any more. It returns ctx's cause when ctx is done first.
func (p *Profiler) Wait(ctx context.Context, id string, from Cursors) error {
	return p.wait(ctx, id, func() bool {
		return from.Sample < p.samples.last || from.Marker < p.markers.last || from.Span < p.spans.last
	})
}

// WaitEnd waits until session id has ended or is not kept any more. It returns ctx's
// cause when ctx is done first.
func (p *Profiler) WaitEnd(ctx context.Context, id string) error {
	return p.wait(ctx, id, func() bool { return false })
}

func (p *Profiler) wait(ctx context.Context, id string, newsLocked func() bool) error {
	for {
		p.mu.Lock()
		s, err := p.findLocked(id)
		if err != nil || !s.Active || newsLocked() {
			p.mu.Unlock()
			return nil
		}
		if p.changed == nil {
			p.changed = make(chan struct{})
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Hotspot sums up the spans of one kind, name and screen.
type Hotspot struct {
	Kind, Name, Screen string
	Count, Errors      int
	Average, P95, Max  time.Duration
}

// Hotspots sums up the spans of the current session that took at least least and,
// if kind is not empty, are of that kind in any case: at most limit, the slowest
// first.
func (p *Profiler) Hotspots(kind string, least time.Duration, limit int) []Hotspot {
	p.mu.Lock()
	spans := p.spans.all()
	p.mu.Unlock()
	type key struct{ kind, name, screen string }
	type group struct {
		durations []time.Duration
		errors    int
	}
	groups := map[key]*group{}
	for i := range spans {
		s := &spans[i]
		if s.Duration() < least || kind != "" && !strings.EqualFold(kind, s.Kind) {
			continue
		}
		k := key{s.Kind, s.Name, s.Screen}
		if groups[k] == nil {
			groups[k] = &group{}
		}
		groups[k].durations = append(groups[k].durations, s.Duration())
		if s.Status != "ok" {
			groups[k].errors++
		}
	}
	list := make([]Hotspot, 0, len(groups))
	for k, g := range groups {
		list = append(list, hotspot(k.kind, k.name, k.screen, g.durations, g.errors))
	}
	slices.SortFunc(list, compareHotspots)
	return list[:min(limit, len(list))]
}

func hotspot(kind, name, screen string, durations []time.Duration, errors int) Hotspot {
	slices.Sort(durations)
	n := len(durations)
	var sum time.Duration
	for _, d := range durations {
		sum += d
	}
	p95 := durations[min(int(math.Ceil(0.95*float64(n))), n-1)]
	return Hotspot{
		Kind: kind, Name: name, Screen: screen, Count: n, Errors: errors,
		Average: sum / time.Duration(n), P95: p95, Max: durations[n-1],
	}
}

// compareHotspots orders by p95, maximum and count, all descending; names make the
// order of equal ones certain.
func compareHotspots(a, b Hotspot) int {
	for _, d := range []int64{int64(b.P95 - a.P95), int64(b.Max - a.Max), int64(b.Count - a.Count)} {
		if d != 0 {
			return int(min(max(d, -1), 1))
		}
	}
	return strings.Compare(a.Kind+"\x00"+a.Name+"\x00"+a.Screen, b.Kind+"\x00"+b.Name+"\x00"+b.Screen)
}
