package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

const (
	stream  = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
	session = "9b2f0f2e-1c1d-4f53-8d6e-3a0d5b7c9e11"
)

// script serves a path with fixed messages and keeps the query. The socket is
// closed when hold is, or at once if that is nil.
func script(s *fakehelios.Server, path string, hold <-chan struct{}, texts ...string) *string {
	query := new(string)
	s.Socket(path, func(c *fakehelios.Conn) {
		*query = c.Request.URL.RawQuery
		c.Send(texts...)
		if hold != nil {
			select {
			case <-hold:
			case <-c.Ctx.Done():
			}
		}
	})
	return query
}

// told gives the errors that came as events, and the last value.
func told[T any](events []client.Event[T]) (errs []error, last T) {
	for _, e := range events {
		switch {
		case e.Err != nil:
			errs = append(errs, e.Err)
		case e.Gap == nil:
			last = e.Value
		}
	}
	return errs, last
}

// must gives a subscription or fails the test; it is called with the two
// results of a subscribing call.
func must[T any](t *testing.T) func(*client.Subscription[T], error) *client.Subscription[T] {
	return func(sub *client.Subscription[T], err error) *client.Subscription[T] {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return sub
	}
}

func TestTelemetry(t *testing.T) {
	s := fakehelios.New(t)
	// Unknown keys and missing optional ones are no errors.
	taken := make(chan struct{})
	query := script(s, "/v1/ws/telemetry", taken, `{"timestamp_ms":5,"cpu":{"usage_percent":12.5,"cores":[]},"memory":{"total_bytes":1},"disks":null,"future":{"a":1}}`)
	c := dial(t, s, quick())
	sub := must[helios.TelemetrySample](t)(c.Telemetry(t.Context(), helios.TelemetryParams{IntervalMS: 250}))
	defer sub.Close()
	e, err := sub.Next(t.Context())
	if err != nil || e.Value.TimestampMS != 5 || e.Value.CPU.UsagePercent != 12.5 || *query != "interval_ms=250" || e.At.IsZero() {
		t.Fatalf("%+v, %v, query %s", e, err, *query)
	}
	close(taken)
	// This channel never ends by itself: even a close with code 1000 is a loss.
	if e, err := sub.Next(t.Context()); err != nil || e.Gap == nil {
		t.Fatalf("%+v, %v", e, err)
	}
}

func TestProcesses(t *testing.T) {
	s := fakehelios.New(t)
	query := script(s, "/v1/ws/processes", t.Context().Done(), `{ "interval_ms":1000, "type":"rea\u0064y"}`, `{"type":"error","message":"no proc"}`,
		`{"type":"snapshot","snapshot":{"processes":[{"pid":412,"name":"api"}]}}`, `{"type":"future"}`)
	sub := must[helios.ProcessesServerEvent](t)(dial(t, s, quick()).Processes(t.Context(), helios.ProcessesParams{Limit: 10}))
	defer sub.Close()
	var got []client.Event[helios.ProcessesServerEvent]
	for range 4 {
		e, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if _, ok := got[0].Value.(helios.ProcessesReady); !ok || *query != "limit=10" {
		t.Errorf("first %+v, query %s", got[0], *query)
	}
	var e *client.Error
	if !errors.As(got[1].Err, &e) || e.Message != "no proc" {
		t.Errorf("second %+v", got[1])
	}
	if m, ok := got[2].Value.(helios.ProcessesSnapshotEvent); !ok || m.Snapshot.Processes[0].PID != 412 {
		t.Errorf("third %+v", got[2])
	}
	if got[3].Err == nil || errors.As(got[3].Err, &e) {
		t.Errorf("fourth %+v", got[3])
	}
}

func TestLogsEndings(t *testing.T) {
	ready, one := `{"type":"ready","source":{"id":"journal"}}`, `{"type":"line","timestamp_ms":1,"line":"a"}`
	for name, test := range map[string]struct {
		texts    []string
		end      string // "" is io.EOF
		notFound bool
	}{
		"whole":    {[]string{ready, one, `{"type":"eof"}`}, "", false},
		"no eof":   {[]string{ready, one}, "", false},
		"unknown":  {[]string{`{"type":"error","message":"unknown log source: x"}`}, "unknown log source: x", true},
		"fails":    {[]string{ready, `{"type":"error","message":"log process failed"}`, `{"type":"eof"}`}, "log process failed", false},
		"no start": {[]string{ready, `{"type":"error","message":"permission denied"}`}, "permission denied", false},
	} {
		s := fakehelios.New(t)
		query := script(s, "/v1/ws/logs", nil, test.texts...)
		sub := must[helios.LogsServerEvent](t)(dial(t, s, quick()).Logs(t.Context(), helios.LogsParams{Source: "journal", Lines: 0}))
		_, end := collect(t, sub)
		var e *client.Error
		if test.end == "" && end != io.EOF || test.end != "" && (!errors.As(end, &e) || e.Message != test.end) {
			t.Errorf("%s: end %v", name, end)
		}
		if errors.Is(end, client.ErrNotFound) != test.notFound {
			t.Errorf("%s: end %v", name, end)
		}
		if *query != "follow=false&lines=0&source=journal" {
			t.Errorf("%s: query %s", name, *query)
		}
	}
}

func TestUpdatesAndDevices(t *testing.T) {
	s := fakehelios.New(t)
	script(s, "/v1/ws/updates", nil, `{"type":"ready","heartbeat_ms":1000}`, `{"type":"heartbeat","timestamp_ms":1}`,
		`{"type":"error","message":"updates stream lagged by 3 events"}`, `{"type":"change","event":{"seq":17,"kind":"device.imu"}}`)
	script(s, "/v1/ws/devices", nil, `{"type":"ready","interval_ms":2000}`, `{"type":"update","timestamp_ms":1,"reasons":["usb"]}`)
	c := dial(t, s, client.Options{Reconnect: client.Reconnect{Never: true}})
	events, end := collect(t, must[helios.RealtimeUpdatesEvent](t)(c.Updates(t.Context(), helios.UpdatesParams{})))
	errs, last := told(events)
	if m, ok := last.(helios.UpdatesChange); !ok || m.Event.Seq != 17 || len(errs) != 1 || !strings.Contains(errs[0].Error(), "lagged by 3") || end == io.EOF {
		t.Errorf("last %+v, errors %v, end %v", last, errs, end)
	}
	devices, _ := collect(t, must[helios.DevicesUpdatesEvent](t)(c.Devices(t.Context(), helios.DevicesParams{})))
	if _, last := told(devices); last.(helios.DevicesUpdate).Reasons[0] != "usb" {
		t.Errorf("last %+v", last)
	}
}

func TestIMUAndSensors(t *testing.T) {
	s := fakehelios.New(t)
	script(s, "/v1/ws/imu", nil, `{"has_sample":false,"last_error":"none"}`,
		`{"status":"imu_stream_unavailable","reason":"sensor stream closed","code":null,"operation":"stream","request_id":"r","retryable":null,"remediation":null}`)
	c := dial(t, s, quick())
	events, end := collect(t, must[helios.ImuStatusPayload](t)(c.IMU(t.Context())))
	var e *client.Error
	if !errors.As(end, &e) || e.Message != "sensor stream closed" || e.Code != "imu_stream_unavailable" || e.Op != "stream" || len(events) != 2 {
		t.Errorf("end %#v, events %v", end, events)
	}
	var hello helios.SensorsClientMessage
	s.Socket("/v1/ws/sensors", func(c *fakehelios.Conn) {
		_, data, _ := c.Receive()
		_ = json.Unmarshal(data, &hello)
		c.Send(`{"power":{"watts":5.9}}`, `{"status":"sensors_stream_unavailable","reason":"unsupported kinds: x","operation":"client_message"}`)
		c.Wait()
	})
	sub := must[helios.SensorsStreamEvent](t)(c.Sensors(t.Context(), 100, helios.SensorPower, "x"))
	defer sub.Close()
	first, _ := sub.Next(t.Context())
	second, err := sub.Next(t.Context())
	if err != nil || *first.Value.Power.Watts != 5.9 || second.Err == nil || hello.Op != "subscribe" || len(hello.Kinds) != 2 || *hello.IntervalMS != 100 {
		t.Errorf("%+v, %+v, %v, asked %+v", first, second, err, hello)
	}
}

func TestOTA(t *testing.T) {
	s := fakehelios.New(t)
	script(s, "/v1/ws/ota", nil, `{"type":"error","message":"no updater"}`)
	c := dial(t, s, client.Options{Reconnect: client.Reconnect{Never: true}})
	if _, end := collect(t, must[helios.UpdaterServerEvent](t)(c.OTA(t.Context()))); !strings.Contains(end.Error(), "no updater") {
		t.Errorf("end %v", end)
	}
	script(s, "/v1/ws/ota", nil, `{"type":"snapshot","state":null,"cache_usage_bytes":1}`, `{"type":"error","message":"busy"}`,
		`{"type":"stage_progress","update_id":"u","percent":36}`)
	events, end := collect(t, must[helios.UpdaterServerEvent](t)(c.OTA(t.Context())))
	if errs, last := told(events); last.(helios.UpdaterStageProgress).Percent != 36 || len(errs) != 1 || strings.Contains(end.Error(), "busy") {
		t.Errorf("events %+v, end %v", events, end)
	}
}

func TestStreams(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/streams/"+stream+"/frames", func(c *fakehelios.Conn) {
		c.Send(`{"type":"format","fourcc":"MJPG","width":640,"height":480}`)
		c.SendBinary([]byte("jpeg"))
		c.Send(`{"type":"error","error":"stream not found","operation":"snapshot_stream_output"}`)
	})
	c := dial(t, s, quick())
	events, end := collect(t, must[client.Frame](t)(c.StreamFrames(t.Context(), stream, helios.StreamFramesParams{Restore: true})))
	if _, last := told(events); string(last.Data) != "jpeg" || last.Format.Width != 640 || !errors.Is(end, client.ErrNotFound) {
		t.Errorf("last %+v, end %v", last, end)
	}
	script(s, "/v1/ws/streams/"+stream+"/metrics", nil, `{"stream_id":"`+stream+`","metrics":{"capture":{"fps":30}},"timestamp_ms":1}`,
		`{"error":"Engine unavailable","code":"engine_unavailable","detail":"no engine","operation":"snapshot","retryable":true}`)
	metrics, end := collect(t, must[helios.StreamMetricsEvent](t)(c.StreamMetrics(t.Context(), stream, helios.StreamMetricsParams{})))
	var e *client.Error
	if _, last := told(metrics); last.Metrics.Capture.FPS != 30 || !errors.As(end, &e) || e.Code != "engine_unavailable" || e.Retryable == nil || !*e.Retryable {
		t.Errorf("last %+v, end %v", last, end)
	}
}

func TestConsole(t *testing.T) {
	s := fakehelios.New(t)
	got := make(chan string, 16)
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) {
		got <- c.Request.URL.RawQuery
		c.Send(`{"type":"ready","session_id":"`+session+`","shell":"/bin/sh","cols":80,"rows":24}`, `{"type":"output","data":"$ "}`)
		for {
			binary, data, ok := c.Receive()
			if !ok {
				return
			}
			if binary && string(data) == "exit" {
				c.Send(`{"type":"exit","code":3}`)
				c.Wait() // the client must not need the server's close
				return
			}
			got <- string(data)
		}
	})
	c := dial(t, s, quick())
	console, err := c.Console(t.Context(), helios.ConsoleParams{Cols: 80, Rows: 24})
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	next := func() client.Event[helios.ConsoleServerEvent] {
		t.Helper()
		e, err := console.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if query := <-got; query != "cols=80&rows=24" {
		t.Errorf("query %s", query)
	}
	next()
	next()
	if console.SessionID() != session {
		t.Errorf("session %q", console.SessionID())
	}
	if err := console.Resize(t.Context(), 100, 40); err != nil {
		t.Error(err)
	}
	if text := <-got; text != `{"type":"resize","cols":100,"rows":40}` {
		t.Errorf("got %s", text)
	}
	s.CutAll()
	for e := next(); e.Gap == nil || !e.Gap.Back(); e = next() {
	}
	if query := <-got; !strings.Contains(query, "sessionId="+session) {
		t.Errorf("attached again with %s", query)
	}
	if n, err := console.Write([]byte("exit")); n != 4 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	events, end := collect(t, console.Subscription)
	if _, last := told(events); *last.(helios.ConsoleExit).Code != 3 || end != io.EOF {
		t.Errorf("last %+v, end %v", last, end)
	}
	if _, err := console.Write([]byte("x")); !errors.Is(err, client.ErrDisconnected) {
		t.Errorf("writing after the end: %v", err)
	}
}

func TestConsoleLargeInputIsSentInParts(t *testing.T) {
	s := fakehelios.New(t)
	total := make(chan int, 1)
	s.Socket("/v1/ws/console", func(c *fakehelios.Conn) {
		c.WS.SetReadLimit(64 << 10)
		n := 0
		for n < 100_000 {
			_, data, ok := c.Receive()
			if !ok {
				break
			}
			n += len(data)
		}
		total <- n
		c.Wait()
	})
	console, err := dial(t, s, quick()).Console(t.Context(), helios.ConsoleParams{SessionID: session})
	if err != nil {
		t.Fatal(err)
	}
	defer console.Close()
	if n, err := console.Write(make([]byte, 100_000)); n != 100_000 || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if n := <-total; n != 100_000 {
		t.Fatalf("%d bytes came", n)
	}
}

func TestSlowReceiverOfStatesGetsTheNewest(t *testing.T) {
	s := fakehelios.New(t)
	sent := make(chan struct{})
	s.Socket("/v1/ws/telemetry", func(c *fakehelios.Conn) {
		for range 100 {
			c.Send(`{"timestamp_ms":1}`)
		}
		c.Send(`{"timestamp_ms":2}`)
		go func() { _ = c.WS.Ping(c.Ctx); close(sent) }() // answered once the client has read all before it
		c.Wait()
	})
	sub := must[helios.TelemetrySample](t)(dial(t, s, quick()).Telemetry(t.Context(), helios.TelemetryParams{}))
	defer sub.Close()
	<-sent
	var missed uint64
	for n := uint64(1); ; n++ {
		e, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		missed += e.Missed
		if e.Value.TimestampMS == 2 {
			if n > 4 || n+missed != 101 {
				t.Fatalf("%d received, %d missed of 101", n, missed)
			}
			return
		}
	}
}

func TestEndpoints(t *testing.T) {
	s := fakehelios.New(t)
	s.JSON("GET /v1/device/logs", []string{"a", "b"})
	c := dial(t, s, quick())
	if h, err := c.Health(t.Context()); err != nil || !h.OK {
		t.Errorf("health %+v, %v", h, err)
	}
	if lines, err := c.LogTail(t.Context(), "dmesg", 2); err != nil || len(lines) != 2 {
		t.Errorf("tail %v, %v", lines, err)
	}
	if _, err := c.AsyncAPI(t.Context()); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("document: %v", err)
	}
}

func FuzzErrorMessages(f *testing.F) {
	f.Add(`{"type":"error","message":"x"}`)
	f.Add(`{"status":"imu_stream_unavailable","code":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		if e := client.PayloadError("c", []byte(text)); e != nil && e.Error() == "" {
			t.Fatal("an error without text")
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add(`{"cmd":"a.b","payload":{},"sent-at":"2031-02-27T13:46:40.000Z"}`, false)
	f.Add("0123456789abcdefjpeg", true)
	f.Fuzz(func(t *testing.T, data string, binary bool) {
		m, err := client.DecodeEnvelope(binary, []byte(data))
		if err == nil && m.Channel == "" {
			t.Fatal("a message of no channel")
		}
	})
}
