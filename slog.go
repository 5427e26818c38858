package heliograph

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/source/applog"
)

// SlogHandler returns a handler that shows records to the agent's clients and passes
// them on to next, unchanged. Clients see records of every level, also of those that
// next is not enabled for. A nil next means that records go to the agent only.
//
// A client sees the message with the attributes behind it, as slog.TextHandler writes
// them. The category is the value of an attribute called logger or component, or else
// the path of the open groups. An attribute whose value is an error is told in full,
// with the errors that it wraps.
//
// The handler of slog.Default, as it is before slog.SetDefault, cannot be wrapped: it
// writes to package log, which SetDefault makes write to the new handler. In its place
// SlogHandler takes a slog.TextHandler on standard error.
func (a *Agent) SlogHandler(next slog.Handler) slog.Handler {
	if fmt.Sprintf("%T", next) == "*slog.defaultHandler" {
		next = slog.NewTextHandler(os.Stderr, nil)
	}
	if a == nil {
		if next == nil {
			return slog.DiscardHandler
		}
		return next
	}
	opts := applog.Options{Logs: a.rec.Logs, Next: next}
	if a.secrets != nil {
		opts.Secret, opts.Redact = a.secrets.Secret, a.mask
	}
	return applog.New(opts)
}

// keepLevel translates the level from which records are kept although nobody looks.
func keepLevel(l slog.Leveler) recorder.Level {
	switch {
	case l == nil:
		return recorder.Warning
	case l.Level() <= slog.LevelDebug:
		return recorder.Debug
	}
	return applog.Level(l.Level())
}
