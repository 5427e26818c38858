package process_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/process"
)

// TestMain lets the test binary play a part as another process.
func TestMain(m *testing.M) {
	switch os.Getenv("PROCESS_TEST_PART") {
	case "scan": // scan below PROCESS_TEST_ROOT and print what was found
		r := process.New(process.Options{Root: os.Getenv("PROCESS_TEST_ROOT")})
		s, err := r.Read(context.Background())
		fmt.Println(len(s.Processes), s.Hidden, err)
		os.Exit(0)
	case "burn": // use a core until standard input ends
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
		for x := 1.0; ; x = math.Sqrt(x + 1) {
		}
	}
	os.Exit(m.Run())
}

// part starts this test binary as another process that ends with the test.
func part(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "PROCESS_TEST_PART="+name)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = cmd.Wait() })
	return cmd
}

// until calls try until it is true.
func until(t *testing.T, what string, try func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for tick := time.Tick(20 * time.Millisecond); !try(); {
		select {
		case <-tick:
		case <-deadline:
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func TestAgainstPS(t *testing.T) {
	out, err := exec.Command("ps", "-e", "-ww", "-o", "pid=,vsz=,comm=").Output()
	if err != nil {
		t.Fatal(err)
	}
	r := process.New(process.Options{})
	defer r.Close()
	s := read(t, r)
	compared := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pid, _ := strconv.Atoi(fields[0])
		p := find(s, uint32(pid))
		if p == nil {
			continue // it may have ended
		}
		if vsz, _ := strconv.ParseUint(fields[1], 10, 64); p.VirtualMemory>>10 == vsz && strings.HasPrefix(line[strings.Index(line, fields[2]):], p.Name) {
			compared++
		}
	}
	if total := strings.Count(string(out), "\n"); compared < total*8/10 {
		t.Errorf("%d of the %d processes of ps are the same here:\n%s", compared, total, out)
	}
	self := find(s, uint32(os.Getpid()))
	if self == nil || !slices.Equal(self.Cmd, os.Args) || self.Memory == 0 || self.Memory > self.VirtualMemory {
		t.Errorf("this process: %+v, arguments %q", self, os.Args)
	}
	if s.UsedMemory == 0 || s.UsedMemory >= s.TotalMemory {
		t.Errorf("memory: %d of %d", s.UsedMemory, s.TotalMemory)
	}
}

func TestBusyProcess(t *testing.T) {
	burner := part(t, "burn")
	r := process.New(process.Options{})
	defer r.Close()
	read(t, r)
	until(t, "a busy process shows its share", func() bool {
		p := find(read(t, r), uint32(burner.Process.Pid))
		return p != nil && p.CPUPercent > 5 && p.CPUPercent <= 100
	})
}

func TestOddNamesAndZombies(t *testing.T) {
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	r := process.New(process.Options{})
	defer r.Close()
	for name, want := range map[string]string{
		"a b":             "a b",
		"x) Z 1 (y":       "x) Z 1 (y",
		"new\nline":       "new\nline",
		"\xff\xfe bad":    "\uFFFD bad",
		"fifteen-bytesü":  "fifteen-bytesü"[:13] + "ü",
		"fourteen-byteäö": "fourteen-byteä",
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, program, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "1000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		pid := uint32(cmd.Process.Pid)
		p := find(read(t, r), pid)
		if p == nil || !strings.HasPrefix(p.Name, want) || !utf8.ValidString(p.Name) {
			t.Errorf("%q: %+v, want name %q", name, p, want)
		}
		_ = cmd.Process.Kill()
		until(t, "the killed process is a zombie", func() bool {
			p := find(read(t, r), pid)
			return p != nil && p.Status == process.Zombie && p.Cmd == nil
		})
		_ = cmd.Wait()
		if p := find(read(t, r), pid); p != nil {
			t.Errorf("still there after it was waited for: %+v", p)
		}
	}
}

// TestHidden reads a /proc that hides the processes of others, as another user.
func TestHidden(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to mount a /proc")
	}
	root, err := os.MkdirTemp("", "hidepid")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	proc := filepath.Join(root, "proc")
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(proc, 0o755); err != nil {
		t.Fatal(err)
	}
	for option, hides := range map[string]bool{"hidepid=1": true, "hidepid=2": false} {
		if err := unix.Mount("proc", proc, "proc", 0, option); err != nil {
			t.Skipf("mount a /proc: %v", err)
		}
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = []string{"PROCESS_TEST_PART=scan", "PROCESS_TEST_ROOT=" + root}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if err := unix.Unmount(proc, 0); err != nil {
			t.Fatal(err)
		}
		var shown, hidden int
		var failure string
		if _, scanErr := fmt.Sscan(string(out), &shown, &hidden, &failure); scanErr != nil || err != nil {
			t.Fatalf("%s: %q, %v", option, out, err)
		}
		if shown < 1 || (hidden > 0) != hides || failure != "<nil>" {
			t.Errorf("%s: %s", option, out)
		}
	}
}

// TestStress scans while processes come and go as fast as the machine can.
func TestStress(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var forkers sync.WaitGroup
	for range 2 {
		forkers.Go(func() {
			cmd := exec.CommandContext(ctx, "sh", "-c", "while :; do (:); (exec true); done")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
			_ = cmd.Run() // it ends by being killed
		})
	}
	defer forkers.Wait()
	defer cancel()
	r := process.New(process.Options{})
	defer r.Close()
	files := openFiles(t)
	for range 150 {
		s := read(t, r)
		if find(s, uint32(os.Getpid())) == nil {
			t.Fatal("a process that lives is missing")
		}
		check(t, s)
		if n := process.CacheOf(r).Processes; n != len(s.Processes) {
			t.Fatalf("%d processes are kept of %d", n, len(s.Processes))
		}
	}
	if now := openFiles(t); now > files+8 {
		t.Errorf("%d open files before, %d after", files, now)
	}
}

// check tests what must be true of every snapshot.
func check(t *testing.T, s process.Snapshot) {
	t.Helper()
	seen := make(map[uint32]bool)
	for i, p := range s.Processes {
		switch {
		case seen[p.PID]:
			t.Fatalf("process %d is listed twice", p.PID)
		case p.CPUPercent < 0 || p.CPUPercent > 100 || math.IsNaN(p.CPUPercent):
			t.Fatalf("share of %+v", p)
		case p.Name == "" || p.Status == "":
			t.Fatalf("nameless: %+v", p)
		case i > 0 && p.CPUPercent > s.Processes[i-1].CPUPercent:
			t.Fatalf("order: %+v after %+v", p, s.Processes[i-1])
		}
		seen[p.PID] = true
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// BenchmarkScan measures one scan of 355 processes, and as the floor what it
// costs to read stat and statm of the same processes without parsing anything.
func BenchmarkScan(b *testing.B) {
	populate(b)
	b.Run("reader", func(b *testing.B) {
		r := process.New(process.Options{})
		defer r.Close()
		var s process.Snapshot
		measure(b, func() (err error) {
			s, err = r.Read(b.Context())
			return err
		})
		b.ReportMetric(float64(len(s.Processes)), "processes")
	})
	b.Run("floor", func(b *testing.B) {
		proc, err := unix.Open("/proc", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			b.Fatal(err)
		}
		defer unix.Close(proc)
		f := floor{proc: proc, entries: make([]byte, 32<<10), text: make([]byte, 4096)}
		measure(b, f.scan)
		b.ReportMetric(float64(f.files)/2, "processes")
	})
}

// floor reads the table with nothing but the system calls.
type floor struct {
	proc          int
	entries, text []byte
	files         int // read by the last scan
}

func (f *floor) scan() error {
	f.files = 0
	if _, err := unix.Seek(f.proc, 0, 0); err != nil {
		return err
	}
	for {
		n, err := unix.ReadDirent(f.proc, f.entries)
		if n <= 0 || err != nil {
			return err
		}
		_, _, names := unix.ParseDirent(f.entries[:n], -1, nil)
		for _, name := range names {
			if name[0] >= '0' && name[0] <= '9' {
				f.read(name + "/stat")
				f.read(name + "/statm")
			}
		}
	}
}

func (f *floor) read(name string) {
	if fd, err := unix.Openat(f.proc, name, unix.O_RDONLY, 0); err == nil {
		_, _ = unix.Read(fd, f.text)
		_ = unix.Close(fd)
		f.files++
	}
}

// measure reports the CPU time of this thread group besides the wall time.
func measure(b *testing.B, f func() error) {
	if err := f(); err != nil { // fill caches
		b.Fatal(err)
	}
	b.ReportAllocs()
	var before, after unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N)/1e6, "cpu-ms/op")
}

// populate starts processes until there are 355.
func populate(b *testing.B) {
	b.Helper()
	out, err := exec.Command("sh", "-c", "ls -d /proc/[0-9]* | wc -l").Output()
	if err != nil {
		b.Fatal(err)
	}
	have, _ := strconv.Atoi(string(bytes.TrimSpace(out)))
	script := fmt.Sprintf("for i in $(seq %d); do sleep 1000 & done; echo ready; wait", max(355-have, 0))
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the shell and what it started
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		b.Fatal(err)
	}
}
