package helios

import (
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/changelog"
	"github.com/heliograph/heliograph/internal/source/telemetry"
)

// telemetrySample returns a sample in wire form.
func telemetrySample(from telemetry.Sample) wire.TelemetrySample {
	out := wire.TelemetrySample{
		TimestampMS: millis(from.Time),
		CPU: wire.CPU{
			UsagePercent: from.CPU.UsagePercent,
			TemperatureC: from.CPU.Temperature,
			Throttle:     throttle(from.CPU.Throttle),
			Cores:        make([]wire.Core, len(from.CPU.Cores)),
		},
		Memory:  wire.Space{TotalBytes: from.Memory.Total, UsedBytes: from.Memory.Used, FreeBytes: from.Memory.Free},
		GPU:     gpu(from.GPU),
		Disks:   make([]wire.Disk, len(from.Disks)),
		Network: network(from.Network),
	}
	for i, c := range from.CPU.Cores {
		out.CPU.Cores[i] = wire.Core{ID: c.ID, UsagePercent: c.UsagePercent, FrequencyMHz: c.FrequencyMHz}
	}
	for i, d := range from.Disks {
		out.Disks[i] = wire.Disk{Mount: d.Mount, TotalBytes: d.Total, UsedBytes: d.Used, FreeBytes: d.Free}
	}
	if d := from.DataDisk; d != nil {
		out.Disk = &wire.Space{TotalBytes: d.Total, UsedBytes: d.Used, FreeBytes: d.Free}
	}
	if p := from.Power; p != nil {
		out.Power = &wire.Power{Watts: p.Watts, Volts: p.Volts, Amps: p.Amps}
	}
	return out
}

func throttle(t *telemetry.Throttle) *wire.Throttle {
	if t == nil {
		return nil
	}
	return &wire.Throttle{
		Raw:                      t.Raw,
		Undervoltage:             t.Undervoltage(),
		FrequencyCapped:          t.FrequencyCapped(),
		Throttled:                t.Throttled(),
		SoftTempLimit:            t.SoftTempLimit(),
		UndervoltageSinceBoot:    t.UndervoltageSinceBoot(),
		FrequencyCappedSinceBoot: t.FrequencyCappedSinceBoot(),
		ThrottledSinceBoot:       t.ThrottledSinceBoot(),
		SoftTempLimitSinceBoot:   t.SoftTempLimitSinceBoot(),
	}
}

func gpu(g *telemetry.GPU) *wire.GPU {
	if g == nil {
		return nil
	}
	out := &wire.GPU{UsagePercent: g.UsagePercent, TemperatureC: g.Temperature, FrequencyMHz: g.FrequencyMHz}
	if m := g.Memory; m != nil {
		out.Memory = &wire.Space{TotalBytes: m.Total, UsedBytes: m.Used, FreeBytes: m.Free}
	}
	return out
}

func network(n *telemetry.Network) *wire.Network {
	if n == nil {
		return nil
	}
	out := &wire.Network{Traffic: traffic(n.Counters), Interfaces: make([]wire.Interface, len(n.Interfaces))}
	for i, from := range n.Interfaces {
		out.Interfaces[i] = wire.Interface{Name: from.Name, Traffic: traffic(from.Counters), MAC: from.MAC}
	}
	return out
}

func traffic(c telemetry.Counters) wire.Traffic {
	return wire.Traffic{
		RxBytes: c.RxBytes, TxBytes: c.TxBytes,
		TotalRxBytes: c.TotalRxBytes, TotalTxBytes: c.TotalTxBytes,
		RxBytesPerSec: c.RxPerSecond, TxBytesPerSec: c.TxPerSecond,
	}
}

// updateEvent returns an entry of the change journal in wire form.
func updateEvent(e changelog.Event) wire.RealtimeUpdateEvent {
	out := wire.RealtimeUpdateEvent{
		Seq:         e.Seq,
		TimestampMS: uint64(max(e.TimestampMS, 0)),
		Origin:      e.Origin,
		Domain:      e.Domain,
		Kind:        e.Kind,
		Operation:   e.Operation,
		Entity:      e.Entity,
		Revision:    e.Revision,
		Path:        e.Path,
		Method:      e.Method,
		RequestID:   e.RequestID,
	}
	if e.ResourceID != nil {
		out.ResourceID = *e.ResourceID
	}
	return out
}
