package video

import (
	"errors"
	"fmt"
	"math"
)

// ControlKind is the type of a control, and of a [Value] for the first five.
type ControlKind string

// The kinds of controls.
const (
	KindNone    ControlKind = "none" // a button: has no value
	KindBool    ControlKind = "bool"
	KindInt     ControlKind = "int"
	KindUint    ControlKind = "uint" // a bit mask
	KindFloat   ControlKind = "float"
	KindMenu    ControlKind = "menu"     // Value is an int, the index of an item
	KindIntMenu ControlKind = "int_menu" // likewise; the items are numbers
	KindUnknown ControlKind = "unknown"  // of a type that cannot be shown
)

// Value is the value of a control; Kind, one of the first five, says which of the
// other fields counts. The zero Value is that of a button.
type Value struct {
	Kind  ControlKind `json:"kind,omitempty"`
	Bool  bool        `json:"bool,omitempty"`
	Int   int64       `json:"int,omitempty"`
	Uint  uint64      `json:"uint,omitempty"`
	Float float64     `json:"float,omitempty"`
}

// IntValue returns an integer as a Value.
func IntValue(v int64) Value { return Value{Kind: KindInt, Int: v} }

// BoolValue returns a truth value as a Value.
func BoolValue(v bool) Value { return Value{Kind: KindBool, Bool: v} }

// UintValue returns a bit mask as a Value.
func UintValue(v uint64) Value { return Value{Kind: KindUint, Uint: v} }

// Number returns the value as an integer, whatever its kind: 0 or 1 for a Bool; a
// Float only if it is whole. ok is false for buttons and where it does not fit.
func (v Value) Number() (n int64, ok bool) {
	switch v.Kind {
	case KindBool:
		if v.Bool {
			return 1, true
		}
		return 0, true
	case KindInt:
		return v.Int, true
	case KindUint:
		return int64(v.Uint), v.Uint <= math.MaxInt64
	case KindFloat:
		whole := v.Float == math.Trunc(v.Float) && math.Abs(v.Float) < 1<<53
		if !whole {
			return 0, false
		}
		return int64(v.Float), true
	}
	return 0, false
}

// MenuItem is a choice of a Menu or IntMenu control.
type MenuItem struct {
	Index uint32
	Name  string // of a Menu
	Value int64  // of an IntMenu
}

// Control describes a control of a camera and has its value.
type Control struct {
	ID       uint32
	Name     string
	Kind     ControlKind
	ReadOnly bool
	// Inactive says that the control has no effect now, because of another one.
	Inactive bool
	Min, Max Value
	Step     Value // zero Value: none
	Default  Value
	Value    Value // now; the zero Value if it cannot be read
	Menu     []MenuItem
}

// Setting is a value that a control is to have.
type Setting struct {
	ID    uint32 `json:"id"`
	Value Value  `json:"value"`
}

// Errors of setting a control.
var (
	ErrNoControl    = errors.New("no such control")
	ErrReadOnly     = errors.New("the control cannot be changed")
	ErrControlValue = errors.New("not a value of the control")
)

// Check returns v in the form in which the control takes it: the kind that belongs
// to the control, within its bounds and on its steps. Values outside are errors
// that wrap ErrControlValue, ErrReadOnly if nothing can be set at all.
func (c Control) Check(v Value) (Value, error) {
	if c.ReadOnly {
		return Value{}, fmt.Errorf("control %q: %w", c.Name, ErrReadOnly)
	}
	if c.Kind == KindNone {
		return Value{Kind: KindNone}, nil
	}
	n, ok := v.Number()
	if c.Kind == KindFloat {
		return c.checkFloat(v, n, ok)
	}
	if !ok || c.Kind == KindUnknown {
		return Value{}, fmt.Errorf("control %q: %w: a %s is wanted", c.Name, ErrControlValue, c.Kind)
	}
	low, _ := c.Min.Number()
	high, _ := c.Max.Number()
	if n < low || n > high {
		return Value{}, fmt.Errorf("control %q: %w: %d is not within %d to %d", c.Name, ErrControlValue, n, low, high)
	}
	switch c.Kind {
	case KindBool:
		return BoolValue(n != 0), nil
	case KindUint:
		return UintValue(uint64(n)), nil
	case KindMenu, KindIntMenu:
		return c.checkMenu(n)
	}
	if step, _ := c.Step.Number(); step > 1 {
		n = low + (n-low)/step*step
	}
	return IntValue(n), nil
}

func (c Control) checkFloat(v Value, n int64, whole bool) (Value, error) {
	f := v.Float
	if v.Kind != KindFloat {
		f = float64(n)
		if !whole {
			f = math.NaN()
		}
	}
	if !(f >= c.Min.Float && f <= c.Max.Float) {
		return Value{}, fmt.Errorf("control %q: %w: %v is not within %v to %v", c.Name, ErrControlValue, f, c.Min.Float, c.Max.Float)
	}
	return Value{Kind: KindFloat, Float: f}, nil
}

// checkMenu takes the items that there are: drivers leave gaps.
func (c Control) checkMenu(n int64) (Value, error) {
	for _, item := range c.Menu {
		if int64(item.Index) == n {
			return IntValue(n), nil
		}
	}
	return Value{}, fmt.Errorf("control %q: %w: there is no item %d", c.Name, ErrControlValue, n)
}
