package video

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Codes of an [Issue].
const (
	IssueRequired    = "required"
	IssueInvalid     = "invalid"      // malformed
	IssueUnknown     = "unknown"      // names something that does not exist
	IssueRange       = "out_of_range" // too small, too large, too long, too many
	IssueUnsupported = "unsupported"  // cannot be done on this device
)

// Issue is something wrong with a configuration.
type Issue struct {
	// Path is the dotted path of the field, in the names of the HeliOS manifest:
	// "capture.handle.V4l2.path", "pipelines[0].pipeline_graph.steps[2].kind".
	Path        string
	Code        string
	Message     string
	Remediation string // what helps; may be empty
}

// ValidationError is returned for a configuration that cannot be used. It has at
// least one issue.
type ValidationError struct{ Issues []Issue }

// Error names the first issue and tells how many there are.
func (e *ValidationError) Error() string {
	first := e.Issues[0].Path + ": " + e.Issues[0].Message
	if n := len(e.Issues); n > 1 {
		return fmt.Sprintf("%s (and %d more)", first, n-1)
	}
	return first
}

// Bounds of a configuration.
const (
	maxSide      = 8192 // pixels
	maxFPS       = 240
	minFPS       = 0.001 // what [Capture.Rate] can say
	maxText      = 4096
	maxPaths     = 4096
	maxSettings  = 256
	maxPipelines = 16
	maxGraph     = 256 << 10
	maxInputs    = 256
)

// issues collects what is wrong.
type issues []Issue

func (l *issues) add(path, code, format string, args ...any) {
	*l = append(*l, Issue{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
}

// check finds what is wrong whatever the backend.
func (c Config) check() []Issue {
	var l issues
	if c.ID != "" {
		if id, err := uuid.Parse(c.ID); err != nil || id.String() != c.ID {
			l.add("identity.id", IssueInvalid, "%.40q is not a UUID in lower case", c.ID)
		}
	}
	l.text("identity.alias", c.Alias, 200)
	l.text("identity.hardware_id", c.HardwareID, 200)
	c.Capture.check(&l)
	c.Encoding.check(&l)
	if c.PreviewQuality < 0 || c.PreviewQuality > 100 {
		l.add("preview_jpeg_quality", IssueRange, "%d is not within 1 to 100", c.PreviewQuality)
	}
	c.checkPipelines(&l)
	if len(c.Extra) > maxGraph {
		l.add("", IssueRange, "the manifest is longer than %d bytes", maxGraph)
	}
	return l
}

func (l *issues) text(path, s string, most int) {
	if len(s) > most {
		l.add(path, IssueRange, "longer than %d bytes", most)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		l.add(path, IssueInvalid, "has control characters")
	}
}

func (c Capture) check(l *issues) {
	l.text("capture.handle", c.Path, maxText)
	l.text("capture.handle", c.URL, maxText)
	if len(c.Paths) > maxPaths {
		l.add("capture.handle.File.paths", IssueRange, "more than %d", maxPaths)
		return
	}
	for i, p := range c.Paths {
		l.text(fmt.Sprintf("capture.handle.File.paths[%d]", i), p, maxText)
	}
	if code := c.Format.FourCC; code != "" && len(code) != 4 {
		l.add("capture.mode.format.code", IssueInvalid, "%.20q is not a code of four characters", string(code))
	}
	l.side("capture.mode.format.resolution.width", c.Format.Width)
	l.side("capture.mode.format.resolution.height", c.Format.Height)
	if (c.Format.Width == 0) != (c.Format.Height == 0) {
		l.add("capture.mode.format.resolution", IssueInvalid, "has only one side")
	}
	l.interval("capture.mode.interval", c.Interval)
	if f := c.TargetFPS; f != 0 && !(f >= minFPS && f <= maxFPS) {
		l.add("capture.target_fps", IssueRange, "%v is not within %v to %d, nor 0", f, minFPS, maxFPS)
	}
	if len(c.Controls) > maxSettings {
		l.add("capture.controls", IssueRange, "more than %d", maxSettings)
	}
	if len(c.DeviceKeys) > 16 {
		l.add("capture.device_keys", IssueRange, "more than 16")
	}
	for i, k := range c.DeviceKeys {
		l.text(fmt.Sprintf("capture.device_keys[%d]", i), k, 400)
	}
}

func (l *issues) side(path string, v uint32) {
	if v > maxSide {
		l.add(path, IssueRange, "%d is more than %d", v, maxSide)
	}
}

func (l *issues) interval(path string, i Interval) {
	switch {
	case i == Interval{}:
	case !i.Valid():
		l.add(path, IssueInvalid, "%d/%d is not a time", i.Numerator, i.Denominator)
	case i.FPS() > maxFPS || i.FPS() < 1./3600:
		l.add(path, IssueRange, "%d/%d s is not within 1/%d s to an hour", i.Numerator, i.Denominator, maxFPS)
	}
}

func (e Encoding) check(l *issues) {
	switch e.Format {
	case "", MJPG, H264, HEVC:
	default:
		l.add("encoder.settings.kind", IssueUnknown, "there is no encoder for %.20q", string(e.Format))
	}
	if e.Quality < 0 || e.Quality > 100 {
		l.add("encoder.settings.quality", IssueRange, "%d is not within 1 to 100", e.Quality)
	}
	if e.Bitrate > 1e9 {
		l.add("encoder.settings.bitrate", IssueRange, "%d is more than 1 Gbit/s", e.Bitrate)
	}
	l.interval("encoder.settings.framerate", e.Interval)
	if e.GOP > 10000 {
		l.add("encoder.settings.gop", IssueRange, "%d is more than 10000", e.GOP)
	}
	l.side("encoder.settings.output_resolution.width", e.Width)
	l.side("encoder.settings.output_resolution.height", e.Height)
	if (e.Width == 0) != (e.Height == 0) {
		l.add("encoder.settings.output_resolution", IssueInvalid, "has only one side")
	}
	if e.Threads > 64 {
		l.add("encoder.settings.thread_count", IssueRange, "%d is more than 64", e.Threads)
	}
}

func (c Config) checkPipelines(l *issues) {
	if len(c.Pipelines) > maxPipelines {
		l.add("pipelines", IssueRange, "more than %d", maxPipelines)
	}
	seen := map[string]bool{}
	for i, p := range c.Pipelines {
		path := fmt.Sprintf("pipelines[%d].", i)
		if _, err := uuid.Parse(p.ID); err != nil {
			l.add(path+"pipeline_id", IssueInvalid, "%.40q is not a UUID", p.ID)
		}
		if seen[p.ID] {
			l.add(path+"pipeline_id", IssueInvalid, "is there twice")
		}
		seen[p.ID] = true
		if len(p.Graph) > maxGraph {
			l.add(path+"pipeline_graph", IssueRange, "longer than %d bytes", maxGraph)
		}
		l.text(path+"pipeline_output", p.Output, 200)
	}
	l.text("active_pipeline_output", c.ActiveOutput, 200)
	c.checkInputs(l)
	if c.PipelineEnabled && c.ActivePipeline != "" && c.ActivePipeline != RawPipeline && !seen[c.ActivePipeline] {
		l.add("active_pipeline_id", IssueUnknown, "is not among the pipelines")
	}
}

func (c Config) checkInputs(l *issues) {
	if len(c.Inputs) > maxInputs {
		l.add("pipeline_host_inputs", IssueRange, "more than %d", maxInputs)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.Inputs)) {
		path := join("pipeline_host_inputs", fmt.Sprintf("%.100s", name))
		l.text(path, name, 200)
		if len(c.Inputs[name]) > maxText {
			l.add(path, IssueRange, "longer than %d bytes", maxText)
		}
	}
}
