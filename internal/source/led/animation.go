package led

import (
	"fmt"
	"math"
	"time"
)

// Kind names an animation, in the words of the HeliOS device API.
type Kind string

// The animations.
const (
	Off              Kind = "off"               // dark
	Chase            Kind = "chase"             // one light of Color runs along, SpeedHz rounds a second
	Pulse            Kind = "pulse"             // all of Color swell between Low and High once in PeriodMS
	Rainbow          Kind = "rainbow"           // the colour wheel turns SpeedHz times a second
	BreathingRainbow Kind = "breathing_rainbow" // both
)

// MaxSpeedHz bounds the speed of an animation in either direction; what is faster
// than half the rate of pictures cannot be seen anyway.
const MaxSpeedHz = 50.0

// Animation says how the lights change with time. Which fields count depends on
// the kind; a speed or period of 0 stands still. A negative speed runs backwards.
type Animation struct {
	Kind     Kind    `json:"kind"`
	Color    Color   `json:"color,omitzero"`
	SpeedHz  float64 `json:"speed_hz,omitempty"`
	Low      uint8   `json:"low,omitempty"`  // level 0..255
	High     uint8   `json:"high,omitempty"` // level 0..255
	PeriodMS uint32  `json:"period_ms,omitempty"`
}

// FieldError says which field of a command or of a configuration is wrong.
type FieldError struct {
	Field  string
	Reason string
}

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Validate checks an animation. Errors are of type *[FieldError], whose field
// begins with "animation.".
func (a Animation) Validate() error {
	switch a.Kind {
	case Off, Chase, Pulse, Rainbow, BreathingRainbow:
	default:
		return &FieldError{"animation.kind", fmt.Sprintf("must be %s, %s, %s, %s or %s", Off, Chase, Pulse, Rainbow, BreathingRainbow)}
	}
	if !(math.Abs(a.SpeedHz) <= MaxSpeedHz) {
		return &FieldError{"animation.speed_hz", fmt.Sprintf("must be between %v and %v", -MaxSpeedHz, MaxSpeedHz)}
	}
	return nil
}

// Frame returns the colours of count lights at the time t after the start. It
// depends on nothing else.
func (a Animation) Frame(count int, t time.Duration) []Color {
	frame := make([]Color, max(count, 0))
	a.draw(frame, t)
	return frame
}

func (a Animation) draw(frame []Color, t time.Duration) {
	turn := math.Mod(a.SpeedHz*t.Seconds(), 1)
	if turn < 0 {
		turn++
	}
	n := float64(len(frame))
	for i := range frame {
		switch a.Kind {
		case Chase:
			frame[i] = a.Color.scale(nearness(float64(i), turn*n, n))
		case Pulse:
			frame[i] = a.Color.scale(a.level(t))
		case Rainbow:
			frame[i] = hue(float64(i)/n + turn)
		case BreathingRainbow:
			frame[i] = hue(float64(i)/n + turn).scale(a.level(t))
		default:
			frame[i] = Color{}
		}
	}
}

// nearness is 1 for the light at place at of a ring of n lights, and falls to 0
// for its neighbours.
func nearness(light, at, n float64) float64 {
	if n <= 1 {
		return 1
	}
	d := math.Abs(light - at)
	return max(0, 1-min(d, n-d))
}

// level is that of a breath, 0..1: Low at the start, High after half the period.
func (a Animation) level(t time.Duration) float64 {
	if a.PeriodMS == 0 {
		return float64(a.High) / 255
	}
	period := time.Duration(a.PeriodMS) * time.Millisecond
	phase := float64(t%period) / float64(period)
	breath := (1 - math.Cos(2*math.Pi*phase)) / 2
	return (float64(a.Low) + (float64(a.High)-float64(a.Low))*breath) / 255
}

// moves reports whether the picture changes with time.
func (a Animation) moves() bool {
	breathes := a.PeriodMS != 0 && a.Low != a.High
	switch a.Kind {
	case Chase, Rainbow:
		return a.SpeedHz != 0
	case Pulse:
		return breathes
	case BreathingRainbow:
		return a.SpeedHz != 0 || breathes
	}
	return false
}
