package devflow

import (
	"context"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// logFilter is what a client wants of the log.
type logFilter struct {
	source string // empty: all
	level  recorder.Level
}

func newLogFilter(source, level string, fallback recorder.Level) logFilter {
	f := logFilter{source: source, level: fallback}
	if strings.EqualFold(source, wire.SourceAll) {
		f.source = ""
	}
	if l, ok := parseLevel(level); ok {
		f.level = l
	}
	return f
}

// parseLevel understands the protocol's words.
func parseLevel(text string) (recorder.Level, bool) {
	switch strings.ToLower(text) {
	case "trace", "debug", "info", "warning", "error", "critical", "information", "warn", "err", "fatal":
		return recorder.ParseLevel(text)
	}
	return recorder.Info, false
}

func (f logFilter) pass(e recorder.LogEntry) bool {
	return e.Level >= f.level && (f.source == "" || strings.EqualFold(f.source, e.Source))
}

// serveLogs sends the replay and then each new entry.
func serveLogs(ctx context.Context, s *session, params any) error {
	p := params.(*wire.LogsParams)
	filter := newLogFilter(p.Source, p.Level, recorder.Info)
	stream, err := s.api.rec.Logs.Open(s.conn.Wake)
	if err != nil {
		return err
	}
	defer stream.Close()
	if p.Replay > 0 {
		entries, err := list(newest(stream.Held, 0, p.Replay, filter.pass), s.mirror, logItem)
		if err != nil {
			return err
		}
		if err := s.sendRaw(ctx, s.replay("entries", entries)); err != nil {
			return err
		}
	}
	stream.Held = nil
	f := newFeed(stream, stream.Last, func(e *recorder.Event[recorder.LogEntry]) (*wsconn.Frame, error) {
		if !filter.pass(e.Value) {
			return nil, nil
		}
		return live(e, s.mirror, logMessage)
	})
	return run(ctx, s, stream, f, nil)
}

// replay makes a replay message of an encoded list.
func (s *session) replay(name string, items []byte, mirror ...string) []byte {
	inner := member(name, items)
	if !s.mirror {
		return wrap(wire.TypeReplay, []byte("{"+inner+"}"))
	}
	return wrap(wire.TypeReplay, []byte("{"+inner+"}"), append([]string{inner}, mirror...)...)
}

func logItem(e recorder.LogEntry, mirror bool) any { return toLogEntry(e, mirror) }

// toLogEntry converts an entry.
func toLogEntry(e recorder.LogEntry, mirror bool) wire.LogEntry {
	w := wire.LogEntry{
		Timestamp: wire.NewTimestamp(e.Time), Level: e.Level.String(), Category: e.Category, Message: e.Message,
		Exception: e.Exception, Source: e.Source,
	}
	if mirror {
		w.LogEntryMirror = &wire.LogEntryMirror{
			T: w.Timestamp, L: longLevel(e.Level), C: w.Category, M: w.Message, E: w.Exception, S: w.Source,
		}
	}
	return w
}

// longLevel is the name that earlier clients know.
func longLevel(l recorder.Level) string {
	if l == recorder.Info {
		return "Information"
	}
	name := l.String()
	return strings.ToUpper(name[:1]) + name[1:]
}

func logMessage(e recorder.LogEntry, mirror bool) ([]byte, error) {
	data, err := marshal(toLogEntry(e, mirror))
	if err != nil {
		return nil, err
	}
	return entryMessage(wire.TypeLog, data, mirror), nil
}

// entryMessage makes a message whose payload is an entry.
func entryMessage(typ string, entry []byte, mirror bool) []byte {
	inner := member("entry", entry)
	if mirror {
		return wrap(typ, []byte("{"+inner+"}"), inner)
	}
	return wrap(typ, []byte("{"+inner+"}"))
}
