package i2c

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
)

// Bounds of an inventory and of a file that is read.
const (
	maxEntries   = 4096
	maxAttribute = 4096
)

// devicesDir is where the kernel lists buses and chips, below the root.
const devicesDir = "sys/bus/i2c/devices"

// Inventory is what the kernel knows.
type Inventory struct {
	Buses   []Bus    // by number
	Devices []Device // by bus, address and path
}

// Bus is one adapter, or one channel of a multiplexer.
type Bus struct {
	// Number is the kernel's number of the bus.
	Number int
	// Adapter is the name that the driver gives it, for example
	// "bcm2835 (i2c@7e804000)".
	Adapter string
	// Label is the name in the device tree if there is one, and otherwise "i2c-1".
	Label string
	// Path is the device file, "/dev/i2c-1", if programs may use the bus that way
	// (module i2c-dev), and otherwise its folder in sysfs.
	Path string
}

// Device is one chip.
type Device struct {
	// Bus is the number of the bus.
	Bus int
	// Address is the chip's address; TenBit tells that it is a 10-bit one. Known is
	// false for chips that the kernel lists by another name, as ACPI does: sysfs
	// does not tell their address.
	Address uint16
	TenBit  bool
	Known   bool
	// Path is its folder in sysfs.
	Path string
	// Driver is the kernel's driver that has it; "" if none.
	Driver string
	// Kind is what the driver makes of the chip: hwmon, iio, rtc, input,
	// power_supply, leds, gpio, nvmem, sound, video4linux or regulator; "" if
	// nothing of these.
	Kind string
	// Modalias is how the kernel looks for a driver; Name is the kind of chip.
	// Both are empty if not told.
	Modalias, Name string
}

// AddressHex returns the address as "0x48", or "" if it is not known.
func (d Device) AddressHex() string {
	if !d.Known {
		return ""
	}
	return fmt.Sprintf("0x%02x", d.Address)
}

// Read reads the inventory below root, which is "/" for the running system. A
// machine without I²C has an empty one. What goes away meanwhile is left out.
// Read does not block for long and talks to no chip.
func Read(root string) (Inventory, error) {
	var inv Inventory
	entries, err := os.ReadDir(filepath.Join(root, devicesDir))
	if errors.Is(err, fs.ErrNotExist) {
		return inv, nil
	}
	if err != nil {
		return inv, fmt.Errorf("list i2c devices: %w", err)
	}
	if len(entries) > maxEntries {
		entries = entries[:maxEntries]
	}
	for _, e := range entries {
		name := e.Name()
		if n, ok := busNumber(name); ok {
			if b, there := readBus(root, name, n); there {
				inv.Buses = append(inv.Buses, b)
			}
		} else if d, there := readDevice(root, name); there {
			inv.Devices = append(inv.Devices, d)
		}
	}
	slices.SortFunc(inv.Buses, func(a, b Bus) int { return cmp.Compare(a.Number, b.Number) })
	slices.SortFunc(inv.Devices, func(a, b Device) int {
		return cmp.Or(cmp.Compare(a.Bus, b.Bus), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Path, b.Path))
	})
	return inv, nil
}

// busNumber reads the name of a bus, "i2c-1".
func busNumber(name string) (int, bool) {
	digits, found := strings.CutPrefix(name, "i2c-")
	if !found || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, false
	}
	return int(n), true
}

func readBus(root, name string, n int) (Bus, bool) {
	folder := filepath.Join(root, devicesDir, name)
	if _, err := os.Stat(folder); err != nil {
		return Bus{}, false
	}
	b := Bus{Number: n, Adapter: text(folder, "name"), Label: text(folder, "of_node/label"), Path: "/" + devicesDir + "/" + name}
	if b.Label == "" {
		b.Label = name
	}
	if _, err := os.Stat(filepath.Join(folder, "i2c-dev", name)); err == nil {
		b.Path = "/dev/" + name
	}
	return b, true
}

// tenBit marks a 10-bit address in the name of a chip.
const tenBit = 0xa000

// chipAddress reads the name of a chip, "1-0048": the bus and the address.
func chipAddress(name string) (bus int, address uint16, ok bool) {
	before, after, found := strings.Cut(name, "-")
	b, errBus := strconv.ParseUint(before, 10, 31)
	a, errAddress := strconv.ParseUint(after, 16, 16)
	if !found || len(after) != 4 || errBus != nil || errAddress != nil {
		return 0, 0, false
	}
	return int(b), uint16(a), true
}

func readDevice(root, name string) (Device, bool) {
	folder := filepath.Join(root, devicesDir, name)
	target, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return Device{}, false
	}
	d := Device{
		Path:     "/" + devicesDir + "/" + name,
		Name:     text(folder, "name"),
		Modalias: text(folder, "modalias"),
		Kind:     kindOf(folder),
	}
	if driver, err := os.Readlink(filepath.Join(folder, "driver")); err == nil {
		d.Driver = filepath.Base(driver)
	}
	if d.Bus, d.Address, d.Known = chipAddress(name); d.Known {
		if d.TenBit = d.Address&0xf000 == tenBit; d.TenBit {
			d.Address &= 0x3ff
		}
		return d, true
	}
	// Named by ACPI or a board file: its folder is in that of its bus.
	bus, ok := busNumber(filepath.Base(filepath.Dir(target)))
	d.Bus = bus
	return d, ok && strings.HasPrefix(name, "i2c-")
}

// kindOf looks at what the driver has registered under the chip.
func kindOf(folder string) string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return ""
	}
	kinds := []string{"iio", "hwmon", "power_supply", "rtc", "input", "leds", "gpio", "nvmem", "sound", "video4linux", "regulator"}
	for _, kind := range kinds {
		for _, e := range entries {
			if e.IsDir() && (e.Name() == kind || strings.HasPrefix(e.Name(), kind+":")) {
				return kind
			}
		}
	}
	return ""
}

// text reads a small file as valid UTF-8; "" if it cannot be read.
func text(folder, name string) string {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	var b [maxAttribute]byte
	n, err := f.Read(b[:])
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(string(b[:n]), "\x00", ""), "\uFFFD"))
}
