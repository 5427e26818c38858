package agent

import (
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/testkit/bluezbus"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestBluetooth has an adapter that comes, scans, and goes.
func TestBluetooth(t *testing.T) {
	t.Parallel()
	bus := bluezbus.Start(t)
	d := device.Start(t, device.Options{Env: []string{"DBUS_SYSTEM_BUS_ADDRESS=" + bus.Address}})
	if r := d.Post("/api/v1/device/ble/scan/start", ""); r.Status != 501 {
		t.Errorf("without an adapter: %d %s", r.Status, r.Body)
	}
	path := bus.AddAdapter("hci0")
	scans := func() bool {
		return slices.Contains(get[wire.AgentCapabilities](t, d, "/api/v1/agent/capabilities").Capabilities["device.ble"].Features, "scan")
	}
	device.Poll(t, "the adapter", scans)
	s := d.Dial("/ws/v1/ble?scan=true&type=scan_result&replay=0")
	second := d.Dial("/ws/v1/ble?scan=true")
	second.Expect("replay")
	discovering := func() bool { return bus.Get(path, "org.bluez.Adapter1", "Discovering") == true }
	device.Poll(t, "the scan", discovering)
	peer := bus.AddDevice("hci0", "C4:7C:8D:6A:11:02", "HRM-7")
	m := s.Expect("ble_event").Map()["data"].(map[string]any)
	if m["deviceId"] != "C4:7C:8D:6A:11:02" || m["deviceName"] != "HRM-7" || m["rssi"] != -79.0 || !strings.Contains(m["data"].(string), "addressType=public") {
		t.Errorf("%v", m)
	}
	_ = s.Close()
	if !discovering() {
		t.Error("the scan ended although another wants it")
	}
	if r := d.Post("/api/v1/device/ble/enable", ""); r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	bus.Call(peer, "org.bluez.Device1.Connect")
	second.Find("the connection", func(m device.Message) bool { return strings.Contains(string(m.Data), `"type":"connected"`) })

	bus.RemoveAdapter("hci0")
	second.Find("the loss", func(m device.Message) bool {
		return m.Type() == "error" && strings.Contains(string(m.Data), "the Bluetooth adapter was lost")
	})
	device.Poll(t, "no scanner", func() bool { return !scans() })
	if status := get[wire.BleStatus](t, d, "/api/v1/device/ble"); status.Scanning || status.Enabled || status.EventCount < 3 {
		t.Errorf("%+v", status)
	}
	third := bus.AddAdapter("hci1")
	device.Poll(t, "another adapter", scans)
	last := d.Dial("/ws/v1/ble?scan=true")
	device.Poll(t, "a scan", func() bool { return bus.Get(third, "org.bluez.Adapter1", "Discovering") == true })
	_ = last.Close()
	device.Poll(t, "the end of the scan", func() bool { return bus.Get(third, "org.bluez.Adapter1", "Discovering") == false })
}
