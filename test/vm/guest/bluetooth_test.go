//go:build vm

package guest

import (
	"strings"
	"syscall"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// startAgent starts a server on the bus and waits until it has found the adapter.
func startAgent(b *bluez) *device.Device {
	b.t.Helper()
	d := device.Start(b.t, device.Options{Env: []string{"DBUS_SYSTEM_BUS_ADDRESS=" + b.address}})
	awaitScanner(b.t, d)
	return d
}

func ble(t *testing.T, d *device.Device) wire.BleStatus {
	t.Helper()
	return get[wire.BleStatus](t, d, "/api/v1/device/ble")
}

func awaitScanner(t *testing.T, d *device.Device) {
	t.Helper()
	device.Poll(t, "the server to find the adapter", func() bool { return ble(t, d).SupportsScanning })
}

// event returns what a message says, nil if it is no event of the kind.
func event(m device.Message, kind string) map[string]any {
	data, _ := m.Map()["data"].(map[string]any)
	if m.Type() != "ble_event" || data["type"] != kind {
		return nil
	}
	return data
}

// hear scans, and returns the scan_result of the other adapter, which begins to
// advertise when the scan has begun: the controllers of btvirt tell a change of either
// once, and not at intervals.
func hear(b *bluez, d *device.Device, name string) (s *device.Socket, found map[string]any) {
	b.t.Helper()
	s = d.Dial("/ws/v1/ble?scan=true&replay=0")
	device.Poll(b.t, "the scan", func() bool { return b.get(near, adapter1, "Discovering") == true })
	b.advertise(name)
	address := b.peer()
	s.Find("a scan_result of "+address, func(m device.Message) bool {
		e := event(m, "scan_result")
		if e["deviceId"] != address || e["deviceName"] != name {
			return false
		}
		found = e
		return true
	})
	return s, found
}

// A scan hears what the other adapter says, and ends with the last who wants it.
func TestBluetoothScan(t *testing.T) {
	b := startBlueZ(t)
	d := startAgent(b)
	if s := ble(t, d); s.Scanning || s.EventCount == 0 {
		t.Errorf("before: %+v", s)
	}
	s, found := hear(b, d, "HRM-7")
	t.Log(found)
	// The controller of btvirt says 127, which means that it cannot tell.
	if v, ok := found["rssi"]; ok {
		t.Errorf("rssi %v", v)
	}
	data, _ := found["data"].(string)
	for _, want := range []string{"addressType=public", "serviceUuids=", "180D", "manufacturer.FFFF=CAFE"} {
		if !strings.Contains(data, want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
	if s := ble(t, d); !s.Scanning || !s.SupportsScanning || s.EventCount < 2 || s.Subscribers != 1 {
		t.Errorf("while it scans: %+v", s)
	}
	_ = s.Close()
	device.Poll(t, "the end of the scan", func() bool { return !ble(t, d).Scanning && b.get(near, adapter1, "Discovering") == false })

	b.set(near, adapter1, "Powered", false)
	if r := d.Post("/api/v1/device/ble/scan/start", ""); r.Status < 400 {
		t.Errorf("a scan without power: %d %s", r.Status, r.Body)
	}
}

// bluetoothd that ends, however it does, is told, and it may come again.
func TestBluetoothDaemonLost(t *testing.T) {
	b := startBlueZ(t)
	d := startAgent(b)
	for _, how := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL} {
		s, _ := hear(b, d, "HRM-7")
		b.stopDaemon(how)
		// One that may take its time switches the adapters off first, which is told too.
		s.Find("the loss", func(m device.Message) bool {
			return m.Type() == "error" && strings.Contains(string(m.Data), "the Bluetooth adapter was lost")
		})
		device.Poll(t, "no scanner", func() bool { s := ble(t, d); return !s.Scanning && !s.SupportsScanning })
		if r := d.Post("/api/v1/device/ble/scan/start", ""); r.Status != 501 {
			t.Errorf("without bluetoothd: %d %s", r.Status, r.Body)
		}
		b.startDaemon()
		awaitScanner(t, d)
		// The socket has outlived it and tells that the adapter is there again.
		s.Find("the adapter", func(m device.Message) bool { return event(m, "adapter_state_changed")["data"] == "on" })
		_ = s.Close()
	}
	hear(b, d, "HRM-8")
}
