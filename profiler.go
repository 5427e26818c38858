package heliograph

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Profiling reports whether a client has started a profiler session. It is one atomic
// load. During a session the heap, garbage collections, goroutines, scheduler latency,
// memory, threads and CPU of the program are measured, and exchanges, markers and spans
// are recorded.
func (a *Agent) Profiling() bool { return a != nil && a.rec.Profiler.Active() }

// Marker records a moment of a profiler session. kind groups markers, for example
// "user.action", which is also what empty means. Without a session it does nothing and
// costs one atomic load.
func (a *Agent) Marker(kind, name string, attrs ...slog.Attr) {
	if a.Profiling() {
		// A copy, so that callers need no memory for attrs unless there is a session.
		a.marker(kind, name, slices.Clone(attrs))
	}
}

func (a *Agent) marker(kind, name string, attrs []slog.Attr) {
	a.rec.Profiler.Marker(recorder.Marker{Type: kind, Name: name, Payload: a.attrsJSON(attrs)})
}

// Span is an operation that takes time. Its methods are safe for concurrent use; those
// of a nil Span do nothing.
type Span struct {
	agent *Agent

	mu    sync.Mutex
	span  recorder.Span
	attrs []slog.Attr
	ended bool
}

// spanKey is the key of a context's *Span.
type spanKey struct{}

// StartSpan begins a span, as part of the one in ctx if there is one, and returns a
// context that carries it. kind groups spans: "db.query" or "ui.operation", which is
// also what empty means; hotspots are sums by kind and name.
//
//	ctx, span := agent.StartSpan(ctx, "db.query", "orders by customer")
//	defer span.End()
//
// Without a profiler session it returns ctx and nil, and costs one atomic load.
func (a *Agent) StartSpan(ctx context.Context, kind, name string, attrs ...slog.Attr) (context.Context, *Span) {
	if !a.Profiling() {
		return ctx, nil
	}
	s := a.startSpan(ctx, kind, name, slices.Clone(attrs))
	return context.WithValue(ctx, spanKey{}, s), s
}

func (a *Agent) startSpan(ctx context.Context, kind, name string, attrs []slog.Attr) *Span {
	s := &Span{agent: a, attrs: attrs, span: recorder.Span{ID: spanID(), Start: time.Now(), Kind: kind, Name: name}}
	if parent, ok := ctx.Value(spanKey{}).(*Span); ok {
		s.span.Parent = parent.span.ID
	}
	return s
}

// SetScreen tells on which screen or page the operation takes place.
func (s *Span) SetScreen(screen string) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.span.Screen = screen
	}
}

// SetAttrs adds attributes.
func (s *Span) SetAttrs(attrs ...slog.Attr) {
	if s != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.attrs = append(s.attrs, attrs...)
	}
}

// Fail tells that the operation failed or, if the error is context.Canceled, was
// given up. A nil error changes nothing.
func (s *Span) Fail(err error) {
	if s == nil || err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.span.Status, s.span.Error = "error", err.Error()
	if errors.Is(err, context.Canceled) {
		s.span.Status = "cancelled"
	}
}

// End records the span. Ending twice is allowed and counts once.
func (s *Span) End() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.ended = true
	s.span.End = time.Now()
	s.span.Tags = s.agent.attrsJSON(s.attrs)
	s.span.Error = s.agent.mask(s.span.Error)
	s.agent.rec.Profiler.Span(s.span)
}
