package v4l2

import (
	"fmt"
	"image"
	"image/color"

	"github.com/heliograph/heliograph/internal/source/video"
)

// converter makes pictures of raw buffers. Its picture is used again for the next
// buffer.
type converter struct {
	l       layout
	picture *image.YCbCr
}

// rawFormats lists the formats that a converter takes, the cheapest one first.
func rawFormats() []video.FourCC {
	return []video.FourCC{video.YU12, video.NV12, video.YUYV, "UYVY", video.GREY, video.RGB3, "BGR3"}
}

// newConverter returns a converter, or an error for a format that it does not take.
func newConverter(l layout) (*converter, error) {
	ratio := image.YCbCrSubsampleRatio420
	least := int(l.Width)
	switch l.FourCC {
	case video.YUYV, "UYVY":
		ratio, least = image.YCbCrSubsampleRatio422, 2*int(l.Width)
	case video.NV12, video.YU12, video.GREY:
	case video.RGB3, "BGR3":
		ratio, least = image.YCbCrSubsampleRatio444, 3*int(l.Width)
	default:
		return nil, fmt.Errorf("convert %q: %w", string(l.FourCC), video.ErrUnsupported)
	}
	if l.Width == 0 || l.Height == 0 || l.Width > 1<<14 || l.Height > 1<<14 {
		return nil, fmt.Errorf("convert %d x %d pixels: %w", l.Width, l.Height, video.ErrUnsupported)
	}
	l.stride = max(l.stride, least)
	return &converter{l: l, picture: image.NewYCbCr(image.Rect(0, 0, int(l.Width), int(l.Height)), ratio)}, nil
}

// need returns how many bytes a buffer must have.
func (c *converter) need() int {
	rows := int(c.l.Height)
	switch c.l.FourCC {
	case video.NV12:
		return c.l.stride * (rows + (rows+1)/2)
	case video.YU12:
		return c.l.stride*rows + 2*((c.l.stride+1)/2)*((rows+1)/2)
	}
	return c.l.stride * rows
}

// convert returns the picture in a buffer; ok is false if the buffer is too short.
func (c *converter) convert(data []byte) (p *image.YCbCr, ok bool) {
	if len(data) < c.need() {
		return nil, false
	}
	switch c.l.FourCC {
	case video.YUYV:
		c.packed(data, 0, 1)
	case "UYVY":
		c.packed(data, 1, 0)
	case video.RGB3:
		c.rgb(data, 0, 2)
	case "BGR3":
		c.rgb(data, 2, 0)
	default:
		c.planar(data)
	}
	return c.picture, true
}

// packed takes formats of four bytes for two pixels. y and u are where the first luma
// and the first chroma are.
func (c *converter) packed(data []byte, y, u int) {
	p, width := c.picture, int(c.l.Width)
	for row := range int(c.l.Height) {
		in := data[row*c.l.stride:][:c.l.stride]
		luma, cb, cr := p.Y[row*p.YStride:], p.Cb[row*p.CStride:], p.Cr[row*p.CStride:]
		for x := 0; x+1 < width; x += 2 {
			four := in[2*x : 2*x+4 : 2*x+4]
			luma[x], luma[x+1] = four[y], four[y+2]
			cb[x/2], cr[x/2] = four[u], four[u+2]
		}
		if width%2 == 1 {
			luma[width-1] = in[2*(width-1)+y]
		}
	}
}

// planar takes formats whose luma comes first as a whole.
func (c *converter) planar(data []byte) {
	p, width, rows, stride := c.picture, int(c.l.Width), int(c.l.Height), c.l.stride
	for row := range rows {
		copy(p.Y[row*p.YStride:][:width], data[row*stride:])
	}
	chroma := data[stride*rows:]
	half, halfRows := (width+1)/2, (rows+1)/2
	for row := range halfRows {
		cb, cr := p.Cb[row*p.CStride:][:half], p.Cr[row*p.CStride:][:half]
		switch c.l.FourCC {
		case video.NV12:
			in := chroma[row*stride:]
			for x := range half {
				if 2*x+1 < len(in) {
					cb[x], cr[x] = in[2*x], in[2*x+1]
				}
			}
		case video.YU12:
			s := (stride + 1) / 2
			copy(cb, chroma[row*s:])
			copy(cr, chroma[s*halfRows+row*s:])
		default: // GREY
			for x := range half {
				cb[x], cr[x] = 128, 128
			}
		}
	}
}

// rgb takes formats of three bytes for a pixel. r and b are where red and blue are.
func (c *converter) rgb(data []byte, r, b int) {
	p := c.picture
	for row := range int(c.l.Height) {
		in := data[row*c.l.stride:]
		for x := range int(c.l.Width) {
			p.Y[row*p.YStride+x], p.Cb[row*p.CStride+x], p.Cr[row*p.CStride+x] = color.RGBToYCbCr(in[3*x+r], in[3*x+1], in[3*x+b])
		}
	}
}
