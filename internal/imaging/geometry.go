package imaging

import (
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
				return nil, fmt.Errorf("params.width: both sides are 0")
			}
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) { return resize(in, w, h), nil }), nil
		},
	}
}

func resize(in *image.RGBA, w, h int) *image.RGBA {
	size := in.Rect.Size()
	if size.X == 0 || size.Y == 0 {
		return in
	}
	if w == 0 {
		w = max(size.X*h/size.Y, 1)
	}
	if h == 0 {
		h = max(size.Y*w/size.X, 1)
	}
	out := image.NewRGBA(image.Rect(0, 0, min(w, maxSide), min(h, maxSide)))
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
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) {
				r := area.Add(in.Rect.Min).Intersect(in.Rect)
				if r.Empty() {
					return nil, fmt.Errorf("crop %v lies outside the picture of %v", area, in.Rect.Size())
				}
				out := image.NewRGBA(image.Rectangle{Max: r.Size()})
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
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) { return rotate(in, quarters), nil }), nil
		},
	}
}

func rotate(in *image.RGBA, quarters int) *image.RGBA {
	w, h := in.Rect.Dx(), in.Rect.Dy()
	var out *image.RGBA
	var to func(x, y int) int
	switch quarters {
	case 1:
		out = image.NewRGBA(image.Rect(0, 0, h, w))
		to = func(x, y int) int { return out.PixOffset(h-1-y, x) }
	case 2:
		out = image.NewRGBA(image.Rect(0, 0, w, h))
		to = func(x, y int) int { return out.PixOffset(w-1-x, h-1-y) }
	case 3:
		out = image.NewRGBA(image.Rect(0, 0, h, w))
		to = func(x, y int) int { return out.PixOffset(y, w-1-x) }
	default:
		return in
	}
	for y := range h {
		for x := range w {
			from := y*in.Stride + 4*x
			copy(out.Pix[to(x, y):][:4], in.Pix[from:from+4])
		}
	}
	return out
}
