package testpattern

import (
	"fmt"

	"github.com/heliograph/heliograph/internal/source/video"
)

// Ids of the controls.
const (
	ControlSpeed = 1 // how far the square goes from frame to frame, in pixels
	ControlPause = 2 // shows the same picture again and again
)

const (
	defaultSpeed = 4
	maxSpeed     = 64
)

// settings are the values of the controls.
type settings struct {
	speed  int
	paused bool
}

func (s *settings) apply(id uint32, v video.Value) {
	switch id {
	case ControlSpeed:
		s.speed = int(v.Int)
	case ControlPause:
		s.paused = v.Bool
	}
}

// controls describes the controls and their values.
func controls(s settings) []video.Control {
	return []video.Control{
		{
			ID: ControlSpeed, Name: "Speed", Kind: video.KindInt, Min: video.IntValue(0), Max: video.IntValue(maxSpeed),
			Step: video.IntValue(1), Default: video.IntValue(defaultSpeed), Value: video.IntValue(int64(s.speed)),
		},
		{
			ID: ControlPause, Name: "Pause", Kind: video.KindBool, Min: video.BoolValue(false), Max: video.BoolValue(true),
			Step: video.IntValue(1), Default: video.BoolValue(false), Value: video.BoolValue(s.paused),
		},
	}
}

// check returns a value in the form that a control takes.
func check(id uint32, v video.Value) (video.Value, error) {
	for _, c := range controls(settings{}) {
		if c.ID == id {
			return c.Check(v)
		}
	}
	return video.Value{}, fmt.Errorf("control %d: %w", id, video.ErrNoControl)
}
