package device

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func (d *Device) proc(name string) string {
	return filepath.Join("/proc", strconv.Itoa(d.Pid()), name)
}

// RSS returns the resident memory of the server, in bytes.
func (d *Device) RSS() int64 { return d.status("VmRSS:") * 1024 }

// PeakRSS returns the highest resident memory since the start, in bytes.
func (d *Device) PeakRSS() int64 { return d.status("VmHWM:") * 1024 }

// Threads returns the number of the server's threads.
func (d *Device) Threads() int { return int(d.status("Threads:")) }

func (d *Device) status(field string) int64 {
	d.t.Helper()
	data, err := os.ReadFile(d.proc("status"))
	if err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(line, field); found {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				d.t.Fatal(err)
			}
			return n
		}
	}
	d.t.Fatalf("no %s in %s", field, d.proc("status"))
	return 0
}

// Files returns the targets of the server's open file descriptors.
func (d *Device) Files() []string {
	d.t.Helper()
	dir := d.proc("fd")
	entries, err := os.ReadDir(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	var files []string
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(dir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // closed meanwhile
		}
		if err != nil {
			d.t.Fatal(err)
		}
		files = append(files, target)
	}
	return files
}

// Leftovers returns the processes, other than the server, that have the
// server's home directory in their environment: what it has started.
func (d *Device) Leftovers() []int {
	var found []int
	paths, _ := filepath.Glob("/proc/[0-9]*/environ") // fails for a bad pattern only
	for _, path := range paths {
		env, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(env, []byte("HOME="+d.Home+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != d.Pid() {
			found = append(found, pid)
		}
	}
	return found
}

func (d *Device) checkLeftovers() {
	d.t.Helper()
	// The kernel needs a moment to reap what was killed.
	Poll(quiet{d.t}, fmt.Sprintf("the processes %v of the server to end", d.Leftovers()), func() bool { return len(d.Leftovers()) == 0 })
}

// quiet makes a fatal failure an ordinary one, for use in cleanups.
type quiet struct{ testing.TB }

func (q quiet) Fatalf(format string, args ...any) { q.Helper(); q.Errorf(format, args...) }
