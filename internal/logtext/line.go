package logtext

import (
	"regexp"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Parse makes an entry of one line without its newline, which was read at the given
// time. fallback is the level of a line that does not tell one; told reports whether
// it does.
func Parse(line string, fallback recorder.Level, read time.Time) (e recorder.LogEntry, told bool) {
	line = plain(line)
	if r, ok := parseJSON(line); ok {
		return r.entry(fallback, read), r.leveled
	}
	if r, ok := parseLogfmt(line); ok {
		return r.entry(fallback, read), r.leveled
	}
	e = recorder.LogEntry{Time: read, Level: fallback, Message: line}
	for _, try := range []func(string, *recorder.LogEntry) bool{systemd, klog, warnings, header} {
		if try(line, &e) {
			return e, true
		}
	}
	if at, rest, ok := cutTime(line); ok && strings.TrimSpace(rest) != "" && (at.IsZero() || believe(at, read) != read) {
		e.Time, e.Message = believe(at, read), strings.TrimSpace(rest)
	}
	if (strings.Contains(e.Message, "Error") || strings.Contains(e.Message, "Exception")) && errorLine.MatchString(e.Message) {
		e.Level = max(e.Level, recorder.Error)
	}
	return e, false
}

var (
	klogLine  = regexp.MustCompile(`^([IWEF])(\d{4} \d\d:\d\d:\d\d\.\d+)\s+\d+ ([\w.-]+\.\w+):\d+\] (.*)$`)
	errorLine = regexp.MustCompile(`^(?:Uncaught |Unhandled |\[?Exception in thread "[^"]*" )?[\w$.]*(?:Error|Exception)(?: \[\w+\])?(?::|$)`)
	nodeWarn  = regexp.MustCompile(`^\(node:\d+\) (?:\[\w+\] )?\w*Warning\b`)
	pyWarn    = regexp.MustCompile(`^\S+\.py:\d+: \w*Warning: `)
	npmLine   = regexp.MustCompile(`^npm (ERR!|WARN|error|warn|notice|info)\s`)
)

// systemd understands the priority that sd-daemon(3) has before a line.
func systemd(line string, e *recorder.LogEntry) bool {
	if len(line) < 4 || line[0] != '<' || line[2] != '>' || line[1] < '0' || line[1] > '7' {
		return false
	}
	e.Level, _ = numberLevel(int(line[1] - '0'))
	e.Message = strings.TrimLeft(line[3:], " ")
	return true
}

// klog understands the lines of glog and klog.
func klog(line string, e *recorder.LogEntry) bool {
	if len(line) < 20 || strings.IndexByte("IWEF", line[0]) < 0 {
		return false
	}
	m := klogLine.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	e.Level = map[string]recorder.Level{"I": recorder.Info, "W": recorder.Warning, "E": recorder.Error, "F": recorder.Critical}[m[1]]
	e.Category, e.Message = m[3], m[4]
	return true
}

// warnings understands what runtimes print by themselves.
func warnings(line string, e *recorder.LogEntry) bool {
	switch {
	case strings.HasPrefix(line, "(node:") && nodeWarn.MatchString(line):
		e.Level, e.Category = recorder.Warning, "node"
	case strings.Contains(line, "Warning: ") && pyWarn.MatchString(line):
		e.Level, e.Category = recorder.Warning, "warnings"
	case strings.HasPrefix(line, "npm "):
		m := npmLine.FindStringSubmatch(line)
		if m == nil {
			return false
		}
		e.Level, _ = parseLevel(m[1])
		e.Category, e.Message = "npm", strings.TrimSpace(line[len(m[0]):])
	default:
		return false
	}
	return true
}
