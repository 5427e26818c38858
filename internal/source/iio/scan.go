package iio

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ElementType is how one channel is stored in a scan.
type ElementType struct {
	BigEndian bool
	Signed    bool
	Bits      int // that hold the value, 1..Storage
	Storage   int // 8, 16, 32 or 64
	Repeat    int // values in the element, at least 1
	Shift     int // to the right, before the value is cut to Bits
}

// maxRepeat bounds the values of one element; a quaternion has four.
const maxRepeat = 64

// ParseElementType reads a type as the kernel writes it in scan_elements:
// [be|le]:[s|u]bits/storagebits[Xrepeat][>>shift]. Errors wrap [ErrMalformed].
func ParseElementType(text string) (ElementType, error) {
	text = strings.TrimSpace(text)
	bad := fmt.Errorf("%w: scan element type %q", ErrMalformed, text)
	t := ElementType{Repeat: 1}
	endian, rest, ok := strings.Cut(text, ":")
	if !ok || (endian != "be" && endian != "le") || rest == "" || (rest[0] != 's' && rest[0] != 'u') {
		return ElementType{}, bad
	}
	t.BigEndian, t.Signed = endian == "be", rest[0] == 's'
	bits, rest, ok := strings.Cut(rest[1:], "/")
	if !ok {
		return ElementType{}, bad
	}
	rest, shift, hasShift := strings.Cut(rest, ">>")
	storage, repeat, hasRepeat := strings.Cut(rest, "X")
	valid := number(bits, &t.Bits) && number(storage, &t.Storage) &&
		(!hasShift || number(shift, &t.Shift)) && (!hasRepeat || number(repeat, &t.Repeat))
	switch t.Storage {
	case 8, 16, 32, 64:
	default:
		valid = false
	}
	if !valid || t.Bits < 1 || t.Bits+t.Shift > t.Storage || t.Repeat < 1 || t.Repeat > maxRepeat {
		return ElementType{}, bad
	}
	return t, nil
}

// number reads a short number without a sign.
func number(s string, into *int) bool {
	v, err := strconv.ParseUint(s, 10, 16)
	*into = int(v)
	return err == nil
}

// Size returns how many bytes the element takes in a scan, without padding.
func (t ElementType) Size() int { return t.Storage / 8 * t.Repeat }

// Decode returns the i-th value of an element that begins at b[0]; b must hold
// at least Size bytes and i be below Repeat. A value of 64 bits without a sign
// wraps.
func (t ElementType) Decode(b []byte, i int) int64 {
	width := t.Storage / 8
	b = b[i*width : (i+1)*width]
	var order binary.ByteOrder = binary.LittleEndian
	if t.BigEndian {
		order = binary.BigEndian
	}
	var v uint64
	switch width {
	case 1:
		v = uint64(b[0])
	case 2:
		v = uint64(order.Uint16(b))
	case 4:
		v = uint64(order.Uint32(b))
	default:
		v = order.Uint64(b)
	}
	unused := 64 - t.Bits
	v = v >> t.Shift << unused
	if t.Signed {
		return int64(v) >> unused
	}
	return int64(v >> unused)
}

// Element is a channel of a scan.
type Element struct {
	Name   string // for example "in_accel_x"
	Index  int    // order in the scan
	Type   ElementType
	Offset int // in the scan, in bytes; set by Layout
}

// Layout orders the elements and sets their offsets, and returns the size of a
// scan: each element is aligned to its own size, and the scan to that of its
// largest (drivers/iio/industrialio-buffer.c, iio_compute_scan_bytes).
func Layout(elements []Element) int {
	slices.SortStableFunc(elements, func(a, b Element) int { return cmp.Compare(a.Index, b.Index) })
	size, largest := 0, 1
	for i := range elements {
		own := elements[i].Type.Size()
		size = roundUp(size, own)
		elements[i].Offset = size
		size += own
		largest = max(largest, own)
	}
	return roundUp(size, largest)
}

func roundUp(n, unit int) int { return (n + unit - 1) / unit * unit }
