package cli

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// clean makes text of a device safe and one line for a view in cells.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n':
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// cells gives how many cells of a terminal a character takes.
func cells(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// fit cuts or fills a line to exactly n cells. Escape sequences for colours take
// no cells; a cut line is ended with the default colour.
func fit(s string, n int) string {
	var b strings.Builder
	used, escape, coloured := 0, false, false
	for _, r := range s {
		switch {
		case r == 0x1b:
			escape, coloured = true, true
		case escape:
			escape = r == '[' || r == ';' || r >= '0' && r <= '9'
		case used+cells(r) > n:
			if coloured {
				b.WriteString(styleOff)
			}
			return b.String() + strings.Repeat(" ", n-used)
		default:
			used += cells(r)
		}
		b.WriteRune(r)
	}
	return b.String() + strings.Repeat(" ", max(n-used, 0))
}
