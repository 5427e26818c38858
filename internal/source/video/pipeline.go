package video

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"slices"
	"time"
)

// Outputs that streams have. OutputFrame is there always: what the active pipeline
// makes of the frames if it has an output of that name, else the frames as they are
// captured. OutputRaw is those, whatever the pipeline.
const (
	OutputFrame = "frame"
	OutputRaw   = "raw"
)

// RawPipeline is the id of the pipeline that every stream has and that does nothing.
const RawPipeline = "00000000-0000-0000-0000-0000000000aa"

// Output is something that a stream offers.
type Output struct {
	Name string
	// Image tells whether pictures come out, which can be watched; else values, see
	// [Stream.WatchValues].
	Image bool
	// Type is what comes out, for people: "image", "json".
	Type string
	// Localization is "detection", "pose" or "imu" if the values are of that kind.
	Localization string
}

// Picture is what a pipeline works on.
type Picture struct {
	Image    *image.YCbCr // must not be changed
	Captured time.Time
	Seq      uint64
}

// Results is what a pipeline has made of a picture: of the outputs that were
// wanted, those that there are.
type Results struct {
	// Images are encoded as JPEG; an *image.YCbCr or *image.Gray is cheapest. They
	// belong to the stream until the next call of Process.
	Images map[string]image.Image
	// Values can be made into JSON and are not changed any more.
	Values map[string]any
	// Nodes is what each part has done that was at work, also if the picture failed.
	Nodes []NodeRun
	// Held is how many bytes of pictures the pipeline has in memory, of its own.
	Held int
}

// Node is a part of a pipeline, as it is shown to people.
type Node struct{ Name, Kind string }

// NodeRun is what a part of a pipeline has done to one picture.
type NodeRun struct {
	Node    int // index in Pipeline.Nodes
	Took    time.Duration
	In, Out int   // bytes of the pictures that went in and came out
	Err     error // why there is no result
}

// Pipeline processes the pictures of one stream. It is made by
// [Options.NewPipeline].
type Pipeline interface {
	// Outputs lists what the pipeline offers; the list does not change. OutputRaw is
	// not among them.
	Outputs() []Output
	// Nodes lists the parts that are measured; the list does not change.
	Nodes() []Node
	// SetInputs puts values in the place of what the graph says. It takes effect with
	// the next picture and replaces the inputs set before. What is wrong with them is
	// returned as issues whose path is the name of the input; then nothing is changed,
	// unless all issues are of code IssueUnknown: inputs that the pipeline does not have
	// are left out. It may be called while Process runs.
	SetInputs(inputs Inputs) []Issue
	// Process works on one picture and makes the outputs wanted, no others. It is
	// called by one goroutine at a time and only while an output is wanted. An error
	// is told to those who watch; the pipeline goes on with the next picture.
	Process(ctx context.Context, in Picture, want []string) (Results, error)
}

// Inputs are values that are given to a pipeline, by name.
type Inputs map[string]json.RawMessage

// NewPipeline makes a pipeline from the graph of a configuration. What is wrong with
// it is returned as issues with paths relative to the graph.
type NewPipeline func(graph json.RawMessage) (Pipeline, []Issue)

// EncodeSpec is what a [Transcoder] is asked for.
type EncodeSpec struct {
	Encoding
	Source Format // of the frames that come in; MJPG
	Rate   Interval
}

// Transcoder encodes and decodes what the standard library cannot. Its methods are
// safe for concurrent use.
type Transcoder interface {
	// Available returns nil, or an error that wraps ErrNotInstalled.
	Available() error
	// Name is what is shown as the implementation of an encoder, "libx264".
	Name(f FourCC) string
	// Encoders returns the formats that can be encoded; none if it is not available. It
	// may take as long as starting a program.
	Encoders(ctx context.Context) []FourCC
	// Encode makes MJPG frames into frames of spec.Format until ctx is done, in is
	// closed or it fails. out is called by one goroutine at a time with frames that
	// begin with a key frame. Frames may come out later than they went in, but in
	// order and one for each.
	Encode(ctx context.Context, spec EncodeSpec, in <-chan *Frame, out func(Frame)) error
	// Decode makes pictures out of frames of one inter-coded format, beginning with a
	// key frame; in other things it is like Encode. A picture is not changed any
	// more.
	Decode(ctx context.Context, f Format, in <-chan *Frame, out func(*image.YCbCr)) error
	// Still decodes one key frame and returns it as JPEG.
	Still(ctx context.Context, key *Frame, quality int) ([]byte, error)
}

// outputsOf lists the outputs of a stream with the pipeline, which may be nil.
func outputsOf(p Pipeline) []Output {
	list := []Output{{Name: OutputFrame, Image: true, Type: "image"}}
	if p != nil {
		list = append(list, Output{Name: OutputRaw, Image: true, Type: "image"})
		for _, o := range p.Outputs() {
			if o.Name != OutputFrame && o.Name != OutputRaw {
				list = append(list, o)
			}
		}
	}
	return list
}

func findOutput(list []Output, name string) (Output, bool) {
	i := slices.IndexFunc(list, func(o Output) bool { return o.Name == name })
	if i < 0 {
		return Output{}, false
	}
	return list[i], true
}

// imageOutput returns the name of an image output; without a pipeline, OutputRaw is
// another name of OutputFrame. The error wraps ErrNoOutput.
func imageOutput(p Pipeline, name string) (string, error) {
	if p == nil && name == OutputRaw {
		name = OutputFrame
	}
	if o, ok := findOutput(outputsOf(p), name); !ok || !o.Image {
		return "", fmt.Errorf("show output %.100q: %w", name, ErrNoOutput)
	}
	return name, nil
}

// passes tells whether an image output is the frames as they are captured.
func passes(p Pipeline, output string) bool {
	if p == nil || output == OutputRaw {
		return true
	}
	if output != OutputFrame {
		return false
	}
	return !slices.ContainsFunc(p.Outputs(), func(o Output) bool { return o.Name == OutputFrame })
}
