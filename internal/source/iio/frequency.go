package iio

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// rate is an attribute that holds how often a device samples, in Hz.
type rate struct{ path string }

// rates lists the attributes of a device that hold its sampling frequency: one
// for all channels, or one for each kind.
func (d Device) rates() []rate {
	var found []rate
	for _, name := range []string{"sampling_frequency", "in_accel_sampling_frequency", "in_anglvel_sampling_frequency", "in_magn_sampling_frequency"} {
		path := filepath.Join(d.Dir, name)
		if _, err := os.Stat(path); err == nil {
			found = append(found, rate{path})
		}
	}
	return found
}

// atLeast makes the device sample no slower than hz, and returns a function that
// sets back what was changed, or nil if nothing was. A rate above 8 times what is
// wanted is lowered if the device says which rates it can do.
func (r rate) atLeast(hz float64) (restore func(), err error) {
	before := procfile.ReadString(r.path)
	now, err := strconv.ParseFloat(before, 64)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(r.path), ErrMalformed)
	}
	best, known := chooseRate(procfile.ReadString(r.path+"_available"), hz)
	switch {
	case now >= hz && (!known || now <= 8*hz):
		return nil, nil
	case !known:
		best = strconv.FormatFloat(math.Ceil(hz), 'f', -1, 64)
	case best == before:
		return nil, nil
	}
	if err := writeAttr(r.path, best); err != nil {
		return nil, err
	}
	return func() { _ = writeAttr(r.path, before) }, nil
}

// chooseRate picks, from what a device can do, the slowest rate that is at least
// hz, or else the fastest, as it is written. The list is of numbers divided by
// spaces, or a range "[low step high]".
func chooseRate(available string, hz float64) (string, bool) {
	if inner, ok := strings.CutPrefix(available, "["); ok {
		fields := strings.Fields(strings.TrimSuffix(inner, "]"))
		if len(fields) != 3 {
			return "", false
		}
		low, err1 := strconv.ParseFloat(fields[0], 64)
		high, err2 := strconv.ParseFloat(fields[2], 64)
		if err1 != nil || err2 != nil || !(low <= high) {
			return "", false
		}
		return strconv.FormatFloat(math.Min(math.Max(math.Ceil(hz), low), high), 'f', -1, 64), true
	}
	best, bestValue := "", 0.0
	for _, field := range strings.Fields(available) {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil || !(v > 0) {
			continue
		}
		better := v > bestValue
		if bestValue >= hz {
			better = v >= hz && v < bestValue
		}
		if best == "" || better {
			best, bestValue = field, v
		}
	}
	return best, best != ""
}

// writeAttr writes an attribute of sysfs in one system call, as the kernel
// demands, without making a file that does not exist.
func writeAttr(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	_, err = f.WriteString(value)
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}
