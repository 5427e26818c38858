package ota

import (
	"time"

	"github.com/google/uuid"
)

// Stage is a stage of an update.
type Stage string

// The stages in their order. Each but the last two can also lead to RolledBack.
// Rebooting is left out when no reboot is needed. An update that has not begun
// has no state at all, which stands for idle.
const (
	Idle           Stage = "idle"
	Downloading    Stage = "downloading"
	Verifying      Stage = "verifying"
	AwaitingWindow Stage = "awaiting_window"
	Applying       Stage = "applying"
	Rebooting      Stage = "rebooting"
	Complete       Stage = "complete"
	RolledBack     Stage = "rolled_back"
)

// Final tells whether an update in this stage has ended.
func (s Stage) Final() bool { return s == Complete || s == RolledBack || s == Idle || s == "" }

// Artifact is a file that an update is made of.
type Artifact struct {
	URL string `json:"url"`
	// Checksum is sha256: and 64 hex digits; empty before it is known.
	Checksum  string  `json:"checksum,omitempty"`
	SizeBytes *uint64 `json:"size_bytes,omitempty"`
}

// State is the state of the newest update. It is immutable once handed out.
type State struct {
	UpdateID uuid.UUID `json:"update_id"`
	Stage    Stage     `json:"stage"`
	// Percent is how far the stage is; nil when that means nothing. It is not
	// stored.
	Percent    *uint8     `json:"-"`
	StartedAt  time.Time  `json:"started_at,omitzero"`
	FinishedAt time.Time  `json:"finished_at,omitzero"`
	LastError  string     `json:"last_error,omitempty"`
	Artifacts  []Artifact `json:"artifacts,omitempty"`
	// Version and BuildID are what the image says, once verified.
	Version string `json:"version,omitempty"`
	BuildID string `json:"build_id,omitempty"`
	// ApplyAt is when the update will be applied, or was; zero before that is
	// ordered.
	ApplyAt time.Time `json:"apply_at,omitzero"`
	// StagedBy and AppliedBy are who asked for it, as the caller said.
	StagedBy  string `json:"staged_by,omitempty"`
	AppliedBy string `json:"applied_by,omitempty"`
	// Engine is the name of the engine; Simulated says that no device was changed.
	Engine    string `json:"engine,omitempty"`
	Simulated bool   `json:"simulated,omitempty"`
}

// Event is one of [Snapshot], [StageProgress], [StageComplete],
// [ApplyScheduled], [ApplyComplete] and [RollbackTriggered].
type Event interface{ event() }

// Snapshot is the whole state. It is the first thing a subscriber gets, and
// follows each change of stage directly.
type Snapshot struct {
	State           *State // nil if no update was ever started
	CacheUsageBytes uint64
}

// StageProgress tells how far the present stage is. Percent never falls within a
// stage.
type StageProgress struct {
	UpdateID uuid.UUID
	Percent  uint8
	Detail   string // may be empty
}

// StageComplete says that the image is staged. The snapshot of awaiting_window
// follows.
type StageComplete struct{ UpdateID uuid.UUID }

// ApplyScheduled says when the image will be applied.
type ApplyScheduled struct {
	UpdateID uuid.UUID
	ETA      time.Time
}

// ApplyComplete says that the image was written, activated and read back. The
// snapshot of complete follows, or that of rebooting if a reboot is required.
type ApplyComplete struct {
	UpdateID       uuid.UUID
	RebootRequired bool
}

// RollbackTriggered says that the update was undone, cancelled or has failed.
// The snapshot of rolled_back follows.
type RollbackTriggered struct {
	UpdateID uuid.UUID
	Reason   string
}

func (Snapshot) event()          {}
func (StageProgress) event()     {}
func (StageComplete) event()     {}
func (ApplyScheduled) event()    {}
func (ApplyComplete) event()     {}
func (RollbackTriggered) event() {}
