package telemetry

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// powerMeter reads the supply of the device. It has the readers that may tell,
// the best first, and takes the first that does: a mains or USB input that
// measures itself, then a meter on the board, then a battery that feeds it.
type powerMeter struct{ meters []meter }

// meter is one place that measures power.
type meter struct {
	// online and status are of power supplies; the meter counts only if online
	// is not 0 and status, if it is asked for, is "Discharging".
	online, status      *procfile.File
	watts, volts, amps  *procfile.File
	perWatt, perVoltAmp float64
}

// maxMeters bounds how many places are considered.
const maxMeters = 16

// discover opens the meters there are now.
func (m *powerMeter) discover(root string, chips []chip) {
	m.close()
	var batteries []meter
	dir := filepath.Join(root, "sys/class/power_supply")
	for _, name := range procfile.List(dir) {
		path := filepath.Join(dir, name)
		switch kind := procfile.ReadString(filepath.Join(path, "type")); {
		case kind == "Mains" || strings.HasPrefix(kind, "USB") || kind == "Wireless":
			m.add(openSupply(path, "online", ""))
		case kind == "Battery" && procfile.ReadString(filepath.Join(path, "scope")) != "Device":
			// scope "Device" is the battery of a mouse or a headset
			batteries = append(batteries, openSupply(path, "", "status"))
		}
	}
	for _, c := range boardMeters(chips) {
		m.add(openBoardMeter(c))
	}
	for _, b := range batteries {
		m.add(b)
	}
}

// add keeps a meter that measures anything.
func (m *powerMeter) add(one meter) {
	if (one.watts == nil && one.volts == nil && one.amps == nil) || len(m.meters) >= maxMeters {
		one.close()
		return
	}
	m.meters = append(m.meters, one)
}

// read returns what the first meter that counts tells, or nil.
func (m *powerMeter) read() *Power {
	for _, one := range m.meters {
		if p := one.read(); p != nil {
			return p
		}
	}
	return nil
}

func (m *powerMeter) close() {
	for _, one := range m.meters {
		one.close()
	}
	m.meters = nil
}

// openSupply opens a device of the power supply class, whose units are
// millionths.
func openSupply(dir, online, status string) meter {
	one := meter{
		watts:   openOrNil(filepath.Join(dir, "power_now")),
		volts:   openOrNil(filepath.Join(dir, "voltage_now")),
		amps:    openOrNil(filepath.Join(dir, "current_now")),
		perWatt: 1e6, perVoltAmp: 1e6,
	}
	if online != "" {
		one.online = openOrNil(filepath.Join(dir, online))
		// An adapter often tells the voltage it was asked for, and no current:
		// that is no measurement of the supply.
		if one.amps == nil && one.watts == nil {
			one.volts.Close()
			one.volts = nil
		}
	}
	if status != "" {
		one.status = openOrNil(filepath.Join(dir, status))
	}
	return one
}

// boardMeters chooses the chips that measure a supply, those that measure most
// first. Chips of processors, drives and graphics cards measure those only.
func boardMeters(chips []chip) []chip {
	var found []chip
	for _, c := range chips {
		if isBoardMeter(c.name) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b chip) int {
		return cmp.Compare(len(b.sensors("curr"))+len(b.sensors("power")), len(a.sensors("curr"))+len(a.sensors("power")))
	})
	return found
}

func isBoardMeter(name string) bool {
	for _, prefix := range []string{"ina", "isl28022", "ltc29", "ltc41", "ltc42", "adm1", "pac19", "power_meter", "rpi_volt"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// openBoardMeter opens the channel of a hwmon chip that measures the input. The
// chips of one channel have the shunt as in0 and the supply as in1.
func openBoardMeter(c chip) meter {
	volts, number := c.sensors("in"), "1"
	for _, s := range volts {
		if isInputLabel(s.label) {
			number = s.number
			break
		}
	}
	one := meter{perWatt: 1e6, perVoltAmp: 1e3}
	for _, s := range volts {
		if s.number == number {
			one.volts = openOrNil(s.input)
		}
	}
	for _, s := range c.sensors("curr") {
		if s.number == number {
			one.amps = openOrNil(s.input)
		}
	}
	for _, s := range c.sensors("power") {
		if s.number == number {
			one.watts = openOrNil(s.input)
		}
	}
	return one
}

// isInputLabel reports whether a channel of a chip with several is called the
// board's input, for example VDD_IN or POM_5V_IN.
func isInputLabel(label string) bool {
	label = strings.ToLower(label)
	return label == "vin" || label == "input" || strings.HasSuffix(label, "_in") || strings.HasPrefix(label, "vin")
}

// read returns what the meter tells, or nil if it tells nothing or does not
// count now. The power is worked out if the chip does not do it.
func (m meter) read() *Power {
	if on, ok := m.online.Int(); m.online != nil && (!ok || on == 0) {
		return nil
	}
	if m.status != nil {
		if text, err := m.status.ReadAttr(); err != nil || procfile.Text(text) != "Discharging" {
			return nil
		}
	}
	p := Power{Watts: scaled(m.watts, m.perWatt), Volts: scaled(m.volts, m.perVoltAmp), Amps: scaled(m.amps, m.perVoltAmp)}
	if m.status != nil { // some batteries count what they give as negative
		p.Watts, p.Amps = absolute(p.Watts), absolute(p.Amps)
	}
	if p.Watts == nil && p.Volts != nil && p.Amps != nil {
		watts := *p.Volts * *p.Amps
		p.Watts = &watts
	}
	if p == (Power{}) {
		return nil
	}
	return &p
}

func absolute(v *float64) *float64 {
	if v != nil && *v < 0 {
		*v = -*v
	}
	return v
}

func (m meter) close() {
	for _, file := range []*procfile.File{m.online, m.status, m.watts, m.volts, m.amps} {
		file.Close()
	}
}
