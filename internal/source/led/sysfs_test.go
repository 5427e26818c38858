package led_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
	"github.com/heliograph/heliograph/internal/topic"
)

func multi(name, index, intensity, brightness, most string) faketree.Tree {
	dir := "sys/class/leds/" + name + "/"
	return faketree.Tree{Files: faketree.Files{
		dir + "multi_index": index + "\n", dir + "multi_intensity": intensity + "\n",
		dir + "brightness": brightness + "\n", dir + "max_brightness": most + "\n",
	}}
}

func plain(name, brightness, most, trigger string) faketree.Tree {
	dir := "sys/class/leds/" + name + "/"
	t := faketree.Tree{Files: faketree.Files{dir + "brightness": brightness + "\n", dir + "max_brightness": most + "\n"}}
	if trigger != "" {
		t.Files[dir+"trigger"] = trigger + "\n"
	}
	return t
}

func open(t *testing.T, tree faketree.Tree, names ...string) (*faketree.FS, led.Strip) {
	t.Helper()
	fs := faketree.Build(t, tree)
	s, err := led.Hardware(fs.Root, names)()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return fs, s
}

func (f attrs) check(t *testing.T, tree *faketree.FS) {
	t.Helper()
	for name, want := range f {
		data, err := os.ReadFile(filepath.Join(tree.Root, "sys/class/leds", name))
		if got := strings.TrimSpace(string(data)); err != nil || got != want {
			t.Errorf("%s is %q, want %q, %v", name, got, want, err)
		}
	}
}

type attrs map[string]string

func TestMulticolor(t *testing.T) {
	tree, s := open(t, multi("rgb:status-10", "green blue red", "0 0 0", "0", "255").
		Plus(multi("rgb:status-2", "red green blue white amber", "1 2 3 4 5", "510", "1020")).
		Plus(plain("input3::capslock", "0", "1", "[none] kbd-capslock")))
	if info := s.Info(); info.Lights != 2 || info.Name != "rgb:status-2 and 1 more" || info.Simulated {
		t.Errorf("%+v", info)
	}
	frame := []led.Color{{R: 255, G: 128, W: 51}, {R: 10, G: 20, B: 30, W: 5}}
	if err := s.Show(frame, 128); err != nil {
		t.Fatal(err)
	}
	attrs{
		"rgb:status-2/multi_intensity": "1020 512 0 204 0", "rgb:status-2/brightness": "512",
		"rgb:status-10/multi_intensity": "25 35 15", "rgb:status-10/brightness": "128", // white is made of the others
	}.check(t, tree)
	// What has not changed is not written.
	tree.Write("sys/class/leds/rgb:status-2/multi_intensity", "untouched")
	tree.Write("sys/class/leds/rgb:status-10/multi_intensity", "untouched")
	frame[1].R = 200
	if err := s.Show(frame, 128); err != nil {
		t.Fatal(err)
	}
	attrs{"rgb:status-2/multi_intensity": "untouched", "rgb:status-10/multi_intensity": "25 35 205"}.check(t, tree)
}

func TestReadBack(t *testing.T) {
	_, s := open(t, multi("a", "red green blue white amber", "255 128 0 64 255", "128", "255").
		Plus(plain("dev:red:front", "255", "255", "none")).Plus(plain("dev:green:front", "51", "255", "")))
	got, err := s.Read()
	want := []led.Color{{R: 128, G: 64, W: 32}, {R: 255, G: 51}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, want %v, %v", got, want, err)
	}
}

func TestGroupOfPlainLEDs(t *testing.T) {
	tree, s := open(t, plain("dev:red:front", "0", "15", "[heartbeat] none").Plus(plain("dev:green:front", "0", "255", "")).
		Plus(plain("dev:blue:front", "0", "255", "")).Plus(plain("dev:red:power", "1", "1", "[none]")))
	if s.Info().Lights != 1 {
		t.Errorf("%+v", s.Info())
	}
	if err := s.Show([]led.Color{{R: 255, G: 100, B: 50}}, 128); err != nil {
		t.Fatal(err)
	}
	attrs{
		"dev:red:front/brightness": "8", "dev:red:front/trigger": "none", "dev:green:front/brightness": "50",
		"dev:blue:front/brightness": "25", "dev:red:power/brightness": "1",
	}.check(t, tree)
}

func TestPlainLEDs(t *testing.T) {
	all := plain("ACT", "0", "255", "none [mmc0]").Plus(plain("user0", "0", "1", "[none] timer")).Plus(plain("user1", "255", "255", "")).
		Plus(plain("input1::capslock", "0", "1", "[none]")).Plus(plain("broken", "0", "much", ""))
	tree, s := open(t, all)
	if s.Info().Lights != 2 {
		t.Errorf("%+v", s.Info())
	}
	if err := s.Show([]led.Color{{B: 200}, {W: 100}}, 255); err != nil {
		t.Fatal(err)
	}
	attrs{"user0/brightness": "1", "user1/brightness": "100", "ACT/brightness": "0", "user0/trigger": "none"}.check(t, tree)
	// Named ones are taken whatever drives them, in that order.
	tree, s = open(t, all, "user1", "ACT", "nothing", "../../../etc", "..")
	if s.Info().Lights != 2 {
		t.Errorf("%+v", s.Info())
	}
	if err := s.Show([]led.Color{{}, {R: 255}}, 100); err != nil {
		t.Fatal(err)
	}
	attrs{"user1/brightness": "0", "ACT/brightness": "100", "ACT/trigger": "none"}.check(t, tree)
}

func TestLEDThatIsUnplugged(t *testing.T) {
	fs := faketree.Build(t, multi("a", "red green blue", "0 0 0", "0", "255"))
	c := led.New(led.Options{Open: led.Hardware(fs.Root, nil)})
	defer c.Close()
	red := []led.Color{{R: 255}}
	if err := c.Apply(led.Command{Frame: red}); err != nil {
		t.Fatal(err)
	}
	attrs{"a/multi_intensity": "255 0 0", "a/brightness": "255"}.check(t, fs)
	fs.Remove("sys/class/leds/a")
	if err := c.Apply(led.Command{Frame: []led.Color{{G: 1}}}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if err := c.Apply(led.Command{Frame: red}); !errors.Is(err, topic.ErrNotPresent) {
		t.Error(err)
	}
	for name, text := range multi("a", "red green blue", "0 0 0", "0", "255").Files {
		fs.Write(name, text)
	}
	if err := c.Apply(led.Command{Frame: red}); err != nil {
		t.Error(err)
	}
	attrs{"a/multi_intensity": "255 0 0"}.check(t, fs)
}

func FuzzHardware(f *testing.F) {
	f.Add("red green blue", "1 2 3", "9", "255")
	f.Add("amber", "-1", "x", "1")
	f.Fuzz(func(t *testing.T, index, intensity, brightness, most string) {
		fs := faketree.Build(t, multi("a", index, intensity, brightness, most))
		s, err := led.Hardware(fs.Root, nil)()
		if err != nil {
			return
		}
		if frame, err := s.Read(); err == nil && len(frame) != s.Info().Lights {
			t.Fatal(frame)
		}
		if err := s.Show([]led.Color{{1, 2, 3, 4}}, 200); err != nil {
			t.Fatal(err)
		}
	})
}
