package mux

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 5.2.5: reason ended, after the channel's own last message. The connection
// stays open and the channel may be opened again.
func TestClosedEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "short.log")
	writeLines(t, path, 0, 3)
	p := dial(t, start(t, "--log-file", path))
	for range 3 {
		p.request("logs.stream", object{"source": "file:" + path, "follow": false})
		p.want("logs.stream", "ready")
		for range 3 {
			p.want("logs.stream", "line")
		}
		p.want("logs.stream", "eof")
		p.want("logs.stream", "closed ended")
		p.close("logs.stream")
		p.want("logs.stream", "error not_open")
	}
}

// 5.2.5, 5.2: reason error, after the channel's own error message.
func TestClosedByError(t *testing.T) {
	p := dial(t, start(t))
	for range 3 {
		p.request("logs.stream", object{"source": "file:/etc/shadow"})
		if e := p.want("logs.stream", "error"); e.text("message") != "unknown log source: file:/etc/shadow" {
			t.Error(e)
		}
		p.want("logs.stream", "closed error")

		p.request("ota.stream")
		p.want("ota.stream", "error")
		p.want("ota.stream", "closed error")

		p.request("console.session", object{"type": "open", "session_id": someStream})
		if e := p.want("console.session", "error"); e.text("message") != "console session not found" {
			t.Error(e)
		}
		p.want("console.session", "closed error")

		p.request(stream("metrics"), object{"interval_ms": 500})
		checkMetricsError(t, p.of(stream("metrics")))
		p.want(stream("metrics"), "closed error")

		p.request(stream("frames"))
		checkFramesError(t, p.want(stream("frames"), "error"))
		p.want(stream("frames"), "closed error")
	}
	p.request("devices.updates") // the connection is as good as before
	p.want("devices.updates", "ready")
}

// 3.10: the error of an unknown stream.
func checkMetricsError(t *testing.T, e event) {
	t.Helper()
	o := e.object()
	for key, want := range map[string]any{
		"stream_id": someStream, "error": "Stream not found", "code": "stream_not_found",
		"source": "helios-api/ws/streams.metrics", "operation": "snapshot", "request_id": o["trace_id"],
	} {
		if o[key] != want {
			t.Errorf("%s is %v, want %v: %s", key, o[key], want, e)
		}
	}
	if _, both := o["metrics"]; both {
		t.Errorf("both metrics and error: %s", e)
	}
}

// 3.11: the error of an unknown stream.
func checkFramesError(t *testing.T, e event) {
	t.Helper()
	for key, want := range map[string]string{
		"error": "stream not found", "source": "helios-api/ws/streams.frames", "operation": "snapshot_stream_output",
	} {
		if e.text(key) != want {
			t.Errorf("%s is %q, want %q: %s", key, e.text(key), want, e)
		}
	}
}

// 5.2.6: the messages of one channel keep their order while others run.
func TestOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.log")
	writeLines(t, path, 0, 1000)
	p := dial(t, start(t, "--log-file", path))
	p.request("device.telemetry", object{"interval_ms": 250})
	p.request("processes.stream", object{"interval_ms": 250})
	p.request("logs.stream", object{"source": "file:" + path, "lines": 2000})
	p.want("logs.stream", "ready")
	for i := range 20000 {
		if i >= 1000 && i%1000 == 0 {
			writeLines(t, path, i, i+1000)
		}
		if e := p.want("logs.stream", "line"); e.text("line") != lineText(i) {
			t.Fatalf("got %s, want line %d", e, i)
		}
	}
	last := 0.0
	for range 5 {
		e := p.want("device.telemetry", "")
		if e.number("timestamp_ms") < last {
			t.Errorf("telemetry went back in time")
		}
		last = e.number("timestamp_ms")
	}
}

// openEverything opens all channels that stay open by themselves, and returns
// their names.
func openEverything(t *testing.T, p *peer, logFile string) []string {
	t.Helper()
	payloads := map[string]object{
		"device.telemetry": {"interval_ms": 250}, "devices.updates": {}, "imu.stream": nil, "processes.stream": {"interval_ms": 250},
		"sensors.stream": {"op": "subscribe", "kinds": []string{"imu", "power"}}, "updates.stream": {},
		"logs.stream": {"source": "file:" + logFile}, "console.session": {"type": "open"},
	}
	var names []string
	for cmd, payload := range payloads {
		if payload == nil {
			p.request(cmd)
		} else {
			p.request(cmd, payload)
		}
		p.of(cmd)
		names = append(names, cmd)
	}
	return names
}

// 5.2, 2.3: at the shutdown every open channel ends with the reason shutdown and
// the connection with 1001; nothing is left of the shells.
func TestClosedByShutdown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.log")
	writeLines(t, path, 0, 1)
	d := start(t, "--log-file", path)
	peers := []*peer{dial(t, d), dial(t, d), dial(t, d)}
	var names []string
	for _, p := range peers {
		names = openEverything(t, p, path)
	}
	idle := dial(t, d) // has no channel
	d.Terminate()
	for _, p := range peers {
		closed := map[string]int{}
		events, code := p.rest()
		for i, e := range events {
			if e.kind() == "closed shutdown" {
				closed[e.subject()] = i
			} else if at, over := closed[e.subject()]; over {
				t.Errorf("%s came after channel.closed (%d, %d)", e, at, i)
			}
		}
		for _, name := range names {
			if _, told := closed[name]; !told {
				t.Errorf("%s was not closed", name)
			}
		}
		if code != 1001 {
			t.Errorf("closed with %d, want 1001", code)
		}
	}
	if events, code := idle.rest(); len(events) > 0 || code != 1001 {
		t.Errorf("a connection without channels got %v and was closed with %d", events, code)
	}
	d.Wait()
}

// 5.2.7: closing the connection closes all channels, in the orderly way or not;
// neither subscriptions nor goroutines remain, and the shells do.
func TestClosingTheConnectionClosesAllChannels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.log")
	writeLines(t, path, 0, 1)
	d := start(t, "--log-file", path)
	before := settled(t, d)
	for i, end := range []func(*peer){
		func(p *peer) { _ = p.Close() },
		func(p *peer) { p.Drop() },
	} {
		for range 3 {
			p := dial(t, d)
			openEverything(t, p, path)
			m := gauges(t, d)
			for _, topic := range []string{"telemetry", "processes", "usb", "changes"} {
				if m[subscribers(topic)] < 1 {
					t.Errorf("nobody is subscribed to %s: %v", topic, m)
				}
			}
			end(p)
		}
		device.Poll(t, "everything to be given back", func() bool {
			m := gauges(t, d)
			return m["heliograph_websocket_connections"] == 0 && m["go_goroutines"] <= before["go_goroutines"]+shells(i+1) && subscribed(m) == subscribed(before)
		})
	}
	var list struct {
		Sessions []struct {
			ID      string `json:"session_id"`
			Clients int    `json:"client_count"`
			Closed  bool
		}
	}
	d.JSON(d.Get("/v1/console/sessions"), &list)
	if len(list.Sessions) != 6 {
		t.Errorf("%d shells survived, want 6", len(list.Sessions))
	}
	for _, s := range list.Sessions {
		if s.Clients != 0 || s.Closed {
			t.Errorf("%+v", s)
		}
		d.Ask("DELETE", "/v1/console/sessions/"+s.ID, "")
	}
	device.Poll(t, "the goroutines of the shells to end", func() bool {
		return gauges(t, d)["go_goroutines"] <= before["go_goroutines"]
	})
}

// shells returns how many goroutines the shells of some rounds may have.
func shells(rounds int) float64 { return float64(rounds * 3 * 6) }

func subscribers(topic string) string {
	return fmt.Sprintf("heliograph_topic_subscribers{topic=%q}", topic)
}

// subscribed returns the number of subscriptions to all topics.
func subscribed(m map[string]float64) (n float64) {
	for name, value := range m {
		if strings.HasPrefix(name, "heliograph_topic_subscribers") {
			n += value
		}
	}
	return n
}

// settled returns the figures of a server that was used once and is idle.
func settled(t *testing.T, d *device.Device) map[string]float64 {
	t.Helper()
	p := dial(t, d)
	p.request("device.telemetry")
	p.of("device.telemetry")
	_ = p.Close()
	var m map[string]float64
	last := -1.0
	device.Poll(t, "the server to be idle", func() bool {
		m = gauges(t, d)
		idle := m["heliograph_websocket_connections"] == 0 && m[subscribers("telemetry")] == 0 && m["go_goroutines"] == last
		last = m["go_goroutines"]
		return idle
	})
	return m
}

// gauges returns the server's metrics by name, with labels.
func gauges(t *testing.T, d *device.Device) map[string]float64 {
	t.Helper()
	m := map[string]float64{}
	for line := range strings.Lines(string(d.Get("/metrics").Body)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(line, "#") {
			m[name] = n
		}
	}
	if len(m) == 0 {
		t.Fatal("no metrics")
	}
	return m
}

// decode reads a payload.
func decode[T any](t *testing.T, e event) (v T) {
	t.Helper()
	if err := json.Unmarshal(e.Payload, &v); err != nil {
		t.Fatalf("%s: %v", e, err)
	}
	return v
}
