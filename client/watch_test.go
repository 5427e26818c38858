package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

const stamp = `"sent-at":"2031-02-27T13:46:40.000Z"`

// quick makes lost connections come back at once.
func quick() client.Options {
	return client.Options{Reconnect: client.Reconnect{MinWait: time.Millisecond, MaxWait: 5 * time.Millisecond}}
}

// collect takes everything up to the end.
func collect[T any](t *testing.T, sub *client.Subscription[T]) (events []client.Event[T], end error) {
	t.Helper()
	defer sub.Close()
	for {
		e, err := sub.Next(t.Context())
		if err != nil {
			return events, err
		}
		events = append(events, e)
	}
}

func TestWatchEndsWithItsChannel(t *testing.T) {
	s := fakehelios.New(t)
	var got map[string]any
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		_, data, _ := c.Receive()
		_ = json.Unmarshal(data, &got)
		c.Send(`{"cmd":"logs.stream","payload":{"type":"line","line":"a"},`+stamp+`,"future":1}`,
			`not json`,
			`{"cmd":"channel.closed","payload":{"cmd":"logs.stream","reason":"ended"},`+stamp+`}`)
		c.Wait()
	})
	sub, err := dial(t, s, quick()).Watch(t.Context(), "logs.stream", client.Params{"follow": false})
	if err != nil {
		t.Fatal(err)
	}
	events, end := collect(t, sub)
	if end != io.EOF || len(events) != 3 || events[1].Err == nil {
		t.Fatalf("end %v, events %+v", end, events)
	}
	if m := events[0].Value; m.Channel != "logs.stream" || string(m.Payload) != `{"type":"line","line":"a"}` || m.SentAt.Year() != 2031 {
		t.Fatalf("got %+v", m)
	}
	params, _ := got["payload"].(map[string]any)
	if _, err := time.Parse(time.RFC3339, got["sent-at"].(string)); err != nil || got["cmd"] != "logs.stream" || params["follow"] != false {
		t.Fatalf("request %v", got)
	}
}

func TestWatchIsRefused(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"channel.error","payload":{"cmd":"device.weather","code":"unknown_cmd","message":"no such channel"},` + stamp + `}`)
		c.Wait()
	})
	sub, err := dial(t, s, quick()).Watch(t.Context(), "device.weather", nil)
	if err != nil {
		t.Fatal(err)
	}
	_, end := collect(t, sub)
	if !errors.Is(end, client.ErrNotFound) || !strings.Contains(end.Error(), "no such channel") {
		t.Fatalf("got %v", end)
	}
}

func TestWatchTellsTheChannelsOwnError(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"logs.stream","payload":{"type":"error","message":"unknown log source: x"},`+stamp+`}`,
			`{"cmd":"channel.closed","payload":{"cmd":"logs.stream","reason":"error"},`+stamp+`}`)
		c.Wait()
	})
	sub, err := dial(t, s, quick()).Watch(t.Context(), "logs.stream", client.Params{"source": "x"})
	if err != nil {
		t.Fatal(err)
	}
	events, end := collect(t, sub)
	var e *client.Error
	if !errors.As(end, &e) || e.Message != "unknown log source: x" || len(events) != 2 {
		t.Fatalf("end %v, %d events", end, len(events))
	}
}

func TestWatchAllSharesOneConnection(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		for range 2 {
			c.Receive()
		}
		c.Send(`{"cmd":"device.telemetry","payload":{"timestamp_ms":1},`+stamp+`}`,
			`{"cmd":"channel.error","payload":{"cmd":"ota.stream","code":"invalid_payload","message":"bad"},`+stamp+`}`,
			`{"cmd":"device.telemetry","payload":{"timestamp_ms":2},`+stamp+`}`)
		c.SendBinary(append([]byte{0x6f, 0x1c, 0x1d, 0x1e, 0x2a, 0x3b, 0x4c, 0x5d, 0x8e, 0x9f, 0, 0x11, 0x22, 0x33, 0x44, 0x55}, "jpeg"...))
		c.Wait()
	})
	sub, err := dial(t, s, quick()).WatchAll(t.Context(), client.Request{Channel: "device.telemetry"}, client.Request{Channel: "ota.stream"})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var last client.Message
	for range 4 {
		e, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		last = e.Value
	}
	if last.Channel != "streams.6f1c1d1e-2a3b-4c5d-8e9f-001122334455.frames" || string(last.Frame) != "jpeg" {
		t.Fatalf("got %+v", last)
	}
	if s.Opened.Load() != 1 {
		t.Fatalf("%d connections", s.Opened.Load())
	}
}

func TestWatchFallsBackToTheChannelsOwnSocket(t *testing.T) {
	s := fakehelios.New(t)
	var query string
	s.Socket("/v1/ws/processes", func(c *fakehelios.Conn) {
		query = c.Request.URL.RawQuery
		c.Send(`{"type":"ready","interval_ms":250}`)
	})
	sub, err := dial(t, s, quick()).Watch(t.Context(), "processes.stream", client.Params{"interval_ms": 250, "limit": float64(10)})
	if err != nil {
		t.Fatal(err)
	}
	events, end := collect(t, sub)
	if end != io.EOF || len(events) != 1 || events[0].Value.Channel != "processes.stream" || query != "interval_ms=250&limit=10" {
		t.Fatalf("end %v, events %+v, query %s", end, events, query)
	}
}

func TestLossAndReturnAreTold(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"device.telemetry","payload":{"timestamp_ms":1},` + stamp + `}`)
		c.Wait()
	})
	sub, err := dial(t, s, quick()).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	next := func() client.Event[client.Message] {
		t.Helper()
		e, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	first := next()
	s.CutAll()
	gone, back, again := next(), next(), next()
	if gone.Gap == nil || gone.Gap.Back() || gone.Gap.Cause == nil || gone.Gap.Since.Before(first.At.Add(-time.Second)) {
		t.Fatalf("loss told as %+v", gone)
	}
	if back.Gap == nil || !back.Gap.Back() || back.Gap.Attempts < 1 || !back.Gap.Since.Equal(gone.Gap.Since) {
		t.Fatalf("return told as %+v", back)
	}
	if again.Gap != nil || again.Value.Channel != "device.telemetry" {
		t.Fatalf("after the return: %+v", again)
	}
}

func TestReconnectStopsWhenRefusedForGood(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) { c.Wait() })
	sub, err := dial(t, s, quick()).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.RequireToken("changed")
	s.CutAll()
	if _, end := collect(t, sub); !errors.Is(end, client.ErrNotAllowed) {
		t.Fatalf("got %v", end)
	}
}

func TestReconnectKeepsTryingThroughTroubleAndGivesUpWhenTold(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) { c.Wait() })
	opts := quick()
	opts.Reconnect.GiveUpAfter = 20 * time.Millisecond
	sub, err := dial(t, s, opts).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Refuse(503)
	s.CutAll()
	_, end := collect(t, sub)
	var e *client.Error
	if !errors.As(end, &e) || e.Status != 503 || !strings.Contains(end.Error(), "given up") {
		t.Fatalf("got %v", end)
	}
}

func TestNeverReconnect(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) { c.Receive(); c.Close(1001, "") })
	sub, err := dial(t, s, client.Options{Reconnect: client.Reconnect{Never: true}}).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	events, end := collect(t, sub)
	if len(events) != 1 || events[0].Gap == nil || !strings.Contains(end.Error(), "shuts down") {
		t.Fatalf("events %+v, end %v", events, end)
	}
}

func TestMessageAboveTheLimitEndsTheSubscription(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"device.telemetry","payload":{"x":"` + strings.Repeat("x", 4096) + `"},` + stamp + `}`)
		c.Wait()
	})
	opts := quick()
	opts.MaxMessage = 1024
	sub, err := dial(t, s, opts).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, end := collect(t, sub); !errors.Is(end, client.ErrTooLarge) {
		t.Fatalf("got %v", end)
	}
}

func TestSilentServerIsLost(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		<-c.Ctx.Done() // reads nothing, so answers no ping
	})
	opts := quick()
	opts.PingEvery = 20 * time.Millisecond
	sub, err := dial(t, s, opts).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	e, err := sub.Next(t.Context())
	if err != nil || e.Gap == nil || !strings.Contains(e.Gap.Cause.Error(), "silent") {
		t.Fatalf("got %+v, %v", e, err)
	}
}

func TestCompressedMessages(t *testing.T) {
	s := fakehelios.New(t)
	long := strings.Repeat("heliograph ", 1000)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"device.telemetry","payload":{"x":"` + long + `"},` + stamp + `}`)
		c.Wait()
	})
	opts := quick()
	opts.Compress = true
	sub, err := dial(t, s, opts).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if e, err := sub.Next(t.Context()); err != nil || !strings.Contains(string(e.Value.Payload), long) {
		t.Fatalf("got %d bytes, %v", len(e.Value.Payload), err)
	}
}

func TestAllEndsQuietly(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/telemetry", func(c *fakehelios.Conn) { c.Send(`{}`, `{}`) })
	sub, err := dial(t, s, quick()).Watch(t.Context(), "device.telemetry", nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range sub.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 2 {
		t.Fatalf("%d messages", n)
	}
}

func TestWatchChecksItsRequests(t *testing.T) {
	c := dial(t, fakehelios.New(t), quick())
	for _, requests := range [][]client.Request{nil, {{Channel: ""}}, {{Channel: "a.b"}, {Channel: "a.b"}}, {{Channel: "a.b", Params: client.Params{"x": func() {}}}}} {
		if _, err := c.WatchAll(t.Context(), requests...); err == nil {
			t.Errorf("%v was taken", requests)
		}
	}
	if _, err := c.Watch(t.Context(), "nonsense", nil); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
