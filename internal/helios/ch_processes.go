package helios

import (
	"context"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/process"
	"github.com/heliograph/heliograph/internal/topic"
)

// serveProcesses sends ready and then snapshots.
func (a *API) serveProcesses(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.ProcessesParams)
	if err := s.Send(ctx, wire.ProcessesReady{Type: "ready", IntervalMS: p.IntervalMS}); err != nil {
		return err
	}
	return stream(ctx, s, a.deps.Processes, streamOptions[process.Snapshot]{
		Subscribe: topic.SubscribeOptions{
			Policy: topic.Latest, Replay: 1,
			Interval: time.Duration(p.IntervalMS) * time.Millisecond,
		},
		Variant: int(p.Limit),
		Size:    about[process.Snapshot](256 * int(p.Limit)),
		Encode: encodeJSON(func(v process.Snapshot) any {
			return wire.ProcessesSnapshotEvent{Type: "snapshot", Snapshot: processesSnapshot(v, int(p.Limit))}
		}),
	})
}

// processesSnapshot returns the first limit processes in wire form.
func processesSnapshot(from process.Snapshot, limit int) wire.ProcessesSnapshot {
	processes := from.Processes[:min(limit, len(from.Processes))]
	out := wire.ProcessesSnapshot{
		TimestampMS:      millis(from.Time),
		TotalMemoryBytes: from.TotalMemory,
		UsedMemoryBytes:  from.UsedMemory,
		Processes:        make([]wire.ProcessSample, len(processes)),
	}
	for i, p := range processes {
		out.Processes[i] = wire.ProcessSample{
			PID:                p.PID,
			Name:               p.Name,
			CPUPercent:         p.CPUPercent,
			MemoryBytes:        p.Memory,
			VirtualMemoryBytes: p.VirtualMemory,
			Status:             string(p.Status),
			Cmd:                p.Cmd,
		}
	}
	return out
}
