package helios

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// outputRaw is what the protocol calls the output of [wire.PipelineRaw].
const outputRaw = video.OutputRaw

// manifestIssues collects what is wrong with a manifest.
type manifestIssues []video.Issue

func (l *manifestIssues) add(path, code, message, remediation string) {
	*l = append(*l, video.Issue{Path: path, Code: code, Message: message, Remediation: remediation})
}

// merge adds issues about fields that nothing is known to be wrong with yet.
func (l *manifestIssues) merge(more []video.Issue) {
	known := slices.Clone(*l)
	for _, issue := range more {
		if !slices.ContainsFunc(known, func(k video.Issue) bool { return k.Path == issue.Path }) {
			*l = append(*l, issue)
		}
	}
}

// streamConfig returns the configuration that a manifest asks for, and what the
// manifest wants that cannot be done here; the source finds what else is wrong. The
// manifest goes along, so that what the source knows nothing of is not lost.
func streamConfig(m wire.StreamManifest) (video.Config, []video.Issue) {
	var l manifestIssues
	m.Internal = false
	c := video.Config{
		ID: m.Identity.ID, Alias: m.Identity.Alias, HardwareID: m.Identity.HardwareID,
		Capture:        captureConfig(&l, m.Capture),
		PreviewQuality: int(m.PreviewJpegQuality), PipelineEnabled: m.PipelineEnabled,
		ActivePipeline: m.ActivePipelineID, ActiveOutput: m.ActivePipelineOutput, StartOnBoot: m.StartOnBoot,
	}
	if m.SchemaVersion != 1 {
		l.add("schema_version", video.IssueUnsupported, fmt.Sprintf("%d is not 1", m.SchemaVersion), "")
	}
	if m.PreviewJpegQuality < 1 || m.PreviewJpegQuality > 100 {
		l.add("preview_jpeg_quality", video.IssueRange, fmt.Sprintf("%d is not within 1 to 100", m.PreviewJpegQuality), "")
	}
	encoderConfig(&l, m.Encoder, &c)
	checkDecoder(&l, m.Decoder)
	checkRecording(&l, m.RecordingMode)
	pipelineConfigs(&l, m, &c)
	c.Inputs = hostInputs(&l, m.PipelineHostInputs)
	extra, err := json.Marshal(m)
	if err != nil {
		l.add("", video.IssueInvalid, err.Error(), "")
	}
	c.Extra = extra
	return c, l
}

// captureConfig returns where frames are to come from.
func captureConfig(l *manifestIssues, m wire.StreamCapture) video.Capture {
	c := video.Capture{
		Format: video.Format{
			FourCC: video.FourCC(m.Mode.Format.Code).Canonical(),
			Width:  m.Mode.Format.Resolution.Width, Height: m.Mode.Format.Resolution.Height,
		},
		DeviceKeys: slices.Clone(m.DeviceKeys),
	}
	if len(c.DeviceKeys) == 0 && m.DeviceIdentity != nil {
		c.DeviceKeys = slices.Clone(m.DeviceIdentity.Keys)
	}
	switch {
	case m.Interval != nil:
		c.Interval = videoInterval(l, "capture.interval", *m.Interval)
	case m.Mode.Interval != nil:
		c.Interval = videoInterval(l, "capture.mode.interval", *m.Mode.Interval)
	}
	if m.TargetFPS != nil {
		c.TargetFPS = *m.TargetFPS
	}
	for _, s := range m.Controls {
		c.Controls = append(c.Controls, video.Setting{ID: s.ID, Value: videoValue(s.Value)})
	}
	switch color := m.Mode.Format.Color; color {
	case "", "Srgb", "Bt709", "Bt2020", "Unknown":
	default:
		l.add("capture.mode.format.color", video.IssueUnknown, fmt.Sprintf("%.20q is none of Srgb, Bt709, Bt2020, Unknown", color), "")
	}
	if m.EnableTdnOutput {
		l.add("capture.enable_tdn_output", video.IssueUnsupported, "no camera here has such an output", "leave it out")
	}
	captureHandle(l, m, &c)
	return c
}

func videoInterval(l *manifestIssues, path string, i wire.Interval) video.Interval {
	v := video.Interval(i)
	if !v.Valid() {
		l.add(path, video.IssueInvalid, fmt.Sprintf("%d/%d is not a time", i.Numerator, i.Denominator), "")
		return video.Interval{}
	}
	return v
}

// captureHandle fills in what the backend captures from.
func captureHandle(l *manifestIssues, m wire.StreamCapture, c *video.Capture) {
	h := m.Handle
	kind := handleKind(h)
	switch {
	case m.Backend == "":
		l.add("capture.backend", video.IssueRequired, "is missing", "")
	case !slices.Contains([]string{wire.BackendV4l2, wire.BackendLibcamera, wire.BackendVirtual, wire.BackendNetcam, wire.BackendFile}, m.Backend):
		l.add("capture.backend", video.IssueUnknown, fmt.Sprintf("%.20q is none of V4l2, Libcamera, Virtual, Netcam, File", m.Backend), "")
	case m.Backend == wire.BackendLibcamera:
		l.add("capture.backend", video.IssueUnsupported, "libcamera is not part of this server", "use V4l2 if the camera has a device node")
	case kind == "":
		l.add("capture.handle", video.IssueRequired, "is missing", "")
	case kind != m.Backend:
		l.add("capture.handle", video.IssueInvalid, fmt.Sprintf("is that of %s, and the backend is %s", kind, m.Backend), "")
	}
	switch {
	case h.V4l2 != nil:
		c.Backend, c.Path = video.BackendV4L2, h.V4l2.Path
	case h.Virtual:
		c.Backend = video.BackendTest
	case h.Netcam != nil:
		netcam(l, *h.Netcam, c)
	case h.File != nil:
		files(l, *h.File, c)
	}
}

// handleKind returns the backend that a handle belongs to, "" for none.
func handleKind(h wire.BackendHandle) string {
	switch {
	case h.V4l2 != nil:
		return wire.BackendV4l2
	case h.Libcamera != nil:
		return wire.BackendLibcamera
	case h.Virtual:
		return wire.BackendVirtual
	case h.Netcam != nil:
		return wire.BackendNetcam
	case h.File != nil:
		return wire.BackendFile
	}
	return ""
}

func netcam(l *manifestIssues, h wire.NetcamHandle, c *video.Capture) {
	if c.Format.Width == 0 && c.Format.Height == 0 {
		c.Format.Width, c.Format.Height = h.Width, h.Height
	}
	if c.Interval == (video.Interval{}) && h.FPS > 0 {
		c.Interval = video.Interval{Numerator: 1, Denominator: h.FPS}
	}
	c.URL = h.URL
	c.Backend = video.NetcamBackend(h.URL, c.Format.FourCC)
	if h.URL == "" {
		l.add("capture.handle.Netcam.url", video.IssueRequired, "is missing", "")
	}
}

func files(l *manifestIssues, h wire.FileHandle, c *video.Capture) {
	switch {
	case h.FPS < 0 || h.FPS > 240 || h.FPS != 0 && h.FPS < 0.001:
		l.add("capture.handle.File.fps", video.IssueRange, fmt.Sprintf("%v is not within 0.001 to 240, nor 0", h.FPS), "")
	case h.FPS > 0 && c.Interval == (video.Interval{}):
		c.Interval = video.Interval{Numerator: 1000, Denominator: uint32(math.Round(h.FPS * 1000))}
	}
	c.Paths, c.Loop = slices.Clone(h.Paths), h.LoopForever
	c.Backend = video.FileBackend(h.Paths)
}

// hostInputs returns the inputs that are kept for the active pipeline. Null is none.
func hostInputs(l *manifestIssues, values map[string]any) video.Inputs {
	inputs := video.Inputs{}
	for name, v := range values {
		text, err := json.Marshal(v)
		switch {
		case v == nil:
		case err != nil:
			l.add("pipeline_host_inputs."+name, video.IssueInvalid, err.Error(), "")
		default:
			inputs[name] = text
		}
	}
	return inputs
}

// pipelineConfigs fills in the pipelines.
func pipelineConfigs(l *manifestIssues, m wire.StreamManifest, c *video.Config) {
	for i, p := range m.Pipelines {
		graph, err := patchedGraph(p)
		if err != nil {
			l.add(fmt.Sprintf("pipelines[%d].pipeline_patch", i), video.IssueInvalid, err.Error(), "")
		}
		c.Pipelines = append(c.Pipelines, video.PipelineConfig{ID: p.PipelineID, Graph: graph, Output: p.PipelineOutput})
	}
	if m.PipelineLayout != nil {
		*l = append(*l, layoutIssues("pipeline_layout.", *m.PipelineLayout)...)
	}
	if len(m.PipelineWires) > 0 {
		l.add("pipeline_wires", video.IssueUnsupported, "pipelines cannot be connected: only the active one runs", "put everything into one pipeline")
	}
	if m.PipelineEnabled && m.ActivePipelineID == wire.PipelineCalibration {
		l.add("active_pipeline_id", video.IssueUnsupported, "pictures are not undistorted here", "")
	}
	if c.ActiveOutput == outputRaw && (c.ActivePipeline == "" || c.ActivePipeline == wire.PipelineRaw) {
		c.ActiveOutput = ""
	}
}

// patchedGraph returns the graph of a pipeline with its patch, a JSON merge patch,
// applied; nil for none.
func patchedGraph(p wire.StreamPipeline) (graph json.RawMessage, err error) {
	if p.PipelineGraph != nil {
		if graph, err = json.Marshal(p.PipelineGraph); err != nil {
			return nil, err
		}
	}
	if p.PipelinePatch == nil {
		return graph, nil
	}
	patch, err := json.Marshal(p.PipelinePatch)
	if err != nil {
		return nil, err
	}
	return video.MergePatch(graph, patch)
}
