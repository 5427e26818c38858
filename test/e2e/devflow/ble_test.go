package devflow

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// ble makes the application record an event.
func (a *agent) ble(kind string, more ...string) {
	a.t.Helper()
	a.tell("/ble", append([]string{"kind", kind}, more...)...)
}

// openBLE opens the channel and takes the message that comes first in the mirror.
func (a *agent) openBLE(query string) *socket {
	a.t.Helper()
	s := a.open("/ws/v1/ble" + query)
	if s.mirror {
		s.next("subscribed")
	}
	return s
}

// TestBleEvents: section 3.6 and 4.1: every kind and every member, live, replayed and
// over HTTP.
func TestBleEvents(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		s := a.openBLE("?replay=0")
		kinds := []string{
			"scan_result", "connected", "disconnected", "connection_state_changed", "connection_failed", "connection_event",
			"service_discovered", "characteristic_discovered", "characteristic_read", "characteristic_write", "characteristic_write_no_response",
			"notification", "notification_state_changed", "descriptor_read", "descriptor_write", "mtu_changed", "rssi_read",
			"bond_state_changed", "adapter_state_changed", "central_manager_attached", "of_the_application",
		}
		for _, kind := range kinds {
			a.ble(kind, "device", "C4:7C:8D:6A:11:02", "name", "HRM-7", "rssi", "-60", "service", "180D", "char", "2A37", "descriptor", "2902", "data", "064B")
			d := s.next("ble_event").data()
			checkTimestamp(t, d.text("timestamp"))
			delete(d, "timestamp")
			want := fmt.Sprint(map[string]any{
				"type": kind, "deviceId": "C4:7C:8D:6A:11:02", "deviceName": "HRM-7", "rssi": -60.0, "serviceUuid": "180D", "characteristicUuid": "2A37",
				"descriptorUuid": "2902", "data": "064B",
			})
			if got := fmt.Sprint(map[string]any(d)); got != want {
				t.Errorf("event %s, want %s", got, want)
			}
		}
		a.ble("adapter_state_changed")
		if d := s.next("ble_event").data(); len(d) != 2 {
			t.Errorf("members without a value: %v", d)
		}
		a.ble("notification", "data", strings.Repeat("0F", 3000))
		if d := s.next("ble_event").data(); len(d.text("data")) != 4096 {
			t.Errorf("data of %d characters", len(d.text("data")))
		}
		replay := a.openBLE("").next("replay").data()
		body := a.object(a.Get("/api/v1/device/ble/events"))
		if want := strings.Join(kinds, " ") + " adapter_state_changed notification"; replay.texts("events", "type") != want {
			t.Errorf("the replay has %q", replay.texts("events", "type"))
		}
		if fmt.Sprint(body["events"]) != fmt.Sprint(replay["events"]) {
			t.Errorf("over HTTP %v, want %v", body["events"], replay["events"])
		}
	})
}

// TestBleReplay: section 4.1 (replay, type), 2.8 (subscribed), 8.4, 8.5: the newest that
// pass the filter, oldest first.
func TestBleReplay(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		if got := a.openBLE("").next("replay").data()["events"]; fmt.Sprint(got) != "[]" {
			t.Errorf("the replay of an empty buffer is %v", got)
		}
		for i, kind := range []string{"connected", "notification", "connected", "disconnected", "notification"} {
			a.ble(kind, "device", strconv.Itoa(i))
		}
		for query, want := range map[string]string{
			"":                               "0 1 2 3 4",
			"?replay=2":                      "3 4",
			"?replay=99999":                  "0 1 2 3 4",
			"?replay=":                       "0 1 2 3 4",
			"?type=connected":                "0 2",
			"?type=CONNECTED&replay=1":       "2",
			"?type=notification":             "1 4",
			"?type=mystery":                  "",
			"?scan=false":                    "0 1 2 3 4",
			"?scan=yes":                      "0 1 2 3 4", // anything but true
			"?type=connected&type=mystery":   "",
			"?replay=1&replay=2&scan=":       "3 4",
			"?replay=9999999999999999999999": "0 1 2 3 4",
		} {
			s := a.openBLE(query)
			if got := s.next("replay").data().texts("events", "deviceId"); got != want {
				t.Errorf("%s: the replay is %q, want %q", query, got, want)
			}
			s.Drop()
		}
		live, filtered := a.openBLE("?replay=0"), a.openBLE("?replay=0&type=Connected")
		a.ble("notification", "device", "5")
		a.ble("connected", "device", "6")
		for _, want := range []string{"5", "6"} {
			if got := live.next("ble_event").data().text("deviceId"); got != want {
				t.Errorf("event %q, want %q", got, want)
			}
		}
		if got := filtered.next("ble_event").data().text("deviceId"); got != "6" {
			t.Errorf("event %q passes the filter", got)
		}
		filtered.nothing()
		if compat != "mirror" {
			return
		}
		for query, want := range map[string]string{
			"?replay=3&type=connected": "false 3 connected", "": "false 100 <nil>", "?replay=0": "false 0 <nil>",
		} {
			s := a.open("/ws/v1/ble" + query)
			if o := s.next("subscribed"); fmt.Sprint(o["scanning"], " ", o["replay"], " ", o["eventType"]) != want {
				t.Errorf("%s: subscribed is %v", query, o)
			}
		}
	})
}

// TestBleRefusals: section 4.1: bad parameters, and a scan without an adapter, give an
// error and the close code 1008.
func TestBleRefusals(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		for _, a := range []*agent{startProgram(t, compat), startMode(t, compat)} {
			for query, want := range map[string]string{
				"?replay=-1":         "replay must be a non-negative integer",
				"?replay=abc":        "replay must be a non-negative integer",
				"?replay=1.5":        "replay must be a non-negative integer",
				"?replay=3&replay=x": "replay must be a non-negative integer",
				"?scan=true":         "BLE scanning not supported on this platform",
				"?scan=TRUE":         "BLE scanning not supported on this platform",
				"?scan=1":            "BLE scanning not supported on this platform",
			} {
				s := a.open("/ws/v1/ble" + query)
				if got := s.next("error").data().text("message"); got != want {
					t.Errorf("%s: the error is %q, want %q", query, got, want)
				}
				s.wantClosed(1008)
			}
		}
	})
}

// TestBleHTTP: section 5.7, on a machine without an adapter.
func TestBleHTTP(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		for i, kind := range []string{"connected", "notification", "connected"} {
			a.ble(kind, "device", strconv.Itoa(i))
		}
		for query, want := range map[string]string{
			"": "0 1 2", "?limit=2": "1 2", "?limit=0": "", "?limit=99999": "0 1 2", "?type=CONNECTED": "0 2", "?type=connected&limit=1": "2", "?type=x": "",
		} {
			o := a.object(a.Get("/api/v1/device/ble/events" + query))
			if got := o.texts("events", "deviceId"); got != want || o.number("count") != len(o.list("events")) || o["events"] == nil {
				t.Errorf("%s: %v, want %q", query, o, want)
			}
		}
		for _, value := range []string{"-1", "abc", "2.5"} {
			if body := a.wantError(a.Get("/api/v1/device/ble/events?limit="+value), 400, "invalid_limit"); body.object("details").text("limit") != value {
				t.Errorf("error body %v", body)
			}
		}
		s := a.openBLE("?replay=0")
		status := a.object(a.Get("/api/v1/device/ble"))
		if status["enabled"] != false || status["scanning"] != false || status["supportsScanning"] != false || status.number("eventCount") != 3 ||
			status.number("subscribers") != 1 || status.number("maxEvents") != 2000 {
			t.Errorf("status %v", status)
		}
		want := "<nil>"
		if compat == "mirror" {
			want = fmt.Sprint(map[string]any{"scanning": false, "eventCount": 3.0, "subscribers": 1.0, "supportsScanning": false})
		}
		if got := fmt.Sprint(status["status"]); got != want {
			t.Errorf("the mirror of the status is %s, want %s", got, want)
		}
		a.wantError(a.Post("/api/v1/device/ble/enable", ""), 400, "ble_requirements_not_met")
		a.wantError(a.Post("/api/v1/device/ble/scan/start", ""), 501, "not_supported")
		for _, path := range []string{"/api/v1/device/ble/disable", "/api/v1/device/ble/scan/stop"} {
			for range 2 { // idempotent
				a.done(a.Post(path, ""))
			}
		}
		// Clearing sends nothing.
		a.done(a.Ask("DELETE", "/api/v1/device/ble/events", ""))
		s.nothing()
		if o := a.object(a.Get("/api/v1/device/ble/events")); o.number("count") != 0 {
			t.Errorf("events are left: %v", o)
		}
		a.ble("connected")
		s.next("ble_event")
		s.Drop()
		a.subscribers(0)
	})
}

// done wants an action body.
func (a *agent) done(r device.Response) object {
	a.t.Helper()
	o := a.object(r)
	if o["success"] != true || o.text("message") == "" {
		a.t.Errorf("no action body: %s", r.Body)
	}
	return o
}

// TestBleExactlyOnce: sections 2.6 and 8.3, and the capacity of the buffer.
func TestBleExactlyOnce(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		const events = 3000
		a := startProgram(t, compat)
		a.ble("connected", "device", "none")
		var wg sync.WaitGroup
		wg.Go(func() { a.ble("notification", "n", strconv.Itoa(events)) })
		for range 8 {
			s := a.openBLE("?replay=2000&type=notification")
			wg.Go(func() { s.bleSeries(events) })
		}
		wg.Wait()
		if o := a.object(a.Get("/api/v1/device/ble/events?limit=5000")); o.number("count") != 2000 {
			t.Errorf("%d events are held", o.number("count"))
		}
	})
}

// bleSeries reads numbered events from the replay on.
func (s *socket) bleSeries(n int) {
	last := -1
	for last < n-1 {
		m, err := s.TryNext(device.Patience)
		if err != nil {
			s.t.Errorf("after event %d: %v", last, err)
			return
		}
		o := s.check(m)
		events := o.data().list("events")
		if o.typ() == "ble_event" {
			events = []object{o.data()}
		}
		for _, e := range events {
			got, err := strconv.Atoi(e.text("deviceId"))
			if err != nil || last >= 0 && got != last+1 {
				s.t.Errorf("event %v follows %d", e, last)
			}
			last = got
		}
	}
	s.nothing()
}
