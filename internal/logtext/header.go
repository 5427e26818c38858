package logtext

import (
	"regexp"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
)

// maxFields is how many words may be between a time and the level: name, thread,
// process.
const maxFields = 4

// header understands a text line that begins with a level, or with a time and, not
// far behind it, a level. A line without a level is left alone.
func header(line string, e *recorder.LogEntry) bool {
	at, rest, stamped := cutTime(line)
	category := ""
	if m := cutSyslog(rest); m != nil {
		rest, category, stamped = rest[len(m[0]):], m[1], true
	}
	s := scan{rest: rest, category: category}
	fields := 1
	switch {
	case stamped:
		fields = maxFields
	case strings.HasPrefix(rest, "["):
		fields = 2
	}
	for range fields {
		if s.level() {
			e.Time, e.Level = believe(at, e.Time), s.found
			e.Category, e.Message = s.finish(stamped)
			return true
		}
		if !s.skip() {
			return false
		}
	}
	return false
}

func cutSyslog(line string) []string {
	if len(line) < 20 || line[3] != ' ' || line[6] != ' ' {
		return nil
	}
	return syslog.FindStringSubmatch(line)
}

// scan goes through the beginning of a line.
type scan struct {
	rest     string
	category string
	found    recorder.Level
	colon    bool // the level was followed by one, and by no blank
	tabs     bool
}

// next returns the next word, whether it is marked as one that is no part of a
// sentence, and what is behind it.
func (s *scan) next() (word, rest string, marked bool) {
	text := strings.TrimLeft(s.rest, " \t")
	s.tabs = s.tabs || strings.HasPrefix(s.rest, "\t")
	for _, separator := range []string{"--- ", "- ", "| ", ": ", "|"} {
		if after, ok := strings.CutPrefix(text, separator); ok {
			text, marked = strings.TrimLeft(after, " "), separator != ": "
			break
		}
	}
	if strings.HasPrefix(text, "[") {
		if word, rest, ok := strings.Cut(text[1:], "]"); ok {
			word = strings.TrimSpace(word)
			if first, more, several := strings.Cut(word, " "); several { // [INFO  name]
				if _, ok := levelWord(first, true); ok {
					return first, "[" + strings.TrimSpace(more) + "]" + rest, true
				}
			}
			return word, rest, true
		}
		return "", "", false
	}
	end := strings.IndexAny(text, " \t:|")
	if end < 0 {
		return text, "", marked
	}
	rest = text[end:]
	return text[:end], rest, marked || text[end] == ':' || text[end] == '|' || strings.HasPrefix(rest, " - ") || strings.HasPrefix(strings.TrimLeft(rest, " "), "| ")
}

// level takes the next word if it is a level.
func (s *scan) level() bool {
	word, rest, marked := s.next()
	level, ok := levelWord(word, marked)
	if !ok || rest == "" {
		return false
	}
	s.found, s.rest = level, rest
	s.colon = strings.HasPrefix(rest, ":") && len(rest) > 1 && rest[1] != ' '
	s.tabs = s.tabs || strings.HasPrefix(rest, "\t")
	return true
}

// skip goes over a word that may stand between a time and a level: something in
// brackets, a number, or a name that is set off.
func (s *scan) skip() bool {
	word, rest, marked := s.next()
	if word == "" || len(word) > 64 || rest == "" || strings.Contains(word, " ") && !strings.HasPrefix(strings.TrimLeft(s.rest, " -|:"), "[") {
		return false
	}
	if !digits(word) && (marked || name.MatchString(word)) {
		s.category = word
	}
	s.rest = rest
	return true
}

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}

var (
	name       = regexp.MustCompile(`^[A-Za-z_$][\w$-]*(?:[./:]+[\w$-]+)+$`)
	simpleName = regexp.MustCompile(`^[A-Za-z_$][\w$.:/-]*$`)
	springHead = regexp.MustCompile(`^\s*\d+ --- (?:\[[^\]]*\] ?)+\s*(\S+)\s+: `)
	caller     = regexp.MustCompile(`^[\w./@-]+\.\w+:\d+$`)
	prefixed   = regexp.MustCompile(`^([\w$./:-]*[\w$])(?: -|:| :) `)
)

// finish divides what is behind the level into category and message.
func (s *scan) finish(stamped bool) (category, message string) {
	rest := s.rest
	if s.tabs && strings.HasPrefix(rest, "\t") {
		return s.console(rest[1:])
	}
	if m := springHead.FindStringSubmatch(rest); m != nil {
		return m[1], rest[len(m[0]):]
	}
	if s.colon { // Python's LEVEL:name:message
		if head, tail, ok := strings.Cut(rest[1:], ":"); ok && simpleName.MatchString(head) {
			return head, strings.TrimSpace(tail)
		}
	}
	rest = separated(rest)
	if head, tail, ok := strings.Cut(strings.TrimPrefix(rest, "["), "]"); ok && rest[0] == '[' && len(head) <= 64 && !digits(head) {
		s.category, rest = head, separated(tail)
	}
	if m := prefixed.FindStringSubmatch(rest); m != nil && (name.MatchString(m[1]) || stamped && strings.HasSuffix(m[0], " - ")) {
		s.category, rest = m[1], strings.TrimLeft(rest[len(m[0]):], " ")
	}
	return s.category, rest
}

// separated drops what separates the level from the rest.
func separated(s string) string {
	s = strings.TrimLeft(s, " \t")
	for _, separator := range []string{":", "- ", "| ", "|"} {
		if after, ok := strings.CutPrefix(s, separator); ok {
			return strings.TrimLeft(after, " \t")
		}
	}
	return s
}

// console divides the fields that zap's console encoder separates by tabs: perhaps a
// name, perhaps the caller, the message, perhaps more.
func (s *scan) console(rest string) (category, message string) {
	fields := strings.Split(rest, "\t")
	for i, f := range fields[:len(fields)-1] {
		if caller.MatchString(f) {
			if i == 1 {
				s.category = fields[0]
			}
			return s.category, strings.Join(fields[i+1:], " ")
		}
		if i == 1 {
			break
		}
	}
	return s.category, strings.Join(fields, " ")
}
