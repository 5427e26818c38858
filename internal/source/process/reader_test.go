package process_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/source/process"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

// statLine makes the line of a process of which only some fields matter.
func statLine(pid int, comm string, state byte, flags, ticks, start, pages int) string {
	return fmt.Sprintf("%d (%s) %c 1 1 1 0 -1 %d 0 0 0 0 %d 0 0 0 20 0 1 0 %d 810000000 %d 0 0 0\n", pid, comm, state, flags, ticks, start, pages)
}

func machine() faketree.Tree {
	return faketree.Tree{Files: faketree.Files{
		"proc/meminfo":     "MemTotal: 4000 kB\nMemFree: 10 kB\nMemAvailable: 3000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
		"proc/stat":        "cpu 1 1 1 1\ncpu0 1 1 1 1\ncpu1 1 1 1 1\ncpu2 1 1 1 1\ncpu3 1 1 1 1\nintr 0\n",
		"proc/version":     "Linux\n",
		"proc/7x/stat":     "not a process",
		"proc/1/stat":      statLine(1, "init", 'S', 0, 500, 1, 100),
		"proc/1/cmdline":   "/sbin/init\x00splash\x00",
		"proc/2/stat":      statLine(2, "kthreadd", 'I', 0x200040, 5, 1, 0),
		"proc/2/cmdline":   "must not be read\x00",
		"proc/40/stat":     statLine(40, "odd) R (\nname\xff", 'R', 0, 1000, 90, 300),
		"proc/40/cmdline":  "odd\x00\xff\x00",
		"proc/41/stat":     statLine(41, "gone", 'Z', 0, 10, 91, 0),
		"proc/41/cmdline":  "",
		"proc/42/stat":     statLine(42, "disk", 'D', 0, 10, 92, 300),
		"proc/42/cmdline":  "disk\x00",
		"proc/43/cmdline":  "has no stat: vanished while being read\x00",
		"proc/44/stat":     "44 (cut",
		"proc/uptime":      "1 1\n",
		"proc/self/status": "",
	}}
}

func read(t *testing.T, r *process.Reader) process.Snapshot {
	t.Helper()
	s, err := r.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(s process.Snapshot, pid uint32) *process.Process {
	i := slices.IndexFunc(s.Processes, func(p process.Process) bool { return p.PID == pid })
	if i < 0 {
		return nil
	}
	return &s.Processes[i]
}

func TestFirstSnapshot(t *testing.T) {
	tree := faketree.Build(t, machine())
	r := process.New(process.Options{Root: tree.Root})
	defer r.Close()
	got := read(t, r)
	page := uint64(os.Getpagesize())
	const virtual = 810000000
	want := []process.Process{ // by memory and pid, since no shares are known yet
		{PID: 40, Name: "odd) R (\nname\uFFFD", Memory: 300 * page, VirtualMemory: virtual, Status: process.Run, Cmd: []string{"odd", "\uFFFD"}},
		{PID: 42, Name: "disk", Memory: 300 * page, VirtualMemory: virtual, Status: process.UninterruptibleDiskSleep},
		{PID: 1, Name: "init", Memory: 100 * page, VirtualMemory: virtual, Status: process.Sleep, Cmd: []string{"/sbin/init", "splash"}},
		{PID: 2, Name: "kthreadd", VirtualMemory: virtual, Status: process.Idle, Kernel: true},
		{PID: 41, Name: "gone", VirtualMemory: virtual, Status: process.Zombie},
	}
	if !reflect.DeepEqual(got.Processes, want) {
		t.Errorf("got  %+v\nwant %+v", got.Processes, want)
	}
	if got.TotalMemory != 4000<<10 || got.UsedMemory != 1000<<10 || got.Hidden != 0 || got.Time.IsZero() {
		t.Errorf("snapshot %+v", got)
	}
}

func TestSharesSinceThePreviousSnapshot(t *testing.T) {
	tree := faketree.Build(t, machine())
	synctest.Test(t, func(t *testing.T) {
		r := process.New(process.Options{Root: tree.Root})
		defer r.Close()
		for _, p := range read(t, r).Processes {
			if p.CPUPercent != 0 {
				t.Errorf("first snapshot: %+v", p)
			}
		}
		time.Sleep(2 * time.Second)                                                   // virtual time
		tree.Write("proc/1/stat", statLine(1, "init", 'S', 0, 600, 1, 100))           // 100 ticks of 4 cores × 200
		tree.Write("proc/2/stat", statLine(2, "kthreadd", 'I', 0x200040, 2005, 1, 0)) // more than there is
		tree.Write("proc/40/stat", statLine(40, "other", 'R', 0, 5000, 95, 1))        // the pid was given away
		tree.Write("proc/41/stat", statLine(41, "gone", 'Z', 0, 4, 91, 0))            // goes backwards
		tree.Write("proc/50/stat", statLine(50, "new", 'S', 0, 90, 99, 1))
		s := read(t, r)
		for pid, want := range map[uint32]float64{1: 12.5, 2: 100, 40: 0, 41: 0, 50: 0} {
			if p := find(s, pid); p == nil || p.CPUPercent != want {
				t.Errorf("process %d: %+v, want %v %%", pid, p, want)
			}
		}
		if s.Processes[0].PID != 2 || s.Processes[1].PID != 1 {
			t.Errorf("order: %+v", s.Processes)
		}
		// After a pause the average over it says nothing about now.
		time.Sleep(time.Hour)
		tree.Write("proc/1/stat", statLine(1, "init", 'S', 0, 100_000, 1, 100))
		if p := find(read(t, r), 1); p.CPUPercent != 0 {
			t.Errorf("after a pause: %+v", p)
		}
		time.Sleep(time.Second)
		tree.Write("proc/1/stat", statLine(1, "init", 'S', 0, 100_040, 1, 100))
		if p := find(read(t, r), 1); p.CPUPercent != 10 {
			t.Errorf("after the pause: %+v", p)
		}
	})
}

func TestCommandLinesAreKeptAndRefreshed(t *testing.T) {
	tree := faketree.Build(t, machine())
	r := process.New(process.Options{Root: tree.Root})
	defer r.Close()
	read(t, r)
	// A program that changes its title shows it within 30 scans.
	tree.Write("proc/1/cmdline", "new title\x00\x00\x00")
	var scans int
	for scans = 1; find(read(t, r), 1).Cmd[0] != "new title"; scans++ {
		if scans > 30 {
			t.Fatal("the title stays old")
		}
	}
	if scans == 1 {
		t.Error("the command line was not kept")
	}
	// Another program shows at once, and so does another process of that pid.
	tree.Write("proc/1/cmdline", "exec\x00")
	tree.Write("proc/1/stat", statLine(1, "exec", 'S', 0, 500, 1, 100))
	if p := find(read(t, r), 1); p.Name != "exec" || !slices.Equal(p.Cmd, []string{"exec"}) {
		t.Errorf("after exec: %+v", p)
	}
	tree.Write("proc/1/cmdline", "heir\x00")
	tree.Write("proc/1/stat", statLine(1, "exec", 'S', 0, 500, 2, 100))
	if p := find(read(t, r), 1); !slices.Equal(p.Cmd, []string{"heir"}) {
		t.Errorf("after the pid was given away: %+v", p)
	}
	// One that waits for a disk is not asked; it keeps what is known of its program.
	tree.Write("proc/42/stat", statLine(42, "disk", 'S', 0, 10, 92, 300))
	read(t, r)
	tree.Write("proc/42/stat", statLine(42, "disk", 'D', 0, 10, 92, 300))
	if p := find(read(t, r), 42); !slices.Equal(p.Cmd, []string{"disk"}) {
		t.Errorf("waits for a disk: %+v", p)
	}
	tree.Write("proc/42/stat", statLine(42, "exec'd", 'D', 0, 10, 92, 300))
	if p := find(read(t, r), 42); p.Cmd != nil {
		t.Errorf("command line of another program: %+v", p)
	}
}

func TestLongCommandLine(t *testing.T) {
	tree := faketree.Build(t, machine())
	tree.Write("proc/1/cmdline", strings.Repeat("x", 1<<20))
	r := process.New(process.Options{Root: tree.Root})
	defer r.Close()
	if p := find(read(t, r), 1); len(p.Cmd) != 1 || len(p.Cmd[0]) != 4096 {
		t.Errorf("%d arguments, the first of %d bytes", len(p.Cmd), len(p.Cmd[0]))
	}
}

func TestProcessesThatEndAreForgotten(t *testing.T) {
	tree := faketree.Build(t, machine())
	r := process.New(process.Options{Root: tree.Root})
	defer r.Close()
	before := process.CacheOf(r)
	for i := range 200 {
		name := fmt.Sprintf("proc/%d", 1000+i)
		tree.Write(name+"/stat", statLine(1000+i, "short", 'S', 0, 1, i, 1))
		tree.Write(name+"/cmdline", strings.Repeat("y", 500))
		read(t, r)
		tree.Remove(name)
	}
	read(t, r)
	after := process.CacheOf(r)
	if after.Processes != 5 || after.CmdBytes > 200 {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestErrors(t *testing.T) {
	r := process.New(process.Options{Root: t.TempDir()})
	defer r.Close()
	if _, err := r.Read(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no /proc: %v", err)
	}
	tree := faketree.Build(t, machine())
	tree.Remove("proc/meminfo")
	r = process.New(process.Options{Root: tree.Root})
	defer r.Close()
	if _, err := r.Read(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no meminfo: %v", err)
	}
	tree.Write("proc/meminfo", machine().Files["proc/meminfo"])
	if s := read(t, r); len(s.Processes) != 5 {
		t.Errorf("%d processes after meminfo came back", len(s.Processes))
	}
	cause := errors.New("nobody watches")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := r.Read(ctx); !errors.Is(err, cause) {
		t.Errorf("cancelled: %v", err)
	}
	r.Close()
	if s := read(t, r); len(s.Processes) != 5 {
		t.Errorf("%d processes after Close", len(s.Processes))
	}
}
