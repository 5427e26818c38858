package led_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/source/led"
)

func TestFrames(t *testing.T) {
	blue := led.Color{B: 200, W: 100}
	half := led.Color{B: 100, W: 50}
	dark := led.Color{}
	r, g, b := led.Color{R: 255}, led.Color{G: 255}, led.Color{B: 255}
	for _, c := range []struct {
		name string
		a    led.Animation
		n    int
		t    time.Duration
		want []led.Color
	}{
		{"off", led.Animation{Kind: led.Off, Color: blue}, 2, time.Second, []led.Color{dark, dark}},
		{"chase at the start", led.Animation{Kind: led.Chase, Color: blue, SpeedHz: 0.5}, 4, 0, []led.Color{blue, dark, dark, dark}},
		{"chase after half a round", led.Animation{Kind: led.Chase, Color: blue, SpeedHz: 0.5}, 4, time.Second, []led.Color{dark, dark, blue, dark}},
		{"chase between two lights", led.Animation{Kind: led.Chase, Color: blue, SpeedHz: 0.5}, 4, 250 * time.Millisecond, []led.Color{half, half, dark, dark}},
		{"chase over the end", led.Animation{Kind: led.Chase, Color: blue, SpeedHz: 0.5}, 4, 1750 * time.Millisecond, []led.Color{half, dark, dark, half}},
		{"chase backwards", led.Animation{Kind: led.Chase, Color: blue, SpeedHz: -0.5}, 4, 500 * time.Millisecond, []led.Color{dark, dark, dark, blue}},
		{"chase of one", led.Animation{Kind: led.Chase, Color: blue, SpeedHz: 1}, 1, 300 * time.Millisecond, []led.Color{blue}},
		{"pulse low", led.Animation{Kind: led.Pulse, Color: blue, Low: 0, High: 255, PeriodMS: 1000}, 1, 0, []led.Color{dark}},
		{"pulse high", led.Animation{Kind: led.Pulse, Color: blue, Low: 0, High: 255, PeriodMS: 1000}, 1, 500 * time.Millisecond, []led.Color{blue}},
		{"pulse between", led.Animation{Kind: led.Pulse, Color: blue, Low: 0, High: 255, PeriodMS: 1000}, 1, 2250 * time.Millisecond, []led.Color{half}},
		{"pulse without numbers", led.Animation{Kind: led.Pulse, Color: blue}, 1, time.Second, []led.Color{dark}},
		{"pulse that stands", led.Animation{Kind: led.Pulse, Color: blue, Low: 3, High: 255}, 1, time.Second, []led.Color{blue}},
		{"rainbow", led.Animation{Kind: led.Rainbow}, 3, time.Hour, []led.Color{r, g, b}},
		{"rainbow turned", led.Animation{Kind: led.Rainbow, SpeedHz: 1.0 / 3}, 3, time.Second, []led.Color{g, b, r}},
		{"rainbow dimmed", led.Animation{Kind: led.BreathingRainbow, High: 51}, 3, 0, []led.Color{{R: 51}, {G: 51}, {B: 51}}},
		{"no lights", led.Animation{Kind: led.Rainbow}, 0, 0, []led.Color{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.a.Frame(c.n, c.t); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		a     led.Animation
		field string
	}{
		{led.Animation{Kind: led.Off}, ""},
		{led.Animation{Kind: led.BreathingRainbow, SpeedHz: -50, Low: 255}, ""},
		{led.Animation{}, "animation.kind"},
		{led.Animation{Kind: "strobe"}, "animation.kind"},
		{led.Animation{Kind: led.Chase, SpeedHz: math.NaN()}, "animation.speed_hz"},
		{led.Animation{Kind: led.Chase, SpeedHz: math.Inf(-1)}, "animation.speed_hz"},
		{led.Animation{Kind: led.Chase, SpeedHz: 51}, "animation.speed_hz"},
	} {
		err := c.a.Validate()
		var bad *led.FieldError
		if got := ""; errors.As(err, &bad) {
			if got = bad.Field; got != c.field {
				t.Errorf("%+v: %v", c.a, err)
			}
		} else if c.field != "" || err != nil {
			t.Errorf("%+v: %v, want %q", c.a, err, c.field)
		}
	}
}

// FuzzFrame checks that any valid animation gives as many colours as there are
// lights, none brighter than what was asked for, the same for the same time.
func FuzzFrame(f *testing.F) {
	f.Add(uint8(1), 0.5, uint8(10), uint8(200), uint32(1500), uint8(7), int64(123456789))
	f.Add(uint8(4), -50.0, uint8(255), uint8(0), uint32(1), uint8(255), int64(math.MaxInt64))
	f.Fuzz(func(t *testing.T, kind uint8, speed float64, low, high uint8, period uint32, n uint8, at int64) {
		kinds := []led.Kind{led.Off, led.Chase, led.Pulse, led.Rainbow, led.BreathingRainbow}
		a := led.Animation{Kind: kinds[int(kind)%len(kinds)], Color: led.Color{R: 200, W: 9}, SpeedHz: speed, Low: low, High: high, PeriodMS: period}
		if a.Validate() != nil {
			return
		}
		when := time.Duration(at & math.MaxInt64)
		frame := a.Frame(int(n), when)
		if len(frame) != int(n) || !slices.Equal(frame, a.Frame(int(n), when)) {
			t.Fatalf("%+v at %v", a, when)
		}
		for _, c := range frame {
			switch a.Kind {
			case led.Off:
				if c != (led.Color{}) {
					t.Fatalf("%v is not dark", c)
				}
			case led.Chase, led.Pulse:
				if c.R > 200 || c.W > 9 || c.G != 0 || c.B != 0 {
					t.Fatalf("%+v: %v", a, c)
				}
			case led.BreathingRainbow:
				if most := max(low, high); c.R > most || c.G > most || c.B > most || c.W != 0 {
					t.Fatalf("%+v: %v", a, c)
				}
			}
		}
	})
}
