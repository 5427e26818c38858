package led

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// FileName is the name of configuration and saved animations in the [Store].
	FileName = "lighting.json"
	// MaxSaved bounds the saved animations.
	MaxSaved = 64
	maxName  = 64
	// maxDefaults bounds the JSON of Config.DefaultAnimations, in bytes.
	maxDefaults = 16 << 10
)

var (
	// ErrUnknownAnimation is returned when there is no saved animation of a name.
	ErrUnknownAnimation = errors.New("no saved animation of that name")
	// ErrTooMany is returned when [MaxSaved] animations are saved.
	ErrTooMany = errors.New("too many saved animations")
)

// Store keeps small files. Read returns an error that matches fs.ErrNotExist if
// there is none; Write replaces a file as a whole and returns when it is durable.
type Store interface {
	Read(name string) ([]byte, error)
	Write(name string, data []byte) error
}

// Config is the configuration of the lights. Enabled, Count and Brightness have
// an effect here; the rest describes strips that a kernel driver drives, is kept for
// clients, and changes nothing.
type Config struct {
	Enabled     bool   `json:"enabled"`
	Count       uint32 `json:"count"` // lights to use; 0: all
	GPIO        uint32 `json:"gpio"`
	FrequencyHz uint32 `json:"frequency_hz"`
	ColorOrder  string `json:"color_order"` // the letters r, g, b, and perhaps w
	Protocol    string `json:"protocol"`
	UsePWM      bool   `json:"use_pwm"`
	// Brightness is what a command that does not tell it gets; nil: 255.
	Brightness *uint8 `json:"brightness,omitempty"`
	Label      string `json:"label,omitempty"`
	// DefaultAnimations is a JSON object that clients make sense of.
	DefaultAnimations json.RawMessage `json:"default_animations,omitempty"`
}

// DefaultConfig returns the configuration of lights that nobody has set up.
func DefaultConfig() Config {
	return Config{Enabled: true, ColorOrder: "rgb", Protocol: "led-class", DefaultAnimations: json.RawMessage("{}")}
}

// Validate checks a configuration. Errors are of type *[FieldError].
func (c Config) Validate() error {
	if c.Count > MaxLights {
		return &FieldError{"count", fmt.Sprintf("must be at most %d", MaxLights)}
	}
	letters := []byte(strings.ToLower(c.ColorOrder))
	slices.Sort(letters)
	if sorted := string(letters); sorted != "bgr" && sorted != "bgrw" {
		return &FieldError{"color_order", "must be the letters r, g, b, and perhaps w, in any order"}
	}
	for _, text := range []struct{ field, value string }{{"protocol", c.Protocol}, {"label", c.Label}} {
		if len(text.value) > maxName || !utf8.ValidString(text.value) {
			return &FieldError{text.field, fmt.Sprintf("must be at most %d bytes of text", maxName)}
		}
	}
	if len(c.DefaultAnimations) > 0 {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(c.DefaultAnimations, &object); err != nil || object == nil || len(c.DefaultAnimations) > maxDefaults {
			return &FieldError{"default_animations", fmt.Sprintf("must be an object of at most %d bytes", maxDefaults)}
		}
	}
	return nil
}

// Saved is an animation with a name.
type Saved struct {
	Name      string    `json:"name"`
	Animation Animation `json:"animation"`
}

// settings is what is kept.
type settings struct {
	Config     Config               `json:"config"`
	Animations map[string]Animation `json:"animations,omitempty"`
}

func defaults() settings {
	return settings{Config: DefaultConfig(), Animations: map[string]Animation{}}
}

// load reads the settings. With an error, all have their defaults.
func load(store Store) (settings, error) {
	data, err := store.Read(FileName)
	if errors.Is(err, fs.ErrNotExist) {
		return defaults(), nil
	}
	s := defaults()
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	if err == nil {
		err = s.validate()
	}
	if err != nil {
		return defaults(), fmt.Errorf("read settings of the lights: %w", err)
	}
	if s.Animations == nil {
		s.Animations = map[string]Animation{}
	}
	return s, nil
}

func (s settings) validate() error {
	if len(s.Animations) > MaxSaved {
		return ErrTooMany
	}
	for name, a := range s.Animations {
		if err := errors.Join(validName(name), a.Validate()); err != nil {
			return err
		}
	}
	return s.Config.Validate()
}

// validName checks the name of a saved animation.
func validName(name string) error {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, odd) || strings.TrimSpace(name) != name {
		return &FieldError{"name", fmt.Sprintf("must be 1 to %d bytes of printable text without space around it", maxName)}
	}
	return nil
}

// save writes the settings and returns when they are durable.
func save(store Store, s settings) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = store.Write(FileName, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write settings of the lights: %w", err)
	}
	return nil
}

// clone returns settings that share nothing with s that changes.
func (s settings) clone() settings {
	s.Animations = maps.Clone(s.Animations)
	return s
}

// list returns the saved animations by their names.
func (s settings) list() []Saved {
	list := make([]Saved, 0, len(s.Animations))
	for _, name := range slices.Sorted(maps.Keys(s.Animations)) {
		list = append(list, Saved{name, s.Animations[name]})
	}
	return list
}
