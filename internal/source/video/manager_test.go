package video

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

const (
	idA = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
	idB = "7f1c1d1e-2a3b-4c5d-8e9f-001122334455"
)

func scriptedConfig(id string) Config { return Config{ID: id, Capture: Capture{Backend: "scripted"}} }

// node is a scripted backend of cameras that can be used by one stream only.
type node struct{ scripted }

func (*node) Name() string { return BackendV4L2 }

func TestCreateUpdateDelete(t *testing.T) {
	b := &scripted{run: ticking(time.Millisecond, jpegFrame)}
	m, err := New(Options{Backends: []Backend{b}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	changes, err := m.Changes().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
	if err != nil {
		t.Fatal(err)
	}
	defer changes.Close()
	s, err := m.Create(scriptedConfig(idA))
	if err != nil || s.ID() != idA {
		t.Fatal(err)
	}
	if again, err := m.Create(scriptedConfig(idA)); err != nil || again != s {
		t.Errorf("creating twice: %v", err)
	}
	if restarted, err := m.Update(idA, scriptedConfig("")); err != nil || restarted {
		t.Errorf("nobody watches, but restarted %v, %v", restarted, err)
	}
	v := watch(t, s, ViewerOptions{})
	defer v.Close()
	epoch := next(t, v).Epoch
	if restarted, err := m.Update(idA, scriptedConfig("")); err != nil || !restarted {
		t.Errorf("somebody watches, but restarted %v, %v", restarted, err)
	}
	for next(t, v).Epoch == epoch {
	}
	if _, err := m.Update(idB, scriptedConfig("")); !errors.Is(err, ErrNotFound) {
		t.Errorf("updating what is not there: %v", err)
	}
	if err := m.Delete(idA); err != nil {
		t.Fatal(err)
	}
	if running, _ := b.counts(); running != 0 {
		t.Error("the camera runs on")
	}
	for err == nil {
		_, err = v.Next(t.Context())
	}
	if !errors.Is(err, ErrDeleted) {
		t.Errorf("the viewer ends with %v", err)
	}
	if _, err := s.Watch(ViewerOptions{}); !errors.Is(err, ErrDeleted) {
		t.Errorf("a viewer of a deleted stream: %v", err)
	}
	if err := m.Delete(idA); err != nil {
		t.Errorf("deleting twice: %v", err)
	}
	var kinds []ChangeKind
	var items [16]topic.Item[Change]
	n, _ := changes.Fill(items[:])
	for _, item := range items[:n] {
		if k := item.Event.Value.Kind; k != ChangedState {
			kinds = append(kinds, k)
		}
	}
	if want := []ChangeKind{Appeared, Updated, Updated, Updated, Vanished}; !slices.Equal(kinds, want) {
		t.Errorf("told %v, want %v", kinds, want)
	}
}

func TestConflicts(t *testing.T) {
	m, err := New(Options{Backends: []Backend{&scripted{}, &node{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	first := Config{ID: idA, Alias: "front", HardwareID: "h1", Capture: Capture{Backend: BackendV4L2, Path: "/dev/video0"}}
	if _, err := m.Create(first); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		change func(c *Config)
		want   error
	}{
		{func(c *Config) { c.Alias = "front" }, ErrConflict},
		{func(c *Config) { c.HardwareID = "h1" }, ErrConflict},
		{func(c *Config) { c.Capture = first.Capture }, ErrBusy},
		{func(*Config) {}, nil},
	} {
		c := scriptedConfig(idB)
		test.change(&c)
		if _, err := m.Create(c); !errors.Is(err, test.want) {
			t.Errorf("%+v: %v, want %v", c, err, test.want)
		}
	}
	second := scriptedConfig(idB)
	second.Alias = "front"
	if _, err := m.Update(idB, second); !errors.Is(err, ErrConflict) {
		t.Errorf("update: %v", err)
	}
	if _, err := m.Update(idA, first); err != nil {
		t.Errorf("a stream is in conflict with itself: %v", err)
	}
	for len(m.List()) < maxStreams {
		if _, err := m.Create(scriptedConfig("")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.Create(scriptedConfig("")); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: %v", err)
	}
}

func TestValidate(t *testing.T) {
	m, err := New(Options{Backends: []Backend{&scripted{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for path, change := range map[string]func(c *Config){
		"":                                     func(*Config) {},
		"identity.id":                          func(c *Config) { c.ID = "front" },
		"identity.alias":                       func(c *Config) { c.Alias = "a\nb" },
		"capture.backend":                      func(c *Config) { c.Capture.Backend = "none" },
		"capture.mode.format.code":             func(c *Config) { c.Capture.Format.FourCC = "MJPEG" },
		"capture.mode.format.resolution.width": func(c *Config) { c.Capture.Format = Format{Width: 1e6, Height: 10} },
		"capture.mode.format.resolution":       func(c *Config) { c.Capture.Format = Format{Width: 10} },
		"capture.mode.interval":                func(c *Config) { c.Capture.Interval.Denominator = 30 },
		"capture.target_fps":                   func(c *Config) { c.Capture.TargetFPS = -1 },
		"capture.handle.File.paths[1]":         func(c *Config) { c.Capture.Paths = []string{"/a", "/\x00"} },
		"preview_jpeg_quality":                 func(c *Config) { c.PreviewQuality = 101 },
		"encoder.settings.kind":                func(c *Config) { c.Encoding.Format = H264 },
		"encoder.settings.gop":                 func(c *Config) { c.Encoding.GOP = 1e6 },
		"pipelines[0].pipeline_id":             func(c *Config) { c.Pipelines = []PipelineConfig{{ID: "x"}} },
		"pipelines[0].pipeline_graph":          func(c *Config) { c.Pipelines = []PipelineConfig{{ID: idA, Graph: json.RawMessage("{}")}} },
		"active_pipeline_id":                   func(c *Config) { c.PipelineEnabled, c.ActivePipeline = true, idB },
	} {
		c := scriptedConfig("")
		change(&c)
		list := m.Validate(c)
		if path == "" {
			if len(list) > 0 {
				t.Errorf("a good configuration: %+v", list)
			}
			continue
		}
		if len(list) != 1 || list[0].Path != path || list[0].Code == "" || list[0].Message == "" {
			t.Errorf("%s: %+v", path, list)
		}
		var wrong *ValidationError
		if _, err := m.Create(c); !errors.As(err, &wrong) || wrong.Error() == "" {
			t.Errorf("%s: create returns %v", path, err)
		}
	}
}

// TestStored restarts a manager on its file.
func TestStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "streams.json")
		b := &scripted{run: ticking(time.Second, jpegFrame)}
		open := func() *Manager {
			m, err := New(Options{Backends: []Backend{b}, StateFile: file})
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		m := open()
		cfg := scriptedConfig(idA)
		cfg.Alias, cfg.Extra = "front", json.RawMessage(`{"pose":{"x":1.5}}`)
		cfg.Capture.Interval = Interval{1, 30}
		if _, err := m.Create(cfg); err != nil {
			t.Fatal(err)
		}
		boot := scriptedConfig(idB)
		boot.StartOnBoot = true
		if _, err := m.Create(boot); err != nil {
			t.Fatal(err)
		}
		if err := m.SetControl(t.Context(), idA, 1, IntValue(7)); err != nil {
			t.Fatal(err)
		}
		if err := m.SetControl(t.Context(), idA, 2, IntValue(7)); !errors.Is(err, ErrNoControl) {
			t.Errorf("a control that is not there: %v", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// As after a power failure: nothing is closed before the file is read.
		crashed := open()
		synctest.Wait()
		got, err := crashed.Get(idA)
		if err != nil {
			t.Fatal(err)
		}
		c := got.Config()
		if c.Alias != "front" || !sameJSON(c.Extra, cfg.Extra) || c.Capture.Interval != cfg.Capture.Interval ||
			len(c.Capture.Controls) != 1 || c.Capture.Controls[0] != (Setting{1, IntValue(7)}) {
			t.Errorf("read back %+v", c)
		}
		crashed.Close()
		m.Close()
		if after, _ := os.ReadFile(file); string(after) != string(before) {
			t.Error("closing has changed the file")
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

// TestStartOnBoot looks at the camera without any viewer.
func TestStartOnBoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &scripted{run: ticking(time.Second, jpegFrame)}
		m, err := New(Options{Backends: []Backend{b}})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		cfg := scriptedConfig(idA)
		cfg.StartOnBoot = true
		if _, err := m.Create(cfg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if running, _ := b.counts(); running != 1 {
			t.Error("the camera does not run")
		}
		cfg.StartOnBoot = false
		if _, err := m.Update(idA, cfg); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if running, _ := b.counts(); running != 0 {
			t.Error("the camera still runs")
		}
	})
}

func TestBadStore(t *testing.T) {
	for name, text := range map[string]string{
		"garbage": "garbage", "another version": `{"version":2}`, "twice": `{"version":1,"streams":[{"id":"a"},{"id":"a"}]}`,
		"no id": `{"version":1,"streams":[{}]}`,
	} {
		file := filepath.Join(t.TempDir(), "streams.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Options{StateFile: file}); err == nil {
			t.Errorf("%s: is accepted", name)
		}
		if after, _ := os.ReadFile(file); string(after) != text {
			t.Errorf("%s: is overwritten", name)
		}
	}
	// A folder that is gone: the stream is not made.
	m, err := New(Options{Backends: []Backend{&scripted{}}, StateFile: filepath.Join(t.TempDir(), "none", "streams.json")})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := m.Create(scriptedConfig(idA)); err == nil || len(m.List()) != 0 {
		t.Errorf("not stored, but %d streams, %v", len(m.List()), err)
	}
}

func TestClosed(t *testing.T) {
	m, s := manager(t, &scripted{run: ticking(time.Millisecond, jpegFrame)})
	v := watch(t, s, ViewerOptions{})
	next(t, v)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil {
		_, err = v.Next(context.Background())
	}
	if !errors.Is(err, topic.ErrClosed) || errors.Is(err, ErrDeleted) {
		t.Errorf("the viewer ends with %v", err)
	}
	v.Close()
	if _, err := m.Create(scriptedConfig(idB)); !errors.Is(err, topic.ErrClosed) {
		t.Errorf("create: %v", err)
	}
}

func FuzzStore(f *testing.F) {
	f.Add([]byte(`{"version":1,"streams":[{"id":"a","capture":{"backend":"test","format":{}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseStore(data)
		if err == nil && len(list) > maxStreams {
			t.Fatal("too many")
		}
		for _, c := range list {
			_ = c.filled().check()
		}
	})
}
