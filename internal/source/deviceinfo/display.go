package deviceinfo

import (
	"slices"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
)

// display returns the first connected screen in the preferred mode, which the kernel
// lists first, or else the frame buffer.
func (r reader) display() (recorder.Display, error) {
	const folder = "sys/class/drm"
	names := r.list(folder)
	slices.Sort(names)
	for _, name := range names {
		if r.text(folder, name, "status") != "connected" {
			continue
		}
		mode, _, _ := strings.Cut(r.text(folder, name, "modes"), "\n")
		if d, ok := parseMode(mode); ok {
			return d, nil
		}
	}
	// For example "U:1024x768p-60".
	if _, mode, ok := strings.Cut(r.text("sys/class/graphics/fb0/modes"), ":"); ok {
		if d, ok := parseMode(mode); ok {
			return d, nil
		}
	}
	if d, ok := parseMode(strings.Replace(r.text("sys/class/graphics/fb0/virtual_size"), ",", "x", 1)); ok {
		return d, nil
	}
	return recorder.Display{}, unsupported("there is no screen")
}

// parseMode reads "1920x1080", also with "i" or "p" and "-60" for the rate.
func parseMode(text string) (recorder.Display, bool) {
	size, rate, _ := strings.Cut(strings.TrimSpace(text), "-")
	width, height, ok := strings.Cut(strings.TrimRight(size, "ip"), "x")
	w, errW := strconv.ParseUint(width, 10, 16)
	h, errH := strconv.ParseUint(height, 10, 16)
	if !ok || errW != nil || errH != nil || w == 0 || h == 0 {
		return recorder.Display{}, false
	}
	d := recorder.Display{Width: float64(w), Height: float64(h), Density: 1}
	if hz, err := strconv.ParseUint(rate, 10, 16); err == nil {
		d.RefreshRate = float64(hz)
	}
	return d, true
}
