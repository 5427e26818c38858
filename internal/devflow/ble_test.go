package devflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/internal/recorder"
)

// adapter is a Bluetooth adapter that does nothing but count.
type adapter struct {
	mu       sync.Mutex
	scans    int
	starts   int
	monitors int
	lost     func(error)
	refuse   error
}

func (a *adapter) Scan(_ context.Context, lost func(error)) (func(), error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuse != nil {
		return nil, a.refuse
	}
	a.scans++
	a.starts++
	a.lost = lost
	return func() { a.mu.Lock(); a.scans--; a.mu.Unlock() }, nil
}

func (a *adapter) Monitor(context.Context, func(error)) (func(), error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refuse != nil {
		return nil, a.refuse
	}
	a.monitors++
	return func() { a.mu.Lock(); a.monitors--; a.mu.Unlock() }, nil
}

func (a *adapter) scanning() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.scans
}

func TestBLEReplayThenLive(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		rssi := -60
		a.rec.BLE.Record(recorder.BLEEvent{Kind: "scan_result", DeviceID: "AA", DeviceName: "HRM", RSSI: &rssi})
		a.rec.BLE.Record(recorder.BLEEvent{Kind: "connected", DeviceID: "AA"})
		a.rec.BLE.Record(recorder.BLEEvent{Kind: "scan_result", DeviceID: "BB"})
		s := a.dial("/ws/v1/ble?type=SCAN_result&compat=" + compat)
		if compat == "mirror" {
			m := s.next("subscribed")
			if m["scanning"] != false || m.number("replay") != 100 || m.text("eventType") != "SCAN_result" {
				t.Errorf("subscribed %v", m)
			}
		}
		m := s.next("replay")
		if got := m.data().texts("events", "deviceId"); got != "AA BB" {
			t.Errorf("replay %q", got)
		}
		if first := m.data().list("events")[0]; first.number("rssi") != -60 || first.text("deviceName") != "HRM" || first.text("timestamp") == "" {
			t.Errorf("event %v", first)
		}
		if compat == "mirror" && (m.number("count") != 2 || len(m.list("events")) != 2) {
			t.Errorf("mirror of %v", m)
		}
		a.rec.BLE.Record(recorder.BLEEvent{Kind: "connected", DeviceID: "CC"})
		a.rec.BLE.Record(recorder.BLEEvent{
			Kind: "scan_result", DeviceID: "DD", Service: "180D", Char: "2A37", Descriptor: "2902", Data: strings.Repeat("ä", 5000),
		})
		m = s.next("ble_event")
		if m.data().text("deviceId") != "DD" || m.data().text("serviceUuid") != "180D" || m.data().text("characteristicUuid") != "2A37" ||
			m.data().text("descriptorUuid") != "2902" || len([]rune(m.data().text("data"))) != 4096 {
			t.Errorf("live %v", m)
		}
		if compat == "mirror" && fmt.Sprint(m["event"]) != fmt.Sprint(m["data"]) {
			t.Errorf("mirror of %v", m)
		}
		a.rec.BLE.Fail(errors.New("adapter lost"))
		m = s.next("error")
		if m.data().text("message") != "adapter lost" || compat == "mirror" && m.text("error") != "adapter lost" {
			t.Errorf("failure %v", m)
		}
		a.do("DELETE", "/api/v1/device/ble/events", "").done()
		s.write(`{"type":"anything"}`)
		a.rec.BLE.Record(recorder.BLEEvent{Kind: "scan_result", DeviceID: "EE"})
		if got := s.next("ble_event").data().text("deviceId"); got != "EE" {
			t.Errorf("after the clear: %s", got)
		}
	})
}

func TestBLERefusals(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		for query, want := range map[string]string{
			"replay=-1": "replay must be a non-negative integer", "replay=abc": "replay must be a non-negative integer",
			"replay=1.5": "replay must be a non-negative integer", "scan=true": "BLE scanning not supported on this platform",
			"scan=1": "BLE scanning not supported on this platform",
		} {
			s := a.dial("/ws/v1/ble?" + query + "&compat=" + compat)
			m := s.next("error")
			if m.data().text("message") != want || compat == "mirror" && m.text("error") != want {
				t.Errorf("%s: %v", query, m)
			}
			if code := s.closed(); code != websocket.StatusPolicyViolation {
				t.Errorf("%s: close code %d", query, code)
			}
		}
		for _, query := range []string{"scan=yes", "scan=TRUE&scan=no", "replay=&type=unheard-of"} {
			s := a.dial("/ws/v1/ble?" + query + "&compat=" + compat)
			if compat == "mirror" {
				s.next("subscribed")
			}
			s.next("replay")
		}
	})
}

func TestBLEReplayZero(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	a.rec.BLE.Record(recorder.BLEEvent{Kind: "connected", DeviceID: "old"})
	s := a.dial("/ws/v1/ble?replay=0")
	waitReaders(t, a, 1)
	a.rec.BLE.Record(recorder.BLEEvent{Kind: "connected", DeviceID: "new"})
	if got := s.next("ble_event").data().text("deviceId"); got != "new" {
		t.Errorf("first event %s", got)
	}
}

func TestScansAreCounted(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	real := &adapter{}
	a.rec.BLE.SetAdapter(real)
	scanning := func() bool { return a.do("GET", "/api/v1/device/ble", "").object()["scanning"] == true }
	one, two := a.dial("/ws/v1/ble?scan=true"), a.dial("/ws/v1/ble?scan=TRUE&compat=mirror")
	one.next("replay")
	if m := two.next("subscribed"); m["scanning"] != true {
		t.Errorf("subscribed %v", m)
	}
	two.next("replay")
	if !scanning() || real.scanning() != 1 || real.starts != 1 {
		t.Errorf("two streams: %d scans of %d", real.scans, real.starts)
	}
	_ = one.ws.Close(websocket.StatusNormalClosure, "")
	eventually(t, "one stream leaves", func() bool { return a.rec.BLE.Status().ScansWanted == 1 })
	if !scanning() {
		t.Error("the scan ended with one of two streams")
	}
	a.do("POST", "/api/v1/device/ble/scan/start", "").done()
	a.do("POST", "/api/v1/device/ble/scan/start", "").done()
	_ = two.ws.Close(websocket.StatusNormalClosure, "")
	eventually(t, "the other leaves", func() bool { return a.rec.BLE.Status().ScansWanted == 0 })
	if !scanning() {
		t.Error("the scan of HTTP ended with the last stream")
	}
	three := a.dial("/ws/v1/ble?scan=true&replay=1")
	three.next("replay")
	a.do("POST", "/api/v1/device/ble/scan/stop", "").done()
	a.do("POST", "/api/v1/device/ble/scan/stop", "").done()
	if scanning() || real.scanning() != 0 {
		t.Error("stop did not end it for all")
	}
	four := a.dial("/ws/v1/ble?scan=true")
	four.next("replay")
	_ = three.ws.Close(websocket.StatusNormalClosure, "")
	eventually(t, "the stale stream is gone", func() bool { return a.rec.BLE.Status().Readers == 1 })
	if !scanning() {
		t.Error("a stream whose scan was stopped ended the scan of another")
	}
	real.lost(errors.New("bluetoothd has gone"))
	if got := four.next("error").data().text("message"); got != "bluetoothd has gone" || scanning() {
		t.Errorf("after the loss: %q, scanning %v", got, scanning())
	}
	_ = four.ws.CloseNow()
	eventually(t, "the adapter is let go", func() bool { return real.scanning() == 0 })
	real.refuse = errors.New("not powered")
	five := a.dial("/ws/v1/ble?scan=true")
	if got := five.next("error").data().text("message"); got != "not powered" {
		t.Errorf("refused with %q", got)
	}
	five.closed()
}

func TestHTTPBLE(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{Capacity: &recorder.Capacity{BLE: 150}}, Deps{Mirror: compat == "mirror"})
		for i := range 200 {
			a.rec.BLE.Record(recorder.BLEEvent{Kind: []string{"notification", "connected"}[i%2], DeviceID: fmt.Sprint(i)})
		}
		status := a.do("GET", "/api/v1/device/ble", "").ok().object()
		if status["enabled"] != false || status["supportsScanning"] != false || status.number("eventCount") != 150 || status.number("maxEvents") != 150 ||
			status.number("subscribers") != 0 || (status["status"] != nil) != (compat == "mirror") {
			t.Errorf("status %v", status)
		}
		for _, test := range []struct {
			query       string
			n           int
			first, last string
		}{
			{"", 100, "100", "199"}, {"?limit=2", 2, "198", "199"}, {"?limit=0", 0, "", ""}, {"?limit=999", 150, "50", "199"},
			{"?type=CONNECTED&limit=2", 2, "197", "199"}, {"?type=nothing", 0, "", ""},
		} {
			m := a.do("GET", "/api/v1/device/ble/events"+test.query, "").ok().object()
			events := m.list("events")
			if m.number("count") != test.n || len(events) != test.n || m["events"] == nil ||
				test.n > 0 && (events[0].text("deviceId") != test.first || events[test.n-1].text("deviceId") != test.last) {
				t.Errorf("%s: %d events", test.query, len(events))
			}
		}
		for _, limit := range []string{"-1", "abc", "1.5"} {
			r := a.do("GET", "/api/v1/device/ble/events?limit="+limit, "")
			r.fails(400, "invalid_limit")
			if details, _ := r.object()["details"].(map[string]any); details["limit"] != limit {
				t.Errorf("details %s", r.body)
			}
		}
		a.do("POST", "/api/v1/device/ble/enable", "").fails(400, "ble_requirements_not_met")
		a.do("POST", "/api/v1/device/ble/disable", "").done()
		a.do("POST", "/api/v1/device/ble/scan/start", "").fails(501, "not_supported")
		a.do("POST", "/api/v1/device/ble/scan/stop", "").done()
		a.do("DELETE", "/api/v1/device/ble/events", "").done()
		if m := a.do("GET", "/api/v1/device/ble/events", "").object(); m.number("count") != 0 {
			t.Errorf("after the clear: %v", m)
		}
		a.rec.BLE.SetAdapter(&adapter{})
		for range 2 {
			a.do("POST", "/api/v1/device/ble/enable", "").done()
		}
		if m := a.do("GET", "/api/v1/device/ble", "").object(); m["enabled"] != true || m["supportsScanning"] != true {
			t.Errorf("enabled: %v", m)
		}
		a.do("POST", "/api/v1/device/ble/disable", "").done()
	})
}
