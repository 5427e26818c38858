package processing

import (
	"context"
	"image"
	"slices"
	"sync"

	"github.com/heliograph/heliograph/internal/imaging"
	"github.com/heliograph/heliograph/internal/source/video"
)

// pipeline is a video.Pipeline of image processors.
type pipeline struct {
	outputs []video.Output
	nodes   []video.Node
	inputs  *inputs

	working sync.Mutex // held while a picture is processed
	steps   *imaging.Pipeline
	picture *image.RGBA // what goes into the first step
}

func newPipeline(list []imaging.Step, steps *imaging.Pipeline) *pipeline {
	p := &pipeline{steps: steps, inputs: newInputs(list, steps)}
	for i := range steps.Len() {
		name, kind := steps.Step(i)
		p.nodes = append(p.nodes, video.Node{Name: name, Kind: kind.Name})
	}
	for _, o := range steps.Outputs() {
		// Without a step, the frame is what was captured.
		if o.Name == imaging.RawOutput || o.Name == imaging.FinalOutput && steps.Len() == 0 {
			continue
		}
		p.outputs = append(p.outputs, video.Output{
			Name: o.Name, Image: o.Type == imaging.ImageOutput, Type: string(o.Type), Localization: o.Localization,
		})
	}
	return p
}

// Outputs implements video.Pipeline.
func (p *pipeline) Outputs() []video.Output { return slices.Clone(p.outputs) }

// Nodes implements video.Pipeline.
func (p *pipeline) Nodes() []video.Node { return slices.Clone(p.nodes) }

// Process implements video.Pipeline. The steps run one after another as far as what is
// wanted needs them.
func (p *pipeline) Process(_ context.Context, in video.Picture, want []string) (video.Results, error) {
	p.working.Lock()
	defer p.working.Unlock()
	p.inputs.apply(p.steps)
	p.picture = imaging.FromYCbCr(p.picture, in.Image)
	images, data, timings, err := p.steps.Run(p.picture, in.Captured, func(o string) bool { return slices.Contains(want, o) })
	out := video.Results{Images: make(map[string]image.Image, len(images)), Values: data, Held: len(p.picture.Pix)}
	for _, t := range timings {
		out.Nodes = append(out.Nodes, video.NodeRun{Node: t.Index, Took: t.Took, In: t.In, Out: t.Out, Err: t.Err})
	}
	for name, img := range images {
		out.Images[name] = img
	}
	return out, err
}
