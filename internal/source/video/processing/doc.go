// Package processing puts the image processors of package imaging behind video
// streams: it makes the pipelines that video.Options.NewPipeline asks for.
//
// # Graph
//
// A graph is a JSON object with an ordered list of steps:
//
//	{"steps": [{"kind": "blur", "name": "soft", "params": {"radius": 3}}, {"kind": "edges"}]}
//
// An empty object, or an empty list, is a pipeline that does nothing. Members that are
// not known are faults, so that a misspelt one is not lost; each fault is told with the
// path of the field, "steps[0].params.radius".
//
// # Outputs
//
// Each step has an image output of its name; some have data too, "name.data". "frame"
// is what comes after the last step. The pictures before the first step are the
// stream's own output "raw", for which nothing is decoded.
//
// # Inputs
//
// The input "step.param" takes the place of a parameter: "soft.radius". The step is made
// anew when the value changes; the others keep what they know.
//
// # Memory
//
// A pipeline keeps one picture of its own for what goes into the steps and what the
// steps keep, and uses them again for the next picture.
package processing
