package usb

import "fmt"

// Codes of warnings.
const (
	WarningSpeedLow = "usb_speed_low"
	WarningHubPower = "usb_hub_power"
)

// Warning is something a person may want to change about a device.
type Warning struct {
	Code    string
	Message string // an English sentence without a full stop
}

// What a hub without a supply of its own may draw from its port in mA, at up to
// 480 Mbit/s and above.
const (
	busBudgetMA      = 500
	busBudgetSuperMA = 900
)

// Diagnose sets the Warnings of each device.
//
// usb_speed_low: the device runs at 480 Mbit/s or less and is known to be capable
// of more, because its object store says so (Linux 6.10 or later), because it
// claims USB 3, or because it is a product that is (Coral). A device of which
// none is known gets no warning, however slow.
//
// usb_hub_power: one of
//   - the device draws from a hub without a supply of its own, and by their own
//     account that hub and all that draws from it may want more than the hub may
//     take (500 mA, or 900 mA above 480 Mbit/s);
//   - the device is attached to such a hub and has no active configuration, though
//     it is authorized: the kernel refuses configurations that the hub cannot
//     supply;
//   - the device's port has reported over-current since the system was started.
//
// Hubs other than root hubs get the warnings too.
func Diagnose(devices []Device) {
	p := power{devices: map[string]*Device{}, children: map[string][]*Device{}}
	for i := range devices {
		d := &devices[i]
		d.Warnings = nil
		p.devices[d.Name] = d
		p.children[d.Parent] = append(p.children[d.Parent], d)
	}
	for i := range devices {
		d := &devices[i]
		if d.FasterMbps > d.SpeedMbps && d.SpeedMbps > 0 {
			d.warn(WarningSpeedLow, "runs at %g Mbit/s but can do %g Mbit/s or more; it needs a USB 3 port, cable and hub", d.SpeedMbps, d.FasterMbps)
		}
		if !d.RootHub {
			p.judge(d)
		}
	}
}

func (d *Device) warn(code, format string, args ...any) {
	d.Warnings = append(d.Warnings, Warning{Code: code, Message: fmt.Sprintf(format, args...)})
}

// power knows who draws from whom.
type power struct {
	devices  map[string]*Device
	children map[string][]*Device
}

// judge gives d at most one power warning, the most certain one.
func (p power) judge(d *Device) {
	hub := p.devices[d.Parent]
	fromBus := hub != nil && hub.Hub && !hub.RootHub && hub.Configured && !hub.SelfPowered
	switch {
	case d.OverCurrents > 0:
		d.warn(WarningHubPower, "its port has reported over-current %d times since the system was started", d.OverCurrents)
	case fromBus && !d.Configured && d.Authorized:
		d.warn(WarningHubPower, "was not set up by the system, and hangs on hub %s, which has no power supply of its own", hub.Name)
	case fromBus && d.MaxPowerMA > 0:
		if need, budget := p.need(hub), budgetOf(hub); need > budget {
			d.warn(WarningHubPower, "hub %s has no power supply of its own, and it and what is attached to it may need %d mA of its %d mA", hub.Name, need, budget)
		}
	}
}

// need returns the current in mA that d may want from its port. What has a
// supply of its own does not pass on the needs of those behind it.
func (p power) need(d *Device) int {
	sum := d.MaxPowerMA
	if d.Hub && !d.SelfPowered {
		for _, c := range p.children[d.Name] {
			sum += p.need(c)
		}
	}
	return sum
}

func budgetOf(hub *Device) int {
	if hub.SpeedMbps > highSpeedMbps {
		return busBudgetSuperMA
	}
	return busBudgetMA
}
