package deviceinfo

import (
	"slices"
	"strconv"

	"github.com/heliograph/heliograph/internal/recorder"
)

// battery reads the power supply class, see Documentation/ABI/testing/sysfs-class-power.
// Batteries of things that are connected to the device, such as mice, are not its own.
func (r reader) battery() (recorder.Battery, error) {
	const folder = "sys/class/power_supply"
	names := r.list(folder)
	slices.Sort(names)
	var b recorder.Battery
	found, external := false, ""
	for _, name := range names {
		switch kind := r.text(folder, name, "type"); {
		case kind == "Battery" && r.text(folder, name, "scope") != "Device" && !found:
			level, ok := r.level(folder + "/" + name)
			if !ok {
				continue
			}
			found = true
			b.Level, b.State = level, state(r.text(folder, name, "status"))
		case kind != "Battery" && r.text(folder, name, "online") == "1":
			external = source(kind)
		}
	}
	if !found {
		return b, unsupported("there is no battery")
	}
	b.Source = first(external, map[bool]string{true: "battery", false: "unknown"}[b.State == "discharging"])
	return b, nil
}

// level returns how full a battery is, 0..1.
func (r reader) level(dir string) (float64, bool) {
	if percent, err := strconv.ParseUint(r.text(dir, "capacity"), 10, 8); err == nil {
		return min(float64(percent)/100, 1), true
	}
	for _, of := range []string{"energy", "charge"} {
		now, err1 := strconv.ParseFloat(r.text(dir, of+"_now"), 64)
		full, err2 := strconv.ParseFloat(r.text(dir, of+"_full"), 64)
		if err1 == nil && err2 == nil && full > 0 && now >= 0 {
			return min(now/full, 1), true
		}
	}
	return 0, false
}

func state(kernel string) string {
	switch kernel {
	case "Charging":
		return "charging"
	case "Discharging":
		return "discharging"
	case "Full":
		return "full"
	case "Not charging":
		return "notCharging"
	}
	return "unknown"
}

func source(kind string) string {
	switch kind {
	case "Mains", "UPS":
		return "ac"
	case "Wireless":
		return "wireless"
	}
	return "usb" // USB and its chargers
}
