package led

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// Channels of a light, in the order of a [Color].
const (
	red = iota
	green
	blue
	white
	mono   // a plain LED, which shows the brightest part of a colour
	unused // a colour that we cannot ask for, such as amber; stays dark
)

// maxBrightness bounds the largest value that is believed of an LED.
const maxBrightness = 1 << 20

// light is one light of the device: a multicolor LED, or one or more plain LEDs.
type light struct {
	name  string
	leds  []lamp
	taken bool // from the triggers that may have driven it
}

// lamp is an LED of the kernel. With index, it is a multicolor one.
type lamp struct {
	dir     string
	most    int // max_brightness
	channel int
	index   []int  // channels of multi_intensity, in its order
	levels  string // multi_intensity as written last; empty if not known
	level   int    // brightness as written last; -1 if not known
}

// openLamp reads what an LED can do; false if it is none.
func openLamp(dir string, channel int) (lamp, bool) {
	most, err := readNumber(filepath.Join(dir, "max_brightness"))
	if err != nil || most < 1 || most > maxBrightness {
		return lamp{}, false
	}
	return lamp{dir: dir, most: most, channel: channel, level: -1}, true
}

// openMulti opens a multicolor LED, or returns nil if it is none.
func openMulti(dir, name string) *light {
	path := filepath.Join(dir, name)
	colors := strings.Fields(procfile.ReadString(filepath.Join(path, "multi_index")))
	l, ok := openLamp(path, unused)
	if !ok || len(colors) == 0 {
		return nil
	}
	for _, c := range colors {
		channel := unused
		switch c {
		case "red":
			channel = red
		case "green":
			channel = green
		case "blue":
			channel = blue
		case "white":
			channel = white
		}
		l.index = append(l.index, channel)
	}
	return &light{name: name, leds: []lamp{l}}
}

// openPlain opens an LED of one colour, or returns nil if there is none.
func openPlain(dir, name string) *light {
	l, ok := openLamp(filepath.Join(dir, name), mono)
	if !ok {
		return nil
	}
	return &light{name: name, leds: []lamp{l}}
}

// openGroup opens the LEDs of the colours of one light.
func openGroup(dir, group string, names []string) *light {
	g := &light{name: group}
	for _, name := range names {
		channel, _, _ := colorOf(name)
		if l, ok := openLamp(filepath.Join(dir, name), channel); ok {
			g.leds = append(g.leds, l)
		}
	}
	if len(g.leds) == 0 {
		return nil
	}
	return g
}

// hasWhite reports whether there is an LED for the white part of a colour.
func (l *light) hasWhite() bool {
	for _, led := range l.leds {
		if led.channel == white {
			return true
		}
		for _, c := range led.index {
			if c == white {
				return true
			}
		}
	}
	return false
}

// show sets the light. Where there is no white LED, white is made of the others.
func (l *light) show(c Color, brightness uint8) error {
	if !l.taken {
		// A trigger would go on to change what we show. Without triggers in the
		// kernel there is no such file.
		for _, led := range l.leds {
			if path := filepath.Join(led.dir, "trigger"); exists(path) {
				if err := writeAttr(path, "none"); err != nil {
					return err
				}
			}
		}
		l.taken = true
	}
	if !l.hasWhite() {
		add := func(a uint8) uint8 { return uint8(min(int(a)+int(c.W), 255)) }
		c = Color{R: add(c.R), G: add(c.G), B: add(c.B)}
	}
	for i := range l.leds {
		if err := l.leds[i].show(c, brightness); err != nil {
			l.leds[i].levels, l.leds[i].level, l.taken = "", -1, false
			return err
		}
	}
	return nil
}

// of returns the part of a colour that a channel shows.
func of(c Color, channel int) uint8 {
	switch channel {
	case red:
		return c.R
	case green:
		return c.G
	case blue:
		return c.B
	case white:
		return c.W
	case mono:
		return max(c.R, c.G, c.B, c.W)
	}
	return 0
}

// show writes what has changed. Of a multicolor LED, the intensities come first:
// the kernel puts them into effect with the brightness.
func (l *lamp) show(c Color, brightness uint8) error {
	if l.index == nil {
		return l.setBrightness(part(uint8((int(of(c, l.channel))*int(brightness)+127)/255), l.most))
	}
	words := make([]string, len(l.index))
	for i, channel := range l.index {
		words[i] = strconv.Itoa(part(of(c, channel), l.most))
	}
	if levels := strings.Join(words, " "); levels != l.levels {
		if err := writeAttr(filepath.Join(l.dir, "multi_intensity"), levels); err != nil {
			return err
		}
		l.levels, l.level = levels, -1
	}
	return l.setBrightness(part(brightness, l.most))
}

func (l *lamp) setBrightness(level int) error {
	if level == l.level {
		return nil
	}
	if err := writeAttr(filepath.Join(l.dir, "brightness"), strconv.Itoa(level)); err != nil {
		return err
	}
	l.level = level
	return nil
}

// read returns the colour that is shown now, with the brightness in it.
func (l *light) read() (Color, error) {
	var parts [4]uint8
	for _, led := range l.leds {
		level, err := readNumber(filepath.Join(led.dir, "brightness"))
		if err != nil {
			return Color{}, err
		}
		shown := float64(whole(level, led.most)) / 255
		switch {
		case led.index != nil:
			words := strings.Fields(procfile.ReadString(filepath.Join(led.dir, "multi_intensity")))
			for i, channel := range led.index {
				if v, err := strconv.Atoi(at(words, i)); err == nil && channel <= white {
					parts[channel] = uint8(float64(whole(max(v, 0), led.most))*shown + 0.5)
				}
			}
		case led.channel == mono:
			v := whole(level, led.most)
			parts[red], parts[green], parts[blue] = v, v, v
		default:
			parts[led.channel] = whole(level, led.most)
		}
	}
	return Color{parts[red], parts[green], parts[blue], parts[white]}, nil
}

func at(words []string, i int) string {
	if i < len(words) {
		return words[i]
	}
	return ""
}
