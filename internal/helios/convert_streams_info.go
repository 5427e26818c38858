package helios

import (
	"encoding/json"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// streamManifest returns a configuration in wire form: the manifest that came with it,
// with what has changed since.
func streamManifest(c video.Config) wire.StreamManifest {
	m := wire.DefaultStreamManifest()
	if len(c.Extra) == 0 || json.Unmarshal(c.Extra, &m) != nil {
		m = plainManifest(c)
	}
	m.Identity.ID, m.Internal = c.ID, false
	m.Capture.Controls = make([]wire.ControlSetting, 0, len(c.Capture.Controls))
	for _, s := range c.Capture.Controls {
		m.Capture.Controls = append(m.Capture.Controls, wire.ControlSetting{ID: s.ID, Value: controlValue(s.Value)})
	}
	if m.Capture.DeviceKeys == nil {
		m.Capture.DeviceKeys = []string{}
	}
	if d := m.Capture.DeviceIdentity; d != nil && d.Keys == nil {
		d.Keys = []string{}
	}
	if m.Capture.Mode.Format.Color == "" {
		m.Capture.Mode.Format.Color = "Unknown"
	}
	m.PipelineEnabled, m.ActivePipelineID = c.PipelineEnabled, c.ActivePipeline
	if c.ActiveOutput != "" || m.ActivePipelineOutput != outputRaw {
		m.ActivePipelineOutput = c.ActiveOutput
	}
	m.Pipelines = manifestPipelines(c.Pipelines)
	if m.PipelineWires == nil {
		m.PipelineWires = []wire.PipelineWire{}
	}
	m.PipelineHostInputs = make(map[string]any, len(c.Inputs))
	for name, v := range c.Inputs {
		m.PipelineHostInputs[name] = v
	}
	if m.PipelineLayout != nil && m.PipelineLayout.Slots == nil {
		m.PipelineLayout.Slots = []wire.PipelineLayoutSlot{}
	}
	return m
}

// manifestPipelines returns the pipelines in force. Patches have been applied.
func manifestPipelines(now []video.PipelineConfig) []wire.StreamPipeline {
	list := make([]wire.StreamPipeline, 0, len(now))
	for _, p := range now {
		out := wire.StreamPipeline{PipelineID: p.ID, PipelineOutput: p.Output}
		if len(p.Graph) > 0 {
			_ = json.Unmarshal(p.Graph, &out.PipelineGraph) // it was checked; if not, there is none to show
		}
		list = append(list, out)
	}
	return list
}

// plainManifest returns the manifest of a configuration that none came with.
func plainManifest(c video.Config) wire.StreamManifest {
	m := wire.DefaultStreamManifest()
	m.Identity = wire.StreamIdentity{ID: c.ID, Alias: c.Alias, HardwareID: c.HardwareID}
	m.Capture = wire.StreamCapture{Mode: wire.ModeID{Format: mediaFormat(c.Capture.Format)}, DeviceKeys: c.Capture.DeviceKeys}
	m.Capture.Handle = backendHandle(c.Capture)
	m.Capture.Backend = handleKind(m.Capture.Handle)
	if i := wire.Interval(c.Capture.Interval); c.Capture.Interval.Valid() {
		m.Capture.Mode.Interval = &i
	}
	if fps := c.Capture.TargetFPS; fps > 0 {
		m.Capture.TargetFPS = &fps
	}
	m.PreviewJpegQuality, m.StartOnBoot = uint8(c.PreviewQuality), c.StartOnBoot
	return m
}

// backendHandle returns what a configuration captures from, in wire form.
func backendHandle(c video.Capture) wire.BackendHandle {
	switch c.Backend {
	case video.BackendV4L2:
		return wire.BackendHandle{V4l2: &wire.V4l2Handle{Path: c.Path}}
	case video.BackendTest:
		return wire.BackendHandle{Virtual: true}
	}
	if c.URL != "" {
		return wire.BackendHandle{Netcam: &wire.NetcamHandle{URL: c.URL, Width: c.Format.Width, Height: c.Format.Height}}
	}
	paths := c.Paths
	if paths == nil {
		paths = []string{}
	}
	return wire.BackendHandle{File: &wire.FileHandle{Paths: paths, FPS: c.Interval.FPS(), LoopForever: c.Loop}}
}

func mediaFormat(f video.Format) wire.MediaFormat {
	return wire.MediaFormat{Code: string(f.FourCC), Resolution: wire.Resolution{Width: f.Width, Height: f.Height}, Color: "Unknown"}
}

// captureDescriptor returns what a camera can do, in wire form.
func captureDescriptor(d video.Descriptor) wire.CaptureDescriptor {
	out := wire.CaptureDescriptor{Modes: make([]wire.Mode, 0, len(d.Modes)), Controls: controlMetas(d.Controls)}
	for _, m := range d.Modes {
		w := wire.Mode{Format: mediaFormat(m.Format), Intervals: make([]wire.Interval, 0, len(m.Intervals))}
		w.ID.Format = w.Format
		for _, i := range m.Intervals {
			w.Intervals = append(w.Intervals, wire.Interval(i))
		}
		if len(w.Intervals) > 0 {
			w.ID.Interval = &w.Intervals[0]
		}
		if r := m.Range; r != nil {
			w.IntervalStepwise = &wire.IntervalStepwise{Min: wire.Interval(r.Min), Max: wire.Interval(r.Max), Step: wire.Interval(r.Step)}
		}
		out.Modes = append(out.Modes, w)
	}
	return out
}

// previewFormat is what the protocol calls a format of frames.
func previewFormat(f video.FourCC) string {
	switch f.Canonical() {
	case video.MJPG:
		return "mjpeg"
	case video.H264:
		return "h264"
	case video.HEVC:
		return "h265"
	}
	return "unknown"
}

// streamInfo returns a stream as it is.
func streamInfo(s *video.Stream, d video.Descriptor) wire.StreamInfo {
	m := streamManifest(s.Config())
	format, _ := s.Format()
	status := s.Status()
	return wire.StreamInfo{
		ID: s.ID(), Descriptor: captureDescriptor(d), Manifest: m, Resolved: resolvedConfig(m),
		PreviewFormat: previewFormat(format.FourCC), Status: streamStatus(status), Runtime: streamRuntime(s, status),
	}
}

// instant returns a time as the protocol has it, nil for none.
func instant(t time.Time) *uint64 {
	if t.IsZero() {
		return nil
	}
	ms := millis(t)
	return &ms
}

// streamStatus is the short state: a stream that nobody watches counts as running.
func streamStatus(s video.Status) *wire.StreamStatus {
	out := &wire.StreamStatus{
		State: string(video.Running), StartedAtMS: instant(s.StartedAt),
		DisabledSinceMS: instant(s.DisabledSince), DisabledReason: s.Reason,
	}
	if s.State == video.Disabled {
		out.State = string(video.Disabled)
	}
	return out
}

// resolvedConfig is a manifest with the defaults filled in.
func resolvedConfig(m wire.StreamManifest) wire.ResolvedStreamConfig {
	return wire.ResolvedStreamConfig{
		Identity: m.Identity, Capture: m.Capture, HostBuffer: m.HostBuffer, Internal: m.Internal,
		PipelineEnabled: m.PipelineEnabled, PreviewJpegQuality: m.PreviewJpegQuality, StartOnBoot: m.StartOnBoot,
		ActivePipelineID: m.ActivePipelineID, ActivePipelineOutput: m.ActivePipelineOutput, Calibration: m.Calibration,
		Decoder: &wire.ResolvedDecoder{
			Enabled: m.Decoder.State == wire.StateEnabled, CodecID: m.Decoder.ID,
			Settings: m.Decoder.Settings, SettingsPresent: m.Decoder.Settings != nil,
		},
		Encoder: &wire.ResolvedEncoder{
			Enabled: m.Encoder.State == wire.StateEnabled, CodecID: m.Encoder.ID,
			Settings: m.Encoder.Settings, SettingsPresent: m.Encoder.Settings != nil,
		},
		PipelineHostInputs: m.PipelineHostInputs, PipelineLayout: m.PipelineLayout, PipelineWires: m.PipelineWires,
		Pipelines: m.Pipelines, Pose: m.Pose, RecordingMode: &m.RecordingMode,
	}
}
