package imaging

import (
	"errors"
	"fmt"
	"image"

	"golang.org/x/image/draw"
)

// maxSide bounds the sides of a picture that resize makes, in pixels.
const maxSide = 8192

func resizeKind() Kind {
	return Kind{
		Name: "resize", Doc: "scales to a size; one side of 0 keeps the proportions",
		Params: []Param{number("width", "pixels", 0, maxSide, 640), number("height", "pixels", 0, maxSide, 0)},
		make: func(v values) (Processor, error) {
			w, h := v.int("width"), v.int("height")
			if w == 0 && h == 0 {
				return nil, &ParamError{"width", errors.New("both sides are 0")}
			}
			var out *image.RGBA
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) {
				out = resize(out, in, w, h)
				return out, nil
			}), nil
		},
	}
}

// resize scales in, which has pixels, into out if that is large enough.
func resize(out, in *image.RGBA, w, h int) *image.RGBA {
	size := in.Rect.Size()
	if w == 0 {
		w = max(size.X*h/size.Y, 1)
	}
	if h == 0 {
		h = max(size.Y*w/size.X, 1)
	}
	out = sized(out, min(w, maxSide), min(h, maxSide))
	draw.ApproxBiLinear.Scale(out, out.Rect, in, in.Rect, draw.Src, nil)
	return out
}

func cropKind() Kind {
	return Kind{
		Name: "crop", Doc: "cuts out a rectangle; what lies outside the picture is left out",
		Params: []Param{
			number("x", "pixels", 0, maxSide, 0), number("y", "pixels", 0, maxSide, 0),
			number("width", "pixels", 1, maxSide, 320), number("height", "pixels", 1, maxSide, 240),
		},
		make: func(v values) (Processor, error) {
			area := image.Rect(v.int("x"), v.int("y"), v.int("x")+v.int("width"), v.int("y")+v.int("height"))
			var out *image.RGBA
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) {
				r := area.Add(in.Rect.Min).Intersect(in.Rect)
				if r.Empty() {
					return nil, fmt.Errorf("crop %v lies outside the picture of %v", area, in.Rect.Size())
				}
				out = sized(out, r.Dx(), r.Dy())
				draw.Draw(out, out.Rect, in, r.Min, draw.Src)
				return out, nil
			}), nil
		},
	}
}

func rotateKind() Kind {
	return Kind{
		Name: "rotate", Doc: "turns clockwise by quarter turns", Params: []Param{number("quarters", "quarter turns", 0, 3, 1)},
		make: func(v values) (Processor, error) {
			quarters := v.int("quarters")
			var out *image.RGBA
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) {
				if quarters == 0 {
					return in, nil
				}
				out = rotate(out, in, quarters)
				return out, nil
			}), nil
		},
	}
}

// rotate turns in by 1 to 3 quarters, into out if that is large enough.
func rotate(out, in *image.RGBA, quarters int) *image.RGBA {
	w, h := in.Rect.Dx(), in.Rect.Dy()
	if quarters == 2 {
		out = sized(out, w, h)
	} else {
		out = sized(out, h, w)
	}
	// Where the pixel 0,0 goes, and how far apart neighbours of a row and of a column
	// are then, in bytes.
	var first, right, down int
	switch s := out.Stride; quarters {
	case 1:
		first, right, down = 4*(h-1), s, -4
	case 2:
		first, right, down = (h-1)*s+4*(w-1), -4, -s
	default:
		first, right, down = (w-1)*s, -s, 4
	}
	eachRows(h, func(top, bottom int) {
		for y := top; y < bottom; y++ {
			row, to := in.Pix[y*in.Stride:][:4*w], first+y*down
			for len(row) >= 4 {
				*(*[4]byte)(out.Pix[to:]) = [4]byte(row)
				row, to = row[4:], to+right
			}
		}
	})
	return out
}
