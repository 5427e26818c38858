package procfile

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrMalformed is wrapped by parsers that were given something else than what
// the kernel writes.
var ErrMalformed = errors.New("malformed")

// Meminfo is the part of /proc/meminfo that we use, in bytes.
type Meminfo struct {
	Total     uint64
	Available uint64 // what programs can get without swapping
	SwapTotal uint64
	SwapFree  uint64
}

// Used returns the memory that is not available: it excludes the page cache
// and the slab caches that the kernel gives back on demand, as `free` shows it.
func (m Meminfo) Used() uint64 { return m.Total - min(m.Available, m.Total) }

// SwapUsed returns the swap space in use.
func (m Meminfo) SwapUsed() uint64 { return m.SwapTotal - min(m.SwapFree, m.SwapTotal) }

// ParseMeminfo parses the content of /proc/meminfo. Kernels older than 3.14
// and some containers lack MemAvailable; it is then estimated from the parts.
func ParseMeminfo(b []byte) (Meminfo, error) {
	var m Meminfo
	var free, buffers, cached, reclaimable, shmem uint64
	var haveAvailable bool
	for len(b) > 0 {
		var line []byte
		line, b = Line(b)
		key, value, found := bytes.Cut(line, []byte(":"))
		kib, _, ok := UintField(value)
		if !found || !ok || kib > 1<<53 {
			continue
		}
		n := kib << 10
		switch string(key) {
		case "MemTotal":
			m.Total = n
		case "MemAvailable":
			m.Available, haveAvailable = n, true
		case "MemFree":
			free = n
		case "Buffers":
			buffers = n
		case "Cached":
			cached = n
		case "SReclaimable":
			reclaimable = n
		case "Shmem": // counted in Cached, but cannot be given back
			shmem = n
		case "SwapTotal":
			m.SwapTotal = n
		case "SwapFree":
			m.SwapFree = n
			if haveAvailable { // nothing that we need comes after it
				b = nil
			}
		}
	}
	if m.Total == 0 {
		return Meminfo{}, fmt.Errorf("%w meminfo: no MemTotal", ErrMalformed)
	}
	if !haveAvailable {
		m.Available = free + buffers + reclaimable + cached - min(shmem, cached)
	}
	m.Available = min(m.Available, m.Total)
	return m, nil
}
