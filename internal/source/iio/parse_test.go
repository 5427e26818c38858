package iio_test

import (
	"errors"
	"math"
	"testing"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/source/iio"
)

func TestParseElementType(t *testing.T) {
	for text, want := range map[string]iio.ElementType{
		"le:s16/16>>0\n":   {Signed: true, Bits: 16, Storage: 16, Repeat: 1},
		"be:s12/16>>4":     {BigEndian: true, Signed: true, Bits: 12, Storage: 16, Repeat: 1, Shift: 4},
		"le:u24/32>>8":     {Bits: 24, Storage: 32, Repeat: 1, Shift: 8},
		"le:s64/64>>0":     {Signed: true, Bits: 64, Storage: 64, Repeat: 1},
		"le:s32/32X4>>0":   {Signed: true, Bits: 32, Storage: 32, Repeat: 4},
		"be:u8/8":          {BigEndian: true, Bits: 8, Storage: 8, Repeat: 1},
		" le:s14/16X3>>2 ": {Signed: true, Bits: 14, Storage: 16, Repeat: 3, Shift: 2},
	} {
		if got, err := iio.ParseElementType(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "le", "le:", "me:s16/16>>0", "le:x16/16>>0", "le:s16", "le:s16/15>>0", "le:s16/24>>0", "le:s17/16>>0",
		"le:s12/16>>5", "le:s16/16X0>>0", "le:s16/16X65", "le:s0/16>>0", "le:s16/16>>", "le:s-1/16>>0", "le:s16/16X>>0", "le:s99999999/16",
	} {
		if got, err := iio.ParseElementType(text); !errors.Is(err, iio.ErrMalformed) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		kind string
		b    []byte
		i    int
		want int64
	}{
		{"le:s16/16>>0", []byte{0xfe, 0xff}, 0, -2},
		{"be:s16/16>>0", []byte{0xff, 0xfe}, 0, -2},
		{"be:s12/16>>4", []byte{0x80, 0x0f}, 0, -2048},
		{"be:s12/16>>4", []byte{0x7f, 0xff}, 0, 2047},
		{"le:u12/16>>2", []byte{0xff, 0xff}, 0, 4095},
		{"le:u24/32>>8", []byte{0xaa, 1, 2, 3}, 0, 0x030201},
		{"be:s8/8>>0", []byte{0x80}, 0, -128},
		{"be:u8/8>>0", []byte{0x80}, 0, 128},
		{"le:s64/64>>0", []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, 0, math.MinInt64},
		{"be:s64/64>>0", []byte{0, 0, 0, 0, 0, 0, 1, 0}, 0, 256},
		{"le:s32/32X4>>0", []byte{1, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0}, 2, -1},
	} {
		k, err := iio.ParseElementType(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		if got := k.Decode(c.b, c.i); got != c.want {
			t.Errorf("%s of %x: %d, want %d", c.kind, c.b, got, c.want)
		}
	}
}

func TestLayout(t *testing.T) {
	element := func(index int, kind string) iio.Element {
		k, err := iio.ParseElementType(kind)
		if err != nil {
			t.Fatal(err)
		}
		return iio.Element{Index: index, Type: k}
	}
	for _, c := range []struct {
		name     string
		elements []iio.Element
		offsets  []int
		size     int
	}{
		{"three axes", []iio.Element{element(2, "le:s16/16>>0"), element(0, "le:s16/16>>0"), element(1, "le:s16/16>>0")}, []int{0, 2, 4}, 6},
		{"and a time stamp", []iio.Element{element(0, "be:s16/16>>0"), element(1, "be:s16/16>>0"), element(2, "be:s16/16>>0"), element(9, "le:s64/64>>0")}, []int{0, 2, 4, 8}, 16},
		{"byte, word, byte", []iio.Element{element(0, "le:s8/8"), element(1, "le:s32/32"), element(2, "le:s8/8")}, []int{0, 4, 8}, 12},
		{"repeated", []iio.Element{element(0, "le:s32/32X4"), element(1, "le:s64/64")}, []int{0, 16}, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := iio.Layout(c.elements); got != c.size {
				t.Errorf("size %d, want %d", got, c.size)
			}
			for i, e := range c.elements {
				if e.Offset != c.offsets[i] {
					t.Errorf("element %d at %d, want %d", i, e.Offset, c.offsets[i])
				}
			}
		})
	}
}

func TestParseMatrix(t *testing.T) {
	got, err := iio.ParseMatrix("0, 1, 0; -1, 0, 0; 0, 0, 1\n")
	if err != nil {
		t.Fatal(err)
	}
	if v := got.Apply(fusion.Vec3{X: 1, Y: 2, Z: 3}); v != (fusion.Vec3{X: 2, Y: -1, Z: 3}) {
		t.Errorf("turned to %v", v)
	}
	for _, text := range []string{
		"", "1, 0, 0", "1, 0, 0; 0, 1, 0", "1, 0, 0; 0, 1, 0; 0, 0", "1, 0, 0; 0, 1, 0; 0, 0, x",
		"0, 0, 0; 0, 0, 0; 0, 0, 0", "1, 0, 0; 1, 0, 0; 0, 0, 1", "NaN, 0, 0; 0, 1, 0; 0, 0, 1", "1e9, 0, 0; 0, 1, 0; 0, 0, 1",
	} {
		if m, err := iio.ParseMatrix(text); !errors.Is(err, iio.ErrMalformed) {
			t.Errorf("%q: %v, %v", text, m, err)
		}
	}
}

func FuzzParseElementType(f *testing.F) {
	for _, s := range []string{"le:s16/16>>0", "be:u12/16X4>>4", "le:s64/64", "x"} {
		f.Add(s, []byte{1, 2, 3, 4, 5, 6, 7, 8})
	}
	f.Fuzz(func(t *testing.T, text string, data []byte) {
		k, err := iio.ParseElementType(text)
		if err != nil {
			return
		}
		elements := []iio.Element{{Index: 1, Type: k}, {Index: 0, Type: iio.ElementType{Bits: 16, Storage: 16, Repeat: 1}}}
		size := iio.Layout(elements)
		if last := elements[1]; last.Offset < 2 || last.Offset+last.Type.Size() > size || last.Offset%last.Type.Size() != 0 || size%2 != 0 {
			t.Fatalf("layout %+v of %d bytes", elements, size)
		}
		buf := make([]byte, k.Size())
		copy(buf, data)
		for i := range k.Repeat {
			v := k.Decode(buf, i)
			if k.Bits < 64 && (v >= 1<<k.Bits || v < -(1<<(k.Bits-1)) || (!k.Signed && v < 0)) {
				t.Fatalf("%s: %d does not fit", text, v)
			}
		}
	})
}

func FuzzParseMatrix(f *testing.F) {
	f.Add("1, 0, 0; 0, 1, 0; 0, 0, 1")
	f.Add("0,-1,0;1,0,0;0,0,1e0")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := iio.ParseMatrix(text)
		if err != nil {
			return
		}
		if v := m.Apply(fusion.Vec3{X: 1, Y: -1, Z: 1}); !v.Finite() || v.Norm() > 12 {
			t.Fatalf("%q: %v", text, v)
		}
	})
}
