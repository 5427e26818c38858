package video

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// ErrNoPipeline is wrapped when a stream has no pipeline of an id, or no active one.
var ErrNoPipeline = errors.New("no such pipeline")

// SetPipeline replaces the graph of a pipeline of a stream, adds the pipeline if it
// is new, and makes it the active one and pipelines enabled. The capture goes on. An
// empty id is that of the active pipeline, or a new one if there is none. output,
// unless "", is shown. extra, unless nil, replaces Config.Extra. Errors are those of
// Update, and wrap ErrNoOutput.
func (m *Manager) SetPipeline(id string, p PipelineConfig, output string, extra json.RawMessage) error {
	return m.changeGraph(id, output, func(cfg *Config) error {
		if extra != nil {
			cfg.Extra = extra
		}
		if p.ID == "" {
			p.ID = cfg.ActivePipeline
		}
		if p.ID == "" || p.ID == RawPipeline {
			p.ID = uuid.NewString()
		}
		cfg.put(p)
		return nil
	})
}

// PatchPipeline changes the graph of a pipeline by a merge patch (RFC 7396): members
// of the patch replace those of the graph, null removes one, and arrays are replaced
// as a whole. An empty pipeline is the active one. Otherwise it is like SetPipeline,
// and the error may also wrap ErrNoPipeline.
func (m *Manager) PatchPipeline(id, pipeline string, patch json.RawMessage) error {
	return m.changeGraph(id, "", func(cfg *Config) error {
		p, err := cfg.find(pipeline)
		if err != nil {
			return err
		}
		if p.Graph, err = MergePatch(p.Graph, patch); err != nil {
			return &ValidationError{Issues: []Issue{{Path: "patch", Code: IssueInvalid, Message: err.Error()}}}
		}
		cfg.put(p)
		return nil
	})
}

// SetInputs gives values to the active pipeline of a stream and keeps them in
// Config.Inputs, which is written to disk within a second; a value of null, or nothing,
// clears that input. The pipeline goes on as it is but for what is changed. pipeline,
// unless "", must be the id of the active pipeline. An input that the pipeline does
// not have, or a value that it cannot take, is a *ValidationError with a path below
// "inputs", and then nothing is changed. Other errors wrap ErrNotFound or
// ErrNoPipeline.
func (m *Manager) SetInputs(id, pipeline string, inputs Inputs) error {
	m.edit.Lock()
	defer m.edit.Unlock()
	s, err := m.Get(id)
	if err != nil {
		return err
	}
	cfg := s.Config()
	graph, _ := s.pipeline()
	if graph == nil || pipeline != "" && pipeline != cfg.ActivePipeline {
		return fmt.Errorf("set the inputs of pipeline %.40q: %w", pipeline, ErrNoPipeline)
	}
	cfg.Inputs = merged(cfg.Inputs, inputs)
	var wrong issues
	cfg.checkInputs(&wrong)
	if probe, _ := m.examine(cfg); probe != nil && len(wrong) == 0 {
		wrong = newInputIssues(probe, cfg.Inputs, inputs)
	}
	if len(wrong) > 0 {
		return &ValidationError{Issues: wrong}
	}
	s.mu.Lock()
	s.cfg.Inputs = cfg.Inputs
	s.mu.Unlock()
	graph.SetInputs(cfg.Inputs)
	m.store.soon()
	m.tell(Change{Kind: Updated, ID: id})
	return nil
}

// merged returns a copy of what is kept with values added or replaced, and those of
// null left out.
func merged(kept, with Inputs) Inputs {
	out := maps.Clone(kept)
	if out == nil {
		out = Inputs{}
	}
	for name, v := range with {
		if isNull(v) {
			delete(out, name)
		} else {
			out[name] = v
		}
	}
	return out
}

// newInputIssues tells what is wrong with all inputs of a pipeline, given some new ones.
// Those that were kept before may be for another pipeline.
func newInputIssues(p Pipeline, all, given Inputs) (list []Issue) {
	for _, issue := range p.SetInputs(all) {
		if _, ok := given[issue.Path]; ok {
			issue.Path = join("inputs", issue.Path)
		} else if issue.Code == IssueUnknown {
			continue
		} else {
			issue.Path = join("pipeline_host_inputs", issue.Path)
		}
		list = append(list, issue)
	}
	return list
}

// changeGraph changes what concerns the pipelines of a stream while the capture goes
// on.
func (m *Manager) changeGraph(id, output string, change func(*Config) error) error {
	m.edit.Lock()
	defer m.edit.Unlock()
	s, err := m.Get(id)
	if err != nil {
		return err
	}
	cfg := s.Config()
	if err := change(&cfg); err != nil {
		return err
	}
	if output != "" {
		cfg.ActiveOutput = output
	}
	graph, list := m.examine(cfg)
	if len(list) > 0 {
		return &ValidationError{Issues: list}
	}
	if output != "" {
		if _, err := imageOutput(graph, output); err != nil {
			return err
		}
	}
	configs := m.configs()
	configs[slices.IndexFunc(configs, func(c Config) bool { return c.ID == id })] = cfg
	if err := m.store.save(configs); err != nil {
		return err
	}
	s.mu.Lock()
	cfg.Capture = s.cfg.Capture // controls may have been set since
	s.cfg = cfg
	s.mu.Unlock()
	s.setGraph(graph, output)
	m.tell(Change{Kind: Updated, ID: id})
	return nil
}

// put replaces a pipeline, or adds it, and makes it the active one.
func (c *Config) put(p PipelineConfig) {
	c.Pipelines = slices.Clone(c.Pipelines)
	i := slices.IndexFunc(c.Pipelines, func(o PipelineConfig) bool { return o.ID == p.ID })
	if i < 0 {
		c.Pipelines = append(c.Pipelines, p)
	} else {
		c.Pipelines[i] = p
	}
	c.PipelineEnabled, c.ActivePipeline = true, p.ID
}

// find returns a pipeline; "" is the active one.
func (c *Config) find(id string) (PipelineConfig, error) {
	if id == "" {
		id = c.ActivePipeline
	}
	i := slices.IndexFunc(c.Pipelines, func(p PipelineConfig) bool { return p.ID == id })
	if i < 0 {
		return PipelineConfig{}, fmt.Errorf("pipeline %.40q: %w", id, ErrNoPipeline)
	}
	return c.Pipelines[i], nil
}
