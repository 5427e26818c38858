package devflow

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/testkit/bluezbus"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// startServe starts the daemon, which shows itself. Nothing is on its bus.
func startServe(t *testing.T, opts device.Options) *agent {
	t.Helper()
	a := newAgent(t)
	if len(opts.Env) == 0 {
		opts.Env = []string{"DBUS_SYSTEM_BUS_ADDRESS=unix:path=" + t.TempDir() + "/none"}
	}
	a.Device = device.Start(t, opts)
	return a
}

// each runs a test in both compatibility modes, asked for by each request.
func each(t *testing.T, test func(t *testing.T, compat string)) {
	t.Helper()
	for _, compat := range []string{"none", "mirror"} {
		t.Run(compat, func(t *testing.T) { test(t, compat) })
	}
}

// as is the agent seen by another test.
func (a *agent) as(t *testing.T) *agent {
	return &agent{Device: a.Device, t: t, client: a.client, mirror: a.mirror}
}

// TestServeSensors: section 4.2 and 5.6 with the sensors of the device.
func TestServeSensors(t *testing.T) {
	t.Parallel()
	server := startServe(t, device.Options{Args: []string{"--simulate", "imu"}})
	each(t, func(t *testing.T, compat string) {
		a := server.as(t)
		var available []string
		for _, s := range a.array("/api/v1/device/sensors?compat=" + compat) {
			if s["available"] == true {
				available = append(available, s.text("name"))
			}
		}
		if !strings.Contains(strings.Join(available, " "), "accelerometer") || !strings.Contains(strings.Join(available, " "), "gyroscope") {
			t.Fatalf("available are %v", available)
		}
		for _, name := range available {
			s, d := a.openSensor("compat=" + compat + "&sensor=" + strings.ToUpper(name) + "&speed=game&throttleMs=0")
			if d.text("sensor") != name || d.text("speed") != "Game" {
				t.Errorf("subscribed %v", d)
			}
			first, second := s.reading(name), s.reading(name)
			checkTimestamp(t, first.text("timestamp"))
			if second.text("timestamp") <= first.text("timestamp") {
				t.Errorf("%s follows %s", second.text("timestamp"), first.text("timestamp"))
			}
			checkValues(t, name, first.object("values"))
			s.Send(`{"type":"unsubscribe","data":{"sensor":"` + name + `"}}`)
			s.answer("stopped")
			s.Drop()
		}
		absent := a.open("/ws/v1/sensors?sensor=barometer&compat=" + compat)
		if d := absent.next("error").data(); d.text("sensor") != "barometer" {
			t.Errorf("error %v", d)
		}
		absent.wantClosed(1008)
	})
}

// checkValues compares values with the units of section 3.5.
func checkValues(t *testing.T, sensor string, values object) {
	t.Helper()
	names := map[string]string{"accelerometer": "x y z", "gyroscope": "x y z", "magnetometer": "x y z", "orientation": "w x y z", "compass": "heading", "barometer": "pressure"}[sensor]
	sum := 0.0
	for name := range strings.FieldsSeq(names) {
		v, ok := values[name].(float64)
		if !ok {
			t.Errorf("%s: %v has no %s", sensor, values, name)
		}
		sum += v * v
	}
	length := math.Sqrt(sum)
	switch {
	case sensor == "accelerometer" && (length < 0.3 || length > 3): // in g, and not in m/s²
		t.Errorf("the acceleration is %v", length)
	case sensor == "orientation" && math.Abs(length-1) > 0.01:
		t.Errorf("the quaternion has the length %v", length)
	}
}

// TestServeBluetooth: section 4.1 and 5.7 with a BlueZ: scans are counted, stopped for
// all, and end with their connections; the loss of the adapter is told.
func TestServeBluetooth(t *testing.T) {
	t.Parallel()
	bus := bluezbus.Start(t)
	adapter := bus.AddAdapter("hci0")
	server := startServe(t, device.Options{Env: []string{"DBUS_SYSTEM_BUS_ADDRESS=" + bus.Address}})
	device.Poll(t, "the adapter to be found", func() bool { return server.object(server.Get("/api/v1/device/ble"))["supportsScanning"] == true })
	scanning := func(want bool) {
		t.Helper()
		device.Poll(t, fmt.Sprint("scanning to be ", want), func() bool {
			return bus.Get(adapter, "org.bluez.Adapter1", "Discovering") == want && server.object(server.Get("/api/v1/device/ble"))["scanning"] == want
		})
	}
	each(t, func(t *testing.T, compat string) {
		a := server.as(t)
		features := a.object(a.Get("/api/v1/agent/capabilities")).object("capabilities").object("device.ble")["features"]
		if got := fmt.Sprint(features); got != "[status events stream scan]" {
			t.Errorf("features %v", got)
		}
		a.done(a.Ask("DELETE", "/api/v1/device/ble/events", ""))
		scanning(false)
		one := a.openBLE("?scan=true&replay=0&type=scan_result&compat=" + compat)
		two := a.openBLE("?scan=1&replay=0&type=scan_result&compat=" + compat)
		scanning(true)
		address := map[string]string{"none": "11:22:33:44:55:66", "mirror": "11:22:33:44:55:77"}[compat]
		bus.AddDevice("hci0", address, "HRM-7")
		for _, s := range []*socket{one, two} {
			d := s.next("ble_event").data()
			for d.text("deviceId") != address {
				d = s.next("ble_event").data() // one of before
			}
			if d.text("type") != "scan_result" || d.text("deviceName") != "HRM-7" || d.number("rssi") != -79 {
				t.Errorf("event %v", d)
			}
		}
		one.Drop()
		a.subscribers(1)
		scanning(true) // as long as the second wants it
		for range 2 {
			a.done(a.Post("/api/v1/device/ble/scan/start", ""))
		}
		two.Drop()
		a.subscribers(0)
		scanning(true) // by request
		three := a.openBLE("?scan=true&replay=0&type=x&compat=" + compat)
		for range 2 {
			a.done(a.Post("/api/v1/device/ble/scan/stop", "")) // for all
		}
		scanning(false)
		three.nothing() // the connection stays open
		three.Drop()
		a.subscribers(0)
		for range 2 {
			a.done(a.Post("/api/v1/device/ble/enable", ""))
		}
		if s := a.object(a.Get("/api/v1/device/ble")); s["enabled"] != true {
			t.Errorf("status %v", s)
		}
		a.done(a.Post("/api/v1/device/ble/disable", ""))
		if s := a.object(a.Get("/api/v1/device/ble")); s["enabled"] != false {
			t.Errorf("status %v", s)
		}
	})
	// The loss of what scans is told, and closes nothing.
	s := server.openBLE("?replay=0&scan=true&type=adapter_state_changed")
	scanning(true)
	bus.RemoveAdapter("hci0")
	if d := s.next("ble_event").data(); d.text("data") == "" || d.text("deviceId") != "" {
		t.Errorf("event %v", d)
	}
	device.Poll(t, "the adapter to be gone", func() bool { return server.object(server.Get("/api/v1/device/ble"))["supportsScanning"] == false })
	refused := server.openBLE("?scan=true")
	if got := refused.next("error").data().text("message"); got != "BLE scanning not supported on this platform" {
		t.Errorf("error %q", got)
	}
	refused.wantClosed(1008)
}

// subscribers waits until so many clients of Bluetooth are there.
func (a *agent) subscribers(n int) {
	a.t.Helper()
	device.Poll(a.t, fmt.Sprint(n, " subscribers"), func() bool { return a.object(a.Get("/api/v1/device/ble")).number("subscribers") == n })
}

// TestServeLogs: section 4.3: the daemon's log, in which requests to the agent and the
// streams themselves do not show.
func TestServeLogs(t *testing.T) {
	t.Parallel()
	server := startServe(t, device.Options{})
	each(t, func(t *testing.T, compat string) {
		a := server.as(t)
		s := a.open("/ws/v1/logs?level=trace&replay=0&compat=" + compat)
		for range 5 {
			a.Get("/api/v1/logs")
			a.Get("/api/v1/nothing")
		}
		a.open("/ws/v1/logs?replay=1000&level=trace&compat=" + compat).next("replay")
		s.nothing()
		a.Get("/v1/nothing/" + compat)
		if e := s.next("log").data().object("entry"); e.text("source") != "framework" || !strings.Contains(e.text("message"), "/v1/nothing/"+compat) {
			t.Errorf("entry %v", e)
		}
	})
}

// TestServeScopes: docs/protocols.md: reading needs the scope view, every change
// control; refusals have the form of section 2.3, also those of who guards the server.
func TestServeScopes(t *testing.T) {
	t.Parallel()
	a := startServe(t, device.Options{})
	stranger := []string{"X-Forwarded-For", "192.0.2.7"}
	for _, path := range []string{"/api/v1/agent/status", "/api/v1/nothing", "/ws/v1/logs"} {
		a.wantError(a.Get(path, stranger...), http.StatusUnauthorized, "unauthorized")
		a.wantError(a.Get(path, "Host", "evil.test"), http.StatusForbidden, "host_not_allowed")
		a.wantError(a.Get(path, "Origin", "http://evil.test"), http.StatusForbidden, "origin_not_allowed")
	}
	if r := a.Get("/api/v1/agent/status", append(stranger, "Authorization", "Bearer "+a.Token())...); r.Status != 200 {
		t.Errorf("with a token: %d %s", r.Status, r.Body)
	}
	for range 30 { // wrong tokens, until it is enough
		if r := a.Get("/api/v1/agent/status", "Authorization", "Bearer wrong"); r.Status != http.StatusUnauthorized {
			a.wantError(r, http.StatusTooManyRequests, "too_many_requests")
			break
		}
	}
	// The other protocol keeps its form.
	if o := a.body(a.Get("/v1/nothing", "Origin", "http://evil.test")); o.text("code") != "origin_not_allowed" {
		t.Errorf("error body %v", o)
	}
}

func (a *agent) body(r device.Response) object {
	a.t.Helper()
	var o object
	a.JSON(r, &o)
	return o
}

// TestServeAgent: what the daemon says of itself, in both modes.
func TestServeAgent(t *testing.T) {
	t.Parallel()
	server := startServe(t, device.Options{})
	each(t, func(t *testing.T, compat string) {
		a := server.as(t)
		o := a.object(a.Get("/api/v1/agent/status?compat=" + compat))
		if o.object("app").text("name") != "heliograph" || o.object("app").number("processId") != a.Pid() || o["running"] != true {
			t.Errorf("status %v", o)
		}
		if _, has := o["timestamp"]; has != (compat == "mirror") {
			t.Errorf("mirror %v", o)
		}
		info := a.object(a.Get("/api/v1/device/info"))
		if info.text("osVersion") == "" || info.text("osVersion") == "unknown" {
			t.Errorf("device %v", info)
		}
		ui := a.open("/ws/v1/ui/events?compat=" + compat)
		ui.next("lifecycle")
		id := a.session(`{"sampleIntervalMs":50}`).text("sessionId")
		s := a.open("/ws/v1/profiler?sessionId=" + id)
		for {
			if samples := s.next("batch").data().list("samples"); len(samples) > 0 {
				if samples[0].number("managedBytes") == 0 || samples[0].text("nativeMemoryKind") == "" {
					t.Errorf("sample %v", samples[0])
				}
				break
			}
		}
		a.stopSession(id)
		network := a.open("/ws/v1/network?compat=" + compat)
		network.next("replay")
	})
}
