package mux

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// 5.2: parameters or messages of a wrong shape get invalid_payload and open
// nothing.
func TestInvalidPayloads(t *testing.T) {
	p := dial(t, start(t))
	for _, c := range []struct {
		cmd      string
		payloads []any
	}{
		{"device.telemetry", []any{
			5, true, "x", []any{}, []any{object{}},
			object{"interval_ms": "500"}, object{"interval_ms": true}, object{"interval_ms": 1.5}, object{"interval_ms": -1},
			object{"interval_ms": []any{1}}, object{"interval_ms": object{}},
		}},
		{"devices.updates", []any{"x", object{"interval_ms": "500"}, object{"interval_ms": false}}},
		{"updates.stream", []any{[]any{}, object{"heartbeat_ms": "500"}, object{"heartbeat_ms": -5}}},
		{"processes.stream", []any{1, object{"limit": "all"}, object{"interval_ms": 500, "limit": 2.5}}},
		{"logs.stream", []any{
			"dmesg", object{"source": 5}, object{"source": []any{"dmesg"}}, object{"lines": "all"}, object{"lines": -1},
			object{"follow": "true"}, object{"follow": 1}, object{"source": "dmesg", "follow": object{}},
		}},
		{"imu.stream", []any{"unsubscribe", []any{}}},
		{"ota.stream", []any{0}},
		{"sensors.stream", []any{"unsubscribe", []any{"imu"}}},
		{stream("metrics"), []any{"x", object{"interval_ms": "fast"}}},
		{stream("frames"), []any{object{"output": 5}, object{"restore": "false"}, object{"poll_ms": 0.5}}},
		{"console.session", []any{
			"ls\n", []any{}, object{}, object{"type": 5}, object{"type": "exec"}, object{"type": "input"},
			object{"type": "input", "data": 5}, object{"type": "resize"}, object{"type": "resize", "cols": 80},
			object{"type": "resize", "cols": "80", "rows": "24"}, object{"type": "resize", "cols": -1, "rows": 24},
			object{"type": "open", "cols": "wide"}, object{"type": "open", "session_id": 5}, object{"type": "open", "session_id": "none"},
		}},
	} {
		for _, payload := range c.payloads {
			p.odd(c.cmd, payload)
			if e := p.want(c.cmd, "error invalid_payload"); e.text("message") == "" {
				t.Errorf("%s %v: no message", c.cmd, payload)
			}
			p.close(c.cmd)
			p.want(c.cmd, "error not_open")
		}
	}
}

// 5.2: the message of invalid_payload names the parameter.
func TestInvalidPayloadNamesTheField(t *testing.T) {
	p := dial(t, start(t))
	for cmd, payload := range map[string]object{"device.telemetry": {"interval_ms": "x"}, "logs.stream": {"follow": 1}} {
		p.odd(cmd, payload)
		e := p.want(cmd, "error invalid_payload")
		for field := range payload {
			if !strings.Contains(e.text("message"), field) {
				t.Errorf("%s: %s", field, e)
			}
		}
	}
}

// 5.2: a request of a wrong shape for an open channel leaves it as it was.
func TestInvalidPayloadLeavesTheChannelAlone(t *testing.T) {
	p := dial(t, start(t))
	p.request("processes.stream", object{"interval_ms": 250, "limit": 10})
	p.want("processes.stream", "ready")
	p.want("processes.stream", "snapshot")
	p.odd("processes.stream", object{"interval_ms": "x"})
	for found := false; !found; {
		switch e := p.of("processes.stream"); e.kind() {
		case "error invalid_payload":
			found = true
		case "snapshot":
		default:
			t.Fatalf("unexpected: %s", e)
		}
	}
	p.want("processes.stream", "snapshot")
	p.close("processes.stream")
	for p.of("processes.stream").kind() != "closed client" {
	}
}

// 5.2, 3: integers outside their range are clamped, null and a missing key mean
// the default, unknown keys are ignored.
func TestClamping(t *testing.T) {
	p := dial(t, start(t))
	for _, c := range []struct {
		cmd, key string
		lo, hi   float64
		initial  float64
	}{
		{"devices.updates", "interval_ms", 250, 10000, 2000},
		{"updates.stream", "heartbeat_ms", 1000, 60000, 15000},
		{"processes.stream", "interval_ms", 250, 10000, 1000},
	} {
		for payload, want := range map[any]float64{
			0: c.lo, 1: c.lo, c.lo - 1: c.lo, c.lo: c.lo, c.lo + 1: c.lo + 1,
			c.hi: c.hi, c.hi + 1: c.hi, uint64(1)<<63 + 5: c.hi, nil: c.initial,
		} {
			p.request(c.cmd)
			p.want(c.cmd, "ready")
			p.odd(c.cmd, object{c.key: payload, "colour": "red"})
			for {
				e := p.of(c.cmd)
				if e.kind() != "ready" { // from the earlier request
					continue
				}
				if e.number(c.key) != want {
					t.Errorf("%s %v: %s, want %v", c.cmd, payload, e, want)
				}
				break
			}
			p.close(c.cmd)
			for p.of(c.cmd).kind() != "closed client" {
			}
		}
	}
}

// 3.7, 9.3: lines of logs.stream is clamped to 0..2000.
func TestClampingOfLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.log")
	writeLines(t, path, 0, 2500)
	p := dial(t, start(t, "--log-file", path))
	for lines, want := range map[int]int{0: 0, 3: 3, 1 << 40: 2000} {
		p.odd("logs.stream", object{"source": "file:" + path, "lines": lines, "follow": false})
		p.want("logs.stream", "ready")
		for i := range want {
			if e, line := p.want("logs.stream", "line"), lineText(2500-want+i); e.text("line") != line {
				t.Fatalf("lines %d: line %d is %s, want %s", lines, i, e, line)
			}
		}
		p.want("logs.stream", "eof")
		p.want("logs.stream", "closed ended")
	}
}

func lineText(i int) string { return fmt.Sprintf("line %06d of the test", i) }

// writeLines appends the lines from, from+1, … to-1 to a file.
func writeLines(t *testing.T, path string, from, to int) {
	t.Helper()
	var text strings.Builder
	for i := from; i < to; i++ {
		text.WriteString(lineText(i) + "\n")
	}
	appendText(t, path, text.String())
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
