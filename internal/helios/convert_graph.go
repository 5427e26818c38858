package helios

import (
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// graphMetrics is how the active pipeline of a stream fares. Its steps run one after
// another on one goroutine: there is one edge, on which pictures wait for that, and
// there are neither groups nor locks.
func graphMetrics(m video.Metrics, g video.GraphMetrics) wire.PipelineGraphMetrics {
	out := wire.PipelineGraphMetrics{
		Nodes: make(map[string]wire.NodeRuntime, len(g.Nodes)),
		Edges: map[string]wire.EdgeMetrics{"input": inputEdge(g)},
		ImageWorkingSet: &wire.ImageWorkingSet{
			InputImageBytes: uint64(g.InputBytes), HostOutputImageBytes: uint64(g.OutputBytes),
			PreviewImageBytes:           uint64(g.PreviewBytes),
			TotalMaterializedImageBytes: uint64(g.HeldBytes), PeakTotalMaterializedImageBytes: uint64(g.PeakHeldBytes),
		},
		Executor: windowTiming(g.Executor), Wrapper: windowTiming(g.Wrapper), OutputMaterialization: windowTiming(g.Encoding),
		Warnings: []any{},
	}
	for i, n := range g.Nodes {
		out.Nodes[n.Name] = nodeRuntime(i, n)
	}
	if m.GraphError != "" {
		out.Warnings = append(out.Warnings, m.GraphErrorAt.UTC().Format(time.RFC3339)+" "+m.GraphError)
	}
	return out
}

func nodeRuntime(index int, n video.NodeMetrics) wire.NodeRuntime {
	at := uint64(index)
	out := wire.NodeRuntime{
		Metrics: wire.NodeMetrics{
			AverageTimeMS: inMS(n.Mean), AverageFPS: n.FPS, SampleCount: uint64(n.Samples), WindowSize: video.WindowSize,
			LastSampleAgeMS: ageMS(n.Age),
		},
		AverageInputPayloadBytes: uint64(n.MeanIn), AverageOutputPayloadBytes: uint64(n.MeanOut),
		PeakInputPayloadBytes: uint64(n.PeakIn), PeakOutputPayloadBytes: uint64(n.PeakOut),
		PeakPayloadWorkingSetBytes: uint64(n.PeakSum),
		NodeType:                   &n.Kind, NodeLabel: &n.Name, NodeIndex: &at,
	}
	if n.LastError != "" {
		when := n.LastErrorAt.UTC()
		out.LastError, out.LastErrorAt = &n.LastError, &when
	}
	return out
}

// inputEdge is the way of pictures to the pipeline: one waits at the most, and the
// newest one replaces it.
func inputEdge(g video.GraphMetrics) wire.EdgeMetrics {
	capacity, policy, from := uint64(1), "latest", "capture"
	out := wire.EdgeMetrics{
		AverageWaitMS: inMS(g.Input.Mean), WaitSampleCount: uint64(g.Input.Samples), WindowSize: video.WindowSize,
		LastSampleAgeMS: ageMS(g.Input.Age),
		MaxDepth:        min(g.Taken, 1), CurrentDepth: min(uint64(g.WaitingBytes), 1), Capacity: &capacity,
		CurrentQueueBytes: uint64(g.WaitingBytes), PeakQueueBytes: uint64(g.PeakWaitingBytes),
		Dropped: g.Skipped, PayloadBytes: g.TakenBytes, PayloadCount: g.Taken,
		FromNodeLabel: &from, Policy: &policy,
	}
	if g.Taken > 0 {
		out.AveragePayloadBytes = g.TakenBytes / g.Taken
	}
	if len(g.Nodes) > 0 {
		first := uint64(0)
		out.ToNodeIndex, out.ToNodeLabel = &first, &g.Nodes[0].Name
	}
	return out
}

// windowTiming returns null for what has not been measured.
func windowTiming(t video.Timing) *wire.WindowTiming {
	if t.Samples == 0 {
		return nil
	}
	return &wire.WindowTiming{
		AverageTimeMS: inMS(t.Mean), LastTimeMS: inMS(t.Last), SampleCount: uint64(t.Samples), WindowSize: video.WindowSize,
		LastSampleAgeMS: ageMS(t.Age),
	}
}

// ageMS returns an age in milliseconds, null for that of nothing.
func ageMS(d time.Duration) *float64 {
	if d < 0 {
		return nil
	}
	ms := inMS(d)
	return &ms
}
