//go:build vm

package guest

import (
	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

const (
	adPath    = dbus.ObjectPath("/ad")
	heartRate = "0000180d-0000-1000-8000-00805f9b34fb"
)

// advertise makes the other adapter a heart rate sensor of that name, which can be
// found until bluetoothd ends.
func (b *bluez) advertise(name string) {
	b.t.Helper()
	values := map[string]any{
		"Type": "peripheral", "LocalName": name, "Discoverable": true, "ServiceUUIDs": []string{heartRate},
		"ManufacturerData": map[uint16]dbus.Variant{0xffff: dbus.MakeVariant([]byte{0xca, 0xfe})},
	}
	props := prop.Map{"org.bluez.LEAdvertisement1": {}}
	for key, v := range values {
		props["org.bluez.LEAdvertisement1"][key] = &prop.Prop{Value: v}
	}
	if _, err := prop.Export(b.conn, adPath, props); err != nil {
		b.t.Fatal(err)
	}
	b.export(released{}, adPath, "org.bluez.LEAdvertisement1")
	b.set(other, adapter1, "Discoverable", true)
	b.call(other, "org.bluez.LEAdvertisingManager1.RegisterAdvertisement", adPath, map[string]dbus.Variant{})
}

func (b *bluez) export(v any, path dbus.ObjectPath, iface string) {
	b.t.Helper()
	if err := b.conn.Export(v, path, iface); err != nil {
		b.t.Fatal(err)
	}
}

// released is told when bluetoothd does not need an advertisement any more.
type released struct{}

func (released) Release() *dbus.Error { return nil }
