package process

import (
	"bytes"

	"github.com/heliograph/heliograph/internal/procfile"
)

// flagKernelThread is PF_KTHREAD of the kernel's task flags.
const flagKernelThread = 0x00200000

// stat is what we use of one line of /proc/PID/stat, see proc_pid_stat(5).
type stat struct {
	comm     []byte // any bytes but NUL; aliases the line
	state    byte
	kernel   bool   // a kernel thread
	ticks    uint64 // CPU time used, in 1/100 s
	start    uint64 // when it started, in 1/100 s since boot
	virtual  uint64 // bytes
	pages    uint64 // resident
	argStart uint64 // where its arguments lie; 0 if we may not know
}

// Numbers of the fields that we use, counted from 1 as in the manual page.
const (
	fieldState    = 3
	fieldFlags    = 9
	fieldUtime    = 14
	fieldStime    = 15
	fieldStart    = 22
	fieldVsize    = 23
	fieldRSS      = 24
	fieldArgStart = 48
)

// parseStat parses one line and reports whether it is whole up to the resident
// size. The name may hold spaces, newlines and parentheses: it ends at the last
// closing one, since only numbers and one letter follow.
func parseStat(line []byte) (stat, bool) {
	var s stat
	opening, closing := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if opening < 0 || closing < opening {
		return s, false
	}
	s.comm = line[opening+1 : closing]
	rest := bytes.TrimSuffix(line[closing+1:], []byte("\n"))
	var word []byte
	word, rest = procfile.Field(rest)
	if len(word) != 1 {
		return s, false
	}
	s.state = word[0]
	field := fieldState
	for len(rest) > 0 && field < fieldArgStart {
		field++
		word, rest = procfile.Field(rest)
		// Negative numbers occur only in fields that set leaves alone.
		if v, _, ok := procfile.Uint(word); ok {
			s.set(field, v)
		}
	}
	return s, field >= fieldRSS
}

func (s *stat) set(field int, v uint64) {
	switch field {
	case fieldFlags:
		s.kernel = v&flagKernelThread != 0
	case fieldUtime, fieldStime:
		s.ticks += v
	case fieldStart:
		s.start = v
	case fieldVsize:
		s.virtual = v
	case fieldRSS:
		s.pages = v
	case fieldArgStart:
		s.argStart = v
	}
}
