package stripjpeg

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
)

// Canvas is a picture that is drawn on and encoded again and again. It remembers
// which tiles have changed and encodes only those. It is used by one goroutine.
type Canvas struct {
	img     *image.YCbCr
	quality int
	tile    image.Point // size of a tile in pixels
	across  int         // tiles in a row
	tiles   []tile
	head    []byte
	buf     bytes.Buffer
	size    int // of all tiles' data
}

type tile struct {
	scan  []byte
	stale bool
}

// tileBlocks is the most blocks that a tile is wide: small enough that little is
// encoded in vain, large enough that the markers between them do not count.
const tileBlocks = 10

// NewCanvas returns a black canvas, quality 1 to 100.
func NewCanvas(width, height, quality int) (*Canvas, error) {
	b := image.Rect(0, 0, width, height)
	if err := check(b); err != nil {
		return nil, err
	}
	blocks := (width + mcu - 1) / mcu
	per := blocks // a tile has to divide the row
	for n := min(tileBlocks, blocks); n >= tileBlocks/2; n-- {
		if blocks%n == 0 {
			per = n
			break
		}
	}
	c := &Canvas{
		img: image.NewYCbCr(b, image.YCbCrSubsampleRatio420), quality: quality,
		tile: image.Pt(per*mcu, mcu), across: blocks / per,
	}
	c.tiles = make([]tile, c.across*((height+mcu-1)/mcu))
	head, err := blank(quality)
	if err != nil {
		return nil, err
	}
	if c.head, err = header(nil, head, width, height, per); err != nil {
		return nil, err
	}
	c.Fill(b, black())
	return c, nil
}

// Bounds returns the canvas's size, from (0, 0).
func (c *Canvas) Bounds() image.Rectangle { return c.img.Rect }

// Image returns the picture, which Fill changes.
func (c *Canvas) Image() *image.YCbCr { return c.img }

// Fill paints a rectangle, as far as it is on the canvas. Colour has half the
// resolution: edges at odd coordinates are sharp in brightness only.
func (c *Canvas) Fill(r image.Rectangle, col color.YCbCr) {
	r = r.Intersect(c.img.Rect)
	if r.Empty() {
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		fill(c.img.Y[c.img.YOffset(r.Min.X, y):][:r.Dx()], col.Y)
	}
	left, right := r.Min.X/2, (r.Max.X+1)/2
	for y := r.Min.Y / 2; y < (r.Max.Y+1)/2; y++ {
		row := y*c.img.CStride + left
		fill(c.img.Cb[row:][:right-left], col.Cb)
		fill(c.img.Cr[row:][:right-left], col.Cr)
	}
	c.touch(r)
}

// Restore copies a rectangle from another canvas of the same size.
func (c *Canvas) Restore(r image.Rectangle, from *Canvas) {
	r = r.Intersect(c.img.Rect)
	if r.Empty() {
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		at := c.img.YOffset(r.Min.X, y)
		copy(c.img.Y[at:][:r.Dx()], from.img.Y[at:])
	}
	left, right := r.Min.X/2, (r.Max.X+1)/2
	for y := r.Min.Y / 2; y < (r.Max.Y+1)/2; y++ {
		row := y*c.img.CStride + left
		copy(c.img.Cb[row:][:right-left], from.img.Cb[row:])
		copy(c.img.Cr[row:][:right-left], from.img.Cr[row:])
	}
	c.touch(r)
}

func fill(row []byte, v byte) {
	for i := range row {
		row[i] = v
	}
}

// touch marks the tiles of a rectangle as changed.
func (c *Canvas) touch(r image.Rectangle) {
	for y := r.Min.Y / c.tile.Y; y <= (r.Max.Y-1)/c.tile.Y; y++ {
		for x := r.Min.X / c.tile.X; x <= (r.Max.X-1)/c.tile.X; x++ {
			c.tiles[y*c.across+x].stale = true
		}
	}
}

// Encode returns the picture as a JPEG, which is the caller's. Its cost is that of
// the tiles that have changed since the last call.
func (c *Canvas) Encode() ([]byte, error) {
	for i := range c.tiles {
		if !c.tiles[i].stale {
			continue
		}
		if err := c.encodeTile(i); err != nil {
			return nil, err
		}
	}
	out := make([]byte, 0, len(c.head)+c.size+2*len(c.tiles))
	out = append(out, c.head...)
	for i := range c.tiles {
		out = append(append(out, c.tiles[i].scan...), 0xff, restart(i))
	}
	out[len(out)-1] = markerEOI
	return out, nil
}

func (c *Canvas) encodeTile(i int) error {
	t := &c.tiles[i]
	at := image.Pt(i%c.across*c.tile.X, i/c.across*c.tile.Y)
	c.buf.Reset()
	piece := c.img.SubImage(image.Rectangle{Min: at, Max: at.Add(c.tile)})
	if err := jpeg.Encode(&c.buf, piece, &jpeg.Options{Quality: c.quality}); err != nil {
		return err
	}
	_, scan, err := split(c.buf.Bytes())
	if err != nil {
		return err
	}
	c.size += len(scan) - len(t.scan)
	t.scan, t.stale = append(t.scan[:0], scan...), false
	return nil
}
