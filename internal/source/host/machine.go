package host

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs/sysfs"

	"github.com/heliograph/heliograph/internal/procfile"
)

// Kernel returns the release of the kernel, as `uname -r` tells it.
func Kernel(root string) (string, error) {
	if release := procfile.ReadString(filepath.Join(root, "proc/sys/kernel/osrelease")); release != "" {
		return release, nil
	}
	return "", fmt.Errorf("read kernel release: %w", fs.ErrNotExist)
}

// Uptime returns the time since the machine started, including the time it was
// suspended.
func Uptime(root string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(root, "proc/uptime"))
	if err != nil {
		return 0, fmt.Errorf("read uptime: %w", err)
	}
	up, ok := parseUptime(string(text))
	if !ok {
		return 0, fmt.Errorf("read uptime: %w: %.40q", procfile.ErrMalformed, text)
	}
	return up, nil
}

// parseUptime parses the first of the two numbers, which is in seconds.
func parseUptime(text string) (time.Duration, bool) {
	word, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	seconds, err := strconv.ParseFloat(word, 64)
	if err != nil || !(seconds >= 0 && seconds < 1e9) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)).Round(10 * time.Millisecond), true
}

// BootTime returns when the machine started, to the second. It moves when the
// clock is set.
func BootTime(root string) (time.Time, error) {
	text, err := os.ReadFile(filepath.Join(root, "proc/stat"))
	if err != nil {
		return time.Time{}, fmt.Errorf("read boot time: %w", err)
	}
	var stat procfile.CPUStat
	if err := stat.Parse(text); err != nil {
		return time.Time{}, fmt.Errorf("read boot time: %w", err)
	}
	if stat.BootTime == 0 || stat.BootTime > 1<<40 {
		return time.Time{}, fmt.Errorf("read boot time: %w stat: no btime", procfile.ErrMalformed)
	}
	return time.Unix(int64(stat.BootTime), 0), nil
}

// Model returns the name of the machine: the model of its device tree, or the
// maker and product of its firmware. It is "" where neither is known, as in
// many virtual machines and containers.
func Model(root string) string {
	for _, name := range []string{"proc/device-tree/model", "sys/firmware/devicetree/base/model"} {
		if model := procfile.ReadString(filepath.Join(root, name)); model != "" {
			return model
		}
	}
	system, err := sysfs.NewFS(filepath.Join(root, "sys"))
	if err != nil {
		return ""
	}
	dmi, err := system.DMIClass()
	if err != nil {
		return ""
	}
	vendor, product := known(dmi.SystemVendor), known(dmi.ProductName)
	if product == "" {
		vendor, product = known(dmi.BoardVendor), known(dmi.BoardName)
	}
	if strings.HasPrefix(product, vendor) {
		return product
	}
	return strings.TrimSpace(vendor + " " + product)
}

// known returns the value of a firmware field, or "" if the maker left in what
// was there before.
func known(field *string) string {
	if field == nil {
		return ""
	}
	value := procfile.Text([]byte(*field))
	switch strings.ToLower(strings.TrimRight(value, ".")) {
	case "default string", "system manufacturer", "system product name", "to be filled by o.e.m", "not specified", "none", "o.e.m", "unknown", "n/a":
		return ""
	}
	return value
}
