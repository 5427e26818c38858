package logtext

import (
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
)

// parseLevel understands the names of levels that loggers write, in any case, also
// with slog's offset (INFO+2) and as numbers.
func parseLevel(text string) (recorder.Level, bool) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		return numberLevel(n)
	}
	if at := strings.LastIndexAny(text, "+-"); at > 0 {
		if n, err := strconv.Atoi(text[at:]); err == nil {
			return slogLevel(text[:at], n)
		}
	}
	if level, ok := recorder.ParseLevel(text); ok {
		return level, true
	}
	switch strings.ToLower(text) {
	case "trc", "silly", "finer", "finest":
		return recorder.Trace, true
	case "dbg", "fine", "debu", "config":
		return recorder.Debug, true
	case "inf", "success", "http", "log":
		return recorder.Info, true
	case "wrn", "warni":
		return recorder.Warning, true
	case "erro", "severe", "err!":
		return recorder.Error, true
	case "ftl", "fata", "emergency", "dpanic", "pnc":
		return recorder.Critical, true
	}
	return 0, false
}

// numberLevel knows the levels of pino and bunyan (10 to 60) and of syslog (0 to 7).
func numberLevel(n int) (recorder.Level, bool) {
	switch {
	case n < 0 || n > 100:
		return 0, false
	case n >= 60:
		return recorder.Critical, true
	case n >= 10:
		return recorder.Level(n/10 - 1), true
	case n <= 2:
		return recorder.Critical, true
	case n == 3:
		return recorder.Error, true
	case n == 4:
		return recorder.Warning, true
	case n <= 6:
		return recorder.Info, true
	}
	return recorder.Debug, true
}

// slogLevel knows the levels between those that have names, see slog.Level.String.
func slogLevel(name string, offset int) (recorder.Level, bool) {
	base := map[string]int{"DEBUG": -4, "INFO": 0, "WARN": 4, "ERROR": 8}
	n, ok := base[strings.ToUpper(name)]
	switch n += offset; {
	case !ok:
		return 0, false
	case n < -4:
		return recorder.Trace, true
	case n < 0:
		return recorder.Debug, true
	case n < 4:
		return recorder.Info, true
	case n < 8:
		return recorder.Warning, true
	case n < 12:
		return recorder.Error, true
	}
	return recorder.Critical, true
}

// levelWord understands a word at the beginning of a line. Words that people write,
// too, such as "error", count only if they are marked: in capitals, in brackets or
// before a colon.
func levelWord(word string, marked bool) (recorder.Level, bool) {
	if len(word) < 3 || len(word) > 11 || !letters(word) {
		return 0, false
	}
	if !marked && word != strings.ToUpper(word) {
		return 0, false
	}
	if word == "Error" { // of JavaScript: it is part of the message
		return 0, false
	}
	switch strings.ToLower(word) {
	case "http", "log", "config", "success", "fine", "alert": // the words of a sentence
		if !marked || word != strings.ToUpper(word) {
			return 0, false
		}
	}
	return parseLevel(word)
}

func letters(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}
