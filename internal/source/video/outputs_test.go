package video

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// twofold is a pipeline with two pictures and two values.
type twofold struct {
	mu    sync.Mutex
	asked map[string]int // how often each output was made
	err   error
	level string // an input
}

func (*twofold) Outputs() []Output {
	return []Output{
		{Name: "inverse", Image: true, Type: "image"}, {Name: "dark", Image: true, Type: "image"},
		{Name: "mean", Type: "json"}, {Name: "size", Type: "json", Localization: "detection"},
	}
}

func (*twofold) Nodes() []Node {
	return []Node{{Name: "inverse", Kind: "test"}, {Name: "mean", Kind: "test"}}
}

// SetInputs takes the input "dark.level" from 0 to 9.
func (p *twofold) SetInputs(inputs Inputs) (list []Issue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, v := range inputs {
		switch {
		case name != "dark.level":
			list = append(list, Issue{Path: name, Code: IssueUnknown, Message: "no such input"})
		case len(v) > 1:
			return []Issue{{Path: name, Code: IssueRange, Message: "not 0 to 9"}}
		default:
			p.level = string(v)
		}
	}
	return list
}

func (p *twofold) Process(_ context.Context, in Picture, want []string) (Results, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := Results{Images: map[string]image.Image{}, Values: map[string]any{}}
	for _, name := range want {
		p.asked[name]++
		switch name {
		case "inverse", "dark":
			out := image.NewGray(in.Image.Rect)
			for i := range out.Pix {
				if name == "inverse" {
					out.Pix[i] = 255 - in.Image.Y[i]
				}
			}
			r.Images[name] = out
			r.Nodes = append(r.Nodes, NodeRun{Node: 0, Took: time.Millisecond, In: 10, Out: len(out.Pix)})
		case "mean":
			r.Values[name] = int(in.Image.Y[0])
		case "size":
			r.Values[name] = in.Image.Rect.Size()
		}
	}
	return r, p.err
}

// made returns how often outputs were made since the last call.
func (p *twofold) made() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.asked
	p.asked = map[string]int{}
	return was
}

// raw delivers raw pictures of one brightness.
func raw(every time.Duration, y byte) func(context.Context, Sink) error {
	return func(ctx context.Context, to Sink) error {
		p := image.NewYCbCr(image.Rect(0, 0, 64, 48), image.YCbCrSubsampleRatio422)
		for i := range p.Y {
			p.Y[i] = y
		}
		for i := range p.Cb {
			p.Cb[i], p.Cr[i] = 128, 128
		}
		for {
			to.Picture(p, time.Now())
			select {
			case <-time.After(every):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// piped returns a manager whose streams have a pipeline.
func piped(t *testing.T, p *twofold) (*Manager, *Stream) {
	t.Helper()
	p.asked = map[string]int{}
	m, err := New(Options{
		Backends:    []Backend{&scripted{run: raw(50*time.Millisecond, 200)}},
		NewPipeline: func(json.RawMessage) (Pipeline, []Issue) { return p, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := scriptedConfig(idA)
	cfg.Pipelines = []PipelineConfig{{ID: idB, Graph: json.RawMessage(`{}`)}}
	cfg.PipelineEnabled, cfg.ActivePipeline = true, idB
	s, err := m.Create(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m, s
}

// brightness decodes a frame.
func brightness(t *testing.T, f *Frame) byte {
	t.Helper()
	p, err := decodeJPEG(f.Data)
	if err != nil {
		t.Fatal(err)
	}
	return p.Y[0]
}

// wait takes frames until one has a brightness.
func wait(t *testing.T, v *Viewer, y byte) {
	t.Helper()
	for range 20 {
		if got := brightness(t, next(t, v)); got > y-3 && got < y+3 {
			return
		}
	}
	t.Fatalf("no frame has the brightness %d", y)
}

func TestOutputs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &twofold{}
		m, s := piped(t, p)
		defer m.Close()
		var names []string
		for _, o := range s.Outputs() {
			names = append(names, o.Name)
		}
		if want := []string{"frame", "raw", "inverse", "dark", "mean", "size"}; !slices.Equal(names, want) {
			t.Errorf("outputs %v", names)
		}
		plain := watch(t, s, ViewerOptions{})
		wait(t, plain, 200)
		if made := p.made(); len(made) > 0 {
			t.Errorf("nobody wants it, but %v was made", made)
		}
		inverse := watch(t, s, ViewerOptions{Output: "inverse", Restore: true})
		wait(t, inverse, 55)
		wait(t, plain, 55) // it is shown to all
		if made := p.made(); made["inverse"] == 0 || len(made) != 1 {
			t.Errorf("made %v, want inverse", made)
		}
		inverse.Close()
		wait(t, plain, 200)
		for _, bad := range []string{"none", "mean"} {
			if _, err := s.Watch(ViewerOptions{Output: bad}); !errors.Is(err, ErrNoOutput) {
				t.Errorf("output %s: %v", bad, err)
			}
		}
		plain.Close()
	})
}

// TestRestore has several viewers choose: the last one wins, and what was before comes
// back only if the choice is still theirs.
func TestRestore(t *testing.T) {
	m, s := piped(t, &twofold{})
	defer m.Close()
	check := func(when, want string) {
		t.Helper()
		if got := s.Selected(); got != want {
			t.Errorf("%s: %s is shown, want %s", when, got, want)
		}
	}
	choose := func(output string, restore bool) *Viewer {
		return watch(t, s, ViewerOptions{Output: output, Restore: restore})
	}
	check("at first", "frame")
	a := choose("inverse", true)
	b := choose("dark", true)
	a.Close()
	check("another viewer has chosen since", "dark")
	b.Close()
	check("the last one has gone", "inverse")
	c := choose("inverse", true)
	c.Close()
	check("a viewer has changed nothing", "inverse")
	d := choose("frame", false)
	d.Close()
	check("a viewer that does not restore", "frame")
	e := choose("dark", true)
	if err := s.Select("dark"); err != nil {
		t.Fatal(err)
	}
	e.Close()
	check("a command has confirmed the choice", "dark")
	if err := m.Select(idA, ""); err != nil {
		t.Fatal(err)
	}
	check("a command without a name", "frame")
	if err := m.Select(idA, "mean"); !errors.Is(err, ErrNoOutput) {
		t.Errorf("selecting a value: %v", err)
	}
}

func TestValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &twofold{}
		m, s := piped(t, p)
		defer m.Close()
		w, err := s.WatchValues([]string{"mean", "none"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		got := w.Newest()
		if len(got) != 1 || got[0].Port != "mean" || got[0].Value != 200 || got[0].Err != nil || got[0].Seq < 10 {
			t.Errorf("values %+v", got)
		}
		if made := p.made(); made["mean"] == 0 || len(made) != 1 {
			t.Errorf("made %v, want mean", made)
		}
		if s.Metrics().Encoder != nil {
			t.Error("frames are encoded though nobody looks")
		}
		if err := w.SetPorts([]string{"size", "mean"}); err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		p.err = errors.New("lens cap on")
		p.mu.Unlock()
		time.Sleep(time.Second)
		got = w.Newest()
		if len(got) != 2 || got[1].Port != "size" || got[1].Err == nil || got[1].Value != nil {
			t.Errorf("when it fails: %+v", got)
		}
		if g := s.Metrics(); g.GraphError != "lens cap on" || g.GraphErrorAt.IsZero() {
			t.Errorf("metrics: %q", g.GraphError)
		}
		if err := w.SetPorts(nil); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if st := s.Status(); st.State != Stopped {
			t.Errorf("without a port wanted: %+v", st)
		}
		w.Close()
		w.Close()
	})
}

// TestSetPipeline replaces the pipeline while somebody watches.
func TestSetPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &scripted{run: raw(50*time.Millisecond, 200)}
		m, err := New(Options{
			Backends: []Backend{b},
			NewPipeline: func(graph json.RawMessage) (Pipeline, []Issue) {
				if string(graph) == `"bad"` {
					return nil, []Issue{{Path: "nodes.0", Code: IssueUnknown, Message: "no such node"}}
				}
				return &twofold{asked: map[string]int{}}, nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		s, err := m.Create(scriptedConfig(idA))
		if err != nil {
			t.Fatal(err)
		}
		v := watch(t, s, ViewerOptions{})
		defer v.Close()
		wait(t, v, 200)
		if err := m.SetPipeline(idA, PipelineConfig{ID: idB, Graph: json.RawMessage(`{}`)}, "inverse", nil); err != nil {
			t.Fatal(err)
		}
		wait(t, v, 55)
		if _, runs := b.counts(); runs != 1 {
			t.Error("the capture was begun again")
		}
		if c := s.Config(); !c.PipelineEnabled || c.ActiveOutput != "inverse" {
			t.Errorf("configuration %+v", c)
		}
		var wrong *ValidationError
		err = m.SetPipeline(idA, PipelineConfig{ID: idB, Graph: json.RawMessage(`"bad"`)}, "", nil)
		if !errors.As(err, &wrong) || wrong.Issues[0].Path != "pipelines[0].pipeline_graph.nodes.0" {
			t.Errorf("a bad graph: %v", err)
		}
		if err := m.SetPipeline(idA, PipelineConfig{ID: idB, Graph: json.RawMessage(`{}`)}, "mean", nil); !errors.Is(err, ErrNoOutput) {
			t.Errorf("showing a value: %v", err)
		}
		wait(t, v, 55)
	})
}
