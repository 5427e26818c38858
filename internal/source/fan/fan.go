// Package fan reads the fans of the hwmon class in sysfs. The files and their units
// are those of the kernel's document "Naming and data format standards for sysfs
// files" (hwmon/sysfs-interface). It sets nothing: what turns a fan is the kernel or
// a program of the device's owner.
package fan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
	"github.com/heliograph/heliograph/internal/topic"
)

// Bounds of what is looked at.
const (
	maxChips = 128
	maxFans  = 64
)

// How the speed of a fan is controlled.
const (
	Full      = "full" // no control: it always runs at full speed
	Manual    = "manual"
	Automatic = "automatic"
)

// Fan is one fan, with or without a tachometer, with or without control.
type Fan struct {
	Chip  string // name of the driver's chip, such as pwmfan
	Label string // of the board's maker; else fan and its number
	// RPM is the speed in revolutions a minute; nil: it has no tachometer.
	RPM *uint64
	// Percent is the duty of the control signal, 0 to 100; nil: it has none.
	Percent *float64
	Mode    string // Full, Manual, Automatic, or empty: unknown
	Alarm   bool   // too slow, or its tachometer is broken
}

// Read returns the fans below root, by chip and number. Without any the error wraps
// topic.ErrNotPresent. It takes less than a millisecond on most boards; chips behind
// slow buses may block for some tens of milliseconds each.
func Read(root string) ([]Fan, error) {
	dir := filepath.Join(root, "sys/class/hwmon")
	if _, err := os.Stat(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the fans: %w", err)
	}
	var fans []Fan
	chips := procfile.List(dir)
	slices.SortFunc(chips, byNumber)
	for _, chip := range chips[:min(len(chips), maxChips)] {
		fans = append(fans, ofChip(filepath.Join(dir, chip))...)
	}
	if len(fans) == 0 {
		return nil, fmt.Errorf("there is no fan: %w", topic.ErrNotPresent)
	}
	return fans[:min(len(fans), maxFans)], nil
}

// byNumber orders hwmon2 before hwmon10.
func byNumber(a, b string) int {
	if d := len(a) - len(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// ofChip reads the fans of one chip: those with a tachometer (fanN_input) or a
// control (pwmN), where the same number means the same fan.
func ofChip(dir string) []Fan {
	var numbers []int
	for _, name := range procfile.List(dir) {
		text, ok := strings.CutPrefix(name, "pwm")
		if rest, found := strings.CutPrefix(name, "fan"); found {
			text, ok = strings.CutSuffix(rest, "_input")
		}
		if n, err := strconv.Atoi(text); ok && err == nil && n > 0 && !slices.Contains(numbers, n) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	chip := procfile.ReadString(filepath.Join(dir, "name"))
	fans := make([]Fan, 0, len(numbers))
	for _, n := range numbers {
		fans = append(fans, read(dir, chip, n))
	}
	return fans
}

func read(dir, chip string, n int) Fan {
	file := func(format string) string { return filepath.Join(dir, fmt.Sprintf(format, n)) }
	f := Fan{Chip: chip, Label: procfile.ReadString(file("fan%d_label"))}
	if f.Label == "" {
		f.Label = fmt.Sprintf("fan%d", n)
	}
	if rpm, ok := number(file("fan%d_input")); ok {
		f.RPM = &rpm
	}
	if duty, ok := number(file("pwm%d")); ok && duty <= 255 {
		percent := float64(duty) * 100 / 255
		f.Percent = &percent
	}
	if mode, ok := number(file("pwm%d_enable")); ok {
		f.Mode = [...]string{Full, Manual, Automatic}[min(mode, 2)]
	}
	for _, format := range []string{"fan%d_alarm", "fan%d_fault", "fan%d_min_alarm"} {
		if v, ok := number(file(format)); ok && v != 0 {
			f.Alarm = true
		}
	}
	return f
}

func number(path string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimSpace(procfile.ReadString(path)), 10, 64)
	return n, err == nil
}
