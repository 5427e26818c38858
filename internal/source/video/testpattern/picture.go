package testpattern

import (
	"fmt"
	"image"
	"image/color"
	"time"

	"github.com/heliograph/heliograph/internal/source/video/stripjpeg"
)

// picture draws the pattern.
type picture struct {
	canvas *stripjpeg.Canvas
	back   *stripjpeg.Canvas // what never changes
	dot    int               // side of a dot of the letters, in pixels
	number line
	clock  line
	box    image.Rectangle // where the square is; empty before the first frame
	bits   uint64
	drawn  bool
}

// line is a line of text and where it begins.
type line struct {
	at   image.Point
	text string
}

func newPicture(width, height, quality int) (*picture, error) {
	canvas, err := stripjpeg.NewCanvas(width, height, quality)
	if err != nil {
		return nil, err
	}
	back, err := stripjpeg.NewCanvas(width, height, quality)
	if err != nil {
		return nil, err
	}
	p := &picture{canvas: canvas, back: back, dot: max(1, min(width/200, height/100))}
	p.number.at = image.Pt(8*p.dot, 4*p.dot)
	p.clock.at = p.number.at.Add(image.Pt(0, (glyphHeight+3)*p.dot))
	p.drawBack()
	canvas.Restore(canvas.Bounds(), back)
	return p, nil
}

// bars returns the colours of the bars: white, yellow, cyan, green, magenta, red,
// blue, black at 75 %.
func bars() [8]color.YCbCr {
	var list [8]color.YCbCr
	for i := range list {
		on := func(bit int) uint8 { return uint8(191 * (1 - i>>bit&1)) }
		list[i].Y, list[i].Cb, list[i].Cr = color.RGBToYCbCr(on(1), on(2), on(0))
	}
	return list
}

// grey returns a colour without colour.
func grey(y uint8) color.YCbCr { return color.YCbCr{Y: y, Cb: 128, Cr: 128} }

// drawBack draws the bars, a ramp of greys below them and the dark field of the text.
func (p *picture) drawBack() {
	b := p.back.Bounds()
	ramp := p.rampTop()
	for i, c := range bars() {
		p.back.Fill(image.Rect(i*b.Dx()/8, p.textBottom(), (i+1)*b.Dx()/8, ramp), c)
	}
	for i := range 32 {
		p.back.Fill(image.Rect(i*b.Dx()/32, ramp, (i+1)*b.Dx()/32, b.Dy()), grey(uint8(i*8)))
	}
	p.back.Fill(image.Rect(0, 0, b.Dx(), p.textBottom()), grey(24))
}

func (p *picture) textBottom() int { return p.clock.at.Y + (glyphHeight+4)*p.dot }

func (p *picture) rampTop() int {
	h := p.back.Bounds().Dy()
	return max(p.textBottom(), h-BarHeight(h)-h/8)
}

// step draws frame n, in place of the frame drawn before. travel is how many pixels
// the square has gone.
func (p *picture) step(n uint32, at time.Time, travel int) {
	p.drawLine(&p.number, fmt.Sprintf("#%010d", n))
	p.drawLine(&p.clock, at.UTC().Format("2006-01-02 15:04:05.000"))
	p.drawBox(travel)
	p.drawBar(n)
	p.drawn = true
}

// drawLine draws the characters that have changed.
func (p *picture) drawLine(l *line, text string) {
	for _, i := range changed(l.text, text) {
		at := l.at.Add(image.Pt(i*glyphWidth*p.dot, 0))
		p.canvas.Restore(image.Rectangle{Min: at, Max: at.Add(image.Pt(glyphWidth*p.dot, glyphHeight*p.dot))}, p.back)
		for row, dots := range glyph(text[i]) {
			for col := range 5 {
				if dots>>(4-col)&1 == 1 {
					dot := at.Add(image.Pt(col*p.dot, row*p.dot))
					p.canvas.Fill(image.Rectangle{Min: dot, Max: dot.Add(image.Pt(p.dot, p.dot))}, grey(235))
				}
			}
		}
	}
	l.text = text
}

// drawBox moves the square, which goes to and fro in the middle of the bars.
func (p *picture) drawBox(travel int) {
	b := p.canvas.Bounds()
	side := max(8, b.Dy()/12/16*16)
	top := (p.textBottom() + p.rampTop() - side) / 2 / 16 * 16
	track := max(1, b.Dx()-side)
	x := travel % (2 * track)
	if x > track {
		x = 2*track - x
	}
	box := image.Rect(x, top, x+side, top+side)
	if box == p.box && p.drawn {
		return
	}
	p.canvas.Restore(p.box, p.back)
	p.canvas.Fill(box, grey(235))
	p.canvas.Fill(box.Inset(side/4), grey(16))
	p.box = box
}

// drawBar draws the cells that have changed.
func (p *picture) drawBar(n uint32) {
	bits := barBits(n)
	for i := range barCells {
		now := bits >> (barCells - 1 - i) & 1
		if p.drawn && now == p.bits>>(barCells-1-i)&1 {
			continue
		}
		p.canvas.Fill(barCell(p.canvas.Bounds(), i), grey(uint8(16+219*now)))
	}
	p.bits = bits
}
