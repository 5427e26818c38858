package imaging

import "image"

func blurKind() Kind {
	return Kind{
		Name: "blur", Doc: "two passes of a box filter in each direction, close to a Gaussian",
		Params: []Param{number("radius", "pixels", 1, 64, 4)},
		make: func(v values) (Processor, error) {
			b := &blur{radius: v.int("radius")}
			return processorFunc(b.apply), nil
		},
	}
}

// blur keeps its scratch picture between frames.
type blur struct {
	radius  int
	scratch *image.RGBA
}

func (b *blur) apply(in *image.RGBA) (*image.RGBA, error) {
	if b.scratch == nil || b.scratch.Rect != in.Rect || b.scratch.Stride != in.Stride {
		b.scratch = clone(in)
	}
	for range 2 {
		boxRows(b.scratch, in, b.radius)
		boxColumns(in, b.scratch, b.radius)
	}
	return in, nil
}

// boxRows writes the running mean of 2r+1 pixels of each row of src to dst; the
// border repeats.
func boxRows(dst, src *image.RGBA, r int) {
	w := src.Rect.Dx()
	mean := meanOf(2*r + 1)
	eachRows(src.Rect.Dy(), func(from, to int) {
		for y := from; y < to; y++ {
			boxRow(dst.Pix[y*dst.Stride:][:4*w], src.Pix[y*src.Stride:][:4*w], r, mean)
		}
	})
}

func boxRow(dst, src []byte, r int, mean divider) {
	last := len(src)/4 - 1
	at := func(i int) []byte { return src[4*min(max(i, 0), last):][:3:3] }
	var red, green, blue uint32
	for i := -r; i <= r; i++ {
		p := at(i)
		red, green, blue = red+uint32(p[0]), green+uint32(p[1]), blue+uint32(p[2])
	}
	for i := 0; i <= last; i++ {
		o := dst[4*i:][:4:4]
		o[0], o[1], o[2], o[3] = mean.of(red), mean.of(green), mean.of(blue), src[4*i+3]
		in, out := at(i+r+1), at(i-r)
		red += uint32(in[0]) - uint32(out[0])
		green += uint32(in[1]) - uint32(out[1])
		blue += uint32(in[2]) - uint32(out[2])
	}
}

// boxColumns does the same with columns: a whole row at a time, with the sums of all
// columns, for walking down columns would miss the cache at each step.
func boxColumns(dst, src *image.RGBA, r int) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	mean := meanOf(2*r + 1)
	at := func(y int) []byte { return src.Pix[min(max(y, 0), h-1)*src.Stride:][:4*w] }
	eachRows(h, func(from, to int) {
		sums := make([]uint32, 4*w)
		for y := from - r; y <= from+r; y++ {
			for i, v := range at(y) {
				sums[i] += uint32(v)
			}
		}
		for y := from; y < to; y++ {
			o, in, out := dst.Pix[y*dst.Stride:][:4*w], at(y+r+1), at(y-r)
			for i := range o {
				o[i] = mean.of(sums[i])
				sums[i] += uint32(in[i]) - uint32(out[i])
			}
		}
	})
}

// divider divides the sums of a number of bytes by that number.
type divider uint64

// meanOf makes a divider by n, at most 255. A product and a shift are exact for sums of
// that many bytes: the error is below 255 n / 2^24, which is less than 1 / n.
func meanOf(n int) divider { return divider((1<<24 + n - 1) / n) }

func (m divider) of(sum uint32) byte { return byte(uint64(sum) * uint64(m) >> 24) }

func edgesKind() Kind {
	return Kind{
		Name: "edges", Doc: "magnitude of the Sobel gradient of the luma",
		Params: []Param{number("threshold", "smaller gradients become black, 0..255", 0, 255, 0)},
		make: func(v values) (Processor, error) {
			e := &edges{threshold: v.int("threshold")}
			return processorFunc(e.apply), nil
		},
	}
}

type edges struct {
	threshold int
	y         []byte
}

func (e *edges) apply(in *image.RGBA) (*image.RGBA, error) {
	w, h := in.Rect.Dx(), in.Rect.Dy()
	e.y = lumaPlane(e.y, in)
	row := func(y int) []byte { return e.y[min(max(y, 0), h-1)*w:][:w] }
	eachRows(h, func(from, to int) {
		for y := from; y < to; y++ {
			e.row(in.Pix[y*in.Stride:][:4*w], row(y-1), row(y), row(y+1))
		}
	})
	return in, nil
}

// row makes one row from the luma of three; the border repeats.
func (e *edges) row(out, above, middle, below []byte) {
	n := len(middle)
	above, below = above[:n], below[:n]
	// The columns left of, at and right of the current one: their weighted sums
	// across the rows, and the differences between the rows.
	column := func(x int) (sum, difference int) {
		a, m, b := int(above[x]), int(middle[x]), int(below[x])
		return a + 2*m + b, b - a
	}
	sumL, difL := column(0)
	sumM, difM := sumL, difL
	for x := range n {
		sumR, difR := column(min(x+1, n-1))
		// |gx|+|gy| instead of the root: an error of at most 8 % after scaling.
		g := min((abs(sumR-sumL)+abs(difL+2*difM+difR))/2, 255)
		if g < e.threshold {
			g = 0
		}
		p := out[4*x:][:3:3]
		p[0], p[1], p[2] = byte(g), byte(g), byte(g)
		sumL, difL, sumM, difM = sumM, difM, sumR, difR
	}
}

// lumaPlane returns the luma of img, in dst if it is large enough.
func lumaPlane(dst []byte, img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if cap(dst) < w*h {
		dst = make([]byte, w*h)
	}
	dst = dst[:w*h]
	eachRows(h, func(from, to int) {
		for y := from; y < to; y++ {
			out, row := dst[y*w:][:w], img.Pix[y*img.Stride:][:4*w]
			for x := range out {
				out[x] = luma(row[4*x:][:3:3])
			}
		}
	})
	return dst
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
