package led

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
	"github.com/heliograph/heliograph/internal/topic"
)

// hardware is the lights of a real device.
type hardware struct {
	lights []*light
	name   string
}

// Hardware returns the opener of the LEDs under root, which is "/" but in tests.
// names lists the LEDs to use, in that order; without it they are all multicolor
// LEDs and all groups of red, green and blue LEDs of one device and function, by their
// names, or, if there are none of these, the plain LEDs that nothing drives and that
// belong to no keyboard, disk or network port.
func Hardware(root string, names []string) Opener {
	return func() (Strip, error) {
		dir := filepath.Join(root, "sys/class/leds")
		h := &hardware{}
		if len(names) > 0 {
			h.addNamed(dir, names)
		} else {
			h.addAll(dir)
		}
		if len(h.lights) == 0 {
			return nil, fmt.Errorf("find leds: %w", topic.ErrNotPresent)
		}
		h.name = h.lights[0].name
		if n := len(h.lights); n > 1 {
			h.name += " and " + strconv.Itoa(n-1) + " more"
		}
		return h, nil
	}
}

func (h *hardware) add(l *light) {
	if l != nil && len(h.lights) < MaxLights {
		h.lights = append(h.lights, l)
	}
}

func (h *hardware) addNamed(dir string, names []string) {
	for _, name := range names {
		if !filepath.IsLocal(name) || strings.Contains(name, "/") {
			continue
		}
		if l := openMulti(dir, name); l != nil {
			h.add(l)
			continue
		}
		h.add(openPlain(dir, name))
	}
}

func (h *hardware) addAll(dir string) {
	names := procfile.List(dir)
	slices.SortFunc(names, natural)
	groups, order := map[string][]string{}, []string{}
	for _, name := range names {
		if l := openMulti(dir, name); l != nil {
			h.add(l)
			continue
		}
		if _, group, ok := colorOf(name); ok {
			if groups[group] == nil {
				order = append(order, group)
			}
			groups[group] = append(groups[group], name)
		}
	}
	for _, group := range order {
		if len(groups[group]) >= 2 {
			h.add(openGroup(dir, group, groups[group]))
		}
	}
	if len(h.lights) > 0 {
		return
	}
	for _, name := range names {
		if isFree(dir, name) {
			h.add(openPlain(dir, name))
		}
	}
}

// colorOf takes a name DEVICE:COLOR:FUNCTION apart, and returns which part of a
// colour it is and what the names of one light have in common.
func colorOf(name string) (channel int, group string, ok bool) {
	parts := strings.Split(name, ":")
	for i, part := range parts {
		if c := slices.Index([]string{"red", "green", "blue", "white"}, part); c >= 0 {
			parts[i] = "rgb"
			return c, strings.Join(parts, ":"), true
		}
	}
	return 0, "", false
}

// isFree reports whether a plain LED may be taken.
func isFree(dir, name string) bool {
	for _, taken := range []string{"capslock", "numlock", "scrolllock", "compose", "kana", "kbd_backlight", "mute", "micmute", "mmc", "disk", "wlan", "phy", "eth", "lan", "rfkill"} {
		if strings.Contains(name, taken) {
			return false
		}
	}
	trigger := procfile.ReadString(filepath.Join(dir, name, "trigger"))
	return trigger == "" || strings.Contains(trigger, "[none]")
}

// natural orders led2 before led10.
func natural(a, b string) int {
	for a != "" && b != "" {
		numA, restA := leadingNumber(a)
		numB, restB := leadingNumber(b)
		if numA != "" && numB != "" {
			if c := cmp.Or(cmp.Compare(len(numA), len(numB)), cmp.Compare(numA, numB)); c != 0 {
				return c
			}
			a, b = restA, restB
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// leadingNumber cuts the digits off the front, without zeros before them.
func leadingNumber(s string) (number, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == 0 {
		return "", s
	}
	return cmp.Or(strings.TrimLeft(s[:i], "0"), "0"), s[i:]
}

// Info implements [Strip].
func (h *hardware) Info() Info { return Info{Name: h.name, Lights: len(h.lights)} }

// Close implements [Strip]. The lights stay as they are.
func (h *hardware) Close() {}

// Show implements [Strip].
func (h *hardware) Show(frame []Color, brightness uint8) error {
	var failed error
	for i, l := range h.lights {
		var c Color
		if i < len(frame) {
			c = frame[i]
		}
		if err := l.show(c, brightness); err != nil && failed == nil {
			failed = fmt.Errorf("set led %s: %w", l.name, err)
		}
	}
	return failed
}

// Read implements [Strip].
func (h *hardware) Read() ([]Color, error) {
	frame := make([]Color, len(h.lights))
	for i, l := range h.lights {
		c, err := l.read()
		if err != nil {
			return nil, fmt.Errorf("read led %s: %w", l.name, err)
		}
		frame[i] = c
	}
	return frame, nil
}

// writeAttr writes an attribute of sysfs in one system call, as the kernel
// demands, without making a file that does not exist.
func writeAttr(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// errNoNumber is wrapped when an attribute holds something else than a number.
var errNoNumber = errors.New("not a number")

// readNumber reads an attribute of sysfs.
func readNumber(path string) (int, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	v, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%s: %w", filepath.Base(path), errNoNumber)
	}
	return v, nil
}

// part takes 0..255 to 0..most.
func part(v uint8, most int) int { return int(math.Round(float64(v) * float64(most) / 255)) }

// whole takes 0..most to 0..255.
func whole(v, most int) uint8 {
	if most <= 0 {
		return 0
	}
	return uint8(math.Round(255 * min(float64(v)/float64(most), 1)))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
