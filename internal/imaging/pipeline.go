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

// dataSuffix makes the name of a step's data output from that of the step.
const dataSuffix = ".data"

// Result is what a processor makes of a picture.
type Result struct {
	// Image is never nil. It may be the processor's own, which it uses again for the
	// next picture.
	Image *image.RGBA
	Data  any // what was found, for JSON, and not changed any more; nil if the processor finds nothing
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
	// Name is the name of its outputs: at most 40 letters, digits, "_" and "-". Empty
	// means the kind and a number.
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
	// Localization says what the data of an output locates: "detection", or "" for
	// nothing.
	Localization string
}

// Pipeline is an ordered list of processors. It is used by one goroutine.
type Pipeline struct {
	steps   []step
	outputs []Output
	raw     *image.RGBA // for RawOutput, if it has to be kept
}

type step struct {
	name      string
	kind      Kind
	processor Processor
	kept      *image.RGBA // the output, if later steps may change it
}

// NewPipeline makes a pipeline of steps. The error is a StepErrors.
func NewPipeline(steps []Step) (*Pipeline, error) {
	if len(steps) > MaxSteps {
		return nil, StepErrors{{Index: MaxSteps, Err: fmt.Errorf("%w: more than %d steps", ErrTooMany, MaxSteps)}}
	}
	p := &Pipeline{outputs: []Output{{Name: RawOutput, Type: ImageOutput}}}
	var wrong StepErrors
	for i, s := range steps {
		wrong = append(wrong, p.add(i, s)...)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	p.outputs = append(p.outputs, Output{Name: FinalOutput, Type: ImageOutput})
	return p, nil
}

// add makes one step and its outputs, or tells what is wrong with it.
func (p *Pipeline) add(index int, s Step) StepErrors {
	kind, ok := Find(s.Kind)
	if !ok {
		return StepErrors{{Index: index, Field: "kind", Err: fmt.Errorf("%w kind %.40q", ErrUnknown, s.Kind)}}
	}
	var wrong StepErrors
	processor, err := kind.New(s.Params)
	if err != nil {
		wrong = ofParams(index, err)
	}
	name := s.Name
	if name == "" {
		name = p.freeName(s.Kind)
	}
	switch {
	case !validName(name):
		err := fmt.Errorf("name %.60q is not 1 to %d letters, digits, _ and -", name, maxName)
		wrong = append(wrong, &StepError{Index: index, Field: "name", Err: err})
	case name == FinalOutput || p.has(name):
		wrong = append(wrong, &StepError{Index: index, Field: "name", Err: fmt.Errorf("name %q is taken", name)})
	}
	p.steps = append(p.steps, step{name: name, kind: kind, processor: processor})
	p.outputs = append(p.outputs, Output{Name: name, Type: ImageOutput})
	if kind.Data {
		p.outputs = append(p.outputs, Output{Name: name + dataSuffix, Type: DataOutput, Localization: kind.Localization})
	}
	return wrong
}

// maxName bounds the name of a step, in bytes.
const maxName = 40

// validName keeps names free of dots, which divide the name of a step from what
// belongs to it.
func validName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for _, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && !(r >= '0' && r <= '9') && r != '_' && r != '-' {
			return false
		}
	}
	return true
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

// Len returns the number of steps.
func (p *Pipeline) Len() int { return len(p.steps) }

// Step returns the name and the kind of a step, from 0.
func (p *Pipeline) Step(i int) (name string, kind Kind) { return p.steps[i].name, p.steps[i].kind }

// Replace gives a step another processor; what the former one knew is forgotten.
func (p *Pipeline) Replace(i int, with Processor) { p.steps[i].processor = with }

// errEmpty refuses pictures of no size, so that no processor has to.
var errEmpty = errors.New("the picture has no pixels")

// Timing is what one step has done to one picture.
type Timing struct {
	Index   int // of the step
	Took    time.Duration
	In, Out int   // bytes of the pictures
	Err     error // why the run ended here
}

// Run processes a picture as far as any wanted output needs it. images holds the
// wanted image outputs and data the wanted data outputs; a step's failure ends
// the run, and what was made before it is returned with the error. in belongs
// to the pipeline until the next call, and so do the images.
func (p *Pipeline) Run(in *image.RGBA, at time.Time, want func(output string) bool) (images map[string]*image.RGBA, data map[string]any, timings []Timing, err error) {
	images, data = map[string]*image.RGBA{}, map[string]any{}
	if in.Rect.Empty() {
		return images, data, nil, errEmpty
	}
	last := p.lastWanted(want)
	if want(RawOutput) {
		images[RawOutput] = keep(&p.raw, in, last >= 0)
	}
	current := in
	for i := 0; i <= last; i++ {
		s := &p.steps[i]
		timing := Timing{Index: i, In: len(current.Pix)}
		began := time.Now()
		result, err := s.processor.Process(current, at)
		timing.Took = time.Since(began)
		if err != nil {
			timing.Err = err
			return images, data, append(timings, timing), fmt.Errorf("step %s: %w", s.name, err)
		}
		current = result.Image
		timing.Out = len(current.Pix)
		timings = append(timings, timing)
		if want(s.name) {
			images[s.name] = keep(&s.kept, current, i < last)
		}
		if result.Data != nil && want(s.name+dataSuffix) {
			data[s.name+dataSuffix] = result.Data
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
		if want(s.name) || want(s.name+dataSuffix) {
			return i
		}
	}
	return -1
}

// keep returns img, or if later steps may change it a copy in *buffer.
func keep(buffer **image.RGBA, img *image.RGBA, changes bool) *image.RGBA {
	if !changes {
		return img
	}
	*buffer = sized(*buffer, img.Rect.Dx(), img.Rect.Dy())
	for y := range img.Rect.Dy() {
		copy((*buffer).Pix[y*(*buffer).Stride:][:(*buffer).Stride], img.Pix[y*img.Stride:])
	}
	return *buffer
}

// sized returns img if it has that size, else a picture in img's memory if there is
// enough of it. What the picture shows is undefined.
func sized(img *image.RGBA, w, h int) *image.RGBA {
	switch {
	case img == nil || cap(img.Pix) < 4*w*h:
		return image.NewRGBA(image.Rect(0, 0, w, h))
	case img.Rect.Dx() != w || img.Rect.Dy() != h:
		return &image.RGBA{Pix: img.Pix[:4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	}
	return img
}

func clone(img *image.RGBA) *image.RGBA {
	return &image.RGBA{Pix: slices.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
}
