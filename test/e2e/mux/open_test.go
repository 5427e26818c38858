package mux

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// 5.2.2, 9.1: a request without payload opens the channel with the defaults, and
// this is its first message.
func TestOpenWithDefaults(t *testing.T) {
	p := dial(t, start(t))
	for _, c := range []struct {
		cmd, kind, key string
		value          float64
	}{
		{"device.telemetry", "", "", 0},
		{"devices.updates", "ready", "interval_ms", 2000},
		{"imu.stream", "", "update_interval_ms", 50},
		{"logs.stream", "ready", "", 0},
		{"ota.stream", "error", "", 0},
		{"processes.stream", "ready", "interval_ms", 1000},
		{"sensors.stream", "", "", 0},
		{"updates.stream", "ready", "heartbeat_ms", 15000},
		{"console.session", "ready", "cols", 120},
		{stream("metrics"), "", "", 0},
		{stream("frames"), "error", "", 0},
	} {
		p.request(c.cmd)
		e := p.want(c.cmd, c.kind)
		if c.key != "" && e.number(c.key) != c.value {
			t.Errorf("%s: %s, want %s %v", c.cmd, e, c.key, c.value)
		}
		if c.cmd == "logs.stream" {
			if source, _ := e.object()["source"].(map[string]any); source["id"] != "journal" {
				t.Errorf("the default log is %v", source)
			}
		}
	}
	p.want("updates.stream", "heartbeat")
	p.want("processes.stream", "snapshot")
}

// 5.2.3: a request for an open channel takes the place of the former one: the
// sequence begins again, and what is left out is the default again. No
// channel.closed tells of it.
func TestReplaceStartsTheSequenceAgain(t *testing.T) {
	p := dial(t, start(t))
	for range 3 {
		p.request("devices.updates", object{"interval_ms": 500})
		if e := p.want("devices.updates", "ready"); e.number("interval_ms") != 500 {
			t.Error(e)
		}
		p.request("devices.updates", object{})
		if e := p.want("devices.updates", "ready"); e.number("interval_ms") != 2000 {
			t.Error(e)
		}
		p.request("updates.stream", object{"heartbeat_ms": 60000})
		if e := p.want("updates.stream", "ready"); e.number("heartbeat_ms") != 60000 {
			t.Error(e)
		}
		p.want("updates.stream", "heartbeat")
		p.request("imu.stream")
		p.want("imu.stream", "")
		p.request("device.telemetry", object{"interval_ms": 10000})
		p.want("device.telemetry", "")
	}
	for _, cmd := range []string{"devices.updates", "updates.stream", "imu.stream", "device.telemetry"} {
		p.quiet(cmd)
	}
}

// 5.2.3, 3.8: processes.stream begins again with ready and a snapshot of the new
// length.
func TestReplaceProcesses(t *testing.T) {
	for range 12 { // there are more than ten processes
		cmd := exec.Command("sleep", "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	}
	p := dial(t, start(t))
	for _, c := range []struct {
		payload         object
		interval, limit float64
	}{{object{"interval_ms": 10000, "limit": 10}, 10000, 10}, {object{}, 1000, 200}, {object{"limit": 10}, 1000, 10}} {
		p.request("processes.stream", c.payload)
		ready := p.of("processes.stream")
		for ready.kind() == "snapshot" { // from the former request
			ready = p.of("processes.stream")
		}
		if ready.kind() != "ready" || ready.number("interval_ms") != c.interval {
			t.Fatalf("%v: %s", c.payload, ready)
		}
		snapshot, _ := p.want("processes.stream", "snapshot").object()["snapshot"].(map[string]any)
		list, _ := snapshot["processes"].([]any)
		if n := float64(len(list)); n > c.limit || n < 10 || (c.limit > 10 && n == 10) {
			t.Errorf("%v: %d processes", c.payload, len(list))
		}
	}
}

// 5.2.3: the interval of telemetry is replaced: with 10 s these messages would
// not come in time.
func TestReplaceTelemetry(t *testing.T) {
	p := dial(t, start(t))
	p.request("device.telemetry", object{"interval_ms": 10000})
	p.want("device.telemetry", "")
	p.request("device.telemetry", object{"interval_ms": 250})
	for range 6 {
		p.want("device.telemetry", "")
	}
}

// 5.2.3: the former follower of a log is ended without eof, and only one follows
// afterwards.
func TestReplaceLogs(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "one.log"), filepath.Join(t.TempDir(), "two.log")
	writeLines(t, one, 0, 5)
	writeLines(t, two, 100, 105)
	p := dial(t, start(t, "--log-file", one, "--log-file", two))
	open := func(path string, lines, first, last int) {
		t.Helper()
		p.request("logs.stream", object{"source": "file:" + path, "lines": lines})
		p.want("logs.stream", "ready")
		for i := first; i <= last; i++ {
			if e := p.want("logs.stream", "line"); e.text("line") != lineText(i) {
				t.Fatalf("got %s, want line %d", e, i)
			}
		}
	}
	open(one, 3, 2, 4)
	open(two, 2, 103, 104)
	open(two, 0, 1, 0)
	open(one, 1, 4, 4)
	writeLines(t, two, 105, 108) // nobody follows it any more
	writeLines(t, one, 5, 8)
	for i := 5; i < 8; i++ {
		if e := p.want("logs.stream", "line"); e.text("line") != lineText(i) {
			t.Errorf("got %s, want line %d", e, i)
		}
	}
	p.quiet("logs.stream")
}

// 5.2.4, 5.2.5: every channel can be closed, is silent afterwards, can be closed
// only once, and can be opened again.
func TestCloseAndReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some.log")
	writeLines(t, path, 0, 2)
	p := dial(t, start(t, "--log-file", path))
	for _, c := range []struct {
		cmd     string
		payload object
		first   string
	}{
		{"device.telemetry", object{"interval_ms": 250}, ""},
		{"devices.updates", object{"interval_ms": 250}, "ready"},
		{"imu.stream", nil, ""},
		{"logs.stream", object{"source": "file:" + path}, "ready"},
		{"processes.stream", object{"interval_ms": 250}, "ready"},
		{"sensors.stream", object{"op": "subscribe", "kinds": []string{"imu"}}, ""},
		{"updates.stream", object{"heartbeat_ms": 1000}, "ready"},
		{"console.session", object{"type": "open"}, "ready"},
	} {
		for range 3 {
			if c.payload == nil {
				p.request(c.cmd)
			} else {
				p.request(c.cmd, c.payload)
			}
			p.want(c.cmd, c.first)
			p.close(c.cmd)
			p.close(c.cmd) // crosses with the answer
			for e := p.of(c.cmd); e.kind() != "closed client"; e = p.of(c.cmd) {
				if e.Cmd != c.cmd {
					t.Fatalf("%s: before channel.closed came %s", c.cmd, e)
				}
			}
			p.want(c.cmd, "error not_open")
			p.quiet(c.cmd)
		}
	}
}

// 5.2.4: after channel.closed nothing of the channel comes, while others go on.
func TestSilenceAfterClose(t *testing.T) {
	p := dial(t, start(t))
	p.request("device.telemetry", object{"interval_ms": 250})
	p.request("processes.stream", object{"interval_ms": 250, "limit": 10})
	p.want("device.telemetry", "")
	p.close("device.telemetry")
	for p.of("device.telemetry").kind() != "closed client" {
	}
	p.want("processes.stream", "ready")
	for range 5 { // more than a second
		p.want("processes.stream", "snapshot")
	}
	p.quiet("device.telemetry")
}

// 5.2.4: a close that names no channel is invalid_payload, one that names no open
// channel is not_open.
func TestOddCloses(t *testing.T) {
	p := dial(t, start(t))
	for _, payload := range []any{nil, object{}, "devices.updates", object{"cmd": 5}, object{"cmd": nil}, []any{"devices.updates"}} {
		p.odd("channel.close", payload)
		if e := p.next(); e.kind() != "error invalid_payload" || e.text("cmd") != "channel.close" {
			t.Errorf("%v: %s", payload, e)
		}
	}
	for _, cmd := range []string{"devices.updates", "device.weather", "channel.close", ""} {
		p.close(cmd)
		p.want(cmd, "error not_open")
	}
}

// 5.2.5: requests in one go are obeyed one after the other, also where the former
// one ends by itself at that moment: each channel.closed follows the channel's
// last message, and in the end the channel is closed.
func TestRequestsInOneGo(t *testing.T) {
	p := dial(t, start(t))
	const n = 500
	for range n {
		p.request("ota.stream")
	}
	p.close("ota.stream")
	errors, ends := 0, 0
	for last := ""; ; {
		kind := p.of("ota.stream").kind()
		switch {
		case kind == "error":
			errors++
		case kind == "closed error" && last == "error":
			ends++
		case kind == "closed client", kind == "error not_open" && last == "closed error":
			if errors > n || ends > errors {
				t.Errorf("%d requests, %d errors, %d ends", n, errors, ends)
			}
			p.quiet("ota.stream")
			return
		default:
			t.Fatalf("%q came after %q", kind, last)
		}
		last = kind
	}
}
