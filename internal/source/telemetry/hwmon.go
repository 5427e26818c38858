package telemetry

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// maxSensors bounds the files kept open for one kind of reading.
const maxSensors = 256

// zone is a thermal zone.
type zone struct{ dir, kind string }

// findZones lists the thermal zones.
func findZones(root string) []zone {
	dir := filepath.Join(root, "sys/class/thermal")
	var zones []zone
	for _, name := range procfile.List(dir) {
		if strings.HasPrefix(name, "thermal_zone") && len(zones) < maxSensors {
			path := filepath.Join(dir, name)
			zones = append(zones, zone{dir: path, kind: procfile.ReadString(filepath.Join(path, "type"))})
		}
	}
	return zones
}

// chip is a device of the hardware monitoring class.
type chip struct {
	dir, name string
	// zone tells that the chip is a thermal zone in another guise.
	zone bool
}

// findChips lists the hardware monitoring devices below a folder that holds
// hwmonN.
func findChips(dir string) []chip {
	var chips []chip
	for _, name := range procfile.List(dir) {
		if !strings.HasPrefix(name, "hwmon") || len(chips) >= maxSensors {
			continue
		}
		path := filepath.Join(dir, name)
		target, _ := os.Readlink(path)
		if device, err := os.Readlink(filepath.Join(path, "device")); err == nil {
			target += "/" + device
		}
		chips = append(chips, chip{
			dir:  path,
			name: procfile.ReadString(filepath.Join(path, "name")),
			zone: strings.Contains(target, "thermal_zone"),
		})
	}
	return chips
}

// channel is one sensor of a chip.
type channel struct {
	number string // for example "1" of temp1_input
	label  string // given by the driver, may be empty
	input  string // path of the file that holds the value
}

// sensors lists the channels of a kind: temp, in, curr, power, freq.
func (c chip) sensors(kind string) []channel {
	var found []channel
	seen := make(map[string]bool)
	for _, suffix := range []string{"_input", "_average"} { // some power meters average only
		for _, name := range procfile.List(c.dir) {
			rest, isKind := strings.CutPrefix(name, kind)
			number, isInput := strings.CutSuffix(rest, suffix)
			if !isKind || !isInput || !isNumber(number) || seen[number] || len(found) >= maxSensors {
				continue
			}
			seen[number] = true
			found = append(found, channel{
				number: number,
				label:  procfile.ReadString(filepath.Join(c.dir, kind+number+"_label")),
				input:  filepath.Join(c.dir, name),
			})
		}
	}
	return found
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// celsius reads a temperature in thousandths of a degree. Sensors that are off
// give an error or an absurd number.
func celsius(file *procfile.File) (float64, bool) {
	milli, ok := file.Int()
	if !ok || milli < -60_000 || milli > 250_000 {
		return 0, false
	}
	return float64(milli) / 1000, true
}

// scaled reads a number and divides it.
func scaled(file *procfile.File, divisor float64) *float64 {
	v, ok := file.Int()
	if !ok {
		return nil
	}
	result := float64(v) / divisor
	return &result
}

// openOrNil opens a file that need not exist.
func openOrNil(path string) *procfile.File {
	file, err := procfile.Open(path)
	if err != nil {
		return nil
	}
	return file
}
