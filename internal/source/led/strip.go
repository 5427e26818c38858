package led

import (
	"slices"
	"sync"
)

// MaxLights bounds the lights of a strip.
const MaxLights = 1024

// Info says what a strip is.
type Info struct {
	Name      string // for people to read
	Lights    int
	Simulated bool
}

// Strip is a row of lights that is open. It is used by one goroutine at a time.
type Strip interface {
	Info() Info
	// Show sets all lights: frame has one colour for each, brightness 0..255
	// scales them all. It does not keep frame. An error may leave some lights as
	// they were.
	Show(frame []Color, brightness uint8) error
	// Read returns the colours that are shown, with the brightness in them.
	Read() ([]Color, error)
	Close()
}

// Opener opens the lights there are now. It returns an error that wraps
// topic.ErrNotPresent if there are none.
type Opener func() (Strip, error)

// Simulation is a strip that does not exist. Its methods are safe for concurrent
// use.
type Simulation struct {
	mu         sync.Mutex
	frame      []Color
	brightness uint8
	shown      uint64
}

// Simulate returns a strip of count lights, 1..[MaxLights], all dark.
func Simulate(count int) *Simulation {
	return &Simulation{frame: make([]Color, min(max(count, 1), MaxLights)), brightness: 255}
}

// Open is an [Opener].
func (s *Simulation) Open() (Strip, error) { return s, nil }

// Info implements [Strip].
func (s *Simulation) Info() Info {
	return Info{Name: "simulated strip", Lights: len(s.frame), Simulated: true}
}

// Show implements [Strip].
func (s *Simulation) Show(frame []Color, brightness uint8) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	copy(s.frame, frame)
	s.brightness = brightness
	s.shown++
	return nil
}

// Read implements [Strip].
func (s *Simulation) Read() ([]Color, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	frame := slices.Clone(s.frame)
	for i := range frame {
		frame[i] = frame[i].scale(float64(s.brightness) / 255)
	}
	return frame, nil
}

// Shown returns the colours and brightness that were shown last, and how often
// something was shown.
func (s *Simulation) Shown() ([]Color, uint8, uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.frame), s.brightness, s.shown
}

// Close implements [Strip].
func (s *Simulation) Close() {}
