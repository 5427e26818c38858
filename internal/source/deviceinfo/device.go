package deviceinfo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
)

// New returns the answers of the device whose file system is root, "/" for this
// machine.
func New(root string) recorder.Device {
	r := reader{root}
	return recorder.Device{
		Info:         func(context.Context) (recorder.DeviceInfo, error) { return r.info(), nil },
		Display:      func(context.Context) (recorder.Display, error) { return r.display() },
		Battery:      func(context.Context) (recorder.Battery, error) { return r.battery() },
		Connectivity: func(context.Context) (recorder.Connectivity, error) { return r.connectivity() },
	}
}

// maxFile bounds the files that are read; the longest is /proc/cpuinfo, of which the
// first processor is enough.
const maxFile = 16 << 10

// reader reads below a root.
type reader struct{ root string }

// text returns the beginning of a file without white space around it, "" if it cannot
// be read.
func (r reader) text(name ...string) string {
	f, err := os.Open(filepath.Join(append([]string{r.root}, name...)...))
	if err != nil {
		return ""
	}
	defer f.Close()
	buffer := make([]byte, maxFile)
	n := 0
	for n < len(buffer) {
		m, err := f.Read(buffer[n:])
		n += m
		if err != nil {
			break
		}
	}
	return strings.TrimSpace(strings.Trim(strings.ToValidUTF8(string(buffer[:n]), "\uFFFD"), "\x00"))
}

// list returns the names in a folder, at most 256.
func (r reader) list(name string) []string {
	d, err := os.Open(filepath.Join(r.root, name))
	if err != nil {
		return nil
	}
	defer d.Close()
	const most = 256
	names, err := d.Readdirnames(most)
	if err != nil {
		return nil
	}
	return names
}

func (r reader) exists(name ...string) bool {
	_, err := os.Stat(filepath.Join(append([]string{r.root}, name...)...))
	return err == nil
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

const dmi = "sys/class/dmi/id"

func (r reader) info() recorder.DeviceInfo {
	d := recorder.DeviceInfo{
		Model:        first(r.text("proc/device-tree/model"), firmware(r.text(dmi, "product_name")), firmware(r.text(dmi, "board_name"))),
		Manufacturer: first(firmware(r.text(dmi, "sys_vendor")), firmware(r.text(dmi, "board_vendor"))),
		Name:         r.text("proc/sys/kernel/hostname"),
		OSVersion:    r.system(),
		Idiom:        idiom(r.text(dmi, "chassis_type")),
	}
	if d.Name == "" && r.root == "/" {
		d.Name, _ = os.Hostname()
	}
	d.Virtual = r.virtual()
	return d
}

// system returns the name and version of the operating system, or else that of the
// kernel.
func (r reader) system() string {
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		for line := range strings.Lines(r.text(name)) {
			if value, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
				return strings.Trim(value, `"'`)
			}
		}
	}
	return r.text("proc/sys/kernel/osrelease")
}

// firmware returns a field of the firmware, or "" if the maker left in what was there
// before.
func firmware(value string) string {
	switch strings.ToLower(strings.TrimRight(value, ".")) {
	case "default string", "system manufacturer", "system product name", "to be filled by o.e.m", "not specified", "none", "o.e.m", "unknown", "n/a":
		return ""
	}
	return value
}

// idiom translates the type of the chassis, as numbered by the SMBIOS specification,
// 7.4.1.
func idiom(chassis string) string {
	switch chassis {
	case "11": // hand held
		return "phone"
	case "30", "32": // tablet, detachable
		return "tablet"
	}
	return "desktop"
}

// virtual reports whether this is a virtual machine.
func (r reader) virtual() bool {
	if r.exists("sys/hypervisor/type") || strings.Contains(r.text("proc/device-tree/compatible"), "linux,dummy-virt") {
		return true
	}
	for line := range strings.Lines(r.text("proc/cpuinfo")) {
		if name, flags, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "flags" {
			return strings.Contains(flags+" ", " hypervisor ")
		}
	}
	return false
}

// unsupported says that this device has no such thing.
func unsupported(what string) error { return fmt.Errorf("%s: %w", what, errors.ErrUnsupported) }
