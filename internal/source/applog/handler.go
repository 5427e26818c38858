package applog

import (
	"context"
	"log/slog"
	"slices"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Options of a handler. Only Logs must be given.
type Options struct {
	// Logs gets the entries.
	Logs *recorder.Logs
	// Next gets every record that it is enabled for, unchanged; nil means nobody.
	Next slog.Handler
	// Source of the entries, one of the constants of recorder; empty means native.
	Source string
	// Secret tells whether the value of an attribute of this name is masked; nil
	// means that none is.
	Secret func(name string) bool
	// Redact masks the secrets in a text; nil leaves it as it is.
	Redact func(text string) string
	// Skip tells that a record is for Next only; nil means that none is.
	Skip func(slog.Record) bool
}

// Handler is the handler. It is safe for concurrent use.
type Handler struct {
	opts     *Options
	next     slog.Handler // nil: none
	category string       // of an attribute of With
	groups   string       // path of the open groups with a final dot; may be empty
	attrs    []scoped     // of With, in their order
}

// scoped are attributes of With and the groups they are in.
type scoped struct {
	groups string
	attrs  []slog.Attr
}

// New returns a handler.
func New(opts Options) *Handler {
	return &Handler{opts: &opts, next: opts.Next}
}

// Enabled implements slog.Handler.
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.opts.Logs.Wants(Level(level)) || h.next != nil && h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler. The error is that of the next handler.
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	if h.opts.Logs.Wants(Level(r.Level)) && (h.opts.Skip == nil || !h.opts.Skip(r)) {
		h.opts.Logs.Record(h.entry(r))
	}
	if h.next == nil || !h.next.Enabled(ctx, r.Level) {
		return nil
	}
	return h.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	c := *h
	if h.next != nil {
		// The next handler owns what it is given, and so do we.
		c.next = h.next.WithAttrs(slices.Clone(attrs))
	}
	own := make([]slog.Attr, 0, len(attrs))
	for _, a := range attrs {
		if category, ok := categoryOf(a); ok {
			c.category = category
			continue
		}
		own = append(own, frozen(a))
	}
	c.attrs = append(slices.Clip(h.attrs), scoped{h.groups, own})
	return &c
}

// WithGroup implements slog.Handler.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	if h.next != nil {
		c.next = h.next.WithGroup(name)
	}
	c.groups = h.groups + name + "."
	return &c
}

// Level translates a level; levels in between are rounded down.
func Level(l slog.Level) recorder.Level {
	switch {
	case l < slog.LevelDebug:
		return recorder.Trace
	case l < slog.LevelInfo:
		return recorder.Debug
	case l < slog.LevelWarn:
		return recorder.Info
	case l < slog.LevelError:
		return recorder.Warning
	case l < slog.LevelError+4:
		return recorder.Error
	}
	return recorder.Critical
}
