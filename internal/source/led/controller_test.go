package led_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a store that forgets at the end of the test.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	fail  error
}

func (m *memory) Read(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data, ok := m.files[name]; ok {
		return data, nil
	}
	return nil, fmt.Errorf("read: %w", fs.ErrNotExist)
}

func (m *memory) Write(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		m.files[name] = data
	}
	return m.fail
}

// desk is a controller of a simulated strip.
type desk struct {
	*led.Controller
	strip *led.Simulation
	store *memory
	sub   *topic.Subscription[led.State]
	t     *testing.T
}

func newDesk(t *testing.T, lights int) *desk {
	t.Helper()
	d := &desk{strip: led.Simulate(lights), store: &memory{files: map[string][]byte{}}, t: t}
	d.Controller = led.New(led.Options{Open: d.strip.Open, Store: d.store})
	t.Cleanup(d.Close)
	var err error
	if d.sub, err = d.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.sub.Close)
	return d
}

// apply carries out a command, which must work and be told exactly once.
func (d *desk) apply(cmd led.Command) led.State {
	d.t.Helper()
	if err := d.Apply(cmd); err != nil {
		d.t.Fatal(err)
	}
	return d.told()
}

// told returns the one change that there must be.
func (d *desk) told() led.State {
	d.t.Helper()
	var items [2]topic.Item[led.State]
	n, err := d.sub.Fill(items[:])
	if err != nil || n != 1 {
		d.t.Fatalf("%d changes were told, %v", n, err)
	}
	now, err := d.State()
	if err != nil || now.Running != items[0].Event.Value.Running || !now.UpdatedAt.Equal(items[0].Event.Value.UpdatedAt) {
		d.t.Fatalf("state %+v differs from what was told, %v", now, err)
	}
	return now
}

func (d *desk) shows(what string, want []led.Color, brightness uint8) {
	d.t.Helper()
	frame, b, _ := d.strip.Shown()
	if !slices.Equal(frame, want) || b != brightness {
		d.t.Errorf("%s: %v at %d, want %v at %d", what, frame, b, want, brightness)
	}
}

func ptr[T any](v T) *T { return &v }

func TestFixedColoursAndBrightness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 3)
		first, err := d.State()
		if err != nil || len(first.Frame) != 3 || first.Brightness != nil || first.Animation != nil || first.Running {
			t.Errorf("%+v, %v", first, err)
		}
		red := led.Color{R: 255}
		s := d.apply(led.Command{Frame: []led.Color{red}})
		d.shows("a frame that is short", []led.Color{red, {}, {}}, 255)
		if len(s.Frame) != 1 || s.Running || s.Brightness != nil {
			t.Errorf("%+v", s)
		}
		s = d.apply(led.Command{Brightness: ptr(uint8(40))})
		d.shows("brightness", []led.Color{red, {}, {}}, 40)
		if len(s.Frame) != 1 || *s.Brightness != 40 {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Hour)
		if _, _, n := d.strip.Shown(); n != 2 {
			t.Errorf("%d pictures of fixed colours", n)
		}
	})
}

func TestAnimationRunsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 4)
		chase := led.Animation{Kind: led.Chase, Color: led.Color{G: 255}, SpeedHz: 0.25}
		s := d.apply(led.Command{Animation: &chase, Brightness: ptr(uint8(90))})
		if !s.Running || *s.Animation != chase || s.Frame != nil {
			t.Errorf("%+v", s)
		}
		began := time.Now()
		for range 3 {
			time.Sleep(1370 * time.Millisecond)
			synctest.Wait()
			at := time.Since(began).Truncate(40 * time.Millisecond)
			d.shows("chase", chase.Frame(4, at), 90)
		}
		// The brightness changes while it runs on.
		d.apply(led.Command{Brightness: ptr(uint8(10))})
		d.shows("chase, dimmer", chase.Frame(4, time.Since(began)), 10)
		// Fixed colours end it, as does off.
		white := []led.Color{{W: 1}, {W: 2}, {W: 3}, {W: 4}}
		if s = d.apply(led.Command{Frame: white}); s.Running || s.Animation != nil {
			t.Errorf("%+v", s)
		}
		time.Sleep(time.Minute)
		d.shows("fixed", white, 10)
		d.apply(led.Command{Animation: &chase})
		if s = d.apply(led.Command{Animation: &led.Animation{Kind: led.Off}}); s.Running || s.Animation.Kind != led.Off {
			t.Errorf("%+v", s)
		}
		d.shows("off", make([]led.Color, 4), 10)
		_, _, before := d.strip.Shown()
		time.Sleep(time.Hour)
		if _, _, after := d.strip.Shown(); after != before {
			t.Errorf("%d pictures after the end", after-before)
		}
	})
}

func TestAnimationThatStandsStillCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 6)
		for _, a := range []led.Animation{
			{Kind: led.Rainbow}, {Kind: led.Chase, Color: led.Color{R: 9}}, {Kind: led.Pulse, Color: led.Color{R: 9}, Low: 5, High: 5, PeriodMS: 100},
		} {
			if s := d.apply(led.Command{Animation: &a}); !s.Running {
				t.Errorf("%+v", s)
			}
			_, _, before := d.strip.Shown()
			time.Sleep(time.Minute)
			if _, _, after := d.strip.Shown(); after != before {
				t.Errorf("%+v: %d pictures", a, after-before)
			}
		}
	})
}

func TestBadCommands(t *testing.T) {
	d := newDesk(t, 2)
	for field, cmd := range map[string]led.Command{
		"frame":              {},
		"animation.kind":     {Animation: &led.Animation{Kind: "disco"}},
		"animation.speed_hz": {Animation: &led.Animation{Kind: led.Rainbow, SpeedHz: 1000}},
	} {
		var bad *led.FieldError
		if err := d.Apply(cmd); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, cmd := range []led.Command{
		{Frame: make([]led.Color, 3)},
		{Frame: make([]led.Color, 1), Animation: &led.Animation{Kind: led.Rainbow}},
	} {
		var bad *led.FieldError
		if err := d.Apply(cmd); !errors.As(err, &bad) || bad.Field != "frame" {
			t.Error(err)
		}
	}
	if s, _ := d.State(); s.Running || d.Topic().Stats().Published != 0 {
		t.Errorf("%+v", s)
	}
	d.apply(led.Command{Frame: make([]led.Color, 1), Animation: &led.Animation{Kind: led.Off}})
}

// broken is a strip that fails when told to.
type broken struct {
	*led.Simulation
	mu     sync.Mutex
	err    error
	gone   bool
	opened int
}

func (b *broken) set(err error, gone bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err, b.gone = err, gone
}

func (b *broken) Open() (led.Strip, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return nil, fmt.Errorf("open: %w", topic.ErrNotPresent)
	}
	b.opened++
	return b, nil
}

func (b *broken) Show(frame []led.Color, brightness uint8) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	return b.Simulation.Show(frame, brightness)
}

func TestLightsThatGoAwayAndComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		strip := &broken{Simulation: led.Simulate(3)}
		c := led.New(led.Options{Open: strip.Open})
		defer c.Close()
		sub, _ := c.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
		defer sub.Close()
		if err := c.Apply(led.Command{Animation: &led.Animation{Kind: led.Rainbow, SpeedHz: 1}}); err != nil {
			t.Fatal(err)
		}
		sub.Next(t.Context())
		unplugged := errors.New("no such device")
		strip.set(unplugged, true)
		item, err := sub.Next(t.Context())
		if err != nil || item.Event.Value.Running {
			t.Errorf("%+v, %v", item, err)
		}
		if _, err := c.State(); !errors.Is(err, topic.ErrNotPresent) {
			t.Error(err)
		}
		strip.set(unplugged, false)
		if err := c.Apply(led.Command{Brightness: ptr(uint8(3))}); !errors.Is(err, unplugged) {
			t.Error(err)
		}
		strip.set(nil, false)
		if err := c.Apply(led.Command{Animation: &led.Animation{Kind: led.Rainbow, SpeedHz: 1}}); err != nil {
			t.Error(err)
		}
		if s, err := c.State(); err != nil || !s.Running || strip.opened != 3 {
			t.Errorf("%+v, %v, opened %d times", s, err, strip.opened)
		}
	})
}

func TestConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, 4)
		d.apply(led.Command{Frame: []led.Color{{R: 1}, {R: 2}, {R: 3}, {R: 4}}})
		want := led.Config{
			Enabled: true, Count: 2, GPIO: 18, FrequencyHz: 800000, ColorOrder: "GRB", Protocol: "ws2812", UsePWM: true,
			Brightness: ptr(uint8(77)), Label: "ring", DefaultAnimations: json.RawMessage(`{"boot":{"kind":"rainbow"}}`),
		}
		if err := d.SetConfig(want); err != nil {
			t.Fatal(err)
		}
		d.told()
		d.shows("two of four", []led.Color{{R: 1}, {R: 2}, {}, {}}, 77)
		if err := d.Apply(led.Command{Frame: make([]led.Color, 3)}); err == nil {
			t.Error("more colours than lights in use")
		}
		again := led.New(led.Options{Open: d.strip.Open, Store: d.store})
		defer again.Close()
		if got := again.Config(); got.Count != 2 || *got.Brightness != 77 || got.Label != "ring" || !strings.Contains(string(got.DefaultAnimations), "rainbow") {
			t.Errorf("after a restart: %+v", got)
		}
		d.apply(led.Command{Animation: &led.Animation{Kind: led.Rainbow, SpeedHz: 1}})
		want.Enabled = false
		if err := d.SetConfig(want); err != nil {
			t.Fatal(err)
		}
		if s := d.told(); s.Running {
			t.Errorf("%+v", s)
		}
		d.shows("switched off", make([]led.Color, 4), 77)
		if err := d.Apply(led.Command{Brightness: ptr(uint8(1))}); !errors.Is(err, led.ErrDisabled) {
			t.Error(err)
		}
		reset, err := d.ResetConfig()
		if err != nil || !reset.Enabled || reset.Count != 0 || !d.Config().Enabled {
			t.Errorf("%+v, %v", reset, err)
		}
		d.store.fail = errors.New("disk is full")
		want.GPIO = 99
		if err := d.SetConfig(want); !errors.Is(err, d.store.fail) || d.Config().GPIO == 99 {
			t.Error(err)
		}
	})
}

func TestBadConfigs(t *testing.T) {
	for field, change := range map[string]func(*led.Config){
		"count":              func(c *led.Config) { c.Count = 5000 },
		"color_order":        func(c *led.Config) { c.ColorOrder = "rgg" },
		"protocol":           func(c *led.Config) { c.Protocol = strings.Repeat("x", 65) },
		"label":              func(c *led.Config) { c.Label = "\xff" },
		"default_animations": func(c *led.Config) { c.DefaultAnimations = json.RawMessage(`[]`) },
	} {
		config := led.DefaultConfig()
		change(&config)
		var bad *led.FieldError
		if err := config.Validate(); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, text := range []string{"{", `{"config":{"color_order":"x"}}`, `{"animations":{"":{"kind":"off"}}}`, `{"animations":{"a":{"kind":"?"}}}`} {
		store := &memory{files: map[string][]byte{led.FileName: []byte(text)}}
		c := led.New(led.Options{Open: led.Simulate(1).Open, Store: store})
		if got := c.Config(); got.ColorOrder != "rgb" || !got.Enabled {
			t.Errorf("%s: %+v", text, got)
		}
		c.Close()
	}
}

func TestSavedAnimations(t *testing.T) {
	d := newDesk(t, 1)
	rainbow := led.Animation{Kind: led.Rainbow, SpeedHz: 0.5}
	for _, name := range []string{"party", "night", "party"} {
		if err := d.SaveAnimation(name, rainbow); err != nil {
			t.Fatal(err)
		}
	}
	again := led.New(led.Options{Open: d.strip.Open, Store: d.store})
	defer again.Close()
	if got := again.Animations(); !slices.Equal(got, []led.Saved{{"night", rainbow}, {"party", rainbow}}) {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"", " x", "a\nb", "\xff", strings.Repeat("n", 65)} {
		var bad *led.FieldError
		if err := d.SaveAnimation(name, rainbow); !errors.As(err, &bad) || bad.Field != "name" {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := d.SaveAnimation("x", led.Animation{}); err == nil {
		t.Error("an animation without a kind was saved")
	}
	if err := d.RemoveAnimation("night"); err != nil || len(d.Animations()) != 1 {
		t.Error(err)
	}
	if err := d.RemoveAnimation("night"); !errors.Is(err, led.ErrUnknownAnimation) {
		t.Error(err)
	}
	for i := range led.MaxSaved - 1 {
		if err := d.SaveAnimation(fmt.Sprint("n", i), rainbow); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.SaveAnimation("one more", rainbow); !errors.Is(err, led.ErrTooMany) || len(d.Animations()) != led.MaxSaved {
		t.Error(err)
	}
}

func TestNoLightsAndClosed(t *testing.T) {
	c := led.New(led.Options{Open: led.Hardware(t.TempDir(), nil)})
	if _, err := c.State(); !errors.Is(err, topic.ErrNotPresent) {
		t.Error(err)
	}
	if _, err := c.Info(); !errors.Is(err, topic.ErrNotPresent) {
		t.Error(err)
	}
	if err := c.Apply(led.Command{Brightness: ptr(uint8(1))}); !errors.Is(err, topic.ErrNotPresent) {
		t.Error(err)
	}
	if err := c.SetConfig(led.DefaultConfig()); err != nil {
		t.Error(err)
	}
	c.Close()
	if err := c.Apply(led.Command{Brightness: ptr(uint8(1))}); !errors.Is(err, topic.ErrClosed) {
		t.Error(err)
	}
}
