package logline

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Clean returns the text of a line as it is shown. raw is one line without its
// newline. In this order:
//
//   - NUL bytes at the start go: they are the hole that a writer leaves when
//     its file is truncated under it.
//   - carriage returns at the end go.
//   - every byte that is not part of valid UTF-8 becomes U+FFFD.
//   - what is longer than MaxText bytes is cut at the last rune that fits.
//
// The result shares raw's memory if nothing had to be replaced.
func Clean(raw string) string {
	if len(raw) > 0 && raw[0] == 0 {
		raw = strings.TrimLeft(raw, "\x00")
	}
	if len(raw) > 0 && raw[len(raw)-1] == '\r' {
		raw = strings.TrimRight(raw, "\r")
	}
	raw = cut(raw)
	if utf8.ValidString(raw) {
		return raw
	}
	var b strings.Builder
	b.Grow(min(len(raw)+len(raw)/4+utf8.UTFMax, MaxText))
	for _, r := range raw {
		// An invalid byte ranges as U+FFFD.
		if b.Len()+utf8.RuneLen(r) > MaxText {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cut shortens s to MaxText without splitting a rune.
func cut(s string) string {
	if len(s) <= MaxText {
		return s
	}
	end := MaxText
	for end > MaxText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// Split yields the lines of a message that may hold several: one for each line
// of text, each cleaned. Newlines at the end yield nothing, empty lines in
// between are kept, and an empty message is one empty line.
func Split(message string) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := strings.TrimRight(message, "\r\n")
		for more := true; more; {
			var line string
			line, rest, more = strings.Cut(rest, "\n")
			if !yield(Clean(line)) {
				return
			}
		}
	}
}
