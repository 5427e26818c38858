package applog

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/recorder"
)

// maxText bounds the text that is made of a record, in bytes; the recorder keeps no
// more.
const maxText = 64 << 10

// mask stands in the place of a secret value.
const mask = "***"

// entry makes a log entry. Its time is zero if the record's is.
func (h *Handler) entry(r slog.Record) recorder.LogEntry {
	w := writer{opts: h.opts, category: h.category}
	w.text.WriteString(h.opts.mask(r.Message))
	for _, s := range h.attrs {
		for _, a := range s.attrs {
			w.attr(s.groups, a)
		}
	}
	r.Attrs(func(a slog.Attr) bool {
		if category, ok := categoryOf(a); ok {
			w.category = category
		} else {
			w.attr(h.groups, a)
		}
		return w.text.Len() < maxText
	})
	if w.category == "" {
		w.category = strings.TrimSuffix(h.groups, ".")
	}
	return recorder.LogEntry{
		Time: r.Time, Level: Level(r.Level), Category: w.category,
		Message: w.text.String(), Exception: h.opts.mask(strings.Join(w.exceptions, "\n")), Source: h.opts.Source,
	}
}

// mask masks the secrets in a text before it is quoted, which would hide them.
func (o *Options) mask(text string) string {
	if o.Redact == nil || text == "" {
		return text
	}
	return o.Redact(text)
}

// categoryOf returns the value of an attribute that names the component.
func categoryOf(a slog.Attr) (string, bool) {
	if a.Key != "logger" && a.Key != "component" || a.Value.Kind() != slog.KindString {
		return "", false
	}
	return a.Value.String(), true
}

// writer writes attributes.
type writer struct {
	opts       *Options
	text       strings.Builder
	category   string
	exceptions []string
}

// attr writes an attribute that is in groups.
func (w *writer) attr(groups string, a slog.Attr) {
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() != slog.KindGroup {
		if v.Equal(slog.Value{}) {
			return // handlers ignore empty attributes
		}
	}
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			groups += a.Key + "."
		}
		for _, inner := range v.Group() {
			w.attr(groups, inner)
		}
		return
	}
	if w.text.Len() >= maxText {
		return
	}
	w.text.WriteByte(' ')
	w.text.WriteString(quoted(groups + a.Key))
	w.text.WriteByte('=')
	if w.opts.Secret != nil && w.opts.Secret(a.Key) {
		w.text.WriteString(mask)
		return
	}
	if e, ok := v.Any().(frozenError); ok {
		w.exceptions = append(w.exceptions, e.chain)
		v = slog.StringValue(e.text)
	} else if e := asError(v); e != nil {
		w.exceptions = append(w.exceptions, chain(e))
	} else if a.Key == "stack" || a.Key == "stacktrace" {
		w.exceptions = append(w.exceptions, textOf(v))
		w.text.WriteString("…")
		return
	}
	w.text.WriteString(quoted(w.opts.mask(textOf(v))))
}

func asError(v slog.Value) error {
	if v.Kind() != slog.KindAny {
		return nil
	}
	e, _ := v.Any().(error)
	return e
}

// textOf formats a value. What panics in it is told in its place.
func textOf(v slog.Value) string {
	switch v.Kind() {
	case slog.KindString:
		return v.String()
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	case slog.KindAny:
		switch x := v.Any().(type) {
		case []byte:
			return string(x[:min(len(x), maxText)])
		case frozenText:
			return string(x)
		default:
			return fmt.Sprintf("%+v", x)
		}
	}
	return v.String()
}

// quoted writes a text in quotes where it would be misread without.
func quoted(s string) string {
	s = s[:min(len(s), maxText)]
	if s == "" {
		return `""`
	}
	for i, r := range s {
		bad := r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD")
		if bad || r == ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) {
			return strconv.Quote(s)
		}
	}
	return s
}

// frozenText and frozenError are values of With that were formatted when they were
// given, because what they point to may change.
type frozenText string

type frozenError struct{ text, chain string }

// frozen returns an attribute whose value does not change any more.
func frozen(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		inner := make([]slog.Attr, len(v.Group()))
		for i, g := range v.Group() {
			inner[i] = frozen(g)
		}
		a.Value = slog.GroupValue(inner...)
	case slog.KindAny:
		if v.Any() == nil {
			break
		}
		if e := asError(v); e != nil {
			a.Value = slog.AnyValue(frozenError{textOf(v), chain(e)})
		} else {
			a.Value = slog.AnyValue(frozenText(textOf(v)))
		}
	default:
		a.Value = v
	}
	return a
}
