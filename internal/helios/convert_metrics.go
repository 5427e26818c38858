package helios

import (
	"slices"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// frameQueue is how many frames a stream holds for its viewers at the most.
const frameQueue = 4

// streamMetrics returns what was measured of a stream in wire form. What is not
// measured is null. process is that of the program, nil if unknown.
func streamMetrics(m video.Metrics, s *video.Stream, process *wire.ProcessMemory) wire.StreamMetrics {
	d := demandOf(m, s)
	out := wire.StreamMetrics{
		Capture:          captureStage(m.Capture),
		Host:             captureStage(m.Host),
		GraphStage:       captureStage(m.Graph),
		Encoder:          codecMetrics(m.Encoder),
		Decoder:          codecMetrics(m.Decoder),
		PreviewTransport: transportMetrics(m.Transport),
		FrameDemand: &wire.FrameDemandMetrics{
			RawReceiverCount: d.raw, HostReceiverCount: d.viewers,
			PreviewDemandActive: d.viewers > 0, EncodeDemandActive: d.encode,
			GraphSampleDemandActive: d.values, NeedsDecodedImage: d.decode,
			GraphHasImageOutput: d.graphImages, GraphHasExecutor: d.graph,
		},
		Memory: &wire.MemoryMetrics{
			Process:          process,
			CaptureQueue:     &wire.CaptureQueueMemory{Depth: uint64(m.HeldFrames), Capacity: frameQueue},
			ExternalBackings: []wire.ExternalBacking{},
			PackedPools:      []wire.PackedPool{},
		},
		Source: sourceMetrics(m),
	}
	if m.Encoder != nil {
		out.EncoderDemand = &wire.EncoderDemandMetrics{
			BroadcastReceiverCount: d.viewers, EncoderDemandActive: d.encode,
			EncoderWorkerRunning: m.Encoder.FPS > 0,
		}
	}
	if m.Pipeline != nil {
		graph := graphMetrics(m, *m.Pipeline)
		out.Pipeline = &graph
		out.PipelineInstances = map[string]wire.PipelineGraphMetrics{s.Config().ActivePipeline: graph}
	}
	return out
}

// streamDemand is who wants what of a stream.
type streamDemand struct {
	viewers     uint64 // of the picture that is shown
	raw         uint64 // those of them who get the frames as they were captured
	values      bool   // somebody wants data outputs
	graph       bool   // there is a pipeline
	graphImages bool   // with pictures to show
	decode      bool   // frames have to be decoded, for the pipeline
	encode      bool   // frames have to be encoded here
}

func demandOf(m video.Metrics, s *video.Stream) streamDemand {
	d := streamDemand{viewers: uint64(m.Viewers), values: m.ValueWatchers > 0, graph: m.Pipeline != nil}
	d.graphImages = slices.ContainsFunc(s.Outputs(), func(o video.Output) bool { return o.Image && !s.Passes(o.Name) })
	shown := d.viewers > 0 && s.Processed()
	d.decode = d.graph && (shown || d.values)
	d.encode = d.viewers > 0 && (shown || m.Encoder != nil && m.Encoder.FPS > 0)
	if !d.encode {
		d.raw = d.viewers
	}
	return d
}

func captureStage(s video.Stage) wire.CaptureStageMetrics {
	return wire.CaptureStageMetrics{
		AverageTimeMS: inMS(s.Interval), FPS: s.FPS, LastTimeMS: inMS(s.LastInterval), SampleCount: s.Count,
		WorkAverageTimeMS: inMS(s.Work), WorkLastTimeMS: inMS(s.LastWork),
	}
}

func sourceMetrics(m video.Metrics) *wire.SourceMetrics {
	out := &wire.SourceMetrics{
		Starts: m.Starts, Failures: m.Failures, DroppedFrames: m.Dropped, ThinnedFrames: m.Thinned, PublishedBytes: m.Bytes,
	}
	if m.LastError != "" {
		at := millis(m.LastErrorAt)
		out.LastError, out.LastErrorAtMS = &m.LastError, &at
	}
	return out
}

func codecMetrics(c *video.Codec) *wire.CodecMetrics {
	if c == nil {
		return nil
	}
	return &wire.CodecMetrics{
		Processed: c.Count, Errors: c.Errors, Backpressure: c.Backpressure,
		AverageTimeMS: inMS(c.Interval), FPS: c.FPS, SampleCount: min(c.Count, video.WindowSize), LastTimeMS: inMS(c.LastInterval),
		WorkAverageTimeMS: inMS(c.Work), WorkLastTimeMS: inMS(c.LastWork),
	}
}

func transportMetrics(t *video.Transport) *wire.PreviewTransportMetrics {
	if t == nil {
		return nil
	}
	return &wire.PreviewTransportMetrics{
		QueueAverageTimeMS: inMS(t.Queue), QueueLastTimeMS: inMS(t.LastQueue),
		PublishAverageTimeMS: inMS(t.Publish), PublishLastTimeMS: inMS(t.LastPublish),
		EndToEndAverageTimeMS: inMS(t.EndToEnd), EndToEndLastTimeMS: inMS(t.LastEndToEnd),
		ReplacedPendingFrames: t.Replaced,
	}
}

// inMS returns a duration as milliseconds with their fraction.
func inMS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
