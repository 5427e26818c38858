package testpattern

import "image"

// barCells is the number of cells of the bar.
const barCells = 40

// mark is the value of the first four cells.
const mark = 0b1010

// BarHeight returns the height in pixels of the bar in a picture of a height.
func BarHeight(height int) int { return max(16, height/20/16*16) }

// barBits returns the cells of the bar, the first one in bit 39.
func barBits(number uint32) uint64 {
	sum := uint64(0)
	for shift := 0; shift < 32; shift += 4 {
		sum ^= uint64(number>>shift) & 0xf
	}
	return mark<<36 | uint64(number)<<4 | sum
}

// barCell returns where cell i is.
func barCell(b image.Rectangle, i int) image.Rectangle {
	return image.Rect(i*b.Dx()/barCells, b.Dy()-BarHeight(b.Dy()), (i+1)*b.Dx()/barCells, b.Dy()).Add(b.Min)
}

// ReadBar reads the number of the frame from a picture. ok is false if there is no
// bar, or it cannot be read.
func ReadBar(img image.Image) (number uint32, ok bool) {
	b := img.Bounds()
	var bits uint64
	for i := range barCells {
		cell := barCell(b, i)
		r, g, bl, _ := img.At((cell.Min.X+cell.Max.X)/2, (cell.Min.Y+cell.Max.Y)/2).RGBA()
		bits <<= 1
		if (r+g+bl)/3 >= 0x8000 {
			bits |= 1
		}
	}
	number = uint32(bits >> 4)
	return number, barBits(number) == bits
}
