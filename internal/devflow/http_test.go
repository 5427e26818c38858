package devflow

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/recorder"
)

func testDevice() recorder.Device {
	return recorder.Device{
		Info: func(context.Context) (recorder.DeviceInfo, error) {
			return recorder.DeviceInfo{Model: "Board", OSVersion: "6.12", Name: "b1", Virtual: true}, nil
		},
		Display: func(context.Context) (recorder.Display, error) {
			return recorder.Display{Width: 800, Height: 1280, Density: 2}, nil
		},
		Battery: func(context.Context) (recorder.Battery, error) {
			return recorder.Battery{Level: 1.5, State: "charging", Source: "usb"}, nil
		},
		Connectivity: func(context.Context) (recorder.Connectivity, error) {
			return recorder.Connectivity{}, errors.ErrUnsupported
		},
	}
}

func TestStatus(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		app := recorder.App{Name: "orders", Version: "2.4.0", Build: "77", PackageID: "test.example.orders", ProcessID: 4711, SessionID: "s1"}
		a := newAgent(t, recorder.Options{App: app, Device: testDevice()}, Deps{Name: "agent", Version: "1.2.3", Mirror: compat == "mirror"})
		m := a.do("GET", "/api/v1/agent/status/?window=3", "").ok().object()
		get := func(path string) any {
			var v any = map[string]any(m)
			for part := range strings.SplitSeq(path, ".") {
				v = v.(map[string]any)[part]
			}
			return v
		}
		for path, want := range map[string]any{
			"agent.name": "agent", "agent.version": "1.2.3", "agent.framework": "go", "agent.frameworkVersion": strings.TrimPrefix(runtime.Version(), "go"),
			"agent.sessionId": "s1", "platform": "linux", "device.model": "Board", "device.manufacturer": "unknown", "device.osVersion": "6.12",
			"device.idiom": "desktop", "app.name": "orders", "app.version": "2.4.0", "app.packageId": "test.example.orders", "app.processId": 4711.0,
			"running": true, "capabilities.network": true, "capabilities.ui": false, "capabilities.profiler": true, "capabilities.jobs": false,
			"extensions.count": 0.0, "extensions.hash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
		} {
			if got := get(path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		if len(get("capabilities").(map[string]any)) != 10 || !regexp.MustCompile(`^PT(\d+H)?(\d+M)?(\d+S)?$`).MatchString(m.text("uptime")) {
			t.Errorf("status %v", m)
		}
		mirrored := map[string]any{"device.platform": "linux", "device.deviceType": "Virtual", "app.build": "77"}
		for path, want := range mirrored {
			if compat == "none" {
				want = nil
			}
			if got := get(path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		if (m["timestamp"] != nil) != (compat == "mirror") {
			t.Errorf("timestamp %v", m["timestamp"])
		}
		a.rec.UI.Lifecycle(recorder.StateStopped, time.Time{})
		if m := a.do("GET", "/api/v1/agent/status", "").object(); m["running"] != false {
			t.Errorf("running %v", m["running"])
		}
	})
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "PT0S", 999 * time.Millisecond: "PT0S", time.Minute: "PT1M", 90*time.Minute + 15*time.Second: "PT1H30M15S", 50 * time.Hour: "PT50H",
	} {
		if got := isoDuration(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

func TestCapabilities(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{Device: testDevice()}, Deps{Mirror: compat == "mirror"})
		m := a.do("GET", "/api/v1/agent/capabilities", "").ok().object()
		spaces, _ := m["capabilities"].(map[string]any)
		for _, name := range []string{"logs", "network", "profiler", "device.info", "device.sensors", "device.ble", "ui.events"} {
			space, _ := spaces[name].(map[string]any)
			if features, _ := space["features"].([]any); space["version"] != 1.0 || len(features) == 0 {
				t.Errorf("%s: %v", name, space)
			}
		}
		if ext, ok := m["extensions"].(map[string]any); !ok || len(ext) != 0 {
			t.Errorf("extensions %v", m["extensions"])
		}
		features := func() string {
			return strings.Join(strs(message(spaces["device.ble"].(map[string]any))["features"]), " ")
		}
		if got := features(); got != "status events stream" {
			t.Errorf("Bluetooth without a scanner: %s", got)
		}
		network, _ := m["network"].(map[string]any)
		if (network["supported"] == true) != (compat == "mirror") || len(m) != map[string]int{"none": 3, "mirror": 10}[compat] {
			t.Errorf("members %v", m)
		}
		a.rec.BLE.SetAdapter(&adapter{})
		spaces, _ = a.do("GET", "/api/v1/agent/capabilities", "").object()["capabilities"].(map[string]any)
		if got := features(); got != "status events stream scan" {
			t.Errorf("Bluetooth with a scanner: %s", got)
		}
	})
}

func strs(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, one := range list {
		out = append(out, one.(string))
	}
	return out
}

func TestDevice(t *testing.T) {
	a := newAgent(t, recorder.Options{Device: testDevice(), App: recorder.App{Name: "orders"}}, Deps{})
	if m := a.do("GET", "/api/v1/device/info", "").ok().object(); m.text("model") != "Board" || m.text("deviceType") != "Virtual" || m.text("architecture") == "" || m.text("name") != "b1" {
		t.Errorf("info %v", m)
	}
	if m := a.do("GET", "/api/v1/device/app", "").ok().object(); m.text("packageId") != "orders" || m.text("packageName") != "orders" || m.text("buildNumber") == "" {
		t.Errorf("app %v", m)
	}
	if m := a.do("GET", "/api/v1/device/display", "").ok().object(); m.text("orientation") != "portrait" || m["density"] != 2.0 || m["refreshRate"] != nil {
		t.Errorf("display %v", m)
	}
	if m := a.do("GET", "/api/v1/device/battery", "").ok().object(); m["level"] != 1.0 || m["chargeLevel"] != 1.0 || m.text("state") != "charging" || m.text("powerSource") != "usb" {
		t.Errorf("battery %v", m)
	}
	a.do("GET", "/api/v1/device/connectivity", "").fails(501, "not_supported")
	b := newAgent(t, recorder.Options{}, Deps{})
	for _, path := range []string{"info", "display", "battery", "connectivity"} {
		r := b.do("GET", "/api/v1/device/"+path, "")
		if r.fails(501, "not_supported"); r.object().text("errorCode") != "unsupported-capability" {
			t.Errorf("%s", r.body)
		}
	}
	b.do("GET", "/api/v1/device/app", "").ok()
}

func TestPaths(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	for _, path := range []string{
		"/", "/api", "/api/status", "/api/v1", "/api/v2/agent/status", "/api/network", "/ws", "/api/v1/logs/1", "/api/v1//logs", "//api/v1/logs",
		"/api/v1/agent/lease", "/api/v1/logs%2F", "/metrics",
	} {
		a.do("GET", path, "").fails(404, "not_found")
	}
	a.do("POST", "/api/v1/agent/lease", "{}").fails(404, "not_found")
	r := a.do("PUT", "/api/v1/network/requests", "")
	if r.fails(405, "method_not_allowed"); r.header.Get("Allow") != "DELETE, GET" {
		t.Errorf("Allow: %s", r.header.Get("Allow"))
	}
	a.do("GET", "/api/v1/device/sensors/%63ompass/start", "").fails(405, "")
	a.do("POST", "/api/v1/device/sensors/com+pass/stop", "").fails(404, "not_found")
	if r := a.do("POST", "/api/v1/device/sensors/com+pass/stop", ""); !strings.Contains(string(r.body), "com+pass") {
		t.Errorf("a plus is no plus: %s", r.body)
	}
}

func TestBodyLimit(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	a.session(t)
	big := `{"name":"` + strings.Repeat("x", 1<<20) + `"}`
	r := a.do("POST", "/api/v1/profiler/markers", big)
	if r.fails(413, "payload_too_large"); r.object().text("type") != "urn:devflow:error:payload-too-large" {
		t.Errorf("%s", r.body)
	}
	req, err := http.NewRequest(http.MethodPost, a.server.URL+"/api/v1/profiler/markers", struct{ *strings.Reader }{strings.NewReader(`{"name":"chunked"}`)})
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = -1
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || res.StatusCode != 200 {
		t.Errorf("chunked body: %v, %v", res, err)
	}
	res.Body.Close()
}

// TestEveryChangeSaysSuccess: no change answers 204.
func TestEveryChangeSaysSuccess(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	a.gauge("compass")
	a.rec.BLE.SetAdapter(&adapter{})
	a.session(t)
	for _, e := range Endpoints() {
		if e.Method == http.MethodGet || strings.Contains(e.Path, "/profiler/sessions") {
			continue
		}
		path := strings.NewReplacer("{name}", "compass", "{id}", "x").Replace(e.Path)
		a.do(e.Method, path, `{"name":"x"}`).done()
	}
}

// TestGuarded: behind a server that knows who asks, changes need another scope.
func TestGuarded(t *testing.T) {
	rec := recorder.New(recorder.Options{})
	t.Cleanup(rec.Close)
	a := newAgent(t, recorder.Options{}, Deps{Guarded: true})
	for _, test := range []struct {
		scopes      []access.Scope
		read, write int
	}{
		{nil, 401, 401}, {[]access.Scope{access.View}, 200, 403}, {[]access.Scope{access.Control}, 200, 200},
	} {
		h := a.api.Handler()
		a.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r.WithContext(access.WithIdentity(r.Context(), access.Identity{Name: "x", Scopes: test.scopes})))
		})
		if r := a.do("GET", "/api/v1/logs", "", "Origin", "http://checked.test"); r.status != test.read {
			t.Errorf("%v: read %d", test.scopes, r.status)
		}
		if r := a.do("DELETE", "/api/v1/network/requests", ""); r.status != test.write {
			t.Errorf("%v: write %d", test.scopes, r.status)
		}
		if test.read != 200 {
			continue
		}
		s := a.dial("/ws/v1/network?replay=0")
		s.write(`{"type":"clear"}`)
		if test.write == 200 {
			s.next("cleared")
		} else {
			s.next("error")
		}
		b := a.dial("/ws/v1/ble?scan=true")
		b.next("error")
		b.closed()
	}
}
