package helios

import (
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// videoValue returns the value of a control as the source takes it.
func videoValue(v wire.ControlValue) video.Value {
	switch v.Kind {
	case wire.ControlBool:
		return video.BoolValue(v.Bool)
	case wire.ControlInt:
		return video.IntValue(v.Int)
	case wire.ControlUint:
		return video.UintValue(v.Uint)
	case wire.ControlFloat:
		return video.Value{Kind: video.KindFloat, Float: v.Float}
	}
	return video.Value{Kind: video.KindNone}
}

// controlValue returns the value of a control in wire form.
func controlValue(v video.Value) wire.ControlValue {
	switch v.Kind {
	case video.KindBool:
		return wire.ControlValue{Kind: wire.ControlBool, Bool: v.Bool}
	case video.KindInt:
		return wire.ControlValue{Kind: wire.ControlInt, Int: v.Int}
	case video.KindUint:
		return wire.ControlValue{Kind: wire.ControlUint, Uint: v.Uint}
	case video.KindFloat:
		return wire.ControlValue{Kind: wire.ControlFloat, Float: v.Float}
	}
	return wire.ControlValue{Kind: wire.ControlNone}
}

// controlMetas describes controls in wire form.
func controlMetas(list []video.Control) []wire.ControlMeta {
	out := make([]wire.ControlMeta, 0, len(list))
	for _, c := range list {
		m := wire.ControlMeta{
			ID: c.ID, Name: c.Name, Kind: controlKind(c.Kind), Access: "ReadWrite",
			Min: controlValue(c.Min), Max: controlValue(c.Max), Default: controlValue(c.Default),
		}
		if c.ReadOnly {
			m.Access = "ReadOnly"
		}
		if c.Step.Kind != "" && c.Step.Kind != video.KindNone {
			step := controlValue(c.Step)
			m.Step = &step
		}
		if c.Value.Kind != "" && c.Value.Kind != video.KindNone {
			value := controlValue(c.Value)
			m.Value = &value
		}
		for _, item := range c.Menu {
			if c.Kind == video.KindIntMenu {
				m.Menu = append(m.Menu, map[string]any{"index": item.Index, "value": item.Value})
			} else {
				m.Menu = append(m.Menu, map[string]any{"index": item.Index, "name": item.Name})
			}
		}
		out = append(out, m)
	}
	return out
}

func controlKind(k video.ControlKind) string {
	switch k {
	case video.KindNone:
		return wire.ControlNone
	case video.KindBool:
		return wire.ControlBool
	case video.KindInt:
		return wire.ControlInt
	case video.KindUint:
		return wire.ControlUint
	case video.KindFloat:
		return wire.ControlFloat
	case video.KindMenu:
		return wire.ControlMenu
	case video.KindIntMenu:
		return wire.ControlIntMenu
	}
	return wire.ControlUnknown
}
