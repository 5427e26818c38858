package procfile

import (
	"bytes"
	"fmt"
)

// CPUTimes are the counters of one line of /proc/stat in ticks (USER_HZ, which
// is 100 per second on every platform that Go runs on).
type CPUTimes struct {
	Busy uint64 // user, nice, system, irq, softirq, steal
	Idle uint64 // idle and waiting for input or output
}

// CPUStat is the part of /proc/stat that we use.
type CPUStat struct {
	Total    CPUTimes
	Cores    []Core // cores that are online, as the kernel lists them
	BootTime uint64 // Unix time in seconds, 0 if unknown
}

// Core is one logical core.
type Core struct {
	ID    uint32
	Times CPUTimes
}

// Parse reads the content of /proc/stat into s and reuses the memory of Cores.
func (s *CPUStat) Parse(b []byte) error {
	*s = CPUStat{Cores: s.Cores[:0]}
	found := false
	for len(b) > 0 {
		var line []byte
		line, b = Line(b)
		name, rest := Field(line)
		id, isCPU := bytes.CutPrefix(name, []byte("cpu"))
		switch {
		case isCPU && len(id) == 0:
			s.Total, found = parseTimes(rest), true
		case isCPU:
			if n, size, ok := Uint(id); ok && size == len(id) && n <= 1<<20 {
				s.Cores = append(s.Cores, Core{ID: uint32(n), Times: parseTimes(rest)})
			}
		case string(name) == "btime":
			s.BootTime, _, _ = UintField(rest)
			b = nil // only counters that we do not use follow
		}
	}
	if !found {
		return fmt.Errorf("%w stat: no line for all cpus", ErrMalformed)
	}
	return nil
}

// CountCores returns the number of cores that are online according to the
// content of /proc/stat, at least 1.
func CountCores(b []byte) int {
	count := 0
	for bytes.HasPrefix(b, []byte("cpu")) {
		var line []byte
		if line, b = Line(b); len(line) > 3 && line[3] >= '0' && line[3] <= '9' {
			count++
		}
	}
	return max(count, 1)
}

// parseTimes sums the columns. guest and guest_nice come last and are already
// part of user and nice.
func parseTimes(b []byte) CPUTimes {
	var t CPUTimes
	for column := range 8 {
		v, rest, ok := UintField(b)
		if !ok {
			break
		}
		b = rest
		if column == 3 || column == 4 {
			t.Idle += v
		} else {
			t.Busy += v
		}
	}
	return t
}
