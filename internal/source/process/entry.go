package process

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// refreshScans is after how many scans a command line is read again even if
// nothing tells that it has changed.
const refreshScans = 30

// errMalformed means that the kernel wrote something that we do not understand.
var errMalformed = errors.New("malformed stat")

// entry is what we keep about a process from scan to scan.
type entry struct {
	start    uint64 // with the pid, the identity of the process
	ticks    uint64
	argStart uint64
	seen     uint64 // number of the scan that saw it last
	comm     string // as the kernel gives it
	name     string // the same as UTF-8
	statPath string
	cmd      []string
	cmdRead  bool
	cmdSize  int
}

// one reads a process. Any error means that there is nothing to show of it.
func (r *Reader) one(pid uint32, perTick float64) (Process, error) {
	e := r.known[pid]
	if e == nil {
		e = &entry{statPath: strconv.FormatUint(uint64(pid), 10) + "/stat"}
	}
	n, err := r.proc.read(e.statPath, r.buf)
	if err != nil {
		return Process{}, err
	}
	s, ok := parseStat(r.buf[:n])
	if !ok {
		return Process{}, errMalformed
	}
	fresh := e.seen == 0
	if !fresh && e.start != s.start { // the pid was given to another process
		r.cmdBytes -= e.cmdSize
		*e = entry{statPath: e.statPath}
		fresh = true
	}
	r.known[pid] = e
	p := Process{
		PID:           pid,
		Memory:        s.pages * r.page,
		VirtualMemory: s.virtual,
		Status:        statusOf(s.state),
		Kernel:        s.kernel,
	}
	if !fresh && s.ticks > e.ticks {
		p.CPUPercent = min(float64(s.ticks-e.ticks)*perTick, 100)
	}
	changed := e.update(s, r.scans)
	p.Name = e.name
	if s.kernel || s.state == 'Z' || s.state == 'X' {
		return p, nil
	}
	if changed {
		r.cmdBytes -= e.cmdSize
		e.cmd, e.cmdSize, e.cmdRead = nil, 0, false
	}
	if !e.cmdRead || (r.scans+uint64(pid))%refreshScans == 0 {
		r.readCmd(e, s.state)
	}
	p.Cmd = e.cmd
	return p, nil
}

// update takes over what was read and reports whether the process has executed
// another program, as far as that can be told: the name changes, and so does
// the random place of the arguments.
func (e *entry) update(s stat, scan uint64) bool {
	changed := e.argStart != s.argStart
	if e.comm != string(s.comm) {
		e.comm, e.name = string(s.comm), validText(s.comm)
		changed = true
	}
	e.start, e.ticks, e.argStart, e.seen = s.start, s.ticks, s.argStart, scan
	return changed
}

// readCmd reads the command line. It leaves a process alone that waits for a
// disk: reading the memory of one that is stuck could get us stuck as well.
func (r *Reader) readCmd(e *entry, state byte) {
	if state == 'D' {
		return
	}
	limit := maxCmdBytes
	if r.cmdBytes > maxCacheBytes {
		limit = smallCmdBytes
	}
	path := e.statPath[:len(e.statPath)-len("stat")] + "cmdline"
	n, err := r.proc.read(path, r.buf[:limit])
	if err != nil {
		// It has ended, or hides this much; the former shows in the next scan.
		e.cmdRead = !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENOENT)
		return
	}
	r.cmdBytes -= e.cmdSize
	e.cmd, e.cmdRead = parseCmdline(r.buf[:n]), true
	e.cmdSize = cmdSize(e.cmd)
	r.cmdBytes += e.cmdSize
}

// forget drops what we keep about processes that the last scan did not see.
func (r *Reader) forget() {
	for pid, e := range r.known {
		if e.seen != r.scans {
			r.cmdBytes -= e.cmdSize
			delete(r.known, pid)
		}
	}
}
