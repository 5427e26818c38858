package power

import (
	"path/filepath"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// addSupplies adds the devices of the power supply class, but for the batteries
// of mice and headsets.
func (m *meter) addSupplies(dir string) {
	for i, name := range procfile.List(dir) {
		if i >= maxChips {
			return
		}
		path := filepath.Join(dir, name)
		if procfile.ReadString(filepath.Join(path, "scope")) == "Device" {
			continue
		}
		g := &gauge{
			rail:  Rail{Label: supplyLabel(path, name), Bus: "power_supply"},
			volts: openOrNil(path, "voltage_now"), amps: openOrNil(path, "current_now"), watts: openOrNil(path, "power_now"),
			online:  openOrNil(path, "online"),
			perVolt: 1e6, perAmp: 1e6, perWatt: 1e6,
		}
		switch kind := procfile.ReadString(filepath.Join(path, "type")); {
		case kind == "Battery":
			// What flows into a battery is not what the device takes.
			g.rank, g.status = rankBattery, openOrNil(path, "status")
		case g.amps != nil || g.watts != nil:
			// An adapter that tells only its voltage often tells what it was asked for.
			g.rank = rankAdapter
		}
		m.add(g)
	}
}

// supplyLabel joins the name with what the maker calls it.
func supplyLabel(path, name string) string {
	maker := procfile.ReadString(filepath.Join(path, "manufacturer"))
	model := procfile.ReadString(filepath.Join(path, "model_name"))
	if text := strings.TrimSpace(maker + " " + model); text != "" {
		return name + " (" + text + ")"
	}
	return name
}
