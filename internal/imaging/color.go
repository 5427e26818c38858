package imaging

import (
	"image"
	"time"
)

// processorFunc is a processor without state.
type processorFunc func(in *image.RGBA) (*image.RGBA, error)

// Process implements Processor.
func (f processorFunc) Process(in *image.RGBA, _ time.Time) (Result, error) {
	out, err := f(in)
	return Result{Image: out}, err
}

func grayscaleKind() Kind {
	return Kind{Name: "grayscale", Doc: "luma of ITU-R BT.601", make: func(values) (Processor, error) {
		return processorFunc(func(in *image.RGBA) (*image.RGBA, error) {
			eachPixel(in, func(p []byte) { y := luma(p); p[0], p[1], p[2] = y, y, y })
			return in, nil
		}), nil
	}}
}

// luma returns 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) in fixed point.
func luma(p []byte) byte {
	return byte((77*uint32(p[0]) + 150*uint32(p[1]) + 29*uint32(p[2]) + 128) >> 8)
}

// eachPixel calls f with the four bytes of every pixel, from several goroutines.
func eachPixel(img *image.RGBA, f func(p []byte)) {
	width := 4 * img.Rect.Dx()
	eachRows(img.Rect.Dy(), func(from, to int) {
		for y := from; y < to; y++ {
			row := img.Pix[y*img.Stride:][:width]
			for x := 0; x+4 <= len(row); x += 4 {
				f(row[x:][:4:4])
			}
		}
	})
}

func maskKind() Kind {
	return Kind{
		Name: "hsv_mask", Doc: "keeps the colours within a range of hue, saturation and value; all else becomes black",
		Params: []Param{
			number("hue_min", "degrees; larger than hue_max means around 0", 0, 360, 0),
			number("hue_max", "degrees", 0, 360, 360),
			number("saturation_min", "", 0, 1, 0), number("saturation_max", "", 0, 1, 1),
			number("value_min", "", 0, 1, 0), number("value_max", "", 0, 1, 1),
		},
		make: func(v values) (Processor, error) {
			m := mask{
				hue: [2]float64{v.number("hue_min"), v.number("hue_max")},
				sat: [2]float64{v.number("saturation_min"), v.number("saturation_max")},
				val: [2]float64{v.number("value_min"), v.number("value_max")},
			}
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) {
				eachPixel(in, func(p []byte) {
					if !m.has(hsv(p[0], p[1], p[2])) {
						p[0], p[1], p[2] = 0, 0, 0
					}
				})
				return in, nil
			}), nil
		},
	}
}

type mask struct{ hue, sat, val [2]float64 }

func (m mask) has(h, s, v float64) bool {
	if s < m.sat[0] || s > m.sat[1] || v < m.val[0] || v > m.val[1] {
		return false
	}
	if m.hue[0] <= m.hue[1] {
		return h >= m.hue[0] && h <= m.hue[1]
	}
	return h >= m.hue[0] || h <= m.hue[1]
}

// hsv converts a colour: hue in degrees 0..360, saturation and value 0..1.
func hsv(r, g, b byte) (h, s, v float64) {
	hi, lo := max(r, g, b), min(r, g, b)
	v = float64(hi) / 255
	d := float64(hi) - float64(lo)
	if d == 0 {
		return 0, 0, v
	}
	s = d / float64(hi)
	switch hi {
	case r:
		h = (float64(g) - float64(b)) / d
	case g:
		h = 2 + (float64(b)-float64(r))/d
	default:
		h = 4 + (float64(r)-float64(g))/d
	}
	if h *= 60; h < 0 {
		h += 360
	}
	return h, s, v
}
