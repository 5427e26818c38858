package channels

import (
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 3.9, 9.2: without an updater an error, then the end.
func TestOTA(t *testing.T) {
	d := start(t)
	s := d.Dial("/v1/ws/ota")
	m := s.Expect("error").Map()
	if len(m) != 2 || m["message"] == "" {
		t.Errorf("error %v", m)
	}
	wantClose(t, s, 1000)
}

// 3.10, 9.2, 7.3: no such stream.
func TestStreamMetrics(t *testing.T) {
	d := start(t)
	s := d.Dial(streamSocket("metrics") + "?interval_ms=500")
	e := decode[wire.StreamMetricsError](t, s.Next())
	if e.StreamID != someStream || e.Error != "Stream not found" || e.Code != "stream_not_found" ||
		e.Detail != "stream "+someStream+" not found" || e.Source != "helios-api/ws/streams.metrics" || e.Operation != "snapshot" ||
		e.RequestID != e.TraceID || len(e.RequestID) != 36 || e.TimestampMS == 0 {
		t.Errorf("error %+v", e)
	}
	wantClose(t, s, 1000)
	wantRemembered(t, d, "stream_not_found", e.Source, e.RequestID)
}

// 3.11, 9.2, 7.3: no such stream.
func TestStreamFrames(t *testing.T) {
	d := start(t)
	for _, query := range []string{"", "?output=left&restore=false&poll_ms=1"} {
		s := d.Dial(streamSocket("frames") + query)
		e := decode[wire.FramesError](t, s.Next())
		if e.Type != "error" || e.Error != "stream not found" || e.Source != "helios-api/ws/streams.frames" ||
			!slices.Contains([]string{"snapshot_stream_output", "set_stream_output"}, e.Operation) || len(e.RequestID) != 36 || e.TimestampMS == 0 {
			t.Errorf("error %+v", e)
		}
		wantClose(t, s, 1000)
		wantRemembered(t, d, "frames_error", e.Source, e.RequestID)
	}
}

// wantRemembered looks for an error that a socket has told in the history (7.3).
func wantRemembered(t *testing.T, d *device.Device, code, source, requestID string) {
	t.Helper()
	var history wire.ErrorHistory
	d.JSON(d.Get("/v1/errors?limit=1"), &history)
	if len(history.Items) != 1 || history.Items[0].Code != code || history.Items[0].Source != source ||
		history.Items[0].RequestID != requestID || history.Items[0].Transport != "ws" {
		t.Errorf("the history has %+v, want %s of %s", history.Items, code, source)
	}
}

// 3.12, 9.2: no such stream.
func TestUnpublishedStreamSockets(t *testing.T) {
	d := start(t)
	for _, kind := range []string{"updates", "controls", "outputs"} {
		s := d.Dial(streamSocket(kind))
		if m := s.Expect("error").Map(); !strings.Contains(m["error"].(string), "not found") {
			t.Errorf("%s: %v", kind, m)
		}
		wantClose(t, s, 1000)
	}
}

// 3.4, 9.1: a board without an IMU is no error. Only unsubscribe, however it is
// written, ends the socket.
func TestIMU(t *testing.T) {
	d := start(t)
	for _, word := range []string{"unsubscribe", "UnSubscribe", "  unsubscribe\r\n"} {
		s := d.Dial("/v1/ws/imu")
		m := s.Next()
		v := decode[wire.ImuStatusPayload](t, m)
		if v.HasSample || v.LastError == "" || m.Map()["type"] != nil {
			t.Errorf("status %s", m.Data)
		}
		if o := v.Options; o == nil || !slices.Equal(o.IntervalsMS, []uint64{5, 10, 20, 50, 100, 200, 500, 1000}) ||
			!slices.Contains(o.Fusion, v.Fusion) || !slices.Contains(o.Range, v.Range) {
			t.Errorf("options %+v of %s", v.Options, m.Data)
		}
		for _, other := range []string{"", "{}", "unsubscribe now", `{"op":"unsubscribe"}`, `"unsubscribe"`} {
			s.Send(other)
		}
		s.SendBinary([]byte("unsubscribe"))
		s.Ping()
		s.Send(word)
		wantClose(t, s, 1000)
	}
	var rest wire.ImuStatusPayload
	if d.JSON(d.Get("/v1/device/imu"), &rest); rest.HasSample || rest.LastError == "" {
		t.Errorf("GET: %+v", rest)
	}
}
