package cli

import "strings"

// A queryFilter takes out of a shell's repeated output what asks the terminal
// for an answer: device attributes, cursor position, colours and the like. The
// programs that asked have their answers since long; new ones would be typed
// into the shell. It keeps at most maxQuery bytes between calls.
type queryFilter struct {
	held string // the beginning of an escape sequence
}

// maxQuery bounds a sequence; a longer one is passed on as it is.
const maxQuery = 512

// feed gives output without queries. The beginning of a sequence at its end is
// held back for the next call.
func (q *queryFilter) feed(output string) string {
	output, q.held = q.held+output, ""
	var b strings.Builder
	for len(output) > 0 {
		i := strings.IndexAny(output, "\x1b\x05")
		if i < 0 {
			b.WriteString(output)
			break
		}
		b.WriteString(output[:i])
		output = output[i:]
		n := sequenceLen(output)
		if n == 0 {
			if len(output) <= maxQuery {
				q.held = output
				break
			}
			n = 1
		}
		if !isQuery(output[:n]) {
			b.WriteString(output[:n])
		}
		output = output[n:]
	}
	return b.String()
}

// rest gives what is held back; for the end of the repeated output.
func (q *queryFilter) rest() string {
	held := q.held
	q.held = ""
	return held
}

// sequenceLen gives the length of the control sequence at the start of s; 0 if
// its end is not there.
func sequenceLen(s string) int {
	if s[0] != 0x1b {
		return 1
	}
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '[':
		for i := 2; i < len(s); i++ {
			if s[i] < 0x20 || s[i] >= 0x40 {
				return i + 1
			}
		}
		return 0
	case ']', 'P', '_', '^', 'X': // strings, ended by BEL or ESC \
		for i := 2; i < len(s); i++ {
			switch {
			case s[i] == 0x07:
				return i + 1
			case s[i] == 0x1b && i+1 < len(s):
				if s[i+1] == '\\' {
					return i + 2
				}
				return i // broken off by another sequence
			}
		}
		return 0
	}
	return 2
}

// isQuery tells whether a whole sequence makes the terminal answer.
func isQuery(s string) bool {
	if s == "\x05" || s == "\x1bZ" {
		return true
	}
	body, last := s[min(2, len(s)):], s[len(s)-1]
	switch {
	case strings.HasPrefix(s, "\x1b["):
		switch last {
		case 'c', 'n', 'x':
			return true
		case 'q':
			return strings.HasPrefix(body, ">")
		case 'p':
			return strings.HasSuffix(body, "$p")
		case 't':
			return strings.HasPrefix(body, "1") && len(body) == 3 || strings.HasPrefix(body, "2") && len(body) == 3 && body[1] < '2'
		case 'u':
			return strings.HasPrefix(body, "?")
		}
	case strings.HasPrefix(s, "\x1b]"):
		return strings.Contains(body, ";?")
	case strings.HasPrefix(s, "\x1bP"):
		return strings.HasPrefix(body, "+q") || strings.HasPrefix(body, "$q")
	case strings.HasPrefix(s, "\x1b_G"):
		return strings.Contains(body, "a=q")
	}
	return false
}
