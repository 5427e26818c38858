package power

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// maxChips bounds the chips that are looked at.
const maxChips = 128

// chip is a device of the hwmon class.
type chip struct {
	dir, name    string
	bus, address string
}

// addChips adds the rails of all chips.
func (m *meter) addChips(dir string) {
	names := procfile.List(dir)
	slices.SortFunc(names, byNumber)
	for i, name := range names {
		if i >= maxChips {
			return
		}
		c := chip{dir: filepath.Join(dir, name), name: procfile.ReadString(filepath.Join(dir, name, "name"))}
		if target, err := os.Readlink(filepath.Join(c.dir, "device")); err == nil {
			c.bus, c.address = place(filepath.Base(target))
		}
		if f := openOrNil(c.dir, "in0_lcrit_alarm"); f != nil && c.name == "rpi_volt" {
			m.alarms = append(m.alarms, alarm{f, "the supply voltage is too low"})
			continue
		}
		m.addChip(c)
	}
}

// byNumber orders hwmon2 before hwmon10.
func byNumber(a, b string) int {
	if d := len(a) - len(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
}

// place reads the name of a chip's device: "1-0040" is address 0x40 on bus i2c-1.
func place(device string) (bus, address string) {
	number, hex, ok := strings.Cut(device, "-")
	if _, err := strconv.ParseUint(number, 10, 16); !ok || err != nil {
		return "", ""
	}
	v, err := strconv.ParseUint(hex, 16, 16)
	if err != nil {
		return "", ""
	}
	return "i2c-" + number, fmt.Sprintf("0x%02x", v)
}

// isBoardMeter reports whether chips of that name measure supplies of a board,
// and not the inside of a processor, a drive or a graphics card.
func isBoardMeter(name string) bool {
	for _, prefix := range []string{"ina", "isl28022", "ltc", "adm1", "pac19", "max34", "lm250", "tps", "ucd9", "power_meter", "rpi_adc"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// input is one value of a chip.
type input struct {
	quantity string // "in", "curr" or "power"
	number   int
	label    string
	path     string
}

// inputs lists the values of a chip that matter here, ordered by quantity and
// number.
func (c chip) inputs() []input {
	var found []input
	for _, quantity := range []string{"in", "curr", "power"} {
		start := len(found)
		for _, file := range procfile.List(c.dir) {
			rest, is := strings.CutPrefix(file, quantity)
			digits, kind, _ := strings.Cut(rest, "_")
			n, err := strconv.Atoi(digits)
			if !is || err != nil || n < 0 || (kind != "input" && kind != "average") {
				continue
			}
			same := func(i input) bool { return i.quantity == quantity && i.number == n }
			if i := slices.IndexFunc(found, same); i >= 0 { // both: what is measured now is better
				if kind == "input" {
					found[i].path = filepath.Join(c.dir, file)
				}
				continue
			}
			label := procfile.ReadString(filepath.Join(c.dir, quantity+digits+"_label"))
			found = append(found, input{quantity, n, label, filepath.Join(c.dir, file)})
		}
		slices.SortFunc(found[start:], func(a, b input) int { return a.number - b.number })
	}
	return found
}

// shuntOf tells whether a voltage of this chip is that across the shunt of a rail,
// and of which.
func (c chip) shuntOf(i input) (rail int, is bool) {
	switch {
	case i.quantity != "in":
		return 0, false
	case c.name == "ina3221":
		return i.number - 3, i.number >= 4 && i.number <= 6
	case c.name == "isl28022":
		return 1, i.number == 1
	case strings.HasPrefix(c.name, "ina"):
		return 1, i.number == 0
	}
	return 0, false
}

// key tells which values of a chip belong to one rail: those of one number, or
// those whose labels differ only in the quantity, as PMBus chips have them: vin, iin,
// pin; vout1, iout1, pout1.
func (c chip) key(i input) string {
	if len(i.label) > 1 && strings.ContainsRune("vip", rune(i.label[0])) &&
		(strings.HasPrefix(i.label[1:], "in") || strings.HasPrefix(i.label[1:], "out")) {
		return i.label[1:]
	}
	if c.name == "isl28022" {
		return "1"
	}
	return strconv.Itoa(i.number)
}

// addChip adds the rails of a chip.
func (m *meter) addChip(c chip) {
	rails := map[string]*gauge{}
	var order []string
	shunts := map[string]string{}
	for _, i := range c.inputs() {
		if n, is := c.shuntOf(i); is {
			shunts[strconv.Itoa(n)] = i.path
			continue
		}
		if c.name == "ina3221" && i.quantity == "in" && i.number == 7 {
			continue // the sum of the shunts
		}
		key := c.key(i)
		g := rails[key]
		if g == nil {
			g = &gauge{perVolt: 1e3, perAmp: 1e3, perWatt: 1e6}
			rails[key], order = g, append(order, key)
		}
		c.put(g, i)
	}
	count := 0
	for _, g := range rails {
		if !c.keep(g) {
			g.close()
			*g = gauge{}
			continue
		}
		count++
	}
	for _, key := range order {
		g := rails[key]
		if g.empty() {
			continue
		}
		if path := shunts[key]; path != "" {
			g.shunt = openOrNil(path)
		}
		c.finish(g, key, count > 1)
		m.add(g)
	}
}

// put opens a value as that of a rail, whose label it may give.
func (c chip) put(g *gauge, i input) {
	file := openOrNil(i.path)
	switch i.quantity {
	case "in":
		g.volts = file
	case "curr":
		g.amps = file
	default:
		g.watts = file
	}
	if g.rail.Label == "" {
		g.rail.Label = i.label
	}
}

// keep reports whether what was found is a rail: the many unnamed voltages of a
// mainboard's monitor are not.
func (c chip) keep(g *gauge) bool {
	return g.amps != nil || g.watts != nil || isBoardMeter(c.name) || g.rail.Label != ""
}

// finish gives a rail its name, place and rank.
func (c chip) finish(g *gauge, key string, several bool) {
	label := g.rail.Label
	switch {
	case !isBoardMeter(c.name):
	case isInput(label):
		g.rank = rankInput
	case g.amps != nil || g.watts != nil:
		g.rank = rankBoard
	default:
		g.rank = rankBoardPart
	}
	if label == "" {
		if label = c.name; several {
			label += " " + key
		}
	}
	g.rail.Bus, g.rail.Address = c.bus, c.address
	if c.bus != "" {
		label += " on " + c.bus + " (" + c.address + ")"
	}
	g.rail.Label = label
}

// isInput reports whether a rail is called the board's input, for example VDD_IN,
// POM_5V_IN or vin.
func isInput(label string) bool {
	label = strings.ToLower(label)
	return label == "input" || strings.HasPrefix(label, "vin") || strings.HasSuffix(label, "_in")
}
