package otlp

import (
	"strings"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"github.com/heliograph/heliograph/internal/recorder"
)

// logs records log entries and returns what an exporter is told.
func (r *Receiver) logs(resources []*logs.ResourceLogs) *collogs.ExportLogsServiceResponse {
	answer := &collogs.ExportLogsServiceResponse{}
	n := 0
	for _, resource := range resources {
		for _, scope := range resource.GetScopeLogs() {
			for _, record := range scope.GetLogRecords() {
				if n++; n <= maxItems {
					r.entry(record, scope.GetScope().GetName())
				}
			}
		}
	}
	if n > maxItems {
		answer.PartialSuccess = &collogs.ExportLogsPartialSuccess{RejectedLogRecords: int64(n - maxItems), ErrorMessage: tooMany("records")}
	}
	return answer
}

// entry records one record. The attributes of an exception become the entry's, the
// others are shown behind the message.
func (r *Receiver) entry(record *logs.LogRecord, scope string) {
	out := recorder.LogEntry{Time: when(record), Level: severity(record), Category: scope}
	if !r.opts.Recorder.Logs.Wants(out.Level) {
		return
	}
	var kind, message, stack string
	var rest []string
	for _, a := range record.GetAttributes() {
		value := text(a.GetValue())
		switch a.GetKey() {
		case "exception.type":
			kind = value
		case "exception.message":
			message = value
		case "exception.stacktrace":
			stack = value
		case "logger.name":
			out.Category = value
		default:
			rest = append(rest, a.GetKey()+"="+value)
		}
	}
	out.Message = text(record.GetBody())
	if len(rest) > 0 {
		out.Message = strings.TrimLeft(out.Message+" "+strings.Join(rest, " "), " ")
	}
	out.Exception = strings.TrimSuffix(kind+": "+message, ": ")
	switch {
	case kind == "":
		out.Exception = message
	case stack != "" && strings.Contains(stack, message):
		out.Exception = ""
	}
	if stack != "" {
		out.Exception = strings.TrimLeft(out.Exception+"\n"+stack, "\n")
	}
	out.Message, out.Exception = r.opts.Redact(out.Message), r.opts.Redact(out.Exception)
	r.opts.Recorder.Logs.Record(out)
}

func when(record *logs.LogRecord) time.Time {
	if t := unixNano(record.GetTimeUnixNano()); !t.IsZero() {
		return t
	}
	return unixNano(record.GetObservedTimeUnixNano())
}

// severity follows the ranges of SeverityNumber, and the text where there is none.
func severity(record *logs.LogRecord) recorder.Level {
	if n := record.GetSeverityNumber(); n > 0 {
		return min(recorder.Level((n-1)/4), recorder.Critical)
	}
	level, _ := recorder.ParseLevel(record.GetSeverityText())
	return level
}
