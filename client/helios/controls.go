package helios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Kinds of a ControlValue and, with the last three, of a ControlMeta.
const (
	ControlNone    = "None"
	ControlBool    = "Bool"
	ControlInt     = "Int"
	ControlUint    = "Uint"
	ControlFloat   = "Float"
	ControlMenu    = "Menu"
	ControlIntMenu = "IntMenu"
	ControlUnknown = "Unknown"
)

// ControlMeta describes a control of a camera.
type ControlMeta struct {
	ID      uint32        `json:"id"`
	Name    string        `json:"name"`
	Kind    string        `json:"kind" enum:"None,Bool,Int,Uint,Float,Menu,IntMenu,Unknown"`
	Access  string        `json:"access" enum:"ReadOnly,ReadWrite"`
	Min     ControlValue  `json:"min"`
	Max     ControlValue  `json:"max"`
	Default ControlValue  `json:"default"`
	Step    *ControlValue `json:"step,omitempty"`
	Menu    []any         `json:"menu,omitempty"`
	// Value is what the control has now, nil if it cannot be read: an addition to what
	// is published.
	Value    *ControlValue   `json:"value,omitempty"`
	Metadata ControlMetadata `json:"metadata"`
}

// ControlMetadata says what a control needs.
type ControlMetadata struct {
	RequiresTdnOutput bool `json:"requires_tdn_output"`
}

// ControlValue is a value of a control. Kind says which of the other fields
// counts; the zero ControlValue is ControlNone.
//
// It is written as published: "None", {"Bool":true}, {"Int":42}. It is read from
// that and from the newer form {"kind":"int","value":42}.
type ControlValue struct {
	Kind  string
	Bool  bool
	Int   int64
	Uint  uint64
	Float float64
}

// MarshalJSON writes the published form. A kind that is not one of the first
// five constants, and a number that is not finite, are errors.
func (v ControlValue) MarshalJSON() ([]byte, error) {
	switch v.Kind {
	case "", ControlNone:
		return json.Marshal(ControlNone)
	case ControlBool:
		return json.Marshal(map[string]bool{v.Kind: v.Bool})
	case ControlInt:
		return json.Marshal(map[string]int64{v.Kind: v.Int})
	case ControlUint:
		return json.Marshal(map[string]uint64{v.Kind: v.Uint})
	case ControlFloat:
		if math.IsNaN(v.Float) || math.IsInf(v.Float, 0) {
			return nil, fmt.Errorf("control value: %w: %v is not finite", errShape, v.Float)
		}
		return json.Marshal(map[string]float64{v.Kind: v.Float})
	default:
		return nil, fmt.Errorf("control value: %w: kind %q", errShape, v.Kind)
	}
}

// UnmarshalJSON reads both forms.
func (v *ControlValue) UnmarshalJSON(raw []byte) error {
	*v = ControlValue{}
	var name string
	if json.Unmarshal(raw, &name) == nil && !bytes.Equal(raw, []byte("null")) {
		return v.set(name, nil)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return fmt.Errorf("control value: %w", err)
	}
	if kind, newer := keys["kind"]; newer {
		if err := json.Unmarshal(kind, &name); err != nil || name != strings.ToLower(name) {
			return fmt.Errorf("control value: %w: kind %s", errShape, kind)
		}
		for _, known := range []string{ControlNone, ControlBool, ControlInt, ControlUint, ControlFloat} {
			if strings.ToLower(known) == name {
				return v.set(known, keys["value"])
			}
		}
		return v.set(name, nil)
	}
	if len(keys) != 1 {
		return fmt.Errorf("control value: %w: %d keys instead of one", errShape, len(keys))
	}
	for name, value := range keys {
		return v.set(name, value)
	}
	return nil
}

// set takes a kind and its value, which is nil when there is none.
func (v *ControlValue) set(kind string, value json.RawMessage) error {
	var target any
	switch kind {
	case ControlNone:
		if value != nil && !bytes.Equal(value, []byte("null")) {
			return fmt.Errorf("control value: %w: None has no value", errShape)
		}
		v.Kind = kind
		return nil
	case ControlBool:
		target = &v.Bool
	case ControlInt:
		target = &v.Int
	case ControlUint:
		target = &v.Uint
	case ControlFloat:
		target = &v.Float
	default:
		return fmt.Errorf("control value: %w: kind %q", errShape, kind)
	}
	if value == nil || bytes.Equal(value, []byte("null")) {
		return fmt.Errorf("control value: %w: %s without a value", errShape, kind)
	}
	if err := json.Unmarshal(value, target); err != nil {
		return fmt.Errorf("control value: %w", err)
	}
	v.Kind = kind
	return nil
}
