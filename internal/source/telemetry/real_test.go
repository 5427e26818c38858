package telemetry_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/telemetry"
)

func output(t *testing.T, name string, args ...string) []string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		t.Fatalf("%s: %v", name, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func number(t *testing.T, text string) uint64 {
	t.Helper()
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// near reports whether a and b differ by at most a part of their size, given
// that programs run meanwhile.
func near(a, b uint64, part float64) bool {
	return math.Abs(float64(a)-float64(b)) <= part*math.Max(float64(a), float64(b))+1<<20
}

func TestThisMachine(t *testing.T) {
	r := telemetry.New(telemetry.Options{DataDir: t.TempDir()})
	defer r.Close()
	s := read(t, r)

	free := strings.Fields(output(t, "free", "-b")[1])
	if total := number(t, free[1]); s.Memory.Total != total || !near(s.Memory.Free, number(t, free[6]), 0.1) {
		t.Errorf("memory %+v, free says %v", s.Memory, free)
	}
	if s.Memory.Used+s.Memory.Free != s.Memory.Total {
		t.Errorf("memory %+v", s.Memory)
	}
	for _, line := range output(t, "df", "-B1", "--output=target,size,used,avail", "-x", "tmpfs", "-x", "devtmpfs", "-x", "squashfs", "-x", "efivarfs", "-x", "overlay")[1:] {
		df := strings.Fields(line)
		i := slices.IndexFunc(s.Disks, func(d telemetry.Disk) bool { return d.Mount == df[0] })
		if i < 0 {
			t.Errorf("df tells of %s, we of %+v", line, s.Disks)
			continue
		}
		if d := s.Disks[i]; d.Total != number(t, df[1]) || !near(d.Used, number(t, df[2]), 0.1) || !near(d.Free, number(t, df[3]), 0.1) || d.Stale {
			t.Errorf("disk %+v, df says %s", d, line)
		}
	}
	if s.DataDisk == nil || s.DataDisk.Total == 0 || s.DataDisk.Stale {
		t.Errorf("data disk %+v", s.DataDisk)
	}
	cores := number(t, output(t, "getconf", "_NPROCESSORS_ONLN")[0])
	if uint64(len(s.CPU.Cores)) != cores || s.CPU.UsagePercent < 0 || s.CPU.UsagePercent > 100 {
		t.Errorf("cpu %+v, %d cores", s.CPU, cores)
	}
	interfaces, err := os.ReadDir("/sys/class/net")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range interfaces {
		if name := entry.Name(); name != "lo" && (s.Network == nil || !slices.ContainsFunc(s.Network.Interfaces, func(i telemetry.Interface) bool { return i.Name == name })) {
			t.Errorf("interface %s is missing in %+v", name, s.Network)
		}
	}
}

// TestUsageFollowsLoad keeps one core busy.
func TestUsageFollowsLoad(t *testing.T) {
	r := telemetry.New(telemetry.Options{})
	defer r.Close()
	read(t, r)
	end := time.Now().Add(300 * time.Millisecond)
	for x := 1.0; time.Now().Before(end); x = math.Sqrt(x + 1) {
	}
	s := read(t, r)
	if part := 100 / float64(len(s.CPU.Cores)); s.CPU.UsagePercent < part/2 {
		t.Errorf("usage %v %% while one of %d cores was busy", s.CPU.UsagePercent, len(s.CPU.Cores))
	}
}

// TestDeadFuse mounts a filesystem whose program never answers, as a dead file
// server does.
func TestDeadFuse(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to mount")
	}
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("open fuse: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "dead server")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("dead", dir, "fuse", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)); err != nil {
		_ = unix.Close(fd)
		t.Skipf("mount fuse: %v", err)
	}
	r := telemetry.New(telemetry.Options{})
	for range 3 {
		if s := read(t, r); len(s.Disks) == 0 || slices.ContainsFunc(s.Disks, func(d telemetry.Disk) bool { return d.Mount == dir || d.Stale }) {
			t.Errorf("disks %+v", s.Disks)
		}
	}
	// Closing the device is what ends the program of a filesystem: what waits
	// for it gets an error, the goroutine ends, and Close waits for it.
	_ = unix.Close(fd)
	_ = unix.Unmount(dir, unix.MNT_DETACH)
	r.Close()
}

// BenchmarkRead measures a sample; its CPU time per second at 1 Hz is what the
// agent uses for telemetry.
func BenchmarkRead(b *testing.B) {
	r := telemetry.New(telemetry.Options{DataDir: "/"})
	defer r.Close()
	if _, err := r.Read(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var before, after unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
	for b.Loop() {
		if _, err := r.Read(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N)/1e6, "cpu-ms/op")
}
