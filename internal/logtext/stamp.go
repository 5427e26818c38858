package logtext

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// credible is how far the time in a line may be from when the line was read.
const credible = time.Hour

// believe returns the time that a line gives, or when it was read if that is not
// credible.
func believe(said, read time.Time) time.Time {
	if d := said.Sub(read); said.IsZero() || d > credible || d < -credible {
		return read
	}
	if said.After(read) {
		return read // it was written before it was read
	}
	return said
}

var (
	dateTime  = regexp.MustCompile(`^\[?(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d))?(?:\]|:|\s|$)`)
	clockTime = regexp.MustCompile(`^\[?\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:AM|PM)?(?:\]|\s)`)
	syslog    = regexp.MustCompile(`^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ ([\w./-]+)(?:\[\d+\])?: `)
)

// cutTime takes a time off the beginning of a line. The time is zero if the line
// does not tell the day.
func cutTime(line string) (at time.Time, rest string, found bool) {
	if line == "" || line[0] != '[' && (line[0] < '0' || line[0] > '9') {
		return time.Time{}, line, false
	}
	if m := dateTime.FindStringSubmatch(line); m != nil {
		return date(m[1:]), tidyTimeRest(line, len(m[0])), true
	}
	if m := clockTime.FindString(line); m != "" {
		return time.Time{}, tidyTimeRest(line, len(m)), true
	}
	return time.Time{}, line, false
}

// tidyTimeRest drops what separates a time from the rest.
func tidyTimeRest(line string, n int) string {
	rest := line[n:]
	if line[n-1] == '\t' {
		rest = "\t" + rest // the fields of zap's console
	}
	if line[0] == '[' && line[n-1] != ']' && strings.Count(line[:n], "]") == 0 {
		return "[" + rest // more than a time is in the brackets
	}
	return strings.TrimLeft(rest, " ")
}

func date(m []string) time.Time {
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i]) // digits
	}
	nanos, _ := strconv.Atoi((m[6] + "000000000")[:9])
	zone := time.Local
	switch z := m[7]; {
	case z == "Z" || z == "UTC" || z == "GMT":
		zone = time.UTC
	case z != "":
		if at, err := time.Parse("-0700", strings.ReplaceAll(z, ":", "")); err == nil {
			zone = at.Location()
		}
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos, zone)
}

// textTime reads a time that is a text of its own.
func textTime(s string) time.Time {
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return at
	}
	if m := dateTime.FindStringSubmatch(s); m != nil && len(m[0]) == len(s) {
		return date(m[1:])
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return numberTime(n)
	}
	return time.Time{}
}

// numberTime reads a Unix time in seconds, or in ms, µs or ns: its size tells which.
func numberTime(n float64) time.Time {
	for _, unit := range []float64{1, 1e3, 1e6, 1e9} {
		if s := n / unit; s > 1e8 && s < 1e10 {
			whole, part := math.Modf(s)
			return time.Unix(int64(whole), int64(part*1e9))
		}
	}
	return time.Time{}
}
