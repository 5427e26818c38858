package recorder

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// cut shortens s to at most limit bytes, at a character's boundary, and says so.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const room = 32 // for the remark
	at := limit - room
	for at > 0 && !utf8.RuneStart(s[at]) {
		at--
	}
	return s[:at] + "… (" + strconv.Itoa(len(s)-at) + " bytes cut)"
}

// utc returns t, or now if it is zero, in UTC.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC()
}
