package imaging

import (
	"image"

	"golang.org/x/image/draw"
)

// FromYCbCr converts a picture for processors, into dst's memory if there is enough of
// it; dst may be nil.
func FromYCbCr(dst *image.RGBA, src *image.YCbCr) *image.RGBA {
	size := src.Rect.Size()
	dst = sized(dst, size.X, size.Y)
	eachRows(size.Y, func(from, to int) {
		draw.Draw(dst, image.Rect(0, from, size.X, to), src, src.Rect.Min.Add(image.Pt(0, from)), draw.Src)
	})
	return dst
}
