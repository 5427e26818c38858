package otlp

import (
	"encoding/hex"
	"fmt"
	"math"
	"time"

	coltrace "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"github.com/heliograph/heliograph/internal/recorder"
)

// traces records spans and returns what an exporter is told.
func (r *Receiver) traces(resources []*trace.ResourceSpans) *coltrace.ExportTraceServiceResponse {
	answer := &coltrace.ExportTraceServiceResponse{}
	n := 0
	for _, resource := range resources {
		service := attribute(resource.GetResource().GetAttributes(), "service.name")
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				if n++; n <= maxItems && r.opts.Recorder.Profiler.Active() {
					r.span(s, service, scope.GetScope().GetName())
				}
			}
		}
	}
	if n > maxItems {
		answer.PartialSuccess = &coltrace.ExportTracePartialSuccess{RejectedSpans: int64(n - maxItems), ErrorMessage: tooMany("spans")}
	}
	return answer
}

func tooMany(what string) string { return fmt.Sprintf("a request may have %d %s", maxItems, what) }

// span records a span and its events.
func (r *Receiver) span(s *trace.Span, service, scope string) {
	profiler, redact := r.opts.Recorder.Profiler, r.opts.Redact
	out := recorder.Span{
		ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()), Trace: hex.EncodeToString(s.GetTraceId()),
		Start: unixNano(s.GetStartTimeUnixNano()), End: unixNano(s.GetEndTimeUnixNano()),
		Kind: kindName(s.GetKind()), Name: redact(s.GetName()), Path: scope,
	}
	tags := members(s.GetAttributes())
	if service != "" {
		tags["service.name"] = service
	}
	if s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR {
		out.Status, out.Error = "error", redact(s.GetStatus().GetMessage())
	}
	for _, e := range s.GetEvents() {
		payload := members(e.GetAttributes())
		if e.GetName() == "exception" && out.Status == "error" && out.Error == "" {
			out.Error = redact(attribute(e.GetAttributes(), "exception.message"))
		}
		profiler.Marker(recorder.Marker{
			Time: unixNano(e.GetTimeUnixNano()), Type: "otel.event", Name: redact(e.GetName()), Payload: r.encode(payload),
		})
	}
	out.Tags = r.encode(tags)
	profiler.Span(out)
}

func kindName(k trace.Span_SpanKind) string {
	switch k {
	case trace.Span_SPAN_KIND_SERVER:
		return "otel.server"
	case trace.Span_SPAN_KIND_CLIENT:
		return "otel.client"
	case trace.Span_SPAN_KIND_PRODUCER:
		return "otel.producer"
	case trace.Span_SPAN_KIND_CONSUMER:
		return "otel.consumer"
	}
	return "otel.internal"
}

// unixNano returns the zero time for 0, which is unknown.
func unixNano(n uint64) time.Time {
	if n == 0 || n > math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(0, int64(n))
}
