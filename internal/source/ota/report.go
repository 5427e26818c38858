package ota

import "github.com/google/uuid"

// Verdict is the result of a preflight.
type Verdict string

// The verdicts of the protocol. The engines here never move partitions, so they
// give none of GrowIntoGap, NeedsDataResize and ClearDataDir: an image that is
// larger than its slot is TargetTooSmall.
const (
	VerdictReady              Verdict = "ready"
	VerdictGrowIntoGap        Verdict = "grow_into_gap"
	VerdictTargetTooSmall     Verdict = "target_too_small"
	VerdictNeedsDataResize    Verdict = "needs_data_resize"
	VerdictClearDataDir       Verdict = "clear_data_dir"
	VerdictWorkDirFull        Verdict = "work_dir_full"
	VerdictInvalidArtifact    Verdict = "invalid_artifact"
	VerdictSingleSlotDisabled Verdict = "single_slot_disabled"
)

// Report tells whether an image could be applied now. Sizes are in bytes and nil
// when unknown.
type Report struct {
	UpdateID   uuid.UUID
	Ready      bool // Verdict is VerdictReady
	Verdict    Verdict
	Summary    string // one sentence
	SingleSlot bool   // there is no second slot to fall back to
	// Transient says that the report is about an image that is not staged;
	// UpdateID is then made up.
	Transient             bool
	ArtifactKind          string
	TargetDevice          string
	ImageSizeBytes        *uint64
	TargetSizeBytes       *uint64
	DataDirAvailableBytes *uint64
	WorkDirAvailableBytes *uint64
}
