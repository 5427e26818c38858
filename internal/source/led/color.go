package led

import "math"

// Color is the colour of a light; each part is 0..255.
type Color struct {
	R uint8 `json:"r"`
	G uint8 `json:"g"`
	B uint8 `json:"b"`
	W uint8 `json:"w"`
}

// scale returns the colour at a level between 0 and 1.
func (c Color) scale(level float64) Color {
	part := func(v uint8) uint8 { return uint8(math.Round(float64(v) * level)) }
	return Color{part(c.R), part(c.G), part(c.B), part(c.W)}
}

// hue returns the fully saturated colour at a place on the wheel: 0 red, 1/3
// green, 2/3 blue.
func hue(turn float64) Color {
	part := func(offset float64) uint8 {
		_, f := math.Modf(turn + offset)
		if f < 0 {
			f++
		}
		return uint8(math.Round(255 * min(max(math.Abs(6*f-3)-1, 0), 1)))
	}
	return Color{R: part(0), G: part(2.0 / 3), B: part(1.0 / 3)}
}
