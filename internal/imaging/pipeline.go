package imaging

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"
	"strconv"
	"time"
)

// MaxSteps bounds the steps of a pipeline.
const MaxSteps = 16

// RawOutput is the output before the first step; FinalOutput is that of the last.
const (
	RawOutput   = "raw"
	FinalOutput = "frame"
)

// Result is what a processor makes of a picture.
type Result struct {
	Image *image.RGBA // never nil
	Data  any         // what was found, for JSON; nil if the processor finds nothing
}

// Processor is one step.
type Processor interface {
	// Process handles a picture taken at the given time. It may change in.
	Process(in *image.RGBA, at time.Time) (Result, error)
}

// Step says which processor to use and how.
type Step struct {
	// Kind is the name of a processor.
	Kind string `json:"kind"`
	// Name is the name of its outputs; empty means the kind and a number.
	Name string `json:"name,omitempty"`
	// Params are the processor's parameters as a JSON object.
	Params json.RawMessage `json:"params,omitempty"`
}

// OutputType tells images from data.
type OutputType string

// The types of outputs.
const (
	ImageOutput OutputType = "image"
	DataOutput  OutputType = "json"
)

// Output is one thing of a pipeline that can be watched.
type Output struct {
	Name string
	Type OutputType
}

// Pipeline is an ordered list of processors. It is used by one goroutine.
type Pipeline struct {
	steps   []step
	outputs []Output
}

type step struct {
	name      string
	processor Processor
}

// StepError says which step of a pipeline cannot be.
type StepError struct {
	Index int
	Err   error
}

// Error names the step.
func (e *StepError) Error() string { return fmt.Sprintf("steps[%d]: %v", e.Index, e.Err) }

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// NewPipeline makes a pipeline of steps. The error is a *StepError.
func NewPipeline(steps []Step) (*Pipeline, error) {
	if len(steps) > MaxSteps {
		return nil, &StepError{MaxSteps, fmt.Errorf("more than %d steps", MaxSteps)}
	}
	p := &Pipeline{outputs: []Output{{RawOutput, ImageOutput}}}
	for i, s := range steps {
		kind, ok := Find(s.Kind)
		if !ok {
			return nil, &StepError{i, fmt.Errorf("unknown kind %q", s.Kind)}
		}
		processor, err := kind.New(s.Params)
		if err != nil {
			return nil, &StepError{i, err}
		}
		name := s.Name
		if name == "" {
			name = p.freeName(s.Kind)
		}
		if name == FinalOutput || p.has(name) {
			return nil, &StepError{i, fmt.Errorf("name %q is taken", name)}
		}
		p.steps = append(p.steps, step{name, processor})
		p.outputs = append(p.outputs, Output{name, ImageOutput})
		if kind.Data {
			p.outputs = append(p.outputs, Output{name + ".data", DataOutput})
		}
	}
	p.outputs = append(p.outputs, Output{FinalOutput, ImageOutput})
	return p, nil
}

func (p *Pipeline) freeName(kind string) string {
	name := kind
	for n := 2; p.has(name); n++ {
		name = kind + strconv.Itoa(n)
	}
	return name
}

func (p *Pipeline) has(name string) bool {
	return slices.ContainsFunc(p.outputs, func(o Output) bool { return o.Name == name })
}

// Outputs lists what can be watched: raw, the steps' outputs in order, frame.
func (p *Pipeline) Outputs() []Output { return slices.Clone(p.outputs) }

// errEmpty refuses pictures of no size, so that no processor has to.
var errEmpty = errors.New("the picture has no pixels")

// Timing is how long one step took.
type Timing struct {
	Name string
	Took time.Duration
}

// Run processes a picture as far as any wanted output needs it. images holds the
// wanted image outputs and data the wanted data outputs; a step's failure ends
// the run, and what was made before it is returned with the error. in belongs
// to the pipeline from now on.
func (p *Pipeline) Run(in *image.RGBA, at time.Time, want func(output string) bool) (images map[string]*image.RGBA, data map[string]any, timings []Timing, err error) {
	images, data = map[string]*image.RGBA{}, map[string]any{}
	if in.Rect.Empty() {
		return images, data, nil, errEmpty
	}
	last := p.lastWanted(want)
	if want(RawOutput) {
		images[RawOutput] = p.keep(in, last >= 0)
	}
	current := in
	for i := 0; i <= last; i++ {
		s := p.steps[i]
		began := time.Now()
		result, err := s.processor.Process(current, at)
		if err != nil {
			return images, data, timings, fmt.Errorf("step %s: %w", s.name, err)
		}
		timings = append(timings, Timing{s.name, time.Since(began)})
		current = result.Image
		if want(s.name) {
			images[s.name] = p.keep(current, i < last)
		}
		if result.Data != nil && want(s.name+".data") {
			data[s.name+".data"] = result.Data
		}
	}
	if want(FinalOutput) {
		images[FinalOutput] = current
	}
	return images, data, timings, nil
}

// lastWanted returns the index of the last step that has to run, or -1.
func (p *Pipeline) lastWanted(want func(string) bool) int {
	if want(FinalOutput) {
		return len(p.steps) - 1
	}
	for i, s := range slices.Backward(p.steps) {
		if want(s.name) || want(s.name+".data") {
			return i
		}
	}
	return -1
}

// keep returns img, or a copy if later steps may change it.
func (p *Pipeline) keep(img *image.RGBA, changes bool) *image.RGBA {
	if !changes {
		return img
	}
	return clone(img)
}

func clone(img *image.RGBA) *image.RGBA {
	return &image.RGBA{Pix: slices.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
}
