package helios

import (
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/source/power"
)

// powerStatus returns a reading of the rails in wire form.
func powerStatus(from power.Status) wire.PowerStatusPayload {
	out := wire.PowerStatusPayload{
		Watts: from.Watts, Volts: from.Volts, Amps: from.Amps,
		UpdatedAt: from.UpdatedAt.UTC(), Errors: from.Errors,
	}
	for _, r := range from.Rails {
		out.Sources = append(out.Sources, wire.PowerSource{
			Label: r.Label, Bus: r.Bus, Address: r.Address,
			Watts: r.Watts, Volts: r.Volts, Amps: r.Amps, ShuntVolts: r.ShuntVolts,
		})
	}
	return out
}

// firmwareUpdate returns news about an update in wire form.
func firmwareUpdate(from firmware.Update) wire.FirmwareUpdate {
	return wire.FirmwareUpdate{
		DeviceID: from.DeviceID, Firmware: from.Firmware, Status: string(from.Status), Active: from.Active,
		Error: from.Error, ProgressPct: from.Progress, Detail: from.Detail, TimestampMS: millis(from.Time),
	}
}

// lightingState returns what the lights are doing in wire form.
func lightingState(from led.State) wire.LightingRuntimeState {
	out := wire.LightingRuntimeState{
		Brightness: from.Brightness, UpdatedAtMS: millis(from.UpdatedAt), AnimationRunning: from.Running,
	}
	for _, c := range from.Frame {
		out.Frame = append(out.Frame, wire.LedColor(c))
	}
	if a := from.Animation; a != nil {
		animation := lightingAnimation(*a)
		out.Animation = &animation
	}
	return out
}

// lightingAnimation has the fields that belong to the kind of animation.
func lightingAnimation(a led.Animation) wire.LightingAnimation {
	out := wire.LightingAnimation{Kind: string(a.Kind)}
	switch a.Kind {
	case led.Chase:
		color := wire.LedColor(a.Color)
		out.Color, out.SpeedHz = &color, &a.SpeedHz
	case led.Pulse:
		color := wire.LedColor(a.Color)
		out.Color, out.Low, out.High, out.PeriodMS = &color, &a.Low, &a.High, &a.PeriodMS
	case led.Rainbow:
		out.SpeedHz = &a.SpeedHz
	case led.BreathingRainbow:
		out.SpeedHz, out.Low, out.High, out.PeriodMS = &a.SpeedHz, &a.Low, &a.High, &a.PeriodMS
	}
	return out
}
