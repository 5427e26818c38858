package usb

import (
	"fmt"
	"strings"
)

// Kinds of devices that are told apart.
const (
	KindUSB   = "usb"   // any device
	KindCoral = "coral" // an Edge TPU accelerator, with or without its firmware
)

// classHub is the device class of hubs.
const classHub = 0x09

// Device is one attached USB device, hubs and root hubs included.
type Device struct {
	// Name is the kernel's name and the position on the bus: "1-1.2" is port 2
	// of the hub on port 1 of bus 1; "usb1" is the root hub of bus 1.
	Name string
	// Parent is the Name of the hub it is attached to; "" for a root hub.
	Parent string
	// Bus is the number of the bus and Number the address on it, which is a new
	// one each time the device is attached.
	Bus, Number int
	// VendorID and ProductID are the numbers by which a product is known.
	VendorID, ProductID uint16
	// Manufacturer, Product and Serial are what the device says of itself, in
	// valid UTF-8; empty if it does not.
	Manufacturer, Product, Serial string
	// Version is the USB version it says it conforms to, in binary-coded decimal:
	// 0x0210 is 2.1; 0 if unknown.
	Version uint16
	// Class, SubClass and Protocol are the device's. Class 0 means that each
	// interface has its own, 0xef that several interfaces form a function.
	Class, SubClass, Protocol uint8
	// SpeedMbps is the speed of the link in Mbit/s: 1.5, 12, 480, 5000, 10000 or
	// 20000; 0 if unknown.
	SpeedMbps float64
	// Configured tells whether a configuration is active. Without one the device
	// has no interfaces, and MaxPowerMA and SelfPowered are not known.
	Configured bool
	// MaxPowerMA is the most current in mA that the device may draw from its port
	// by its own account.
	MaxPowerMA int
	// SelfPowered tells that the device has a supply of its own.
	SelfPowered bool
	// Authorized is false if the system was told not to use the device.
	Authorized bool
	// Hub tells that other devices can be attached to it, RootHub that it is a
	// controller of this machine. Ports is the number of its ports.
	Hub, RootHub bool
	Ports        int
	// OverCurrents is how many times its port has reported over-current since the
	// system was started.
	OverCurrents int
	// FasterMbps is a speed in Mbit/s that the device is known to be capable of
	// beyond SpeedMbps; 0 if none is known.
	FasterMbps float64
	// Interfaces are what the active configuration offers, by number.
	Interfaces []Interface
	// Kind is KindUSB or KindCoral.
	Kind string
	// Warnings are what [Diagnose] found.
	Warnings []Warning
}

// Interface is one function of a device.
type Interface struct {
	Number, Class, SubClass, Protocol uint8
	// Driver is the name of the kernel's driver that has it; "" if none.
	Driver string
}

// ID returns vendor, product and position in the form "046d:0825@1-1.2".
func (d Device) ID() string {
	return fmt.Sprintf("%04x:%04x@%s", d.VendorID, d.ProductID, d.Name)
}

// Description returns manufacturer and product as one text, without saying the
// manufacturer twice; "" if the device names neither.
func (d Device) Description() string {
	if len(d.Product) >= len(d.Manufacturer) && strings.EqualFold(d.Product[:len(d.Manufacturer)], d.Manufacturer) {
		return d.Product
	}
	return strings.TrimSpace(d.Manufacturer + " " + d.Product)
}

// Peripheral reports whether the device is something a person has attached to
// use it: neither a hub nor a root hub.
func (d Device) Peripheral() bool { return !d.Hub && !d.RootHub }

// identity is what makes two looks at the bus differ.
type identity struct {
	name, product       string
	vendorID, productID uint16
}

func (d Device) identity() identity {
	return identity{d.Name, d.Product, d.VendorID, d.ProductID}
}

func kindOf(vendor, product uint16) string {
	switch {
	case vendor == 0x1a6e && product == 0x089a, vendor == 0x18d1 && product == 0x9302:
		return KindCoral
	}
	return KindUSB
}
