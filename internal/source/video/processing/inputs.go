package processing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/heliograph/heliograph/internal/imaging"
	"github.com/heliograph/heliograph/internal/source/video"
)

// inputs are the values that take the place of parameters.
type inputs struct {
	steps []inputStep // the list and what the graph says do not change

	mu      sync.Mutex
	current []json.RawMessage         // the parameters in force, by step
	pending map[int]imaging.Processor // for the next picture
}

// inputStep is a step as the graph has it.
type inputStep struct {
	name   string
	kind   imaging.Kind
	params json.RawMessage
}

func newInputs(list []imaging.Step, made *imaging.Pipeline) *inputs {
	in := &inputs{pending: map[int]imaging.Processor{}}
	for i, s := range list {
		name, kind := made.Step(i)
		in.steps = append(in.steps, inputStep{name, kind, s.Params})
		in.current = append(in.current, s.Params)
	}
	return in
}

// apply gives the steps the processors that are pending.
func (in *inputs) apply(steps *imaging.Pipeline) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for i, p := range in.pending {
		steps.Replace(i, p)
	}
	clear(in.pending)
}

// SetInputs implements video.Pipeline.
func (p *pipeline) SetInputs(values video.Inputs) []video.Issue { return p.inputs.set(values) }

func (in *inputs) set(values video.Inputs) []video.Issue {
	in.mu.Lock()
	defer in.mu.Unlock()
	given, list := in.sorted(values)
	params, made := make([]json.RawMessage, len(in.steps)), map[int]imaging.Processor{}
	wrong := false
	for i, s := range in.steps {
		params[i] = s.with(given[i])
		if bytes.Equal(params[i], in.current[i]) {
			continue
		}
		processor, err := s.kind.New(params[i])
		if err != nil {
			wrong = true
			list = append(list, s.issues(given[i], err)...)
			continue
		}
		made[i] = processor
	}
	if !wrong {
		in.current = params
		maps.Copy(in.pending, made)
	}
	return list
}

// sorted divides inputs by steps, and tells which belong to none.
func (in *inputs) sorted(values video.Inputs) (given []map[string]json.RawMessage, unknown []video.Issue) {
	given = make([]map[string]json.RawMessage, len(in.steps))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		step, param, _ := strings.Cut(name, ".")
		i := slices.IndexFunc(in.steps, func(s inputStep) bool { return s.name == step && s.has(param) })
		if i < 0 {
			unknown = append(unknown, video.Issue{Path: name, Code: video.IssueUnknown, Message: "is no parameter of a step, as in \"blur.radius\""})
			continue
		}
		if given[i] == nil {
			given[i] = map[string]json.RawMessage{}
		}
		given[i][param] = values[name]
	}
	return given, unknown
}

func (s inputStep) has(param string) bool {
	return slices.ContainsFunc(s.kind.Params, func(p imaging.Param) bool { return p.Name == param })
}

// with returns the step's parameters with values in their place. The result is the same
// for the same values.
func (s inputStep) with(values map[string]json.RawMessage) json.RawMessage {
	if len(values) == 0 {
		return s.params
	}
	var own map[string]json.RawMessage
	_ = json.Unmarshal(s.params, &own) // it was read before, when the step was made
	all := maps.Clone(values)
	for name, v := range own {
		if _, ok := all[name]; !ok {
			all[name] = v
		}
	}
	text, err := json.Marshal(all)
	if err != nil { // a value that is no JSON
		return json.RawMessage(fmt.Sprintf("%q", err))
	}
	return text
}

// issues makes issues of the inputs of what is wrong with the parameters. A fault of a
// parameter that is not an input comes of one that is.
func (s inputStep) issues(values map[string]json.RawMessage, err error) []video.Issue {
	var wrong imaging.ParamErrors
	if !errors.As(err, &wrong) {
		wrong = imaging.ParamErrors{{Err: err}}
	}
	var list []video.Issue
	for _, e := range wrong {
		param := e.Param
		if _, ok := values[param]; !ok && len(values) > 0 {
			param = slices.Min(slices.Collect(maps.Keys(values)))
		}
		list = append(list, video.Issue{Path: s.name + "." + param, Code: code(e), Message: e.Err.Error()})
	}
	return list
}
