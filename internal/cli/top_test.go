package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

func model() *topModel {
	temp, watts := 51.25, 6.1
	at := time.UnixMilli(1930000001000)
	return &topModel{
		sort: "cpu", sampleAt: at, snapshotAt: at,
		sample: &helios.TelemetrySample{
			TimestampMS: 1930000001000,
			CPU: helios.CPU{UsagePercent: 12.5, TemperatureC: &temp, Throttle: &helios.Throttle{Undervoltage: true},
				Cores: []helios.Core{{ID: 0, UsagePercent: 20}, {ID: 1, UsagePercent: 95}}},
			Memory:  helios.Space{TotalBytes: 4 << 30, UsedBytes: 1 << 30},
			Disks:   []helios.Disk{{Mount: "/", TotalBytes: 100, UsedBytes: 50}, {Mount: "/a"}, {Mount: "/b"}, {Mount: "/c"}},
			Power:   &helios.Power{Watts: &watts},
			Network: &helios.Network{Traffic: helios.Traffic{RxBytesPerSec: 1200}},
		},
		snapshot: &helios.ProcessesSnapshot{Processes: []helios.ProcessSample{
			{PID: 30, Name: "big", CPUPercent: 1, MemoryBytes: 300, VirtualMemoryBytes: 1},
			{PID: 10, Name: "Busy", CPUPercent: 50, MemoryBytes: 100, VirtualMemoryBytes: 3, Status: "Run", Cmd: []string{"/usr/bin/busy", "--x\x1b[2J"}},
			{PID: 20, Name: "idle", CPUPercent: 1, MemoryBytes: 200, VirtualMemoryBytes: 2, Status: "UninterruptibleDiskSleep"},
		}},
	}
}

func order(m *topModel) (pids []uint32) {
	for _, row := range m.rows() {
		pids = append(pids, row.PID)
	}
	return pids
}

func TestTopSortsAndFilters(t *testing.T) {
	m := model()
	for key, want := range map[string][3]uint32{
		"cpu": {10, 30, 20}, "memory": {30, 20, 10}, "virtual": {10, 20, 30}, "pid": {10, 20, 30}, "name": {30, 10, 20},
	} {
		m.sort = key
		if got := order(m); [3]uint32(got) != want {
			t.Errorf("by %s: %v, want %v", key, got, want)
		}
	}
	m.sort, m.reverse = "pid", true
	if got := order(m); got[0] != 30 {
		t.Errorf("reversed: %v", got)
	}
	for filter, want := range map[string]int{"": 3, "BUSY": 1, "--x": 1, "20": 1, "nothing": 0} {
		m.filter = filter
		if got := order(m); len(got) != want {
			t.Errorf("filter %q: %v", filter, got)
		}
	}
}

func TestTopScreen(t *testing.T) {
	m := model()
	now := m.sampleAt.Add(1500 * time.Millisecond)
	lines := liveScreen(m, "http://x", now, 80, 16)
	if len(lines) != 16 {
		t.Fatalf("%d lines", len(lines))
	}
	text := strings.Join(lines, "\n")
	for _, part := range []string{"age 1.5 s", "12.5%", "51.2 °C", "undervoltage", "1.0G of 4.0G", "and 1 more filesystems", "1.2K/s in", "6.1 W", "CPU%▼", "Disk  ", "3 processes"} {
		if !strings.Contains(text, part) {
			t.Errorf("the screen lacks %q:\n%s", part, text)
		}
	}
	if strings.Contains(text, "\x1b[2J") {
		t.Error("a command line has cleared the screen")
	}
	m.takeTelemetry(client.Event[helios.TelemetrySample]{Gap: &client.Gap{Since: now.Add(-3 * time.Second)}})
	if lines := liveScreen(m, "http://x", now, 80, 16); !strings.Contains(lines[0], "CONNECTION LOST 3s ago") {
		t.Errorf("a lost connection shows as %q", lines[0])
	}
	m.takeTelemetry(client.Event[helios.TelemetrySample]{Gap: &client.Gap{Since: now, Until: now}})
	if lines := liveScreen(m, "http://x", now, 80, 16); strings.Contains(lines[0], "LOST") {
		t.Errorf("after the return: %q", lines[0])
	}
}

func TestTopScreenFitsEverySize(t *testing.T) {
	for width := 1; width < 200; width += 13 {
		for height := 4; height < 60; height += 7 {
			m := model()
			m.scroll = 1 << 30
			if lines := liveScreen(m, "http://x", m.sampleAt, width, height); len(lines) != height {
				t.Errorf("%dx%d: %d lines", width, height, len(lines))
			}
			liveScreen(&topModel{}, "", time.Time{}, width, height) // before the first values
		}
	}
}

func TestTopKeys(t *testing.T) {
	v := &topScreen{model: *model()}
	for _, text := range []string{"m", "r", "/", "bx", "\x7f", "\r", " ", "\x1b[B"} {
		if err := v.typed(text); err != nil {
			t.Fatal(err)
		}
	}
	m := &v.model
	if m.sort != "memory" || !m.reverse || m.filter != "b" || m.typing || !m.paused || m.scroll != 1 {
		t.Errorf("got %+v", m)
	}
	m.takeProcesses(client.Event[helios.ProcessesServerEvent]{Value: helios.ProcessesSnapshotEvent{}})
	if len(m.snapshot.Processes) != 3 {
		t.Error("a paused view was changed")
	}
	if v.typed("q") != errQuit || v.typed("\x03") != errQuit {
		t.Error("q and Ctrl-C must quit")
	}
	_ = v.typed("/q")
	if m.filter != "bq" {
		t.Errorf("typed into the filter: %q", m.filter)
	}
	_ = v.typed("\x1b")
	if m.filter != "" || m.typing {
		t.Error("Esc must clear the filter")
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[float64]string{0: "0B", 999: "999B", 1000: "1.0K", 1536: "1.5K", 150 << 10: "150K", 999 << 10: "999K", 1 << 20: "1.0M", 3.5 * (1 << 40): "3.5T", 1 << 63: "8192P"} {
		if got := size(bytes); got != want {
			t.Errorf("%v: %s, want %s", bytes, got, want)
		}
	}
}

func serveTop(s *fakehelios.Server) {
	s.Socket("/v1/ws/telemetry", func(c *fakehelios.Conn) {
		c.Send(`{"timestamp_ms":1930000001000,"cpu":{"usage_percent":12.5,"cores":[]},"memory":{"total_bytes":100,"used_bytes":50,"free_bytes":50}}`)
		c.Wait()
	})
	s.Socket("/v1/ws/processes", func(c *fakehelios.Conn) {
		c.Send(`{"type":"ready","interval_ms":1000}`,
			`{"type":"snapshot","snapshot":{"processes":[{"pid":1,"name":"init","cpu_percent":0}]}}`,
			`{"type":"snapshot","snapshot":{"processes":[{"pid":1,"name":"init","cpu_percent":7.5},{"pid":2,"name":"other","cpu_percent":0}]}}`)
		c.Wait()
	})
}

func TestTopOnce(t *testing.T) {
	s := fakehelios.New(t)
	serveTop(s)
	r := run(t, s, "top")
	r.want(t, ExitOK)
	if !strings.Contains(r.out, " 12.5%") || !strings.Contains(r.out, "7.5") || strings.Contains(r.out, "\x1b") {
		t.Errorf("got %q", r.out)
	}
	o := lines(t, run(t, s, "top", "--json", "--filter", "init").out)
	if len(o) != 1 || o[0]["telemetry"] == nil || len(o[0]["processes"].(map[string]any)["processes"].([]any)) != 1 {
		t.Errorf("got %v", o)
	}
}
