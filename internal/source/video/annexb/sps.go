package annexb

import "bytes"

// bits reads a NAL unit bit by bit. Reading past the end gives zeros and sets over.
type bits struct {
	data []byte
	at   int // in bits
	over bool
}

// payload returns what follows the header of a NAL unit, without the bytes that keep it
// from looking like a start code.
func payload(unit []byte, header int) *bits {
	if len(unit) < header {
		return &bits{over: true}
	}
	return &bits{data: bytes.ReplaceAll(unit[header:], []byte{0, 0, 3}, []byte{0, 0})}
}

func (b *bits) read(n int) uint32 {
	var v uint32
	for range n {
		v <<= 1
		if b.at>>3 >= len(b.data) {
			b.over = true
			continue
		}
		v |= uint32(b.data[b.at>>3]>>(7-b.at&7)) & 1
		b.at++
	}
	return v
}

func (b *bits) flag() bool { return b.read(1) == 1 }

func (b *bits) skip(n int) {
	b.at += n
	b.over = b.over || b.at > 8*len(b.data)
}

// ue reads an Exp-Golomb number.
func (b *bits) ue() uint32 {
	zeros := 0
	for !b.over && !b.flag() {
		if zeros++; zeros > 31 {
			b.over = true
			return 0
		}
	}
	return 1<<zeros - 1 + b.read(zeros)
}

// se reads a signed one; its value does not matter here.
func (b *bits) se() { b.ue() }

// setNumber returns the number of a parameter set.
func setNumber(c Codec, t int, unit []byte) uint32 {
	if c == H264 {
		b := payload(unit[:min(len(unit), 16)], 1)
		if t == h264SPS {
			b.skip(24)
		}
		return b.ue()
	}
	b := payload(unit[:min(len(unit), 256)], 2)
	switch t {
	case hevcVPS:
		return b.read(4)
	case hevcSPS:
		return b.spsHEVC()
	}
	return b.ue()
}

// maxSide bounds sizes: more is a broken parameter set.
const maxSide = 16384

// sizeH264 reads the size as shown from a sequence parameter set (H.264, 7.3.2.1.1).
func sizeH264(unit []byte) (width, height uint32, ok bool) {
	b := payload(unit, 1)
	profile := b.read(8)
	b.skip(16)
	b.ue()
	chroma, separate := uint32(1), false
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		if chroma = b.ue(); chroma == 3 {
			separate = b.flag()
		}
		b.ue()
		b.ue()
		b.skip(1)
		if b.flag() {
			b.scalingLists(chroma)
		}
	}
	b.ue()
	if order := b.ue(); order == 0 {
		b.ue()
	} else if order == 1 {
		b.skip(1)
		b.se()
		b.se()
		for range min(b.ue(), 255) {
			b.se()
		}
	}
	b.ue()
	b.skip(1)
	w, h := b.ue()+1, b.ue()+1
	frames := b.flag()
	if !frames {
		b.skip(1)
	}
	b.skip(1)
	unitX, unitY := cropUnits(chroma, separate)
	if !frames {
		unitY *= 2
		h *= 2
	}
	if w > maxSide/16 || h > maxSide/16 {
		return 0, 0, false
	}
	return b.crop(16*w, 16*h, unitX, unitY)
}

// cropUnits returns how many pixels a unit of the cropping is.
func cropUnits(chroma uint32, separate bool) (x, y uint32) {
	switch {
	case separate:
		return 1, 1
	case chroma == 1:
		return 2, 2
	case chroma == 2:
		return 2, 1
	}
	return 1, 1
}

// crop reads the cropping and applies it.
func (b *bits) crop(w, h, unitX, unitY uint32) (width, height uint32, ok bool) {
	if b.flag() {
		left, right, top, bottom := b.ue(), b.ue(), b.ue(), b.ue()
		if max(left, right, top, bottom) > maxSide {
			return 0, 0, false
		}
		x, y := unitX*(left+right), unitY*(top+bottom)
		if x >= w || y >= h {
			return 0, 0, false
		}
		w, h = w-x, h-y
	}
	return w, h, !b.over
}

func (b *bits) scalingLists(chroma uint32) {
	lists := 8
	if chroma == 3 {
		lists = 12
	}
	for i := range lists {
		if !b.flag() {
			continue
		}
		size := 16
		if i >= 6 {
			size = 64
		}
		b.scalingList(size)
	}
}

// scalingList passes over one list (H.264, 7.3.2.1.1.1).
func (b *bits) scalingList(size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			code := b.ue()
			delta := int32(code+1) / 2
			if code%2 == 0 {
				delta = -delta
			}
			next = (last + delta + 256) % 256
		}
		if next != 0 {
			last = next
		}
		if b.over {
			return
		}
	}
}

// spsHEVC reads up to and with the number of a sequence parameter set (H.265,
// 7.3.2.2.1).
func (b *bits) spsHEVC() uint32 {
	b.skip(4)
	layers := int(b.read(3)) // less one
	b.skip(1)
	b.skip(88) // general profile
	b.skip(8)  // general level
	var profile, level [8]bool
	for i := range layers {
		profile[i], level[i] = b.flag(), b.flag()
	}
	if layers > 0 {
		b.skip(2 * (8 - layers))
	}
	for i := range layers {
		if profile[i] {
			b.skip(88)
		}
		if level[i] {
			b.skip(8)
		}
	}
	return b.ue()
}

// sizeHEVC reads the size as shown from a sequence parameter set.
func sizeHEVC(unit []byte) (width, height uint32, ok bool) {
	b := payload(unit, 2)
	b.spsHEVC()
	chroma, separate := b.ue(), false
	if chroma == 3 {
		separate = b.flag()
	}
	w, h := b.ue(), b.ue()
	if w == 0 || h == 0 || w > maxSide || h > maxSide {
		return 0, 0, false
	}
	unitX, unitY := cropUnits(chroma, separate)
	return b.crop(w, h, unitX, unitY)
}
