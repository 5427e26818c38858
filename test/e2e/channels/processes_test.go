package channels

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func snapshot(t *testing.T, s *device.Socket) wire.ProcessesSnapshot {
	t.Helper()
	return decode[wire.ProcessesSnapshotEvent](t, s.Expect("snapshot")).Snapshot
}

// child starts a program that lives until the test ends.
func child(t *testing.T, path string, args ...string) uint32 {
	t.Helper()
	cmd := exec.Command(path, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return uint32(cmd.Process.Pid)
}

// findProcess waits for a snapshot in which the process is as wanted.
func findProcess(t *testing.T, s *device.Socket, what string, want func(wire.ProcessSample) bool) (found wire.ProcessSample) {
	t.Helper()
	s.Find(what, func(m device.Message) bool {
		processes := decode[wire.ProcessesSnapshotEvent](t, m).Snapshot.Processes
		i := slices.IndexFunc(processes, want)
		if i >= 0 {
			found = processes[i]
		}
		return i >= 0
	})
	return found
}

// 3.8, 9.1: ready, a snapshot at once, then one each interval; sorted and cut.
func TestProcesses(t *testing.T) {
	for range 12 {
		child(t, "/bin/sleep", "1000")
	}
	d := start(t)
	s := d.Dial("/v1/ws/processes?interval_ms=250&limit=2000")
	ready := s.Expect("ready").Map()
	if number(t, ready, "interval_ms") != 250 {
		t.Errorf("ready %v", ready)
	}
	few := d.Dial("/v1/ws/processes?interval_ms=250&limit=1")
	few.Expect("ready")
	last := uint64(0)
	for range 4 {
		v := snapshot(t, s)
		if v.TimestampMS <= last {
			t.Errorf("snapshot of %d after that of %d", v.TimestampMS, last)
		}
		last = v.TimestampMS
		if total := 1024 * meminfo(t, "MemTotal:"); v.TotalMemoryBytes != total || v.UsedMemoryBytes == 0 || v.UsedMemoryBytes > total {
			t.Errorf("memory %d of %d, want of %d", v.UsedMemoryBytes, v.TotalMemoryBytes, total)
		}
		checkOrder(t, v.Processes)
		if n := len(snapshot(t, few).Processes); n != 10 { // the limit is clamped to 10
			t.Errorf("%d processes with limit 1", n)
		}
	}
}

func checkOrder(t *testing.T, list []wire.ProcessSample) {
	t.Helper()
	for i := 1; i < len(list); i++ {
		a, b := list[i-1], list[i]
		inOrder := a.CPUPercent > b.CPUPercent || a.CPUPercent == b.CPUPercent &&
			(a.MemoryBytes > b.MemoryBytes || a.MemoryBytes == b.MemoryBytes && a.PID < b.PID)
		if !inOrder {
			t.Errorf("%+v stands before %+v", a, b)
		}
		if b.CPUPercent < 0 || a.CPUPercent > 100 {
			t.Errorf("share %v, %v", a.CPUPercent, b.CPUPercent)
		}
	}
}

// 3.8: names, arguments and states of real processes, among them odd ones.
func TestOddProcesses(t *testing.T) {
	sleep, err := os.ReadFile("/bin/sleep")
	if err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(t.TempDir(), "a) R (\n\xff")
	if err := os.WriteFile(odd, sleep, 0o755); err != nil {
		t.Fatal(err)
	}
	named := child(t, odd, "1000")
	plain := child(t, "/bin/sleep", "1000")
	zombie := exec.Command("/bin/true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zombie.Wait() }() // only now it is reaped
	d := start(t)
	s := d.Dial("/v1/ws/processes?interval_ms=250&limit=2000")
	s.Expect("ready")
	p := findProcess(t, s, "sleep", func(p wire.ProcessSample) bool { return p.PID == plain && p.Status == "Sleep" })
	if p.Name != "sleep" || !slices.Equal(p.Cmd, []string{"/bin/sleep", "1000"}) || p.MemoryBytes == 0 || p.VirtualMemoryBytes < p.MemoryBytes {
		t.Errorf("sleep is shown as %+v", p)
	}
	p = findProcess(t, s, "the odd one", func(p wire.ProcessSample) bool { return p.PID == named })
	if p.Name != "a) R (\n\uFFFD" || p.Status != "Sleep" {
		t.Errorf("the odd name is shown as %q, %q", p.Name, p.Status)
	}
	p = findProcess(t, s, "the zombie", func(p wire.ProcessSample) bool { return p.PID == uint32(zombie.Process.Pid) && p.Status == "Zombie" })
	if p.Cmd != nil || p.MemoryBytes != 0 {
		t.Errorf("the zombie is shown as %+v", p)
	}
}

// 3.8: the share is one of the whole machine since the previous snapshot, 0 in
// the first; processes that end vanish.
func TestProcessShare(t *testing.T) {
	d := start(t)
	busy := exec.Command("/bin/sh", "-c", "while :; do :; done")
	if err := busy.Start(); err != nil {
		t.Fatal(err)
	}
	pid := uint32(busy.Process.Pid)
	s := d.Dial("/v1/ws/processes?interval_ms=500")
	s.Expect("ready")
	for _, p := range snapshot(t, s).Processes {
		if p.CPUPercent != 0 {
			t.Errorf("a share in the first snapshot: %+v", p)
		}
	}
	p := findProcess(t, s, "the busy one", func(p wire.ProcessSample) bool { return p.PID == pid && p.CPUPercent > 5 })
	if cores := 100.0 / float64(max(1, coreCount(t, d))); p.CPUPercent > cores*1.2 {
		t.Errorf("one busy thread has %v %% of the machine, one core is %v %%", p.CPUPercent, cores)
	}
	_ = busy.Process.Kill()
	_ = busy.Wait()
	s.Find("a snapshot without it", func(m device.Message) bool {
		return !slices.ContainsFunc(decode[wire.ProcessesSnapshotEvent](t, m).Snapshot.Processes, func(p wire.ProcessSample) bool { return p.PID == pid })
	})
}

func coreCount(t *testing.T, d *device.Device) int {
	t.Helper()
	return len(sample(t, d.Dial("/v1/ws/telemetry")).CPU.Cores)
}

// 3.8: processes that come and go all the time disturb nothing.
func TestProcessesUnderChurn(t *testing.T) {
	child(t, "/bin/sh", "-c", "while :; do /bin/true; done")
	d := start(t)
	s := d.Dial("/v1/ws/processes?interval_ms=250&limit=2000")
	s.Expect("ready")
	for range 8 {
		for _, p := range snapshot(t, s).Processes {
			if p.PID == 0 || p.Name == "" {
				t.Errorf("a process that is none: %+v", p)
			}
		}
	}
}
