package helios

import (
	"slices"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// streamRuntime returns what a stream is doing.
func streamRuntime(s *video.Stream, status video.Status) *wire.StreamRuntime {
	cfg, metrics := s.Config(), s.Metrics()
	selected, processed, outputs := s.Selected(), s.Processed(), s.Outputs()
	source, captured := s.SourceFormat()
	shown, known := s.Format()
	running := status.State == video.Running
	watched := metrics.Viewers > 0
	encoded := captured && source.FourCC.Canonical() != shown.FourCC.Canonical() || processed
	graph := running && (processed && watched || metrics.ValueWatchers > 0)

	r := &wire.StreamRuntime{
		Capture: wire.RuntimeCapture{
			State: string(status.State), StartedAtMS: instant(status.StartedAt),
			DisabledSinceMS: instant(status.DisabledSince), DisabledReason: status.Reason,
		},
		Recording: wire.RuntimeRecording{State: "inactive"},
		Pipeline: wire.RuntimePipeline{
			Enabled: cfg.PipelineEnabled, ActivePipelineID: cfg.ActivePipeline, ActiveOutputKey: selected,
			PipelineCount: uint32(len(cfg.Pipelines)),
		},
	}
	if captured {
		r.Capture.CaptureFourCC, r.Codecs.CaptureInputFourCC = string(source.FourCC), string(source.FourCC)
	}
	runtimeCodecs(&r.Codecs, metrics, shown, known && captured && encoded, processed)
	r.Demand = runtimeDemand(metrics, running, watched, encoded, graph)
	hasImage := slices.ContainsFunc(outputs, func(o video.Output) bool { return o.Image && !s.Passes(o.Name) })
	r.Demand.Graph = wire.DemandGraph{
		ExecutionActive: graph, HasExecutor: metrics.Pipeline != nil, HasImageOutput: hasImage,
		ImageOutputActive: graph && watched && processed, OutputSamplePending: metrics.ValueWatchers > 0,
	}
	r.Demand.Pipeline.GraphImageOutputActive = r.Demand.Graph.ImageOutputActive
	if metrics.GraphError != "" {
		// It goes on with the next picture, hence it is not disabled.
		r.Pipeline.DisabledReason = metrics.GraphError
	}
	return r
}

// runtimeCodecs tells which codecs were at work.
func runtimeCodecs(c *wire.RuntimeCodecs, m video.Metrics, shown video.Format, encoded, graph bool) {
	if m.Decoder != nil {
		c.DecoderImpl = m.Decoder.Name
	}
	if m.Encoder == nil || !encoded {
		return
	}
	c.EncoderImpl, c.EncoderOutputFourCC = m.Encoder.Name, string(shown.FourCC)
	c.EncoderInputFourCC = c.CaptureInputFourCC
	if graph {
		c.EncoderInputFourCC = ""
	}
}

func runtimeDemand(m video.Metrics, running, watched, encoded, graph bool) wire.RuntimeDemand {
	n := uint32(m.Viewers)
	return wire.RuntimeDemand{
		LiveActive: running && watched, Frame: watched || m.ValueWatchers > 0, Encoder: watched && encoded,
		Viewers: wire.DemandViewers{RawReceiverCount: uint32(m.ValueWatchers), HostReceiverCount: n, PreviewViewerActive: watched},
		Pipeline: wire.DemandPipeline{
			DecodedImageActive: graph, EncodedOutputActive: running && watched && encoded,
			EncodedPassthroughActive: running && watched && !encoded, EncodedPassthroughPossible: !encoded,
			GraphExecutionActive: graph, LiveActive: running && watched, PreviewTransportActive: watched,
		},
	}
}
