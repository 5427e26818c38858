package helios

import (
	"errors"
	"net/http"
	"strconv"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/fan"
	"github.com/heliograph/heliograph/internal/source/i2c"
	"github.com/heliograph/heliograph/internal/topic"
)

func (a *API) peripheralRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/peripherals", a.view(a.getPeripherals))
	mux.Handle("GET /v1/peripherals/usb", a.view(a.getUSB))
	mux.Handle("GET /v1/peripherals/cameras", a.view(a.getCameras))
	mux.Handle("GET /v1/peripherals/i2c", a.view(a.getI2C))
	mux.Handle("POST /v1/peripherals/i2c/scan", a.control(a.getI2C))
	mux.Handle("GET /v1/device/i2c", a.view(a.getI2C))
	mux.Handle("GET /v1/peripherals/fan", a.view(a.getFans))
	mux.Handle("GET /v1/peripherals/leds", a.view(a.getLEDs))
}

func (a *API) getPeripherals(w http.ResponseWriter, r *http.Request) error {
	none := []string{}
	cameras, cameraErrors := a.cameras(r.Context(), false)
	p := wire.Peripherals{
		Cameras: cameras,
		Errors:  wire.PeripheralErrors{Cameras: cameraErrors, Fan: none, I2C: none, Lighting: none, USB: none},
		Sensors: []wire.SensorPeripheral{},
	}
	var err error
	if p.USB, err = a.usbPeripherals(); err != nil {
		p.Errors.USB = []string{err.Error()}
	}
	if found, err := a.i2cInventory(); err != nil {
		p.Errors.I2C = []string{err.Error()}
	} else {
		p.I2C = &found
	}
	if fans := a.fans(); fans.Present {
		p.Fan = &fans
	} else if fans.LastError != "" {
		p.Errors.Fan = []string{fans.LastError}
	}
	if lights := a.lights(); lights.Present {
		p.Lighting = &lights
	} else if lights.LastError != "" {
		p.Errors.Lighting = []string{lights.LastError}
	}
	identity := p
	if p.Fan != nil { // its speed is no news
		identity.Fan = &wire.Fans{Present: true}
	}
	return a.writeRevisioned(w, r, p, identity)
}

// usbPeripherals lists the devices that a person would call USB devices.
func (a *API) usbPeripherals() ([]wire.UsbPeripheral, error) {
	found := []wire.UsbPeripheral{}
	devices, err := a.deps.USB.Scan()
	if err != nil {
		return found, err
	}
	for _, d := range devices {
		if !d.Peripheral() {
			continue
		}
		out := wire.UsbPeripheral{ID: d.ID(), Kind: d.Kind, Description: d.Description(), Present: true, Warnings: []wire.Warning{}}
		for _, warning := range d.Warnings {
			out.Warnings = append(out.Warnings, wire.Warning{Code: warning.Code, Message: warning.Message})
		}
		found = append(found, out)
	}
	return found, nil
}

func (a *API) getUSB(w http.ResponseWriter, _ *http.Request) error {
	found, err := a.usbPeripherals()
	if err != nil {
		return failure(http.StatusBadGateway, "%s", err)
	}
	writeJSON(w, http.StatusOK, found)
	return nil
}

// getCameras answers with the cameras that can be found now.
func (a *API) getCameras(w http.ResponseWriter, r *http.Request) error {
	list, errs := a.cameras(r.Context(), false)
	body := wire.Cameras{Cameras: list, Errors: errs}
	return a.writeRevisioned(w, r, body, body)
}

func (a *API) getI2C(w http.ResponseWriter, _ *http.Request) error {
	found, err := a.i2cInventory()
	if err != nil {
		return failure(http.StatusBadGateway, "%s", err)
	}
	writeJSON(w, http.StatusOK, found)
	return nil
}

// i2cInventory returns what the kernel knows of the I2C buses, in wire form.
func (a *API) i2cInventory() (wire.I2C, error) {
	out := wire.I2C{Buses: []wire.I2CBus{}, Devices: []wire.I2CDevice{}}
	found, err := i2c.Read(a.deps.Root)
	if err != nil {
		return out, err
	}
	for _, b := range found.Buses {
		out.Buses = append(out.Buses, wire.I2CBus{Bus: uint32(b.Number), Adapter: b.Adapter, Label: b.Label, Path: b.Path})
	}
	for _, d := range found.Devices {
		out.Devices = append(out.Devices, wire.I2CDevice{
			Bus: uint32(d.Bus), AddressHex: d.AddressHex(), Path: d.Path,
			Driver: d.Driver, Kind: d.Kind, Modalias: d.Modalias, Name: d.Name,
		})
	}
	return out, nil
}

// getLEDs tells whether there are lights.
func (a *API) getLEDs(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, a.lights())
	return nil
}

func (a *API) lights() wire.Presence {
	_, err := a.deps.Lighting.Info()
	p := wire.Presence{Present: err == nil}
	if err != nil && !errors.Is(err, topic.ErrNotPresent) {
		p.LastError = err.Error()
	}
	return p
}

// getFans answers with the fans and how they turn.
func (a *API) getFans(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, a.fans())
	return nil
}

func (a *API) fans() wire.Fans {
	found, err := fan.Read(a.deps.Root)
	out := wire.Fans{Present: err == nil, Fans: []wire.Fan{}}
	if err != nil && !errors.Is(err, topic.ErrNotPresent) {
		out.LastError = err.Error()
	}
	for _, f := range found {
		out.Fans = append(out.Fans, wire.Fan{Chip: f.Chip, Label: f.Label, RPM: f.RPM, SpeedPercent: f.Percent, Mode: f.Mode, Alarm: f.Alarm})
	}
	return out
}

func uitoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
