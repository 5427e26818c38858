package logtext

import (
	"encoding/json"
	"strconv"
	"strings"
)

// parseLogfmt understands a line of key=value pairs that has a level and a message.
func parseLogfmt(line string) (record, bool) {
	if !strings.Contains(line, "level=") && !strings.Contains(line, "lvl=") || !strings.Contains(line, "msg=") && !strings.Contains(line, "message=") {
		return record{}, false
	}
	var r record
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		m, rest, ok := pair(line)
		if !ok {
			return record{}, false
		}
		r.take(m)
		line = rest
	}
	return r, r.said && r.leveled
}

// pair takes one key=value off the beginning of a line.
func pair(line string) (m member, rest string, ok bool) {
	name, rest, ok := strings.Cut(line, "=")
	if !ok || name == "" || strings.ContainsAny(name, " \"") {
		return member{}, "", false
	}
	if !strings.HasPrefix(rest, `"`) {
		value, rest, _ := strings.Cut(rest, " ")
		raw, _ := json.Marshal(value) // a text always has a form
		return member{name, raw}, rest, true
	}
	quotedValue, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return member{}, "", false
	}
	value, err := strconv.Unquote(quotedValue)
	if err != nil {
		return member{}, "", false
	}
	raw, _ := json.Marshal(value)
	return member{name, raw}, rest[len(quotedValue):], true
}
