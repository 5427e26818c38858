package http

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 7.8: GET /device/metrics, with nobody else watching and with a viewer.
func TestDeviceMetrics(t *testing.T) {
	d := start(t)
	for _, watch := range []bool{false, true} {
		if watch {
			d.Dial("/v1/ws/telemetry?interval_ms=250").Next()
		}
		m := read[struct{ Freshness, Metrics map[string]any }](t, d.Get("/v1/device/metrics"))
		keys(t, "freshness", m.Freshness, "state", "reason", "observed_at_ms", "last_success_at_ms?")
		if m.Freshness["state"] != "live" || m.Freshness["reason"] != "live" {
			t.Errorf("%v", m.Freshness)
		}
		keys(t, "metrics", m.Metrics, "status", "cpu_avg_pct", "cpu_freq_mhz", "cpus", "mem_total_bytes", "mem_used_bytes",
			"swap_total_bytes", "swap_used_bytes", "disks", "temps", "issues", "processes", "api?")
		total, used := m.Metrics["mem_total_bytes"].(float64), m.Metrics["mem_used_bytes"].(float64)
		if total <= 0 || used <= 0 || used > total {
			t.Errorf("memory %v of %v", used, total)
		}
		for _, list := range []struct {
			name    string
			members []string
		}{
			{"cpus", []string{"id", "name", "pct", "freq_mhz"}},
			{"disks", []string{"mount", "total_bytes", "available_bytes"}},
			{"temps", []string{"label", "temperature_c"}},
			{"issues", []string{"code", "description"}},
		} {
			items, _ := m.Metrics[list.name].([]any)
			if items == nil || len(items) == 0 && list.name == "cpus" {
				t.Errorf("%s: %v", list.name, m.Metrics[list.name])
			}
			for _, item := range items {
				keys(t, list.name, item.(map[string]any), list.members...)
			}
		}
	}
}

// 7.8: GET /device/os tells what the machine's os-release says.
func TestDeviceOS(t *testing.T) {
	d := start(t)
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		t.Skip("this machine has no os-release")
	}
	got := read[map[string]string](t, d.Get("/v1/device/os"))
	keys := map[string]string{"PRETTY_NAME": "pretty_name", "VERSION_ID": "version_id", "BUILD_ID": "build_id"}
	for line := range strings.Lines(string(release)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if key, known := keys[name]; known && got[key] != strings.Trim(value, `"'`) {
			t.Errorf("%s is %q, want %s", key, got[key], value)
		}
	}
}

type hostname struct {
	Hostname string `json:"hostname"`
}

// 7.8: names that are none are refused, and nothing is changed.
func TestInvalidHostnames(t *testing.T) {
	d := start(t)
	before, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", "-", "-a", "a-", "a..b", ".a", "a b", "a_b", "ü", "a/b", "../x", "a\n", "a\x00b", "127.0.0.1", "::1",
		strings.Repeat("a", 64), strings.Repeat("a", 300),
	} {
		request, err := json.Marshal(hostname{name})
		if err != nil {
			t.Fatal(err)
		}
		body := wantError(t, string(request), d.Post("/v1/device/hostname", string(request)), 400, "bad_request")
		if !strings.Contains(body.Error, "hostname") {
			t.Errorf("%q: the error does not name the field: %s", name, body.Error)
		}
	}
	if got := read[hostname](t, d.Get("/v1/device/hostname")); got.Hostname != before {
		t.Errorf("renamed to %q", got.Hostname)
	}
	if after, _ := os.Hostname(); after != before {
		t.Fatalf("THE MACHINE WAS RENAMED from %q to %q", before, after)
	}
}

// 7.8: the machine is renamed: one with a name of its own, and an /etc/hostname
// of its own, so that this one keeps both.
func TestRename(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root for namespaces")
	}
	before, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	stored, _ := os.ReadFile("/etc/hostname")
	own := filepath.Join(t.TempDir(), "hostname")
	write(t, own, "before\n")
	d := device.Start(t, device.Options{Wrap: []string{
		"unshare", "--uts", "--mount", "--propagation", "private", "--",
		"sh", "-c", "mount --bind " + own + ` /etc/hostname && hostname before && exec "$@"`, "sh",
	}})
	if got := read[hostname](t, d.Get("/v1/device/hostname")); got.Hostname != "before" {
		t.Fatalf("it runs as %q, not in names of its own", got.Hostname)
	}
	updates := d.Dial("/v1/ws/updates")
	updates.Expect("ready")
	if r := d.Post("/v1/device/hostname", `{"hostname":"after-7"}`); r.Status != 204 || len(r.Body) != 0 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	if got := read[hostname](t, d.Get("/v1/device/hostname")); got.Hostname != "after-7" {
		t.Errorf("it is called %q", got.Hostname)
	}
	if text, _ := os.ReadFile(own); string(text) != "after-7\n" {
		t.Errorf("stored is %q", text)
	}
	event, _ := updates.Find("the change", func(m device.Message) bool { return m.Type() == "change" }).Map()["event"].(map[string]any)
	if event["kind"] != "device.settings" || event["operation"] != "create" || event["path"] != "/v1/device/hostname" {
		t.Errorf("the journal has %v", event)
	}
	// It answers to its new name from now on, and to the old one no more.
	if r := d.Get("/v1/health", "Host", "after-7"); r.Status != 200 {
		t.Errorf("under its name: %d %s", r.Status, r.Body)
	}
	d.Stop()
	if after, _ := os.Hostname(); after != before {
		t.Fatalf("THE MACHINE WAS RENAMED from %q to %q", before, after)
	}
	if text, _ := os.ReadFile("/etc/hostname"); string(text) != string(stored) {
		t.Fatalf("/etc/hostname OF THE MACHINE is now %q", text)
	}
}

// 7.6: a board without an IMU is no error.
func TestDeviceIMU(t *testing.T) {
	d := start(t)
	var status map[string]any
	d.JSON(d.Get("/v1/device/imu"), &status)
	if status["has_sample"] != false || status["last_error"] == "" || status["options"] == nil {
		t.Errorf("%v", status)
	}
}

// 7.9: the inventories.
func TestPeripherals(t *testing.T) {
	d := start(t)
	all := read[map[string]any](t, d.Get("/v1/peripherals"))
	keys(t, "peripherals", all, "cameras", "errors", "fan?", "i2c?", "lighting?", "sensors", "usb")
	problems, _ := all["errors"].(map[string]any)
	keys(t, "errors", problems, "cameras", "fan", "i2c", "lighting", "usb")
	for name, list := range problems {
		if _, isList := list.([]any); !isList {
			t.Errorf("errors.%s is %v", name, list)
		}
	}
	for _, name := range []string{"cameras", "sensors", "usb"} {
		if _, isList := all[name].([]any); !isList {
			t.Errorf("%s is %v", name, all[name])
		}
	}
	for _, device := range read[[]map[string]any](t, d.Get("/v1/peripherals/usb")) {
		keys(t, "usb", device, "id", "kind", "description?", "present", "warnings")
	}
	keys(t, "cameras", read[map[string]any](t, d.Get("/v1/peripherals/cameras")), "cameras", "errors")
	fans := read[map[string]any](t, d.Get("/v1/peripherals/fan"))
	keys(t, "fan", fans, "present", "fans", "last_error?")
	if list, ok := fans["fans"].([]any); !ok || fans["present"] != (len(list) > 0) {
		t.Errorf("fans: %v", fans)
	}
	keys(t, "leds", read[map[string]any](t, d.Get("/v1/peripherals/leds")), "present", "last_error?")
	plain := d.Get("/v1/peripherals/i2c")
	keys(t, "i2c", read[map[string]any](t, plain), "buses", "devices")
	if scanned, other := d.Post("/v1/peripherals/i2c/scan", ""), d.Get("/v1/device/i2c"); string(scanned.Body) != string(plain.Body) || string(other.Body) != string(plain.Body) {
		t.Errorf("%s, %s and %s differ", plain.Body, scanned.Body, other.Body)
	}
}
