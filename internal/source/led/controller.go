package led

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// ErrDisabled is returned while the configuration has the lights switched off.
var ErrDisabled = errors.New("the lights are switched off in the configuration")

// State is what the lights are doing. It must not be changed.
type State struct {
	// Frame holds the colours that are fixed; nil while an animation runs, or when
	// they are not known.
	Frame      []Color
	Brightness *uint8 // nil: nobody has set it
	Animation  *Animation
	UpdatedAt  time.Time
	// Running tells that an animation other than off is shown.
	Running bool
}

// Command is what the lights are to do. What is nil stays as it is, except that
// colours and animations end each other.
type Command struct {
	Frame      []Color // fixed colours; lights beyond its end are dark
	Brightness *uint8
	Animation  *Animation
}

// Options say what a [Controller] drives.
type Options struct {
	// Open opens the lights, see [Hardware] and [Simulation.Open].
	Open Opener
	// Store keeps configuration and saved animations; nil: they are lost at the end.
	Store Store
	// Logger gets one record per state change; nil means no log.
	Logger *slog.Logger
}

// Controller drives the lights. Its methods are safe for concurrent use; they
// block only for writes to the lights and to the store.
type Controller struct {
	opts  Options
	topic *topic.Topic[State]

	mu       sync.Mutex
	settings settings
	strip    Strip // nil: not open
	state    State
	run      *run // the animation that runs
	workers  sync.WaitGroup
	closed   bool
}

// New returns a controller with the settings of the store. Settings that cannot
// be read are logged and replaced by the defaults. It touches no light.
func New(opts Options) *Controller {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	c := &Controller{opts: opts, settings: defaults()}
	if opts.Store != nil {
		s, err := load(opts.Store)
		if err != nil {
			opts.Logger.Warn("settings replaced by defaults", "err", err)
		}
		c.settings = s
	}
	c.topic = topic.New(topic.Options[State]{Name: "lighting", HistoryItems: 16, Logger: opts.Logger})
	return c
}

// Topic returns the changes of the state: one event each time a command or the
// configuration has changed something, or an animation has ended because the lights
// are gone; none for the pictures of an animation.
func (c *Controller) Topic() *topic.Topic[State] { return c.topic }

// Info says what lights there are; the error wraps [topic.ErrNotPresent] if there
// are none.
func (c *Controller) Info() (Info, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.openLocked(); err != nil {
		return Info{}, err
	}
	return c.strip.Info(), nil
}

// State returns what the lights are doing. Before the first command, the frame is
// what they show by themselves. The error wraps [topic.ErrNotPresent] on a device
// without lights.
func (c *Controller) State() (State, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.openLocked(); err != nil {
		return State{}, err
	}
	return c.state, nil
}

// openLocked opens the lights if they are not.
func (c *Controller) openLocked() error {
	if c.closed {
		return topic.ErrClosed
	}
	if c.strip != nil {
		return nil
	}
	strip, err := c.opts.Open()
	if err != nil {
		return err
	}
	c.strip = strip
	if c.state.UpdatedAt.IsZero() {
		c.state = State{UpdatedAt: time.Now(), Brightness: c.settings.Config.Brightness}
		if frame, err := strip.Read(); err == nil {
			c.state.Frame = frame[:c.countLocked()]
		}
	}
	info := strip.Info()
	c.opts.Logger.Info("lights opened", "name", info.Name, "lights", info.Lights, "simulated", info.Simulated)
	return nil
}

// countLocked returns how many lights are in use.
func (c *Controller) countLocked() int {
	n := c.strip.Info().Lights
	if want := int(c.settings.Config.Count); want > 0 {
		n = min(n, want)
	}
	return n
}

// brightnessLocked returns the brightness in force.
func (c *Controller) brightnessLocked(s State) uint8 {
	switch {
	case s.Brightness != nil:
		return *s.Brightness
	case c.settings.Config.Brightness != nil:
		return *c.settings.Config.Brightness
	}
	return 255
}

// Apply carries out a command and publishes the state. Errors: *[FieldError] for
// bad input, [ErrDisabled], one that wraps [topic.ErrNotPresent] without lights, and
// those of writing to the lights.
func (c *Controller) Apply(cmd Command) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := cmd.validate(); err != nil {
		return err
	}
	if err := c.openLocked(); err != nil {
		return err
	}
	if !c.settings.Config.Enabled {
		return ErrDisabled
	}
	if n := c.countLocked(); len(cmd.Frame) > n {
		return &FieldError{"frame", fmt.Sprintf("has %d colours for %d lights", len(cmd.Frame), n)}
	}
	return c.changeLocked(cmd.change(c.state))
}

func (cmd Command) validate() error {
	switch {
	case cmd.Frame == nil && cmd.Brightness == nil && cmd.Animation == nil:
		return &FieldError{"frame", "or brightness or animation must be given"}
	case cmd.Animation == nil:
		return nil
	case cmd.Frame != nil && cmd.Animation.Kind != Off:
		return &FieldError{"frame", "and animation exclude each other"}
	}
	return cmd.Animation.Validate()
}

// change returns the state that the command makes of s.
func (cmd Command) change(s State) State {
	if cmd.Brightness != nil {
		b := *cmd.Brightness
		s.Brightness = &b
	}
	if cmd.Animation != nil {
		a := *cmd.Animation
		s.Animation, s.Frame = &a, nil
	}
	if cmd.Frame != nil {
		s.Frame, s.Animation = slices.Clone(cmd.Frame), nil
	}
	s.Running = s.Animation != nil && s.Animation.Kind != Off
	return s
}

// changeLocked brings a state about and publishes it. If it cannot be brought
// about, the lights are taken for gone, and the next command opens them again.
func (c *Controller) changeLocked(next State) error {
	// An animation whose brightness changes goes on where it was.
	start := time.Now()
	if c.run != nil && next.Animation != nil && *next.Animation == c.run.animation {
		start = c.run.start
	}
	c.stopLocked()
	next.UpdatedAt = time.Now()
	if err := c.showLocked(next, start); err != nil {
		c.lostLocked()
		return err
	}
	c.state = next
	c.topic.Publish(next)
	return nil
}

// lostLocked gives the lights up and says so if that has ended an animation.
func (c *Controller) lostLocked() {
	c.strip.Close()
	c.strip = nil
	if c.state.Running {
		c.state.Running, c.state.Frame, c.state.UpdatedAt = false, nil, time.Now()
		c.topic.Publish(c.state)
	}
}

// showLocked shows a state, and starts its animation if it moves.
func (c *Controller) showLocked(s State, start time.Time) error {
	n, brightness := c.countLocked(), c.brightnessLocked(s)
	frame := make([]Color, c.strip.Info().Lights)
	switch {
	case s.Animation != nil:
		s.Animation.draw(frame[:n], time.Since(start))
	case s.Frame != nil:
		copy(frame[:n], s.Frame)
	default:
		return nil // nothing has been asked for yet
	}
	if err := c.strip.Show(frame, brightness); err != nil {
		return err
	}
	if s.Animation != nil && s.Animation.moves() {
		c.startLocked(*s.Animation, frame, n, brightness, start)
	}
	return nil
}

// Config returns the configuration.
func (c *Controller) Config() Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings.Config
}

// SetConfig checks, keeps and applies a configuration. Errors are of type
// *[FieldError], those of the store, and those of writing to the lights, which do not
// undo the change. A device without lights has a configuration, too.
func (c *Controller) SetConfig(config Config) error {
	if err := config.Validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.settings.clone()
	next.Config = config
	if err := c.keepLocked(next); err != nil {
		return err
	}
	if c.strip == nil {
		return nil
	}
	state := c.state
	if !config.Enabled {
		off := Animation{Kind: Off}
		state = Command{Animation: &off}.change(state)
	}
	if n := c.countLocked(); len(state.Frame) > n {
		state.Frame = state.Frame[:n]
	}
	return c.changeLocked(state)
}

// ResetConfig goes back to the default configuration and returns it. Errors are
// those of [Controller.SetConfig].
func (c *Controller) ResetConfig() (Config, error) {
	return DefaultConfig(), c.SetConfig(DefaultConfig())
}

// keepLocked makes settings durable and puts them in force.
func (c *Controller) keepLocked(next settings) error {
	if c.opts.Store != nil {
		if err := save(c.opts.Store, next); err != nil {
			return err
		}
	}
	c.settings = next
	return nil
}

// Animations returns the saved animations, ordered by name.
func (c *Controller) Animations() []Saved {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settings.list()
}

// SaveAnimation keeps an animation under a name, in place of what has the name.
// Errors are of type *[FieldError], [ErrTooMany], or those of the store.
func (c *Controller) SaveAnimation(name string, a Animation) error {
	if err := validName(name); err != nil {
		return err
	}
	if err := a.Validate(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.settings.clone()
	next.Animations[name] = a
	if len(next.Animations) > MaxSaved {
		return ErrTooMany
	}
	return c.keepLocked(next)
}

// RemoveAnimation forgets a saved animation. Errors are [ErrUnknownAnimation] and
// those of the store.
func (c *Controller) RemoveAnimation(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.settings.Animations[name]; !ok {
		return ErrUnknownAnimation
	}
	next := c.settings.clone()
	delete(next.Animations, name)
	return c.keepLocked(next)
}

// Close ends a running animation and all subscriptions, and waits. The lights
// stay as they are.
func (c *Controller) Close() {
	c.mu.Lock()
	c.closed = true
	c.stopLocked()
	if c.strip != nil {
		c.strip.Close()
		c.strip = nil
	}
	c.mu.Unlock()
	c.workers.Wait()
	c.topic.Close()
}
