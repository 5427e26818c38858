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
	w, h := src.Rect.Dx(), src.Rect.Dy()
	for y := range h {
		in, out := src.Pix[y*src.Stride:], dst.Pix[y*dst.Stride:]
		boxLine(out, in, w, 4, r)
	}
}

func boxColumns(dst, src *image.RGBA, r int) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	for x := range w {
		boxLine(dst.Pix[4*x:], src.Pix[4*x:], h, src.Stride, r)
	}
}

// boxLine filters n pixels that are step bytes apart.
func boxLine(dst, src []byte, n, step, r int) {
	if n == 0 {
		return
	}
	var sum [3]int
	at := func(i int) []byte {
		i = min(max(i, 0), n-1) * step
		return src[i : i+3 : i+3]
	}
	for i := -r; i <= r; i++ {
		for c, v := range at(i) {
			sum[c] += int(v)
		}
	}
	size := 2*r + 1
	for i := range n {
		o := dst[i*step : i*step+3 : i*step+3]
		in, out := at(i+r+1), at(i-r)
		for c := range sum {
			o[c] = byte(sum[c] / size)
			sum[c] += int(in[c]) - int(out[c])
		}
	}
}

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
	at := func(x, y int) int { return int(e.y[min(max(y, 0), h-1)*w+min(max(x, 0), w-1)]) }
	for y := range h {
		row := in.Pix[y*in.Stride:]
		for x := range w {
			gx := at(x+1, y-1) + 2*at(x+1, y) + at(x+1, y+1) - at(x-1, y-1) - 2*at(x-1, y) - at(x-1, y+1)
			gy := at(x-1, y+1) + 2*at(x, y+1) + at(x+1, y+1) - at(x-1, y-1) - 2*at(x, y-1) - at(x+1, y-1)
			// |gx|+|gy| instead of the root: an error of at most 8 % after scaling.
			g := min((abs(gx)+abs(gy))/2, 255)
			if g < e.threshold {
				g = 0
			}
			p := row[4*x : 4*x+3 : 4*x+3]
			p[0], p[1], p[2] = byte(g), byte(g), byte(g)
		}
	}
	return in, nil
}

// lumaPlane returns the luma of img, in dst if it is large enough.
func lumaPlane(dst []byte, img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if cap(dst) < w*h {
		dst = make([]byte, w*h)
	}
	dst = dst[:w*h]
	i := 0
	eachPixel(img, func(p []byte) { dst[i] = luma(p); i++ })
	return dst
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
