package iio

import (
	"cmp"
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
	maxDevices  = 64
	maxChannels = 64
)

// Device is a device of the IIO subsystem.
type Device struct {
	Number   int
	Dir      string // in sysfs
	Node     string // the character device; need not exist
	Name     string // of the chip, for example "bmi160"
	Label    string // what the board calls it; may be empty
	Bus      string // for example "i2c-1" or "spi0"; may be empty
	Address  string // on an I²C bus, for example "0x68"; else empty
	Parent   string // path of the chip in sysfs; devices of one chip share it
	Channels []Channel
}

// String returns the name for people to read, for example "bmi160 on i2c-1".
func (d Device) String() string {
	name := cmp.Or(d.Label, d.Name, "iio:device"+strconv.Itoa(d.Number))
	if d.Label != "" && d.Name != "" {
		name = d.Name + " (" + d.Label + ")"
	}
	if d.Bus != "" {
		name += " on " + d.Bus
	}
	return name
}

// Find lists the devices under root, which is "/" but in tests, by their number.
// It returns an error that wraps [topic.ErrNotPresent] if there is none.
func Find(root string) ([]Device, error) {
	dir := filepath.Join(root, "sys/bus/iio/devices")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list iio devices: %w", err)
	}
	var found []Device
	for _, entry := range entries {
		digits, is := strings.CutPrefix(entry.Name(), "iio:device")
		n, err := strconv.Atoi(digits)
		if is && err == nil && n >= 0 && len(found) < maxDevices {
			found = append(found, readDevice(root, filepath.Join(dir, entry.Name()), n))
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("find iio devices: %w", topic.ErrNotPresent)
	}
	slices.SortFunc(found, func(a, b Device) int { return cmp.Compare(a.Number, b.Number) })
	return found, nil
}

func readDevice(root, dir string, n int) Device {
	d := Device{
		Number: n, Dir: dir,
		Node:  filepath.Join(root, "dev", "iio:device"+strconv.Itoa(n)),
		Name:  procfile.ReadString(filepath.Join(dir, "name")),
		Label: procfile.ReadString(filepath.Join(dir, "label")),
	}
	if path, err := filepath.EvalSymlinks(dir); err == nil {
		d.Parent = filepath.Dir(path)
		d.Bus, d.Address = place(filepath.Base(d.Parent))
	}
	for _, name := range procfile.List(dir) {
		if c, ok := parseChannel(name); ok && len(d.Channels) < maxChannels && !d.has(c.Name) {
			d.Channels = append(d.Channels, c)
		}
	}
	return d
}

// has reports whether there is a channel of that name, as there is when a driver
// gives a value both raw and processed; the processed one sorts first and stays.
func (d Device) has(name string) bool {
	return slices.ContainsFunc(d.Channels, func(c Channel) bool { return c.Name == name })
}

// place reads the name of a chip's folder: "1-0068" is address 0x68 on bus i2c-1,
// "spi0.1" is on bus spi0.
func place(chip string) (bus, address string) {
	if strings.HasPrefix(chip, "spi") {
		bus, _, _ = strings.Cut(chip, ".")
		return bus, ""
	}
	number, hex, ok := strings.Cut(chip, "-")
	if _, err := strconv.ParseUint(number, 10, 16); !ok || err != nil {
		return "", ""
	}
	v, err := strconv.ParseUint(hex, 16, 16)
	if err != nil {
		return "", ""
	}
	return "i2c-" + number, fmt.Sprintf("0x%02x", v)
}

// axes returns the channels x, y and z of a kind, and whether all are there.
func (d Device) axes(k Kind) ([3]Channel, bool) {
	var found [3]Channel
	n := 0
	for i, axis := range []string{"x", "y", "z"} {
		for _, c := range d.Channels {
			if c.Kind == k && c.Modifier == axis && found[i].Name == "" {
				found[i], n = c, n+1
			}
		}
	}
	return found, n == 3
}

// mount returns the mount matrix of a kind; a missing or malformed one changes
// nothing, and the error says which it was.
func (d Device) mount(k Kind) (Matrix, error) {
	for _, name := range []string{"in_" + string(k) + "_mount_matrix", "in_mount_matrix", "mount_matrix"} {
		text := procfile.ReadString(filepath.Join(d.Dir, name))
		if text == "" {
			continue
		}
		m, err := ParseMatrix(text)
		if err != nil {
			return IdentityMatrix(), err
		}
		return m, nil
	}
	return IdentityMatrix(), nil
}
