package power

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/heliograph/heliograph/internal/procfile"
	"github.com/heliograph/heliograph/internal/topic"
)

const (
	// maxRails bounds the rails that are kept open.
	maxRails = 64
	// maxErrors bounds the errors of a status.
	maxErrors = 32
)

// Ranks of a rail: of those that can be read, the one with the highest is the main
// rail. Rails of parts of the device, such as its processor, have none.
const (
	rankNone = iota
	rankBattery
	rankBoardPart // of a board's meter, without current
	rankBoard
	rankInput // a board's meter that is called its input
	rankAdapter
)

// gauge is an open rail.
type gauge struct {
	rail                     Rail // without values
	rank                     int
	volts, amps, watts       *procfile.File
	shunt                    *procfile.File
	perVolt, perAmp, perWatt float64
	// online and status are of power supplies: the rail has values only if online is
	// not 0, and is the main rail only if status is "Discharging".
	online, status *procfile.File
	discharging    bool // at the last reading; always true without status
}

func (g *gauge) empty() bool { return g.volts == nil && g.amps == nil && g.watts == nil }

// read returns the rail with its values, and the first error.
func (g *gauge) read() (Rail, error) {
	r := g.rail
	if on, ok := g.online.Int(); g.online != nil && ok && on == 0 {
		return r, nil
	}
	g.discharging = true
	if g.status != nil {
		text, err := g.status.ReadAttr()
		g.discharging = err == nil && procfile.Text(text) == "Discharging"
	}
	var failed error
	value := func(file *procfile.File, per float64) *float64 {
		v, err := scaled(file, per)
		if err != nil && failed == nil {
			failed = err
		}
		return v
	}
	r.Volts, r.Amps, r.Watts = value(g.volts, g.perVolt), value(g.amps, g.perAmp), value(g.watts, g.perWatt)
	r.ShuntVolts = value(g.shunt, g.perVolt)
	if g.status != nil && g.discharging { // some batteries count what they give as negative
		r.Amps, r.Watts = absolute(r.Amps), absolute(r.Watts)
	}
	if r.Watts == nil && r.Volts != nil && r.Amps != nil {
		watts := *r.Volts * *r.Amps
		r.Watts = &watts
	}
	return r, failed
}

func (g *gauge) close() {
	for _, f := range []*procfile.File{g.volts, g.amps, g.watts, g.shunt, g.online, g.status} {
		f.Close()
	}
}

// scaled reads a number and divides it. A nil file has none.
func scaled(file *procfile.File, per float64) (*float64, error) {
	if file == nil {
		return nil, nil
	}
	text, err := file.ReadAttr()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Base(file.Path()), err)
	}
	v, ok := procfile.Int(text)
	if !ok {
		return nil, fmt.Errorf("read %s: %.32q is not a number", filepath.Base(file.Path()), text)
	}
	result := float64(v) / per
	return &result, nil
}

func absolute(v *float64) *float64 {
	if v != nil && *v < 0 {
		*v = -*v
	}
	return v
}

// openOrNil opens a file that need not exist.
func openOrNil(elem ...string) *procfile.File {
	f, err := procfile.Open(filepath.Join(elem...))
	if err != nil {
		return nil
	}
	return f
}

// meter is the rails of a real device.
type meter struct {
	gauges []*gauge
	alarms []alarm
}

// alarm is a file that holds 1 while something is wrong.
type alarm struct {
	file *procfile.File
	text string
}

// Hardware returns the opener of the rails under root, which is "/" but in tests.
func Hardware(root string) Opener {
	return func() (Meter, error) {
		m := &meter{}
		m.addChips(filepath.Join(root, "sys/class/hwmon"))
		m.addSupplies(filepath.Join(root, "sys/class/power_supply"))
		if len(m.gauges) == 0 && len(m.alarms) == 0 {
			return nil, fmt.Errorf("find power rails: %w", topic.ErrNotPresent)
		}
		return m, nil
	}
}

// add keeps a rail that measures anything.
func (m *meter) add(g *gauge) {
	if g.empty() || len(m.gauges) >= maxRails {
		g.close()
		return
	}
	m.gauges = append(m.gauges, g)
}

// Read implements [Meter].
func (m *meter) Read() Status {
	s := Status{UpdatedAt: time.Now(), Rails: make([]Rail, 0, len(m.gauges))}
	best := rankNone
	for _, g := range m.gauges {
		r, err := g.read()
		if err != nil && len(s.Errors) < maxErrors {
			s.Errors = append(s.Errors, r.Label+": "+err.Error())
		}
		s.Rails = append(s.Rails, r)
		if g.rank > best && g.discharging && (r.Volts != nil || r.Amps != nil || r.Watts != nil) {
			best = g.rank
			s.Volts, s.Amps, s.Watts = r.Volts, r.Amps, r.Watts
		}
	}
	for _, a := range m.alarms {
		if on, ok := a.file.Int(); ok && on != 0 && len(s.Errors) < maxErrors {
			s.Errors = append(s.Errors, a.text)
		}
	}
	return s
}

// Close implements [Meter].
func (m *meter) Close() {
	for _, g := range m.gauges {
		g.close()
	}
	for _, a := range m.alarms {
		a.file.Close()
	}
}
