package v4l2

import (
	"encoding/binary"
	"fmt"

	"github.com/heliograph/heliograph/internal/source/video"
)

// Bounds of what a driver is asked, for drivers that never say that it was all.
const (
	maxFormats   = 64
	maxSizes     = 128
	maxIntervals = 64
	maxControls  = 256
	maxMenu      = 256
)

// modes implements device.
func (n *node) modes() []video.Mode {
	var list []video.Mode
	for i := range uint32(maxFormats) {
		d := formatDesc{index: i, bufType: bufVideoCapture}
		if enumFormat(n.fd, &d) != nil {
			break
		}
		for _, size := range n.sizes(d.pixelFormat) {
			m := video.Mode{Format: video.Format{FourCC: video.FourCC(codeName(d.pixelFormat)).Canonical(), Width: size[0], Height: size[1]}}
			m.Intervals, m.Range = n.intervals(d.pixelFormat, size[0], size[1])
			list = append(list, m)
		}
	}
	return list
}

// sizes lists the sizes of a format. Of a range it gives the ends and the usual sizes in
// between.
func (n *node) sizes(pixelFormat uint32) [][2]uint32 {
	var list [][2]uint32
	for i := range uint32(maxSizes) {
		e := sizeEnum{index: i, pixelFormat: pixelFormat}
		if enumSizes(n.fd, &e) != nil {
			break
		}
		if e.kind != kindDiscrete {
			return sizesWithin(e.body)
		}
		list = append(list, [2]uint32{e.body[0], e.body[1]})
	}
	if len(list) > 0 {
		return list
	}
	// A driver that does not tell has the size that it is set to.
	f := format{bufType: bufVideoCapture}
	if getFormat(n.fd, &f) != nil {
		return nil
	}
	return [][2]uint32{{f.pix().width, f.pix().height}}
}

// sizesWithin lists sizes of a range: least, greatest and step of width and height.
func sizesWithin(r [6]uint32) [][2]uint32 {
	list := [][2]uint32{{r[0], r[3]}}
	fits := func(v, low, high, step uint32) bool { return v > low && v < high && (step == 0 || (v-low)%step == 0) }
	for _, s := range [][2]uint32{{320, 240}, {640, 360}, {640, 480}, {800, 600}, {1280, 720}, {1280, 960}, {1920, 1080}, {2560, 1440}, {3840, 2160}} {
		if fits(s[0], r[0], r[1], r[2]) && fits(s[1], r[3], r[4], r[5]) {
			list = append(list, s)
		}
	}
	if r[1] != r[0] || r[4] != r[3] {
		list = append(list, [2]uint32{r[1], r[4]})
	}
	return list
}

func (n *node) intervals(pixelFormat, width, height uint32) ([]video.Interval, *video.IntervalRange) {
	var list []video.Interval
	for i := range uint32(maxIntervals) {
		e := intervalEnum{index: i, pixelFormat: pixelFormat, width: width, height: height}
		if enumIntervals(n.fd, &e) != nil {
			break
		}
		at := func(i int) video.Interval {
			return video.Interval{Numerator: e.body[i].numerator, Denominator: e.body[i].denominator}
		}
		if e.kind != kindDiscrete {
			return nil, &video.IntervalRange{Min: at(0), Max: at(1), Step: at(2)}
		}
		list = append(list, at(0))
	}
	return list, nil
}

// Types and flags of controls.
const (
	typeInteger, typeBoolean, typeMenu, typeButton, typeClass, typeBitmask, typeIntMenu = 1, 2, 3, 4, 6, 8, 9

	flagDisabled, flagReadOnly, flagInactive, flagWriteOnly = 1 << 0, 1 << 2, 1 << 4, 1 << 6
)

// controls implements device.
func (n *node) controls() []video.Control {
	var list []video.Control
	q := queryControl{id: flagNextControl}
	for range maxControls {
		if nextControl(n.fd, &q) != nil {
			break
		}
		if q.flags&flagDisabled == 0 && q.kind != typeClass {
			list = append(list, n.control(q))
		}
		q = queryControl{id: q.id | flagNextControl}
	}
	return list
}

// control describes one control.
func (n *node) control(q queryControl) video.Control {
	c := video.Control{
		ID: q.id, Name: text(q.name[:]), Kind: kindOf(q.kind),
		ReadOnly: q.flags&flagReadOnly != 0, Inactive: q.flags&flagInactive != 0,
	}
	if c.Kind == video.KindUnknown {
		c.ReadOnly = true
		return c
	}
	if c.Kind == video.KindNone {
		return c
	}
	c.Min, c.Max, c.Default = valueOf(c.Kind, q.min), valueOf(c.Kind, q.max), valueOf(c.Kind, q.initial)
	if c.Kind == video.KindInt {
		c.Step = video.IntValue(int64(q.step))
	}
	if c.Kind == video.KindMenu || c.Kind == video.KindIntMenu {
		c.Menu = n.menu(q)
	}
	v := controlValue{id: q.id}
	if q.flags&flagWriteOnly == 0 && getControl(n.fd, &v) == nil {
		c.Value = valueOf(c.Kind, v.value)
	}
	return c
}

func kindOf(t uint32) video.ControlKind {
	switch t {
	case typeInteger:
		return video.KindInt
	case typeBoolean:
		return video.KindBool
	case typeMenu:
		return video.KindMenu
	case typeIntMenu:
		return video.KindIntMenu
	case typeButton:
		return video.KindNone
	case typeBitmask:
		return video.KindUint
	}
	return video.KindUnknown
}

// valueOf returns a number as a value of a control of a kind.
func valueOf(k video.ControlKind, v int32) video.Value {
	switch k {
	case video.KindBool:
		return video.BoolValue(v != 0)
	case video.KindUint:
		return video.UintValue(uint64(uint32(v)))
	}
	return video.IntValue(int64(v))
}

func (n *node) menu(q queryControl) []video.MenuItem {
	var list []video.MenuItem
	for i := max(q.min, 0); i <= q.max && len(list) < maxMenu && i < 4*maxMenu; i++ {
		m := queryMenu{id: q.id, index: uint32(i)}
		if menuItem(n.fd, &m) != nil {
			continue // drivers leave gaps
		}
		item := video.MenuItem{Index: uint32(i)}
		if q.kind == typeIntMenu {
			item.Value = int64(binary.NativeEndian.Uint64(m.item[:8]))
		} else {
			item.Name = text(m.item[:])
		}
		list = append(list, item)
	}
	return list
}

// setControl implements device.
func (n *node) setControl(id uint32, value int32) error {
	if err := putControl(n.fd, &controlValue{id: id, value: value}); err != nil {
		return fmt.Errorf("set control %#x: %w", id, classify(err))
	}
	return nil
}
