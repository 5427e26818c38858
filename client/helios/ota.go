package helios

import "time"

// UpdaterServerEvent is a message of ota.stream: UpdaterSnapshotEvent,
// UpdaterStageProgress, UpdaterStageComplete, UpdaterApplyScheduled,
// UpdaterApplyComplete, UpdaterRollbackTriggered or ErrorEvent.
type UpdaterServerEvent interface{ updaterServerEvent() }

// UpdaterSnapshotEvent is the first message of ota.stream and is repeated at
// each change of stage.
type UpdaterSnapshotEvent struct {
	Type            string           `json:"type"`  // "snapshot"
	State           *UpdaterSnapshot `json:"state"` // null if no update was ever started
	CacheUsageBytes uint64           `json:"cache_usage_bytes"`
}

// UpdaterStageProgress tells how far the present stage is.
type UpdaterStageProgress struct {
	Type     string `json:"type"` // "stage_progress"
	UpdateID string `json:"update_id" format:"uuid"`
	Percent  uint8  `json:"percent" maximum:"100"` // never falls within one stage
	Detail   string `json:"detail,omitempty"`
}

// UpdaterStageComplete says that the image is staged.
type UpdaterStageComplete struct {
	Type     string `json:"type"` // "stage_complete"
	UpdateID string `json:"update_id" format:"uuid"`
}

// UpdaterApplyScheduled says when the image will be applied.
type UpdaterApplyScheduled struct {
	Type     string    `json:"type"` // "apply_scheduled"
	UpdateID string    `json:"update_id" format:"uuid"`
	ETA      time.Time `json:"eta"`
}

// UpdaterApplyComplete says that the image is applied.
type UpdaterApplyComplete struct {
	Type           string `json:"type"` // "apply_complete"
	UpdateID       string `json:"update_id" format:"uuid"`
	RebootRequired bool   `json:"reboot_required"`
}

// UpdaterRollbackTriggered says that the update was undone.
type UpdaterRollbackTriggered struct {
	Type     string `json:"type"` // "rollback_triggered"
	UpdateID string `json:"update_id" format:"uuid"`
	Reason   string `json:"reason"`
}

func (UpdaterSnapshotEvent) updaterServerEvent()     {}
func (UpdaterStageProgress) updaterServerEvent()     {}
func (UpdaterStageComplete) updaterServerEvent()     {}
func (UpdaterApplyScheduled) updaterServerEvent()    {}
func (UpdaterApplyComplete) updaterServerEvent()     {}
func (UpdaterRollbackTriggered) updaterServerEvent() {}
func (ErrorEvent) updaterServerEvent()               {}

// UpdaterSnapshot is the state of the newest update. In the answer of GET
// /v1/ota/state the optional fields are null instead of absent.
type UpdaterSnapshot struct {
	UpdateID string `json:"update_id" format:"uuid"`
	// Stage is one of the Stage constants.
	Stage           string            `json:"stage" enum:"idle,downloading,verifying,awaiting_window,applying,rebooting,complete,rolled_back"`
	ProgressPercent *uint8            `json:"progress_percent,omitempty" maximum:"100"` // of the stage
	StartedAt       time.Time         `json:"started_at,omitzero"`
	FinishedAt      time.Time         `json:"finished_at,omitzero"`
	LastError       string            `json:"last_error,omitempty"`
	Artifacts       []UpdaterArtifact `json:"artifacts,omitempty"`
}

// UpdaterArtifact is a file that an update is made of.
type UpdaterArtifact struct {
	URL       string  `json:"url"`
	Checksum  string  `json:"checksum,omitempty"`
	SizeBytes *uint64 `json:"size_bytes,omitempty"`
}

// Stages of an UpdaterSnapshot in their order. Each but the last two can also
// lead to StageRolledBack; StageRebooting is left out when no reboot is needed.
const (
	StageIdle           = "idle"
	StageDownloading    = "downloading"
	StageVerifying      = "verifying"
	StageAwaitingWindow = "awaiting_window"
	StageApplying       = "applying"
	StageRebooting      = "rebooting"
	StageComplete       = "complete"
	StageRolledBack     = "rolled_back"
)
