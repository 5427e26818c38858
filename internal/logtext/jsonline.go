package logtext

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/recorder"
)

// member is one member of an object, in its place.
type member struct {
	name string
	raw  json.RawMessage
}

// record is what was understood of a structured line.
type record struct {
	level               recorder.Level
	leveled             bool
	at                  time.Time
	message, event      string
	said                bool // there is a message
	category, exception string
	rest                []member
}

// parseJSON understands a line that is one JSON object with a message or a level.
func parseJSON(line string) (record, bool) {
	line = strings.TrimSpace(line)
	if len(line) < 2 || line[0] != '{' || line[len(line)-1] != '}' {
		return record{}, false
	}
	members, ok := members([]byte(line))
	if !ok {
		return record{}, false
	}
	var r record
	for _, m := range members {
		r.take(m)
	}
	if !r.said && r.event != "" {
		r.message, r.said = r.event, true
	} else if r.event != "" {
		r.rest = append(r.rest, member{"event", quoted(r.event)})
	}
	if !r.said {
		r.unwrap()
	}
	return r, r.said || r.leveled
}

// members splits an object. It is a walk over bytes that are known to be JSON, since
// decoding into a map would lose the order and costs four times as much.
func members(data []byte) ([]member, bool) {
	if len(data) < 2 || data[0] != '{' || !json.Valid(data) {
		return nil, false
	}
	var list []member
	for i := 1; ; {
		i = skip(data, i, " \t\r\n,")
		if data[i] == '}' {
			return list, true
		}
		end := valueEnd(data, i)
		name := text(data[i:end])
		i = skip(data, end, " \t\r\n:")
		end = valueEnd(data, i)
		list = append(list, member{name, data[i:end]})
		i = end
	}
}

func skip(data []byte, i int, set string) int {
	for strings.IndexByte(set, data[i]) >= 0 {
		i++
	}
	return i
}

// valueEnd returns the index behind the value that begins at i.
func valueEnd(data []byte, i int) int {
	depth := 0
	for ; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 { // behind a number or a word
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// take finds out what a member is.
func (r *record) take(m member) {
	switch strings.ToLower(m.name) {
	case "level", "lvl", "severity", "severitytext", "levelname", "log.level", "loglevel", "log_level", "level_name", "@l", "@level":
		if level, ok := parseLevel(plain(text(m.raw))); ok && !r.leveled {
			r.level, r.leveled = level, true
			return
		}
	case "levelno", "level_value":
		return
	case "msg", "message", "@message", "@m", "short_message":
		if !r.said {
			r.message, r.said = plainLines(text(m.raw)), true
			return
		}
	case "event":
		r.event = text(m.raw)
		return
	case "time", "ts", "timestamp", "@timestamp", "t", "@t", "asctime", "datetime":
		if at := textTime(text(m.raw)); !at.IsZero() {
			r.at = at
			return
		}
	case "logger", "name", "component", "module", "category", "logger_name", "loggername", "log.logger", "scope", "target":
		if s := text(m.raw); r.category == "" && isString(m.raw) {
			r.category = s
			return
		}
	case "stack", "stacktrace", "stack_trace", "exception", "exc_info", "exc_text", "traceback", "error.stack_trace":
		if s := text(m.raw); isString(m.raw) {
			r.except(s)
			return
		}
	case "err", "error":
		if s := errorText(m.raw); s != "" {
			r.except(s)
			return
		}
	case "pid", "hostname", "v":
		return
	}
	r.rest = append(r.rest, m)
}

// unwrap takes the message out of the object that tracing puts it into.
func (r *record) unwrap() {
	for i, m := range r.rest {
		inner, ok := members(m.raw)
		if m.name != "fields" || !ok {
			continue
		}
		r.rest = append(r.rest[:i:i], r.rest[i+1:]...)
		for _, m := range inner {
			r.take(m)
		}
		return
	}
}

// except adds to the exception; what it has already is not said twice.
func (r *record) except(s string) {
	switch {
	case r.exception == "" || strings.Contains(s, r.exception):
		r.exception = s
	case !strings.Contains(r.exception, s):
		r.exception += "\n" + s
	}
}

// errorText reads an error, which is a text or an object with its type, message and
// stack.
func errorText(raw json.RawMessage) string {
	if isString(raw) {
		return text(raw)
	}
	var e struct{ Type, Name, Message, Stack string }
	if json.Unmarshal(raw, &e) != nil {
		return ""
	}
	head := e.Message
	if kind := e.Type + e.Name; kind != "" && head != "" && (e.Type == "" || e.Name == "") {
		head = kind + ": " + head
	}
	switch {
	case e.Stack == "":
		return head
	case strings.Contains(e.Stack, e.Message):
		return e.Stack
	}
	return head + "\n" + e.Stack
}

// entry makes a log entry: the message and what else there was, as key=value.
func (r *record) entry(fallback recorder.Level, read time.Time) recorder.LogEntry {
	e := recorder.LogEntry{Time: believe(r.at, read), Level: fallback, Category: r.category, Exception: r.exception}
	if r.leveled {
		e.Level = r.level
	}
	var b strings.Builder
	b.WriteString(r.message)
	for _, m := range r.rest {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(m.name + "=" + shown(m.raw))
	}
	e.Message = b.String()
	if e.Message == "" {
		e.Message, _, _ = strings.Cut(e.Exception, "\n")
	}
	return e
}

// shown writes a value as slog's text handler does.
func shown(raw json.RawMessage) string {
	if !isString(raw) {
		return string(raw)
	}
	if s := text(raw); s != "" && !strings.ContainsAny(s, " =\"\n\t") {
		return s
	}
	return string(raw)
}

func isString(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '"' }

// text returns a text's value, and any other value as it is written.
func text(raw json.RawMessage) string {
	if n := len(raw) - 1; n > 0 && isString(raw) && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return string(raw[1:n])
	}
	var s string
	if isString(raw) && json.Unmarshal(raw, &s) == nil {
		return s
	}
	if string(raw) == "null" {
		return ""
	}
	return string(raw)
}

func quoted(s string) json.RawMessage { return json.RawMessage(strconv.Quote(s)) }

// plainLines is plain for a text of several lines.
func plainLines(s string) string {
	if strings.IndexByte(s, 0x1b) < 0 {
		return s
	}
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = plain(lines[i])
	}
	return strings.Join(lines, "\n")
}
