package logtext

import "strings"

// plain returns a line without the escape sequences of terminals (ECMA-48: CSI, OSC
// and the short ones) and without other control characters but tabs. Of what a
// carriage return overwrites, the last is kept.
func plain(line string) string {
	line = strings.TrimRight(line, "\r\n")
	if strings.IndexFunc(line, isControl) < 0 {
		return line
	}
	var b strings.Builder
	b.Grow(len(line))
	for i := 0; i < len(line); {
		c := line[i]
		switch {
		case c == 0x1b:
			i = sequenceEnd(line, i)
			continue
		case c == '\r':
			b.Reset()
		case c >= ' ' && c != 0x7f || c == '\t':
			b.WriteByte(c)
		}
		i++
	}
	return b.String()
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// sequenceEnd returns the index behind the escape sequence that begins at i.
func sequenceEnd(s string, i int) int {
	i++
	if i >= len(s) {
		return i
	}
	switch s[i] {
	case '[': // parameters and intermediates, then one final byte
		for i++; i < len(s); i++ {
			if s[i] >= '@' && s[i] <= '~' {
				return i + 1
			}
		}
		return i
	case ']', 'P', '_', '^': // a string that ends with BEL or ST
		for i++; i < len(s); i++ {
			if s[i] == 0x07 {
				return i + 1
			}
			if s[i] == 0x1b && i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
		}
		return i
	}
	for i < len(s) && s[i] >= ' ' && s[i] <= '/' {
		i++
	}
	return min(i+1, len(s))
}
