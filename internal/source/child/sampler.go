package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/procfile"
	"github.com/heliograph/heliograph/internal/recorder"
)

// Bounds of the tree that is measured. What is beyond them is left out.
const (
	maxProcesses = 512
	maxTasks     = 8192
)

// Abilities tells which figures the samples of a tree have.
func Abilities() recorder.Abilities {
	return recorder.Abilities{NativeMemory: true, CPU: true, Threads: true}
}

// Tree measures a process and its descendants, together: the CPU time of all cores,
// resident memory (pages that processes share count in each), threads and open
// files. A descendant is one that was found below the process once, also when its
// parent has ended since.
type Tree struct {
	root string // of proc
	mark func(recorder.Marker) bool

	mu  sync.Mutex
	pid int
}

// NewTree returns a tree of no process, in the proc filesystem below root; empty
// means /proc.
func NewTree(root string) *Tree {
	if root == "" {
		root = "/proc"
	}
	return &Tree{root: root}
}

// Follow measures the process pid from now on. mark gets a marker when the number of
// open files has changed, for which samples have no place; it may be nil.
func (t *Tree) Follow(pid int, mark func(recorder.Marker) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pid, t.mark = pid, mark
}

// Sampler measures the tree once per period during a session.
func (t *Tree) Sampler() recorder.SamplerFunc {
	return func() func(context.Context) (recorder.Sample, error) {
		s := &session{tree: t, known: map[int]*process{}, files: -1}
		return s.read
	}
}

// session is what is remembered from sample to sample.
type session struct {
	tree  *Tree
	known map[int]*process
	last  time.Time
	files int
}

// process is one process of the tree.
type process struct {
	start uint64 // which tells it from a later one with its pid
	cpu   time.Duration
	seen  bool
}

// usage is what one process uses.
type usage struct {
	start, threads uint64
	resident       int64
	cpu            time.Duration
	files          int
}

// errGone says that there is no process to measure.
var errGone = errors.New("the process has ended")

func (s *session) read(ctx context.Context) (recorder.Sample, error) {
	s.tree.mu.Lock()
	root, mark := s.tree.pid, s.tree.mark
	s.tree.mu.Unlock()
	if root == 0 {
		return recorder.Sample{}, errGone
	}
	now := time.Now()
	var sum usage
	var used time.Duration
	pids, kept := s.pids(root)
	for _, pid := range pids {
		if ctx.Err() != nil {
			return recorder.Sample{}, context.Cause(ctx)
		}
		u, err := s.tree.usage(pid)
		if err != nil || kept[pid] && s.known[pid].start != u.start { // another process has its pid
			continue
		}
		used += s.spent(pid, u)
		sum.resident += u.resident
		sum.threads += u.threads
		sum.files += u.files
	}
	for pid, p := range s.known {
		if !p.seen {
			delete(s.known, pid)
		}
		p.seen = false
	}
	if len(s.known) == 0 {
		return recorder.Sample{}, errGone
	}
	threads := int64(sum.threads)
	sample := recorder.Sample{Time: now, NativeBytes: &sum.resident, NativeKind: "resident", Threads: &threads}
	if elapsed := now.Sub(s.last); !s.last.IsZero() && elapsed > 0 {
		percent := min(100*used.Seconds()/elapsed.Seconds()/float64(s.tree.cores()), 100)
		sample.CPUPercent = &percent
	}
	s.last = now
	changed := sum.files != s.files
	s.files = sum.files
	if mark != nil && changed {
		mark(recorder.Marker{Time: now, Type: "process.files", Name: "open files", Payload: fmt.Sprintf(`{"count":%d}`, sum.files)})
	}
	return sample, nil
}

// spent returns the CPU time that a process has used since the last sample. A process
// that was not known then has used all of its time since.
func (s *session) spent(pid int, u usage) time.Duration {
	p := s.known[pid]
	if p == nil || p.start != u.start {
		p = &process{start: u.start}
		s.known[pid] = p
		if s.last.IsZero() {
			p.cpu = u.cpu
		}
	}
	used := max(u.cpu-p.cpu, 0)
	p.cpu, p.seen = u.cpu, true
	return used
}

// pids lists the root, what is below it, and what was below it: kept are those of
// the last that are not below it now.
func (s *session) pids(root int) (list []int, kept map[int]bool) {
	list, kept = []int{root}, map[int]bool{}
	listed := map[int]bool{root: true}
	for pid := range s.known {
		if !listed[pid] {
			list, listed[pid], kept[pid] = append(list, pid), true, true
		}
	}
	tasks := 0
	for i := 0; i < len(list) && len(list) < maxProcesses && tasks < maxTasks; i++ {
		tasks += s.tree.children(list[i], func(child int) {
			delete(kept, child)
			if !listed[child] {
				list, listed[child] = append(list, child), true
			}
		})
	}
	return list, kept
}

// children calls f for each child of a process, and returns how many tasks it has.
// The file children belongs to the task that started the child.
func (t *Tree) children(pid int, f func(int)) int {
	dir := filepath.Join(t.root, strconv.Itoa(pid), "task")
	tasks := procfile.List(dir)
	for _, tid := range tasks[:min(len(tasks), maxTasks)] {
		text, err := os.ReadFile(filepath.Join(dir, tid, "children"))
		if err != nil {
			continue
		}
		for word := range bytes.FieldsSeq(text) {
			if child, err := strconv.Atoi(string(word)); err == nil {
				f(child)
			}
		}
	}
	return len(tasks)
}

// usage measures one process.
func (t *Tree) usage(pid int) (usage, error) {
	dir := filepath.Join(t.root, strconv.Itoa(pid))
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return usage{}, err
	}
	u, err := parseStat(text)
	if err != nil {
		return usage{}, fmt.Errorf("process %d: %w", pid, err)
	}
	var exact unix.Timespec
	if t.root == "/proc" && unix.ClockGettime(cpuClock(pid), &exact) == nil {
		u.cpu = time.Duration(exact.Nano()) // the ticks of stat are 10 ms long
	}
	u.files = len(procfile.List(filepath.Join(dir, "fd"))) // 0 for another user's process
	return u, nil
}

// cpuClock names the clock of all CPU time of a process, as clock_getcpuclockid(3)
// does.
func cpuClock(pid int) int32 {
	const scheduler = 2 // CPUCLOCK_SCHED
	return int32(^pid<<3 | scheduler)
}

// tick is the unit of CPU times in stat on all machines that Go runs on.
const tick = 10 * time.Millisecond

// parseStat reads /proc/PID/stat, see proc_pid_stat(5). A zombie is an error: it uses
// nothing.
func parseStat(text []byte) (usage, error) {
	_, rest, ok := bytes.Cut(text[min(len(text), max(bytes.LastIndexByte(text, ')'), 0)):], []byte(") "))
	fields := bytes.Fields(rest)
	if !ok || len(fields) < 22 {
		return usage{}, procfile.ErrMalformed
	}
	if fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return usage{}, errGone
	}
	number := func(field int) uint64 { // numbered as in the manual
		n, _, _ := procfile.Uint(fields[field-3])
		return n
	}
	return usage{
		cpu: time.Duration(number(14)+number(15)) * tick, threads: number(20), start: number(22),
		resident: int64(number(24)) * int64(os.Getpagesize()),
	}, nil
}

// cores counts the cores that are online.
func (t *Tree) cores() int {
	text, err := os.ReadFile(filepath.Join(t.root, "stat"))
	if err != nil {
		return 1
	}
	return procfile.CountCores(text)
}
