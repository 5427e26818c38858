package imaging

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

func textKind() Kind {
	return Kind{
		Name: "text", Doc: "writes a line of text; {time} becomes the time of the picture",
		Params: []Param{
			{Name: "text", Doc: "the line", Default: "{time}"},
			number("x", "pixels from the left", 0, maxSide, 8), number("y", "pixels from the top", 0, maxSide, 8),
			{Name: "color", Doc: "#rrggbb", Default: "#ffffff"},
		},
		make: func(v values) (Processor, error) {
			c, err := parseColor(v.text("color"))
			if err != nil {
				return nil, &ParamError{"color", err}
			}
			return &text{text: v.text("text"), at: image.Pt(v.int("x"), v.int("y")), color: c}, nil
		},
	}
}

type text struct {
	text  string
	at    image.Point
	color color.RGBA
}

// Process implements Processor.
func (t *text) Process(in *image.RGBA, at time.Time) (Result, error) {
	line := strings.ReplaceAll(t.text, "{time}", at.UTC().Format("2006-01-02 15:04:05.000Z"))
	face := basicfont.Face7x13
	d := font.Drawer{Dst: in, Src: image.Black, Face: face}
	// A dark edge keeps the text readable on any ground.
	for _, offset := range []image.Point{{1, 1}, {-1, -1}, {1, -1}, {-1, 1}} {
		d.Dot = fixed.P(t.at.X+offset.X, t.at.Y+offset.Y+face.Ascent)
		d.DrawString(line)
	}
	d.Src, d.Dot = image.NewUniform(t.color), fixed.P(t.at.X, t.at.Y+face.Ascent)
	d.DrawString(line)
	return Result{Image: in}, nil
}

func boxKind() Kind {
	return Kind{
		Name: "box", Doc: "draws a rectangle",
		Params: []Param{
			number("x", "pixels", 0, maxSide, 0), number("y", "pixels", 0, maxSide, 0),
			number("width", "pixels", 1, maxSide, 100), number("height", "pixels", 1, maxSide, 100),
			number("line", "width of the line, pixels", 1, 32, 2), {Name: "color", Doc: "#rrggbb", Default: "#ffcc00"},
		},
		make: func(v values) (Processor, error) {
			c, err := parseColor(v.text("color"))
			if err != nil {
				return nil, &ParamError{"color", err}
			}
			r := image.Rect(v.int("x"), v.int("y"), v.int("x")+v.int("width"), v.int("y")+v.int("height"))
			line := v.int("line")
			return processorFunc(func(in *image.RGBA) (*image.RGBA, error) { drawBox(in, r, c, line); return in, nil }), nil
		},
	}
}

// drawBox draws the inner border of r.
func drawBox(img *image.RGBA, r image.Rectangle, c color.RGBA, line int) {
	src := image.NewUniform(c)
	for _, side := range []image.Rectangle{
		{r.Min, image.Pt(r.Max.X, r.Min.Y+line)},
		{image.Pt(r.Min.X, r.Max.Y-line), r.Max},
		{r.Min, image.Pt(r.Min.X+line, r.Max.Y)},
		{image.Pt(r.Max.X-line, r.Min.Y), r.Max},
	} {
		draw.Draw(img, side.Intersect(r), src, image.Point{}, draw.Src)
	}
}

func parseColor(s string) (color.RGBA, error) {
	c := color.RGBA{A: 255}
	var rest string
	if n, _ := fmt.Sscanf(s, "#%02x%02x%02x%s", &c.R, &c.G, &c.B, &rest); n != 3 || len(s) != 7 {
		return c, fmt.Errorf("%q is no colour of the form #rrggbb", s)
	}
	return c, nil
}
