package sensors

import (
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 4, 3.3, 3.2: each change of IMU and lights is one event of the journal, after it
// has taken effect, with the kind of the table; and a reason of devices.updates.
// What was refused is none.
func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	d := start(t, all)
	updates := d.Dial("/v1/ws/updates")
	updates.Expect("ready")
	updates.Expect("heartbeat")
	devices := d.Dial("/v1/ws/devices?interval_ms=250")
	devices.Expect("ready")
	for _, c := range []struct {
		method, path, body                string
		kind, operation, entity, resource string
		reason                            string
	}{
		{"PATCH", "/v1/device/imu", `{"reset_pose":true}`, "device.imu", "update", "device_imu", "device.imu", "imu"},
		{"POST", "/v1/device/lighting", `{"brightness":1}`, "device.settings", "create", "device_settings", "device.settings", "device"},
		{"POST", "/v1/device/lighting/config", `{"lighting":{"enabled":true,"color_order":"bgr"}}`, "device.settings", "create", "device_settings", "device.settings", "device"},
		{"POST", "/v1/device/lighting/config/reset", ``, "device.settings", "create", "device_settings", "device.settings", "device"},
		{"POST", "/v1/device/lighting/animations", `{"name":"a","animation":{"kind":"off"}}`, "device.settings", "create", "device_settings", "device.settings", "device"},
		{"DELETE", "/v1/device/lighting/animations/a", ``, "device.settings", "delete", "device_settings", "device.settings", "device"},
		{"POST", "/v1/peripherals/i2c/scan", ``, "device.hardware", "create", "device_hardware", "device.hardware", "device"},
	} {
		for _, refused := range []struct{ method, path, body string }{
			{"PATCH", "/v1/device/imu", `{"range":"90"}`}, {"POST", "/v1/device/lighting", `{}`}, {"DELETE", "/v1/device/lighting/animations/none", ``},
		} {
			if r := d.Ask(refused.method, refused.path, refused.body); r.Status/100 != 4 {
				t.Errorf("%s %s: status %d", refused.method, refused.path, r.Status)
			}
		}
		if r := d.Ask(c.method, c.path, c.body, "X-Request-Id", "r-"+c.kind); r.Status/100 != 2 {
			t.Fatalf("%s %s: status %d: %s", c.method, c.path, r.Status, r.Body)
		}
		e := journal(t, updates)
		if e.Kind != c.kind || e.Operation != c.operation || e.Entity != c.entity || e.ResourceID != c.resource || e.Domain != "device" ||
			e.Path != c.path || e.Origin != "http" || e.RequestID != "r-"+c.kind {
			t.Errorf("%s %s: event %s", c.method, c.path, text(e))
		}
		m := devices.Find("an update", func(m device.Message) bool { return m.Type() == "update" })
		if reasons, _ := m.Map()["reasons"].([]any); len(reasons) != 1 || reasons[0] != c.reason {
			t.Errorf("%s %s: reasons %v, want %s alone", c.method, c.path, reasons, c.reason)
		}
	}
}
