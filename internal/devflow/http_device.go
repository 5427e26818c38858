package devflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

// serveSensorList answers GET /api/v1/device/sensors.
func serveSensorList(c *call) error {
	all := c.api.rec.Sensors.List()
	body := make([]wire.SensorInfo, len(all))
	for i, s := range all {
		body[i] = toSensorInfo(s)
		if c.mirror {
			body[i].SensorInfoMirror = &wire.SensorInfoMirror{Sensor: s.Name, Supported: s.Available, Subscribers: s.Readers}
		}
	}
	return c.json(body)
}

func toSensorInfo(s recorder.SensorInfo) wire.SensorInfo {
	return wire.SensorInfo{Name: s.Name, Available: s.Available, Active: s.Active}
}

func sensorError(err error) error {
	switch {
	case errors.Is(err, recorder.ErrUnknownSensor):
		return fail(http.StatusNotFound, "not_found", "%s", err.Error())
	case errors.Is(err, recorder.ErrSensorUnavailable):
		return fail(http.StatusNotImplemented, "not_supported", "%s", err.Error())
	}
	return err
}

// serveSensorStart answers POST /api/v1/device/sensors/{name}/start.
func serveSensorStart(c *call) error {
	var p wire.SensorStartQuery
	if err := c.query.fill(&p); err != nil {
		return err
	}
	_, period, _ := speed(p.Speed)
	s, err := c.api.rec.Sensors.Start(c.arg, period)
	return c.sensorAction(s, "started", err)
}

// serveSensorStop answers POST /api/v1/device/sensors/{name}/stop.
func serveSensorStop(c *call) error {
	s, err := c.api.rec.Sensors.Stop(c.arg)
	return c.sensorAction(s, "stopped", err)
}

func (c *call) sensorAction(s recorder.SensorInfo, what string, err error) error {
	if err != nil {
		return sensorError(err)
	}
	return c.json(wire.SensorAction{
		ActionResult: wire.ActionResult{Success: true, Message: fmt.Sprintf("Sensor '%s' %s", s.Name, what)},
		SensorInfo:   toSensorInfo(s),
	})
}

// serveBLEStatus answers GET /api/v1/device/ble.
func serveBLEStatus(c *call) error {
	s := c.api.rec.BLE.Status()
	body := wire.BleStatus{
		Enabled: s.Enabled, Scanning: s.Scanning, SupportsScanning: s.CanScan, EventCount: s.Events, Subscribers: s.Readers, MaxEvents: s.MaxEvents,
	}
	if c.mirror {
		body.Status = &wire.BleStatusMirror{Scanning: s.Scanning, EventCount: s.Events, Subscribers: s.Readers, SupportsScanning: s.CanScan}
	}
	return c.json(body)
}

func serveBLEEnable(c *call) error {
	if err := c.api.rec.BLE.Enable(c.r.Context()); err != nil {
		return fail(http.StatusBadRequest, "ble_requirements_not_met", "%s", err.Error())
	}
	return c.done("BLE monitoring enabled")
}

func serveBLEDisable(c *call) error {
	c.api.rec.BLE.Disable()
	return c.done("BLE monitoring disabled")
}

// serveBLEEvents answers GET /api/v1/device/ble/events.
func serveBLEEvents(c *call) error {
	var p wire.BleQuery
	if err := c.query.fill(&p); err != nil {
		return err
	}
	found := reversed(newest(c.api.rec.BLE.Held(), 0, p.Limit, func(i recorder.BLEItem) bool {
		return p.Type == "" || strings.EqualFold(p.Type, i.Event.Kind)
	}))
	events, err := list(found, c.mirror, bleItem)
	if err != nil {
		return err
	}
	head := append(strconv.AppendInt([]byte(`{"count":`), int64(len(found)), 10), `,"events":`...)
	writeRaw(c.w, http.StatusOK, append(append(head, events...), '}'))
	return nil
}

func serveBLEClear(c *call) error {
	c.api.rec.BLE.Clear()
	return c.done("BLE events cleared")
}

func serveScanStart(c *call) error {
	err := c.api.rec.BLE.StartScan(c.r.Context())
	if errors.Is(err, recorder.ErrNoScanner) {
		return fail(http.StatusNotImplemented, "not_supported", "%s", err.Error())
	}
	if err != nil {
		return err
	}
	return c.done("BLE scan started")
}

func serveScanStop(c *call) error {
	c.api.rec.BLE.StopScan()
	return c.done("BLE scan stopped")
}

// ask calls one of the functions of recorder.Device.
func ask[T any](ctx context.Context, what string, f func(context.Context) (T, error)) (T, error) {
	var zero T
	if f == nil {
		return zero, fail(http.StatusNotImplemented, "not_supported", "%s is not known here", what)
	}
	v, err := f(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		return zero, fail(http.StatusNotImplemented, "not_supported", "%s is not known here: %v", what, err)
	}
	return v, err
}

// deviceInfo describes the device; what is not known is "unknown".
func (a *API) deviceInfo(ctx context.Context) wire.DeviceInfo {
	var d recorder.DeviceInfo
	if f := a.rec.Device().Info; f != nil {
		var err error
		if d, err = f(ctx); err != nil {
			a.log.Debug("device not described", "err", err)
		}
	}
	return toDeviceInfo(d)
}

func toDeviceInfo(d recorder.DeviceInfo) wire.DeviceInfo {
	w := wire.DeviceInfo{
		Model: or(d.Model, unknown), Manufacturer: or(d.Manufacturer, unknown), OSVersion: or(d.OSVersion, unknown), Platform: platform(),
		Idiom: or(d.Idiom, "desktop"), Architecture: architecture(), Name: d.Name, DeviceType: "Physical",
	}
	if d.Virtual {
		w.DeviceType = "Virtual"
	}
	return w
}

// architecture is the protocol's name of the processor.
func architecture() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x64"
	case "386":
		return "x86"
	}
	return runtime.GOARCH
}

func serveDeviceInfo(c *call) error {
	d, err := ask(c.r.Context(), "the device", c.api.rec.Device().Info)
	if err != nil {
		return err
	}
	return c.json(toDeviceInfo(d))
}

func serveDeviceApp(c *call) error {
	app := c.api.rec.App()
	id := or(app.PackageID, or(app.Name, unknown))
	return c.json(wire.DeviceApp{
		Name: or(app.Name, unknown), Version: or(app.Version, "0.0.0"), BuildNumber: or(app.Build, "0"), PackageID: id, PackageName: id, Theme: app.Theme,
	})
}

func serveDisplay(c *call) error {
	d, err := ask(c.r.Context(), "the display", c.api.rec.Device().Display)
	if err != nil {
		return err
	}
	body := wire.DeviceDisplay{Width: max(d.Width, 0), Height: max(d.Height, 0), Density: d.Density, Orientation: "landscape"}
	if body.Density <= 0 {
		body.Density = 1
	}
	if body.Height > body.Width {
		body.Orientation = "portrait"
	}
	if d.RefreshRate > 0 {
		body.RefreshRate = &d.RefreshRate
	}
	return c.json(body)
}

func serveBattery(c *call) error {
	b, err := ask(c.r.Context(), "the battery", c.api.rec.Device().Battery)
	if err != nil {
		return err
	}
	level := min(max(b.Level, 0), 1)
	return c.json(wire.DeviceBattery{Level: level, ChargeLevel: level, State: or(b.State, unknown), PowerSource: or(b.Source, unknown)})
}

func serveConnectivity(c *call) error {
	n, err := ask(c.r.Context(), "the network", c.api.rec.Device().Connectivity)
	if err != nil {
		return err
	}
	profiles := n.Profiles
	if profiles == nil {
		profiles = []string{}
	}
	return c.json(wire.DeviceConnectivity{NetworkAccess: or(n.Access, "none"), ConnectionProfiles: profiles})
}
