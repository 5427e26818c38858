package helios

import (
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/ota"
)

// updaterEvent returns an event of the updater in wire form.
func updaterEvent(event ota.Event) any {
	switch e := event.(type) {
	case ota.Snapshot:
		return wire.UpdaterSnapshotEvent{Type: "snapshot", State: updaterState(e.State), CacheUsageBytes: e.CacheUsageBytes}
	case ota.StageProgress:
		return wire.UpdaterStageProgress{Type: "stage_progress", UpdateID: e.UpdateID.String(), Percent: e.Percent, Detail: e.Detail}
	case ota.StageComplete:
		return wire.UpdaterStageComplete{Type: "stage_complete", UpdateID: e.UpdateID.String()}
	case ota.ApplyScheduled:
		return wire.UpdaterApplyScheduled{Type: "apply_scheduled", UpdateID: e.UpdateID.String(), ETA: e.ETA.UTC()}
	case ota.ApplyComplete:
		return wire.UpdaterApplyComplete{Type: "apply_complete", UpdateID: e.UpdateID.String(), RebootRequired: e.RebootRequired}
	case ota.RollbackTriggered:
		return wire.UpdaterRollbackTriggered{Type: "rollback_triggered", UpdateID: e.UpdateID.String(), Reason: e.Reason}
	}
	return wire.ErrorEvent{Type: "error", Message: "unknown event of the updater"}
}

func updaterState(s *ota.State) *wire.UpdaterSnapshot {
	if s == nil {
		return nil
	}
	out := &wire.UpdaterSnapshot{
		UpdateID: s.UpdateID.String(), Stage: string(s.Stage), ProgressPercent: s.Percent,
		StartedAt: s.StartedAt, FinishedAt: s.FinishedAt, LastError: s.LastError,
	}
	for _, a := range s.Artifacts {
		out.Artifacts = append(out.Artifacts, wire.UpdaterArtifact{URL: a.URL, Checksum: a.Checksum, SizeBytes: a.SizeBytes})
	}
	return out
}

// updaterStateOf is the state as GET /v1/ota/state has it: what the stream
// leaves out is null there.
func updaterStateOf(s *ota.State) *wire.OtaState {
	if s == nil {
		return nil
	}
	out := &wire.OtaState{UpdateID: s.UpdateID.String(), Stage: string(s.Stage), ProgressPercent: s.Percent, Artifacts: []wire.UpdaterArtifact{}}
	if !s.StartedAt.IsZero() {
		out.StartedAt = &s.StartedAt
	}
	if !s.FinishedAt.IsZero() {
		out.FinishedAt = &s.FinishedAt
	}
	if s.LastError != "" {
		out.LastError = &s.LastError
	}
	for _, a := range s.Artifacts {
		out.Artifacts = append(out.Artifacts, wire.UpdaterArtifact{URL: a.URL, Checksum: a.Checksum, SizeBytes: a.SizeBytes})
	}
	return out
}

func otaStorage(s ota.Storage) wire.OtaStorage {
	place := func(p ota.Place) wire.OtaPlace {
		return wire.OtaPlace{Path: p.Path, UsageBytes: p.UsageBytes, AvailableBytes: p.AvailableBytes}
	}
	out := wire.OtaStorage{
		Uploads: wire.OtaUploads{
			Path: s.Uploads.Path, UsageBytes: s.Uploads.UsageBytes,
			QuotaBytes: s.QuotaBytes, RemainingBytes: s.RemainingBytes,
		},
		Cache: place(s.Cache), Work: place(s.Work),
		ServiceReleases: place(s.ServiceReleases), FrontendReleases: place(s.FrontendReleases),
	}
	if s.Uploads.AvailableBytes != nil {
		out.Uploads.AvailableBytes = *s.Uploads.AvailableBytes
	}
	return out
}

func preflightReport(r ota.Report) wire.PreflightReport {
	return wire.PreflightReport{
		UpdateID: r.UpdateID.String(), Ready: r.Ready, Summary: r.Summary, SingleSlot: r.SingleSlot, Verdict: string(r.Verdict),
		ArtifactKind: r.ArtifactKind, TargetDevice: r.TargetDevice,
		ImageSizeBytes: r.ImageSizeBytes, TargetSizeBytes: r.TargetSizeBytes,
		DataDirAvailableBytes: r.DataDirAvailableBytes, WorkDirAvailableBytes: r.WorkDirAvailableBytes,
	}
}

// otaSlots returns the slots, or why there are none.
func otaSlots(f ota.Features, slots []ota.Slot, err error) wire.OtaSlots {
	out := wire.OtaSlots{Engine: f.Name, Simulated: f.Simulated, Slots: make([]wire.OtaSlot, len(slots))}
	for i, s := range slots {
		out.Slots[i] = wire.OtaSlot{
			Name: s.Name, Class: s.Class, Device: s.Device, BootName: s.BootName, Booted: s.Booted, Primary: s.Primary, Health: s.Health,
			Version: s.Version, SHA256: s.SHA256, SizeBytes: s.SizeBytes, InstalledAt: s.InstalledAt,
		}
	}
	if err != nil {
		out.LastError = err.Error()
	}
	return out
}

func otaHistory(ended []ota.State) wire.OtaHistory {
	out := wire.OtaHistory{Updates: make([]wire.OtaEndedUpdate, len(ended))}
	for i := range ended {
		s := &ended[i]
		out.Updates[i] = wire.OtaEndedUpdate{
			OtaState: *updaterStateOf(s), Version: s.Version, BuildID: s.BuildID,
			StagedBy: s.StagedBy, AppliedBy: s.AppliedBy, Engine: s.Engine, Simulated: s.Simulated,
		}
	}
	return out
}
