package otlp

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
)

// tracesJSON is the example of the OTLP repository, shortened, with an event and an
// error.
const tracesJSON = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},
 "scopeSpans":[{"scope":{"name":"my.library","version":"1.0.0"},"spans":[{
  "traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span",
  "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":1544712661500000000,"kind":2,"futureField":{"a":1},
  "attributes":[{"key":"http.status","value":{"intValue":"500"}},{"key":"api_key","value":{"stringValue":"geheim4711"}}],
  "events":[{"timeUnixNano":"1544712660500000000","name":"exception","attributes":[{"key":"exception.message","value":{"stringValue":"no disk"}}]}],
  "status":{"code":2}}]}]}]}`

func stage(t *testing.T) (*recorder.Recorder, *httptest.Server) {
	t.Helper()
	rec := recorder.New(recorder.Options{})
	secrets := redact.New()
	r := New(Options{Recorder: rec, Redact: func(s string) string { return string(secrets.Body("", []byte(s))) }})
	server := httptest.NewServer(r)
	t.Cleanup(func() { server.Close(); rec.Close() })
	return rec, server
}

func post(t *testing.T, url, kind, encoding string, body []byte) (status int, answer []byte, got http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, resp.Header
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data)
	_ = z.Close()
	return b.Bytes()
}

func TestSpans(t *testing.T) {
	var m coltrace.ExportTraceServiceRequest
	if err := decode(jsonType, []byte(tracesJSON), &m); err != nil {
		t.Fatal(err)
	}
	binary, err := proto.Marshal(&m)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		kind, encoding string
		body           []byte
	}{
		"json": {jsonType, "", []byte(tracesJSON)}, "protobuf": {protobufType, "", binary}, "gzip": {protobufType, "gzip", zipped(binary)},
		"json with a charset": {"application/json; charset=utf-8", "gzip", zipped([]byte(tracesJSON))},
	} {
		rec, server := stage(t)
		session, err := rec.Profiler.Start(0)
		if err != nil {
			t.Fatal(err)
		}
		status, answer, header := post(t, server.URL+"/v1/traces", c.kind, c.encoding, c.body)
		kind, _, _ := strings.Cut(c.kind, ";")
		if want := map[string]string{jsonType: "{}", protobufType: ""}[kind]; status != 200 || string(answer) != want || header.Get("Content-Type") != kind {
			t.Errorf("%s: answered %d %q %s", name, status, answer, header.Get("Content-Type"))
		}
		b, _ := rec.Profiler.Read(session.ID, recorder.Cursors{}, 10, false)
		if len(b.Spans) != 1 || len(b.Markers) != 1 {
			t.Fatalf("%s: %d spans, %d markers", name, len(b.Spans), len(b.Markers))
		}
		s := b.Spans[0]
		if s.ID != "eee19b7ec3c1b174" || s.Parent != "eee19b7ec3c1b173" || s.Trace != "5b8efff798038103d269b633813fc60c" || s.Duration() != 1500*time.Millisecond ||
			s.Kind != "otel.server" || s.Name != "I'm a server span" || s.Status != "error" || s.Error != "no disk" || s.Path != "my.library" ||
			s.Tags != `{"api_key":"***","http.status":500,"service.name":"my.service"}` {
			t.Errorf("%s: %+v", name, s)
		}
		if k := b.Markers[0]; k.Type != "otel.event" || k.Name != "exception" || k.Payload != `{"exception.message":"no disk"}` || k.Time.UnixNano() != 1544712660500000000 {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

func str(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

func TestLogs(t *testing.T) {
	rec, server := stage(t)
	list := &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: []*common.AnyValue{str("a"), {Value: &common.AnyValue_BoolValue{BoolValue: true}}}}}}
	m := &collogs.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource: &resource.Resource{},
		ScopeLogs: []*logs.ScopeLogs{{Scope: &common.InstrumentationScope{Name: "store"}, LogRecords: []*logs.LogRecord{
			{TimeUnixNano: 1544712660000000000, SeverityNumber: logs.SeverityNumber_SEVERITY_NUMBER_WARN2, Body: str("slow password=geheim4711"), Attributes: []*common.KeyValue{{Key: "ms", Value: list}}},
			{SeverityText: "FATAL", Body: list, Attributes: []*common.KeyValue{
				{Key: "exception.type", Value: str("IOError")}, {Key: "exception.message", Value: str("no disk")}, {Key: "exception.stacktrace", Value: str("at x")}, {Key: "logger.name", Value: str("disk")},
			}},
		}}},
	}}}
	body, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if status, answer, _ := post(t, server.URL+"/v1/logs/", protobufType, "", body); status != 200 {
		t.Fatalf("%d %s", status, answer)
	}
	held := rec.Logs.Held()
	if len(held) != 2 {
		t.Fatalf("%d entries", len(held))
	}
	if e := held[0].Value; e.Level != recorder.Warning || e.Category != "store" || e.Message != `slow password=*** ms=["a",true]` || e.Time.UnixNano() != 1544712660000000000 {
		t.Errorf("%+v", e)
	}
	if e := held[1].Value; e.Level != recorder.Critical || e.Category != "disk" || e.Message != `["a",true]` || e.Exception != "IOError: no disk\nat x" {
		t.Errorf("%+v", e)
	}
}

func TestMetricsAreDropped(t *testing.T) {
	_, server := stage(t)
	status, answer, _ := post(t, server.URL+"/v1/metrics", protobufType, "", nil)
	var m colmetrics.ExportMetricsServiceResponse
	if status != 200 || proto.Unmarshal(answer, &m) != nil || m.PartialSuccess != nil {
		t.Errorf("%d %q", status, answer)
	}
}

// More than the bound is refused in part, and said.
func TestPartialSuccess(t *testing.T) {
	rec, server := stage(t)
	records := make([]*logs.LogRecord, maxItems+3)
	for i := range records {
		records[i] = &logs.LogRecord{Body: str("x")}
	}
	body, _ := proto.Marshal(&collogs.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{ScopeLogs: []*logs.ScopeLogs{{LogRecords: records}}}}})
	status, answer, _ := post(t, server.URL+"/v1/logs", protobufType, "", body)
	var m collogs.ExportLogsServiceResponse
	if err := proto.Unmarshal(answer, &m); err != nil || status != 200 || m.GetPartialSuccess().GetRejectedLogRecords() != 3 || m.GetPartialSuccess().GetErrorMessage() == "" {
		t.Errorf("%d %v %v", status, &m, err)
	}
	if n := len(rec.Logs.Held()); n != 1000 {
		t.Errorf("%d entries are kept", n)
	}
	spans := make([]*trace.Span, maxItems+2)
	for i := range spans {
		spans[i] = &trace.Span{Name: "x"}
	}
	body, _ = proto.Marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{ScopeSpans: []*trace.ScopeSpans{{Spans: spans}}}}})
	_, answer, _ = post(t, server.URL+"/v1/traces", protobufType, "", body)
	var s coltrace.ExportTraceServiceResponse
	if err := proto.Unmarshal(answer, &s); err != nil || s.GetPartialSuccess().GetRejectedSpans() != 2 {
		t.Errorf("%v %v", &s, err)
	}
}

func TestRefusals(t *testing.T) {
	_, server := stage(t)
	bomb := zipped(make([]byte, maxBody+1))
	for name, c := range map[string]struct {
		path, kind, encoding, body string
		status                     int
	}{
		"path": {"/v1/profiles", protobufType, "", "", 404}, "type": {"/v1/logs", "text/plain", "", "", 415}, "encoding": {"/v1/logs", jsonType, "br", "{}", 415},
		"no protobuf": {"/v1/logs", protobufType, "", "xyz", 400}, "no json": {"/v1/traces", jsonType, "", `{"resourceSpans":5}`, 400}, "no gzip": {"/v1/traces", jsonType, "gzip", "x", 400},
		"too large": {"/v1/logs", protobufType, "", string(make([]byte, maxBody+1)), 413}, "too large when it is decompressed": {"/v1/logs", protobufType, "gzip", string(bomb), 413},
	} {
		status, answer, _ := post(t, server.URL+c.path, c.kind, c.encoding, []byte(c.body))
		if status != c.status || len(answer) < 5 {
			t.Errorf("%s: %d %q", name, status, answer)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(tracesJSON), true)
	f.Add([]byte("\x0a\x02\x12\x00"), false)
	f.Add([]byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"kvlistValue":{"values":[{"key":"a"}]}}}]}]}]}`), true)
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	if _, err := rec.Profiler.Start(0); err != nil {
		f.Fatal(err)
	}
	r := New(Options{Recorder: rec})
	f.Fuzz(func(_ *testing.T, data []byte, text bool) {
		kind := protobufType
		if text {
			kind = jsonType
		}
		var t coltrace.ExportTraceServiceRequest
		if decode(kind, data, &t) == nil {
			r.traces(t.GetResourceSpans())
		}
		var l collogs.ExportLogsServiceRequest
		if decode(kind, data, &l) == nil {
			r.logs(l.GetResourceLogs())
		}
	})
}
