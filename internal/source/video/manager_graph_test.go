package video

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// framed is a pipeline that has an output of the name of the plain frames.
type framed struct{ twofold }

func (p *framed) Outputs() []Output {
	return append(p.twofold.Outputs(), Output{Name: OutputFrame, Image: true, Type: "image"})
}

// framing makes managers whose pipelines are framed ones, but for the graph "bad".
func framing(t *testing.T, file string) (*Manager, *[]*framed) {
	t.Helper()
	var made []*framed
	m, err := New(Options{
		StateFile: file,
		Backends:  []Backend{&scripted{run: raw(50*time.Millisecond, 200)}},
		NewPipeline: func(graph json.RawMessage) (Pipeline, []Issue) {
			if string(graph) == `{"bad":true}` {
				return nil, []Issue{{Path: "bad", Code: IssueInvalid, Message: "is bad"}}
			}
			p := &framed{twofold{asked: map[string]int{}}}
			made = append(made, p)
			return p, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, &made
}

func TestFrameAndRaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, made := framing(t, "")
		defer m.Close()
		s, err := m.Create(scriptedConfig(idA))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Select(OutputRaw); err != nil || s.Selected() != OutputFrame || s.Processed() {
			t.Errorf("raw without a pipeline: %v, %s is shown", err, s.Selected())
		}
		v := watch(t, s, ViewerOptions{})
		defer v.Close()
		wait(t, v, 200)
		if err := m.SetPipeline(idA, PipelineConfig{ID: idB, Graph: json.RawMessage(`{}`)}, "", nil); err != nil {
			t.Fatal(err)
		}
		if !s.Processed() || s.Selected() != OutputFrame || s.Passes(OutputFrame) || !s.Passes(OutputRaw) {
			t.Errorf("%s is shown, processed: %v", s.Selected(), s.Processed())
		}
		time.Sleep(time.Second)
		p := (*made)[len(*made)-1]
		if asked := p.made(); asked[OutputFrame] == 0 {
			t.Errorf("made %v", asked)
		}
		if err := s.Select(OutputRaw); err != nil {
			t.Fatal(err)
		}
		wait(t, v, 200)
		p.made()
		time.Sleep(time.Second)
		if asked := p.made(); len(asked) > 0 {
			t.Errorf("plain frames are shown, and %v was made", asked)
		}
	})
}

func TestPatchPipeline(t *testing.T) {
	m, _ := framing(t, "")
	defer m.Close()
	if _, err := m.Create(scriptedConfig(idA)); err != nil {
		t.Fatal(err)
	}
	if err := m.PatchPipeline(idA, "", json.RawMessage(`{}`)); !errors.Is(err, ErrNoPipeline) {
		t.Errorf("nothing to patch: %v", err)
	}
	if err := m.SetPipeline(idA, PipelineConfig{Graph: json.RawMessage(`{"a":1}`)}, "", nil); err != nil {
		t.Fatal(err)
	}
	s, err := m.Get(idA)
	if err != nil {
		t.Fatal(err)
	}
	id := s.Config().ActivePipeline
	if id == "" || id == RawPipeline {
		t.Errorf("the new pipeline is %q", id)
	}
	if err := m.PatchPipeline(idA, "", json.RawMessage(`{"a":null,"b":2}`)); err != nil {
		t.Fatal(err)
	}
	if p := s.Config().Pipelines; len(p) != 1 || p[0].ID != id || string(p[0].Graph) != `{"b":2}` {
		t.Errorf("pipelines %+v", p)
	}
	var wrong *ValidationError
	if err := m.PatchPipeline(idA, id, json.RawMessage(`{"b":null,"bad":true}`)); !errors.As(err, &wrong) || wrong.Issues[0].Path != "pipelines[0].pipeline_graph.bad" {
		t.Errorf("a patch to a bad graph: %v", err)
	}
	if err := m.PatchPipeline(idA, id, json.RawMessage(`{`)); !errors.As(err, &wrong) || wrong.Issues[0].Path != "patch" {
		t.Errorf("no patch: %v", err)
	}
	if g := string(s.Config().Pipelines[0].Graph); g != `{"b":2}` {
		t.Errorf("after bad patches: %s", g)
	}
}

func TestSetInputs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "streams.json")
	m, made := framing(t, file)
	if _, err := m.Create(scriptedConfig(idA)); err != nil {
		t.Fatal(err)
	}
	set := func(name, value string) error {
		return m.SetInputs(idA, "", Inputs{name: json.RawMessage(value)})
	}
	if err := set("dark.level", "1"); !errors.Is(err, ErrNoPipeline) {
		t.Errorf("without a pipeline: %v", err)
	}
	if err := m.SetPipeline(idA, PipelineConfig{ID: idB, Graph: json.RawMessage(`{}`)}, "", nil); err != nil {
		t.Fatal(err)
	}
	live := (*made)[len(*made)-1]
	if err := set("dark.level", "5"); err != nil || live.level != "5" {
		t.Errorf("set to %q, %v", live.level, err)
	}
	for name, value := range map[string]string{"light.level": "1", "dark.level": "11"} {
		var wrong *ValidationError
		if err := set(name, value); !errors.As(err, &wrong) || wrong.Issues[0].Path != "inputs."+name {
			t.Errorf("%s = %s: %v", name, value, err)
		}
	}
	if err := m.SetInputs(idA, idA, Inputs{}); !errors.Is(err, ErrNoPipeline) {
		t.Errorf("another pipeline: %v", err)
	}
	if live.level != "5" {
		t.Errorf("after refused inputs the level is %q", live.level)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m, made = framing(t, file)
	defer m.Close()
	if len(*made) != 1 || (*made)[0].level != "5" {
		t.Errorf("after a restart: %d pipelines", len(*made))
	}
	if err := set("dark.level", "null"); err != nil {
		t.Fatal(err)
	}
	s, err := m.Get(idA)
	if err != nil {
		t.Fatal(err)
	}
	if in := s.Config().Inputs; len(in) != 0 {
		t.Errorf("after null: %v", in)
	}
}

// TestInputsOfAConfiguration keeps what another pipeline may have, and refuses values
// that this one cannot take.
func TestInputsOfAConfiguration(t *testing.T) {
	m, _ := framing(t, "")
	defer m.Close()
	cfg := scriptedConfig(idA)
	cfg.Pipelines = []PipelineConfig{{ID: idB, Graph: json.RawMessage(`{}`)}}
	cfg.PipelineEnabled, cfg.ActivePipeline = true, idB
	cfg.Inputs = Inputs{"other.x": json.RawMessage("1"), "dark.level": json.RawMessage("10")}
	list := m.Validate(cfg)
	if len(list) != 1 || list[0].Path != "pipeline_host_inputs.dark.level" {
		t.Errorf("issues %+v", list)
	}
	delete(cfg.Inputs, "dark.level")
	s, err := m.Create(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if in := s.Config().Inputs; len(in) != 1 {
		t.Errorf("inputs %v", in)
	}
}

// TestGraphMetrics measures each part, and what waited.
func TestGraphMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &twofold{}
		m, s := piped(t, p)
		defer m.Close()
		g := s.Metrics().Pipeline
		if g == nil || len(g.Nodes) != 2 || g.Nodes[0].Name != "inverse" || g.Executor.Age != -1 {
			t.Fatalf("at first: %+v", g)
		}
		v := watch(t, s, ViewerOptions{Output: "inverse"})
		defer v.Close()
		for range 10 {
			next(t, v)
		}
		g = s.Metrics().Pipeline
		n := g.Nodes[0]
		if n.Samples < 9 || n.Mean != time.Millisecond || n.MeanIn != 10 || n.PeakOut != 64*48 || n.FPS < 19 || n.FPS > 21 {
			t.Errorf("node: %+v", n)
		}
		if g.Nodes[1].Samples != 0 || g.Executor.Last != time.Millisecond || g.Encoding.Samples == 0 || g.PreviewBytes == 0 {
			t.Errorf("graph: %+v", g)
		}
		if g.Taken < 9 || g.TakenBytes != g.Taken*64*48*2 || g.InputBytes != 64*48*2 || g.OutputBytes != 64*48 {
			t.Errorf("taken %d, %d bytes; in %d, out %d", g.Taken, g.TakenBytes, g.InputBytes, g.OutputBytes)
		}
		if err := m.SetPipeline(idA, PipelineConfig{ID: idB, Graph: json.RawMessage(`{"new":1}`)}, "", nil); err != nil {
			t.Fatal(err)
		}
		if n := s.Metrics().Pipeline.Nodes[0].Samples; n > 1 {
			t.Errorf("a new graph begins with %d samples", n)
		}
	})
}
