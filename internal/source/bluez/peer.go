package bluez

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Bounds of what is known at a time.
const (
	maxDevices    = 1024
	maxAttributes = 8192
	maxName       = 248 // of a device, in bytes: the bound of the Bluetooth specification
	maxUUIDs      = 64
)

// rssiUnknown is what a controller says that cannot measure: "RSSI is not available" of
// the Bluetooth specification's advertising reports, which BlueZ hands on.
const rssiUnknown = 127

// peer is what is known of a device.
type peer struct {
	address, name string
	heard         bool // by the adapter: a device that is merely known has no RSSI
	rssi          *int // nil if the controller cannot tell
	connected     bool
	bonded        bool
	props         properties // of the advertisement

	told time.Time // when it was told last, and what
	said string
}

// apply takes new values.
func (p *peer) apply(props properties) {
	if address, ok := value[string](props, "Address"); ok {
		p.address = address
	}
	if name, ok := value[string](props, "Name"); ok {
		p.name = strings.ToValidUTF8(name[:min(len(name), maxName)], "\uFFFD")
	}
	if rssi, ok := value[int16](props, "RSSI"); ok {
		p.heard, p.rssi = true, nil
		if n := int(rssi); n != rssiUnknown {
			p.rssi = &n
		}
	}
	if connected, ok := value[bool](props, "Connected"); ok {
		p.connected = connected
	}
	for _, name := range []string{"Bonded", "Paired"} { // BlueZ before 5.65 has no Bonded
		if bonded, ok := value[bool](props, name); ok {
			p.bonded = bonded
			break
		}
	}
	if p.props == nil {
		p.props = properties{}
	}
	for _, name := range advertised() {
		if v, ok := props[name]; ok {
			p.props[name] = v
		}
	}
}

// advertised lists the properties that come from advertisements.
func advertised() []string {
	return []string{"AddressType", "TxPower", "Appearance", "AdvertisingFlags", "UUIDs", "ManufacturerData", "ServiceData", "Connected"}
}

// address returns the address that is part of a path, for objects whose device is not
// known.
func addressOf(path dbus.ObjectPath) string {
	_, after, ok := strings.Cut(string(path), "/dev_")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(after, "/")
	return strings.ReplaceAll(name, "_", ":")
}

// devicePath returns the path of the device that an object is part of, "" if it is
// part of none.
func devicePath(path dbus.ObjectPath) dbus.ObjectPath {
	before, after, ok := strings.Cut(string(path), "/dev_")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(after, "/")
	return dbus.ObjectPath(before + "/dev_" + name)
}

// event begins an event about a device.
func (p *peer) event(kind, data string) recorder.BLEEvent {
	return recorder.BLEEvent{Kind: kind, DeviceID: p.address, DeviceName: p.name, Data: data}
}

// advertisement writes what a device has said; see the package comment.
func (p *peer) advertisement() string {
	var parts []string
	add := func(key, value string) {
		if value != "" {
			parts = append(parts, key+"="+value)
		}
	}
	kind, _ := value[string](p.props, "AddressType")
	add("addressType", plain(kind))
	if power, ok := value[int16](p.props, "TxPower"); ok {
		add("txPower", strconv.Itoa(int(power)))
	}
	if appearance, ok := value[uint16](p.props, "Appearance"); ok {
		add("appearance", fmt.Sprintf("%04X", appearance))
	}
	flags, _ := value[[]byte](p.props, "AdvertisingFlags")
	add("flags", hexed(flags))
	uuids, _ := value[[]string](p.props, "UUIDs")
	short := make([]string, 0, min(len(uuids), maxUUIDs))
	for _, u := range uuids[:min(len(uuids), maxUUIDs)] {
		short = append(short, shortUUID(u))
	}
	add("serviceUuids", strings.Join(short, ","))
	parts = append(parts, manufacturers(p.props["ManufacturerData"])...)
	parts = append(parts, serviceData(p.props["ServiceData"])...)
	if p.connected {
		add("connected", "true")
	}
	return strings.Join(parts, ";")
}

// manufacturers writes a{qv}: company and bytes.
func manufacturers(v dbus.Variant) (parts []string) {
	data, _ := v.Value().(map[uint16]dbus.Variant)
	for company, bytes := range data {
		if b, ok := bytes.Value().([]byte); ok {
			parts = append(parts, fmt.Sprintf("manufacturer.%04X=%s", company, hexed(b)))
		}
	}
	slices.Sort(parts)
	return parts
}

// serviceData writes a{sv}: UUID and bytes.
func serviceData(v dbus.Variant) (parts []string) {
	data, _ := v.Value().(map[string]dbus.Variant)
	for uuid, bytes := range data {
		if b, ok := bytes.Value().([]byte); ok {
			parts = append(parts, "serviceData."+shortUUID(uuid)+"="+hexed(b))
		}
	}
	slices.Sort(parts)
	return parts
}

func hexed(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }

// plain takes the characters out of a text that divide keys and values.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ';' || r == '=' || r == ',' {
			return '_'
		}
		return r
	}, s)
}

// shortUUID returns the short form of a UUID that has one, in upper case.
func shortUUID(uuid string) string {
	const base = "-0000-1000-8000-00805f9b34fb"
	lower := strings.ToLower(uuid)
	if head, ok := strings.CutSuffix(lower, base); ok && len(head) == 8 {
		return strings.ToUpper(strings.TrimPrefix(head, "0000"))
	}
	return plain(lower)
}
