package streams

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// event reads the next message of a metrics socket.
func event(t *testing.T, s *device.Socket) wire.StreamMetricsEvent {
	t.Helper()
	m := s.Next()
	if o := m.Map(); o["metrics"] == nil || o["error"] != nil || o["type"] != nil || len(o) != 3 {
		t.Fatalf("no event: %.500s", m.Data)
	}
	return decode[wire.StreamMetricsEvent](t, m)
}

// keys returns the members of an object, with those of the objects in it.
func keys(object map[string]any, prefix string) (list []string) {
	for key, value := range object {
		list = append(list, prefix+key)
		if inner, ok := value.(map[string]any); ok {
			list = append(list, keys(inner, prefix+key+".")...)
		}
	}
	slices.Sort(list)
	return list
}

// 3.10, 8.4: one message at once, with all members; null where nothing was measured.
func TestMetricsBeforeTheFirstFrame(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	began := time.Now()
	m := d.Dial(socket(id, "metrics") + "?interval_ms=10000").Next()
	e := decode[wire.StreamMetricsEvent](t, m)
	if at := time.UnixMilli(int64(e.TimestampMS)); e.StreamID != id || at.Before(began.Add(-time.Second)) || at.After(time.Now().Add(time.Second)) {
		t.Errorf("event %s of %v", e.StreamID, at)
	}
	want := []string{
		"capture", "decoder", "encoder", "encoder_demand", "frame_demand", "graph_stage", "host", "memory",
		"source", "source.starts", "source.failures", "source.dropped_frames", "source.thinned_frames", "source.published_bytes",
		"source.last_error", "source.last_error_at_ms",
		"pipeline", "pipeline_instances", "preview_transport",
		"memory.process", "memory.runner", "memory.capture_queue", "memory.external_backings", "memory.transform_pool",
		"memory.image_pool", "memory.packed_pools", "memory.staging_copy",
		"memory.capture_queue.depth", "memory.capture_queue.capacity",
	}
	for _, stage := range []string{"capture", "host", "graph_stage"} {
		for _, key := range []string{"average_time_ms", "fps", "last_time_ms", "sample_count", "work_average_time_ms", "work_last_time_ms"} {
			want = append(want, stage+"."+key)
		}
	}
	for _, key := range []string{"sampled_at_ms", "rss_bytes", "pss_bytes", "rss_anon_bytes", "rss_file_bytes", "rss_shmem_bytes", "vm_data_bytes", "swap_bytes"} {
		want = append(want, "memory.process."+key)
	}
	for _, key := range []string{
		"raw_receiver_count", "host_receiver_count", "preview_demand_active", "encode_demand_active",
		"graph_sample_demand_active", "needs_decoded_image", "graph_has_image_output", "graph_has_executor",
	} {
		want = append(want, "frame_demand."+key)
	}
	slices.Sort(want)
	body := m.Map()["metrics"].(map[string]any)
	if got := keys(body, ""); !slices.Equal(got, want) {
		t.Errorf("members\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, key := range []string{"encoder", "decoder", "preview_transport", "encoder_demand", "pipeline", "pipeline_instances"} {
		if body[key] != nil {
			t.Errorf("%s is %v before anything has run", key, body[key])
		}
	}
	if e.Metrics.Capture != (wire.CaptureStageMetrics{}) || *e.Metrics.FrameDemand != (wire.FrameDemandMetrics{}) {
		t.Errorf("%+v %+v", e.Metrics.Capture, e.Metrics.FrameDemand)
	}
}

// 8.4: what is measured is true.
func TestMetricsWhileWatched(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	frames := d.Dial(socket(id, "frames"))
	frames.Expect("format")
	for range 90 {
		frame(t, frames)
	}
	last := number(t, frame(t, frames).Data)
	e := event(t, d.Dial(socket(id, "metrics")))
	m := e.Metrics
	if n := m.Capture.SampleCount; n < uint64(last) || n > uint64(last)+60 {
		t.Errorf("%d frames captured, the newest seen is %d", n, last)
	}
	for name, stage := range map[string]wire.CaptureStageMetrics{"capture": m.Capture, "host": m.Host} {
		if stage.FPS < 10 || stage.FPS > 40 || stage.AverageTimeMS < 25 || stage.AverageTimeMS > 100 || stage.LastTimeMS <= 0 {
			t.Errorf("%s of a camera of 30 frames a second: %+v", name, stage)
		}
		if product := stage.FPS * stage.AverageTimeMS; product < 990 || product > 1010 {
			t.Errorf("%s: %v ms at %v a second", name, stage.AverageTimeMS, stage.FPS)
		}
		if stage.WorkAverageTimeMS <= 0 || stage.WorkLastTimeMS <= 0 || stage.WorkAverageTimeMS > 100 {
			t.Errorf("%s: work %+v", name, stage)
		}
	}
	if p := m.PreviewTransport; p == nil || p.EndToEndAverageTimeMS < p.QueueAverageTimeMS || p.EndToEndLastTimeMS <= 0 || p.EndToEndAverageTimeMS > 1000 {
		t.Errorf("transport %+v", p)
	}
	if f := m.FrameDemand; f.HostReceiverCount != 1 || f.RawReceiverCount != 1 || !f.PreviewDemandActive || f.GraphHasExecutor || f.NeedsDecodedImage {
		t.Errorf("demand %+v", f)
	}
	if c := m.Source; c.Starts != 1 || c.Failures != 0 || c.LastError != nil || c.PublishedBytes < uint64(last)*1000 {
		t.Errorf("source %+v", c)
	}
	if q := m.Memory.CaptureQueue; q.Depth == 0 || q.Depth > q.Capacity {
		t.Errorf("queue %+v", q)
	}
	p := m.Memory.Process
	if rss := d.RSS(); p == nil || int64(p.RssBytes) < rss/2 || int64(p.RssBytes) > 2*rss ||
		p.RssAnonBytes+p.RssFileBytes+p.RssShmemBytes != p.RssBytes || p.PssBytes == nil || *p.PssBytes == 0 || p.VMDataBytes == 0 ||
		p.SampledAtMS+2000 < e.TimestampMS {
		t.Errorf("memory %+v of a process of %d bytes", p, rss)
	}
}

// 3.10: never sooner than the interval after the last, also beside others who want
// more; each has its own rhythm.
func TestMetricsInterval(t *testing.T) {
	d := start(t)
	id := create(t, d, camera{})
	for interval, socket := range map[uint64]*device.Socket{
		700:  d.Dial(socket(id, "metrics") + "?interval_ms=700"),
		1000: d.Dial(socket(id, "metrics")),
		250:  d.Dial(socket(id, "metrics") + "?interval_ms=1"), // clamped
	} {
		last := event(t, socket).TimestampMS
		for range 5 {
			now := event(t, socket).TimestampMS
			if gap := now - last; gap < interval-interval/40-2 || gap > 10*interval {
				t.Errorf("metrics at every %d ms: %d ms after the last", interval, gap)
			}
			last = now
		}
	}
}

// 3.10: the client changes the interval; anything else is ignored.
func TestMetricsIntervalChange(t *testing.T) {
	d := start(t)
	s := d.Dial(socket(create(t, d, camera{}), "metrics") + "?interval_ms=10000")
	last := event(t, s)
	for _, other := range []string{"", "{", "[]", "null", "{}", `{"interval_ms":"250"}`, `{"interval_ms":-1}`, `{"interval_ms":2.5}`, `{"interval_ms":null}`, `{"interval":250}`} {
		s.Send(other)
	}
	s.SendBinary([]byte(`{"interval_ms":250}`))
	s.Ping()
	nothingFor(t, s, time.Second)
	s.Send(`{"interval_ms":1,"more":true}`) // clamped to 250
	for i := range 6 {
		now := event(t, s)
		if gap := now.TimestampMS - last.TimestampMS; i > 0 && gap < 240 {
			t.Errorf("%d ms after the last", gap)
		}
		last = now
	}
	s.Send(`{"interval_ms":10000}`)
	s.Ping()
	s.Pending()
	nothingFor(t, s, 1500*time.Millisecond)
}

// 3.10: a stream that is deleted while the socket is open ends it with the error
// object.
func TestMetricsOfADeletedStream(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	s := d.Dial(socket(id, "metrics"))
	event(t, s)
	remove(t, d, id)
	m := s.Find("the error", func(m device.Message) bool { return m.Map()["error"] != nil })
	e := decode[wire.StreamMetricsError](t, m)
	if m.Map()["metrics"] != nil || e.StreamID != id || e.Error != "Stream not found" || e.Code != "stream_not_found" ||
		e.Detail != "stream "+id+" not found" || e.Source != "helios-api/ws/streams.metrics" || e.Operation != "snapshot" ||
		e.RequestID == "" || e.RequestID != e.TraceID || e.Retryable == nil || *e.Retryable {
		t.Errorf("%s", m.Data)
	}
	wantClose(t, s, 1000)
	wantRemembered(t, d, "stream_not_found", e.Source, e.RequestID)
}

// 2.1: parameters that cannot be parsed are refused before the upgrade.
func TestParameters(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	for _, path := range []string{
		socket(id, "metrics") + "?interval_ms=x", socket(id, "metrics") + "?interval_ms=", socket(id, "metrics") + "?interval_ms=1&interval_ms=1",
		socket(id, "frames") + "?restore=maybe", socket(id, "frames") + "?restore=1", socket(id, "frames") + "?poll_ms=-5",
		socket(id, "outputs") + "?ports_interval_ms=1.5", socket("front", "frames"), socket("front", "metrics"), socket("front", "controls"),
		socket(strings.ReplaceAll(id, "-", ""), "updates"),
	} {
		s, r, err := d.TryDial(path, device.DialOptions{})
		if err == nil {
			s.Drop()
			t.Errorf("%s was opened", path)
		} else if r == nil || r.StatusCode != 400 {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{
		socket(strings.ToUpper(id), "metrics") + "?interval_ms=99999999&other=1", socket(id, "outputs") + "?interval_ms=0&ports_interval_ms=0",
	} {
		d.Dial(path).Next()
	}
}

// wantRemembered looks for an error that a socket has told in the history (7.3).
func wantRemembered(t *testing.T, d *device.Device, code, source, requestID string) {
	t.Helper()
	var history wire.ErrorHistory
	d.JSON(d.Get("/v1/errors?limit=1"), &history)
	if len(history.Items) != 1 || history.Items[0].Code != code || history.Items[0].Source != source ||
		history.Items[0].RequestID != requestID || history.Items[0].Transport != "ws" {
		text, _ := json.Marshal(history)
		t.Errorf("the history has %s, want %s of %s", text, code, source)
	}
}
