package usb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of an inventory. A bus has at most 127 devices.
const (
	maxDevices    = 1024
	maxInterfaces = 32
)

// listing is what the folder of all devices holds.
type listing struct {
	devices    []string            // names, in order
	interfaces map[string][]string // names by device
}

// list reads the names under /sys/bus/usb/devices. No such folder is no error.
func list(dir string) (listing, error) {
	l := listing{interfaces: map[string][]string{}}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("list usb devices: %w", err)
	}
	for _, e := range entries {
		device, _, isInterface := strings.Cut(e.Name(), ":")
		_, ok := parseName(device)
		switch {
		case ok && isInterface && len(l.interfaces[device]) < maxInterfaces:
			l.interfaces[device] = append(l.interfaces[device], e.Name())
		case ok && !isInterface && len(l.devices) < maxDevices:
			l.devices = append(l.devices, e.Name())
		}
	}
	slices.SortFunc(l.devices, compareNames)
	return l, nil
}

// Scan reads all devices, in the order of their positions, hubs before what is
// attached to them. A device that goes away meanwhile is left out. A machine
// without USB gives an empty list. Scan may block for as long as the kernel
// talks to a device that is just being attached or reset; it is safe for
// concurrent use.
func (inv *Inventory) Scan() ([]Device, error) {
	l, err := list(inv.dir)
	if err != nil {
		return nil, err
	}
	devices := make([]Device, 0, len(l.devices))
	for _, name := range l.devices {
		if d, ok := readDevice(inv.dir, name, l.interfaces[name]); ok {
			devices = append(devices, d)
		}
	}
	Diagnose(devices)
	return devices, nil
}

// readDevice reads the device of that name. It reports false if it has gone.
func readDevice(dir, name string, interfaces []string) (Device, bool) {
	a := attributes(filepath.Join(dir, name))
	vendor, okVendor := a.hex("idVendor")
	product, okProduct := a.hex("idProduct")
	if !okVendor || !okProduct {
		return Device{}, false
	}
	pos, _ := parseName(name)
	class, _ := a.hex("bDeviceClass")
	sub, _ := a.hex("bDeviceSubClass")
	protocol, _ := a.hex("bDeviceProtocol")
	authorized, known := a.decimal("authorized")
	d := Device{
		Name:         name,
		Parent:       parentOf(name),
		Bus:          pos.bus,
		VendorID:     vendor,
		ProductID:    product,
		Manufacturer: a.text("manufacturer"),
		Product:      a.text("product"),
		Serial:       a.text("serial"),
		Version:      parseVersion(a.text("version")),
		Class:        uint8(class),
		SubClass:     uint8(sub),
		Protocol:     uint8(protocol),
		SpeedMbps:    a.float("speed"),
		Authorized:   !known || authorized != 0,
		Hub:          class == classHub,
		RootHub:      len(pos.ports) == 0,
		Kind:         kindOf(vendor, product),
	}
	d.Number, _ = a.decimal("devnum")
	d.Ports, _ = a.decimal("maxchild")
	d.OverCurrents, _ = a.decimal("port/over_current_count")
	d.readPower(a)
	d.FasterMbps = fasterSpeed(d, a)
	for _, i := range interfaces {
		d.addInterface(attributes(filepath.Join(dir, i)))
	}
	slices.SortFunc(d.Interfaces, func(a, b Interface) int { return int(a.Number) - int(b.Number) })
	return d, true
}

// readPower reads what exists only while a configuration is active.
func (d *Device) readPower(a attributes) {
	if n, ok := a.decimal("bConfigurationValue"); !ok || n == 0 {
		return
	}
	d.Configured = true
	d.MaxPowerMA = parseMilliamps(a.text("bMaxPower"))
	flags, _ := a.hex("bmAttributes")
	d.SelfPowered = flags&0x40 != 0
}

func (d *Device) addInterface(a attributes) {
	class, ok := a.hex("bInterfaceClass")
	if !ok {
		return
	}
	n, _ := a.hex("bInterfaceNumber")
	sub, _ := a.hex("bInterfaceSubClass")
	protocol, _ := a.hex("bInterfaceProtocol")
	d.Interfaces = append(d.Interfaces, Interface{
		Number: uint8(n), Class: uint8(class), SubClass: uint8(sub), Protocol: uint8(protocol),
		Driver: a.link("driver"),
	})
}

// fingerprint describes the set of devices cheaply. It reads only what the
// kernel answers from memory, so that it never waits for a device.
func (inv *Inventory) fingerprint() (string, error) {
	l, err := list(inv.dir)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range l.devices {
		a := attributes(filepath.Join(inv.dir, name))
		fmt.Fprintln(&b, name, a.text("idVendor"), a.text("idProduct"), a.text("devnum"))
	}
	return b.String(), nil
}
