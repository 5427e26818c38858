package devflow

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

var durationForm = regexp.MustCompile(`^PT(\d+H)?(\d+M)?(\d+S)?$`)

// TestAgentStatus: sections 5.1 and 2.8.
func TestAgentStatus(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		for name, a := range map[string]*agent{"app": startMode(t, compat), "orders": startProgram(t, compat)} {
			for _, query := range []string{"", "?window=1", "?compat=none", "?compat=mirror"} {
				mirror := query != "?compat=none" && (compat == "mirror" || query == "?compat=mirror")
				var o object
				device.Poll(t, "the application to run", func() bool { // the agent is there before it
					o = a.object(a.Get("/api/v1/agent/status" + query))
					return o.object("app")["processId"] != nil
				})
				info := o.object("agent")
				for _, member := range []string{"name", "version", "framework", "frameworkVersion"} {
					if info.text(member) == "" {
						t.Errorf("%s of %v", member, info)
					}
				}
				app, dev := o.object("app"), o.object("device")
				for _, member := range []string{"model", "manufacturer", "osVersion", "idiom"} {
					if dev.text(member) == "" {
						t.Errorf("%s of %v", member, dev)
					}
				}
				if app.text("name") != name || app.text("version") == "" || app.text("packageId") == "" || app.number("processId") == 0 {
					t.Errorf("app %v", app)
				}
				if _, err := os.Stat(fmt.Sprintf("/proc/%d", app.number("processId"))); err != nil {
					t.Errorf("app %v: %v", app, err)
				}
				if name == "app" && app.number("processId") == a.Pid() || name == "orders" && app.number("processId") != a.Pid() {
					t.Errorf("app %v, the process is %d", app, a.Pid())
				}
				if o.text("platform") != "linux" || o["running"] != true || !durationForm.MatchString(o.text("uptime")) {
					t.Errorf("status %v", o)
				}
				flags := o.object("capabilities")
				for _, flag := range []string{"ui", "screenshots", "webview", "network", "logs", "sensors", "storage", "profiler", "jobs", "ble"} {
					want := strings.Contains("network logs sensors profiler ble", flag)
					if flags[flag] != want {
						t.Errorf("the capability %s is %v", flag, flags[flag])
					}
				}
				if e := o.object("extensions"); e.number("count") != 0 || e.text("hash") != "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" {
					t.Errorf("extensions %v", e)
				}
				_, stamp := o["timestamp"]
				_, kind := dev["deviceType"]
				_, platform := dev["platform"]
				if stamp != mirror || kind != mirror || platform != mirror {
					t.Errorf("%q: mirror %v: %v", query, mirror, o)
				}
				if mirror && (dev.text("platform") != "linux" || dev.text("deviceType") == "") {
					t.Errorf("mirror %v", dev)
				}
				if _, build := app["build"]; build && !mirror {
					t.Errorf("mirror %v", app)
				}
			}
		}
	})
}

// TestAgentCapabilities: sections 5.2 and 2.8.
func TestAgentCapabilities(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		o := a.object(a.Get("/api/v1/agent/capabilities"))
		status := a.object(a.Get("/api/v1/agent/status"))
		for _, member := range []string{"name", "version", "framework", "frameworkVersion"} {
			if got, want := o.object("agent").text(member), status.object("agent").text(member); got != want || got == "" {
				t.Errorf("%s is %q, in the status %q", member, got, want)
			}
		}
		if e, ok := o["extensions"].(map[string]any); !ok || len(e) != 0 {
			t.Errorf("extensions %v", o["extensions"])
		}
		namespaces := o.object("capabilities")
		for name, want := range map[string]string{
			"logs": "stream query", "network": "capture detail clear stream", "profiler": "samples spans markers hotspots stream",
			"device.sensors": texts(a.array("/api/v1/device/sensors"), "name"), "device.ble": "status events stream",
			"ui.events": "navigation lifecycle treeChange alert error",
		} {
			c := namespaces.object(name)
			if got := strings.Trim(fmt.Sprint(c["features"]), "[]"); got != want || c.number("version") < 1 {
				t.Errorf("%s: version %v, features %q, want %q", name, c["version"], got, want)
			}
		}
		for _, what := range []string{"info", "app", "display", "battery", "connectivity"} {
			r := a.Get("/api/v1/device/" + what)
			known := strings.Contains(fmt.Sprint(namespaces.object("device.info")["features"]), what)
			if !known {
				a.wantError(r, 501, "not_supported")
			} else if r.Status != 200 && r.Status != 501 {
				t.Errorf("%s: status %d", what, r.Status)
			}
		}
		for group, namespace := range map[string]string{
			"logs": "logs", "network": "network", "profiler": "profiler", "sensors": "device.sensors", "ble": "device.ble", "device": "device.info", "ui": "ui.events",
		} {
			g := o.object(group)
			switch {
			case compat == "none" && g != nil:
				t.Errorf("mirror %s: %v", group, g)
			case compat == "mirror" && (g["supported"] != true || fmt.Sprint(g["features"]) != fmt.Sprint(namespaces.object(namespace)["features"])):
				t.Errorf("mirror %s: %v", group, g)
			}
		}
	})
}

// TestDeviceInformation: section 5.8: what is answered has the members that it needs,
// what cannot be answered is 501. The bodies are checked against the document.
func TestDeviceInformation(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		for _, a := range []*agent{startMode(t, compat), startProgram(t, compat)} {
			app := a.object(a.Get("/api/v1/device/app"))
			for _, member := range []string{"name", "version", "buildNumber", "packageId"} {
				if app.text(member) == "" {
					t.Errorf("%s of %v", member, app)
				}
			}
			if app.text("packageName") != app.text("packageId") {
				t.Errorf("app %v", app)
			}
			for path, members := range map[string][]string{
				"info":         {"model", "manufacturer", "osVersion", "platform", "idiom", "architecture"},
				"display":      {"width", "height", "density", "orientation"},
				"battery":      {"level", "chargeLevel", "state", "powerSource"},
				"connectivity": {"networkAccess", "connectionProfiles"},
			} {
				r := a.Get("/api/v1/device/" + path)
				if r.Status == 501 {
					a.wantError(r, 501, "not_supported")
					continue
				}
				o := a.object(r)
				for _, member := range members {
					if v, has := o[member]; !has || v == "" || v == nil {
						t.Errorf("%s of %s is %v", member, path, v)
					}
				}
				if arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]; path == "info" && o.text("architecture") != arch {
					t.Errorf("architecture %v, want %s", o["architecture"], arch)
				}
				if path == "battery" && o["level"] != o["chargeLevel"] {
					t.Errorf("battery %v", o)
				}
			}
		}
	})
}

// TestDocuments: the documents are served, and name the server that was asked.
func TestDocuments(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	for path, version := range map[string]string{"/ws/v1/asyncapi.json": "asyncapi", "/api/v1/openapi.json": "openapi"} {
		r := a.Get(path)
		if o := a.object(r); o.text(version) == "" || !strings.Contains(string(r.Body), a.Addr()) {
			t.Errorf("%s: %.300s", path, r.Body)
		}
	}
}

// TestCompatOfARequest: section 2.8: each channel takes ?compat, whatever the setting.
func TestCompatOfARequest(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat)
		for _, mode := range []string{"mirror", "none", "MIRROR"} {
			logs, network := a.open("/ws/v1/logs?compat="+mode), a.open("/ws/v1/network?compat="+mode)
			logs.next("replay")
			network.next("replay")
			a.log("info", "text")
			logs.next("log")
			ble := a.openBLE("?compat=" + mode)
			ble.next("replay")
			a.ble("connected")
			ble.next("ble_event")
			sensor, _ := a.openSensor("compat=" + mode + "&sensor=compass&throttleMs=0")
			sensor.reading("compass")
			refused := a.open("/ws/v1/profiler?compat=" + mode)
			refused.next("error")
			ui := a.open("/ws/v1/ui/events?compat=" + mode)
			ui.next("lifecycle")
		}
	})
}
