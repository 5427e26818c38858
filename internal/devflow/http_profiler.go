package devflow

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

// profiling refuses what needs a profiler that is switched off.
func profiling(serve func(*call) error) func(*call) error {
	return func(c *call) error {
		if !c.api.rec.Profiler.Enabled() {
			return fail(http.StatusNotImplemented, "not_supported", "%s", recorder.ErrProfilerOff.Error())
		}
		return serve(c)
	}
}

func serveProfilerCapabilities(c *call) error {
	return c.json(toProfilerCapabilities(c.api.rec.Profiler))
}

// serveProfilerStart answers POST /api/v1/profiler/sessions.
func serveProfilerStart(c *call) error {
	var body struct {
		SampleIntervalMs json.RawMessage `json:"sampleIntervalMs"`
	}
	if err := c.body(&body); err != nil {
		return err
	}
	every := recorder.DefaultSampling
	if raw := string(body.SampleIntervalMs); raw != "" && raw != "null" {
		ms, err := strconv.Atoi(raw)
		every = time.Duration(ms) * time.Millisecond
		if err != nil || ms < 0 || ms > math.MaxInt32 || every < recorder.MinSampling || every > recorder.MaxSampling {
			f := fail(http.StatusBadRequest, "invalid_sampleIntervalMs", "sampleIntervalMs must be an integer from %d to %d",
				recorder.MinSampling.Milliseconds(), recorder.MaxSampling.Milliseconds())
			f.details = map[string]any{"sampleIntervalMs": bounded(raw)}
			return f
		}
	}
	s, err := c.api.rec.Profiler.Start(every)
	if err != nil {
		return fail(http.StatusNotImplemented, "not_supported", "%s", err.Error())
	}
	return c.json(sessionBody(c, &s))
}

// sessionBody makes the answer about a session, nil if there has never been one.
func sessionBody(c *call, s *recorder.Session) wire.ProfilerSession {
	body := wire.ProfilerSession{Capabilities: toProfilerCapabilities(c.api.rec.Profiler)}
	if s != nil {
		body.ProfilerSessionInfo, body.Session = toSession(*s), toSession(*s)
	}
	return body
}

// serveProfilerSessions answers GET /api/v1/profiler/sessions.
func serveProfilerSessions(c *call) error {
	list := []*wire.ProfilerSessionInfo{}
	if s, err := c.api.rec.Profiler.Session(recorder.Current); err == nil {
		list = append(list, toSession(s))
	}
	return c.json(list)
}

// serveProfilerStop answers DELETE /api/v1/profiler/sessions/{id}.
func serveProfilerStop(c *call) error {
	s, err := c.api.rec.Profiler.Stop(c.arg)
	if errors.Is(err, recorder.ErrNoSession) {
		if !strings.EqualFold(c.arg, recorder.Current) {
			return c.noSession()
		}
		body := sessionBody(c, nil)
		body.StoppedAtUTC = now()
		return c.json(body)
	}
	if err != nil {
		return err
	}
	body := sessionBody(c, &s)
	body.StoppedAtUTC = wire.NewTimestamp(s.Stopped)
	return c.json(body)
}

func (c *call) noSession() error {
	return fail(http.StatusNotFound, "not_found", "Profiler session '%s' not found", bounded(c.arg))
}

// serveProfilerSamples answers GET /api/v1/profiler/sessions/{id}/samples.
func serveProfilerSamples(c *call) error {
	var p wire.SamplesQuery
	if err := c.query.fill(&p); err != nil {
		return err
	}
	at := recorder.Cursors{Sample: p.SampleCursor, Marker: p.MarkerCursor, Span: p.SpanCursor}
	b, err := c.api.rec.Profiler.Read(c.arg, at, p.Limit, false)
	if err != nil && !strings.EqualFold(c.arg, recorder.Current) {
		return c.noSession()
	}
	return c.json(toBatch(b))
}

// current reads the markers and spans of the current session.
func (c *call) current() (recorder.Batch, error) {
	var p wire.CursorQuery
	if err := c.query.fill(&p); err != nil {
		return recorder.Batch{}, err
	}
	// Without a session there is nothing, which is no error here.
	b, _ := c.api.rec.Profiler.Read(recorder.Current, recorder.Cursors{Sample: math.MaxInt64, Marker: p.Cursor, Span: p.Cursor}, p.Limit, false)
	return b, nil
}

func serveMarkers(c *call) error {
	b, err := c.current()
	if err != nil {
		return err
	}
	return c.json(convert(b.Markers, toMarker))
}

func serveSpans(c *call) error {
	b, err := c.current()
	if err != nil {
		return err
	}
	return c.json(convert(b.Spans, toSpan))
}

func noActiveSession() error {
	return fail(http.StatusBadRequest, "no_active_session", "there is no active profiler session")
}

func named(name string) error {
	if name == "" {
		return fail(http.StatusBadRequest, "invalid_name", "name is required")
	}
	return nil
}

// serveMarkerAdd answers POST /api/v1/profiler/markers.
func serveMarkerAdd(c *call) error {
	var body wire.MarkerRequest
	if err := c.body(&body); err != nil {
		return err
	}
	if err := named(body.Name); err != nil {
		return err
	}
	m := recorder.Marker{Name: body.Name, Type: body.Type}
	if body.PayloadJSON != nil {
		m.Payload = *body.PayloadJSON
	}
	if !c.api.rec.Profiler.Marker(m) {
		return noActiveSession()
	}
	return c.done("Marker recorded")
}

// serveSpanAdd answers POST /api/v1/profiler/spans.
func serveSpanAdd(c *call) error {
	var body wire.SpanRequest
	if err := c.body(&body); err != nil {
		return err
	}
	if err := named(body.Name); err != nil {
		return err
	}
	s := recorder.Span{
		Parent: body.ParentSpanID, Trace: body.TraceID, Kind: body.Kind, Name: body.Name, Status: body.Status,
		Screen: body.Screen, Path: body.ElementPath, Tags: body.TagsJSON, Error: body.Error,
	}
	for _, t := range []struct {
		name string
		text wire.Timestamp
		into *time.Time
	}{{"startTsUtc", body.StartTsUTC, &s.Start}, {"endTsUtc", body.EndTsUTC, &s.End}} {
		if t.text == "" {
			continue
		}
		at, err := t.text.Time()
		if err != nil {
			return fail(http.StatusBadRequest, "invalid_"+t.name, "%s is not a date and time of RFC 3339", t.name)
		}
		*t.into = at
	}
	if !c.api.rec.Profiler.Span(s) {
		return noActiveSession()
	}
	return c.done("Span recorded")
}

// serveHotspots answers GET /api/v1/profiler/hotspots.
func serveHotspots(c *call) error {
	var p wire.HotspotsQuery
	if err := c.query.fill(&p); err != nil {
		return err
	}
	list := c.api.rec.Profiler.Hotspots(p.Kind, time.Duration(p.MinDurationMs)*time.Millisecond, p.Limit)
	return c.json(convert(list, toHotspot))
}
