package devflow

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/heliograph/heliograph/api"
	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

// quick bounds how long the status waits for the device: it is used as a probe.
const quick = time.Second

const unknown = "unknown"

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func (a *API) agentInfo() wire.AgentInfo {
	return wire.AgentInfo{
		Name: a.deps.Name, Version: a.deps.Version, Framework: or(a.deps.Framework, "go"),
		FrameworkVersion: or(a.deps.FrameworkVersion, strings.TrimPrefix(runtime.Version(), "go")),
	}
}

// serveStatus answers GET /api/v1/agent/status.
func serveStatus(c *call) error {
	a := c.api
	app := a.rec.App()
	ctx, cancel := context.WithTimeout(c.r.Context(), quick)
	defer cancel()
	device := a.deviceInfo(ctx)
	body := wire.AgentStatus{
		Agent: a.agentInfo(), Platform: platform(),
		Device: wire.StatusDevice{Model: device.Model, Manufacturer: device.Manufacturer, OSVersion: device.OSVersion, Idiom: device.Idiom},
		App: wire.StatusApp{
			Name: or(app.Name, unknown), Version: or(app.Version, "0.0.0"), PackageID: or(app.PackageID, or(app.Name, unknown)), ProcessID: app.ProcessID,
		},
		Running: a.rec.UI.State() != recorder.StateStopped,
		Capabilities: wire.CapabilityFlags{
			Network: true, Logs: true, Sensors: true, Profiler: a.rec.Profiler.Enabled(), BLE: true,
		},
		Uptime:     isoDuration(a.rec.Uptime()),
		Extensions: wire.Extensions{Hash: wire.NoExtensionsHash},
	}
	body.Agent.SessionID = app.SessionID
	if c.mirror {
		body.Timestamp = now()
		body.App.Build = app.Build
		body.Device.Platform, body.Device.DeviceType = platform(), device.DeviceType
	}
	return c.json(body)
}

// isoDuration writes a duration as ISO 8601 does, in whole seconds.
func isoDuration(d time.Duration) string {
	s := int64(d / time.Second)
	out := "PT"
	if h := s / 3600; h > 0 {
		out += fmt.Sprintf("%dH", h)
	}
	if m := s / 60 % 60; m > 0 {
		out += fmt.Sprintf("%dM", m)
	}
	if s %= 60; s > 0 || out == "PT" {
		out += fmt.Sprintf("%dS", s)
	}
	return out
}

// serveCapabilities answers GET /api/v1/agent/capabilities.
func serveCapabilities(c *call) error {
	a := c.api
	namespaces := map[string]wire.Capability{
		"logs":           {Version: 1, Features: []string{"stream", "query"}},
		"network":        {Version: 1, Features: []string{"capture", "detail", "clear", "stream"}},
		"device.info":    {Version: 1, Features: a.deviceFeatures()},
		"device.sensors": {Version: 1, Features: a.sensorNames()},
		"device.ble":     {Version: 1, Features: []string{"status", "events", "stream"}},
		"ui.events":      {Version: 1, Features: []string{wire.UINavigation, wire.UILifecycle, wire.UITreeChange, wire.UIAlert, wire.UIError}},
	}
	if a.rec.BLE.Status().CanScan {
		ble := namespaces["device.ble"]
		ble.Features = append(ble.Features, "scan")
		namespaces["device.ble"] = ble
	}
	if a.rec.Profiler.Enabled() {
		namespaces["profiler"] = wire.Capability{Version: 1, Features: []string{"samples", "spans", "markers", "hotspots", "stream"}}
	}
	body := wire.AgentCapabilities{Agent: a.agentInfo(), Capabilities: namespaces, Extensions: map[string]any{}}
	if c.mirror {
		group := func(name string) wire.CapabilityGroup {
			have, ok := namespaces[name]
			if !ok {
				have.Features = []string{}
			}
			return wire.CapabilityGroup{Supported: ok, Features: have.Features}
		}
		body.CapabilitiesMirror = &wire.CapabilitiesMirror{
			Logs: group("logs"), Network: group("network"), Profiler: group("profiler"), Device: group("device.info"),
			Sensors: group("device.sensors"), BLE: group("device.ble"), UI: group("ui.events"),
		}
	}
	return c.json(body)
}

func (a *API) sensorNames() []string {
	names := []string{}
	for _, s := range a.rec.Sensors.List() {
		names = append(names, s.Name)
	}
	return names
}

// deviceFeatures names what GET /api/v1/device/… answers.
func (a *API) deviceFeatures() []string {
	d := a.rec.Device()
	features := []string{"app"}
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"info", d.Info != nil}, {"display", d.Display != nil}, {"battery", d.Battery != nil}, {"connectivity", d.Connectivity != nil},
	} {
		if f.has {
			features = append(features, f.name)
		}
	}
	return features
}

func serveOpenAPI(c *call) error {
	writeRaw(c.w, 200, api.DevFlowOpenAPI(c.r.Host, c.r.TLS != nil))
	return nil
}

func serveAsyncAPI(c *call) error {
	writeRaw(c.w, 200, api.DevFlow(c.r.Host, c.r.TLS != nil))
	return nil
}
