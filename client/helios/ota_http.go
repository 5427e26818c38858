package helios

import "time"

// OtaUploadResult is the answer of POST /v1/ota/upload.
type OtaUploadResult struct {
	Filename  string  `json:"filename"`
	SizeBytes uint64  `json:"size_bytes"`
	SHA256    string  `json:"sha256"`    // in hex
	ImageURL  string  `json:"image_url"` // file: URL for the next requests
	Version   *string `json:"version"`   // as the image says
	BuildID   *string `json:"build_id"`  // as the image says
}

// OtaImageRequest is the body of POST /v1/ota/stage, and the part of the bodies
// of preflight and apply that names an image.
type OtaImageRequest struct {
	ImageURL     string  `json:"image_url,omitempty"`     // file: URL of an upload
	ArtifactKind string  `json:"artifact_kind,omitempty"` // default "disk_image"
	SizeBytes    *uint64 `json:"size_bytes,omitempty"`
	Checksum     string  `json:"checksum,omitempty"` // SHA-256 in hex
	// DeleteImageAfterApply removes the upload after it was applied; the default
	// is true.
	DeleteImageAfterApply *bool `json:"delete_image_after_apply,omitempty"`
}

// OtaApplyRequest is the body of POST /v1/ota/apply and /v1/ota/preflight, which
// name either a staged update or an image.
type OtaApplyRequest struct {
	OtaImageRequest
	UpdateID    string `json:"update_id,omitempty"`
	RequestedBy string `json:"requested_by,omitempty"`
}

// OtaCancelRequest is the body of POST /v1/ota/cancel.
type OtaCancelRequest struct {
	UpdateID    string `json:"update_id,omitempty"` // absent: whichever there is
	RequestedBy string `json:"requested_by,omitempty"`
}

// OtaAnswer is the answer of stage, apply and cancel.
type OtaAnswer struct {
	UpdateID string `json:"update_id"`
	Message  string `json:"message"`
}

// OtaPreflight is the answer of POST /v1/ota/preflight.
type OtaPreflight struct {
	UpdateID  string          `json:"update_id"`
	Ready     bool            `json:"ready"`
	Transient bool            `json:"transient"` // about an image that is not staged
	Report    PreflightReport `json:"report"`
}

// OtaNotReady is the body of the status 409 of POST /v1/ota/apply.
type OtaNotReady struct {
	UpdateID  string          `json:"update_id"`
	Error     string          `json:"error"`
	Preflight PreflightReport `json:"preflight"`
}

// PreflightReport tells whether an image could be applied now. Sizes are in
// bytes and left out when unknown.
type PreflightReport struct {
	UpdateID   string `json:"update_id"`
	Ready      bool   `json:"ready"`
	Summary    string `json:"summary"`
	SingleSlot bool   `json:"single_slot"`
	// Verdict is "ready", "grow_into_gap", "target_too_small",
	// "needs_data_resize", "clear_data_dir", "work_dir_full", "invalid_artifact" or
	// "single_slot_disabled".
	Verdict                 string  `json:"verdict"`
	ArtifactKind            string  `json:"artifact_kind,omitempty"`
	TargetDevice            string  `json:"target_device,omitempty"`
	ImageSizeBytes          *uint64 `json:"image_size_bytes,omitempty"`
	TargetSizeBytes         *uint64 `json:"target_size_bytes,omitempty"`
	GapAfterBytes           *uint64 `json:"gap_after_bytes,omitempty"`
	AdditionalFromDataBytes *uint64 `json:"additional_from_data_bytes,omitempty"`
	DataDirAvailableBytes   *uint64 `json:"data_dir_available_bytes,omitempty"`
	WorkDirAvailableBytes   *uint64 `json:"work_dir_available_bytes,omitempty"`
	ClearBytes              *uint64 `json:"clear_bytes,omitempty"`
}

// OtaStateAnswer is the answer of GET /v1/ota/state.
type OtaStateAnswer struct {
	State           *OtaState  `json:"state"` // null if no update was ever started
	CacheUsageBytes uint64     `json:"cache_usage_bytes"`
	Storage         OtaStorage `json:"storage"`
}

// OtaState is an UpdaterSnapshot whose optional fields are present as null.
type OtaState struct {
	UpdateID        string            `json:"update_id"`
	Stage           string            `json:"stage"`
	ProgressPercent *uint8            `json:"progress_percent"`
	StartedAt       *time.Time        `json:"started_at"`
	FinishedAt      *time.Time        `json:"finished_at"`
	LastError       *string           `json:"last_error"`
	Artifacts       []UpdaterArtifact `json:"artifacts"`
}

// OtaSlots is the answer of GET /v1/ota/slots, which is an addition of
// heliograph to the published API.
type OtaSlots struct {
	Engine    string    `json:"engine"`              // "rauc", "slots", "simulated" or "none"
	Simulated bool      `json:"simulated,omitempty"` // no device is changed
	Slots     []OtaSlot `json:"slots"`
	LastError string    `json:"last_error,omitempty"` // why the engine is not there
}

// OtaSlot is one of the places that a system can be in. What is not known is
// left out.
type OtaSlot struct {
	Name     string `json:"name"`
	Class    string `json:"class,omitempty"`     // kind of content, for example "rootfs"
	Device   string `json:"device,omitempty"`    // path of the block device or file
	BootName string `json:"boot_name,omitempty"` // as the boot loader knows it; left out if it is not booted from
	Booted   bool   `json:"booted"`              // the system that runs is in it
	Primary  bool   `json:"primary"`             // it is booted next
	// Health is "good" or "bad", as the boot loader has it, or "trial" for a
	// system that has not been confirmed.
	Health string `json:"health,omitempty"`
	// The last installation.
	Version     string    `json:"version,omitempty"`
	SHA256      string    `json:"sha256,omitempty"` // in hex
	SizeBytes   uint64    `json:"size_bytes,omitempty"`
	InstalledAt time.Time `json:"installed_at,omitzero"`
}

// OtaHistory is the answer of GET /v1/ota/history, which is an addition of
// heliograph to the published API.
type OtaHistory struct {
	Updates []OtaEndedUpdate `json:"updates"` // newest first, 20 at the most
}

// OtaEndedUpdate is an update that is complete or was rolled back.
type OtaEndedUpdate struct {
	OtaState
	Version   string `json:"version,omitempty"`  // as the image said
	BuildID   string `json:"build_id,omitempty"` // as the image said
	StagedBy  string `json:"staged_by,omitempty"`
	AppliedBy string `json:"applied_by,omitempty"`
	Engine    string `json:"engine,omitempty"`
	Simulated bool   `json:"simulated,omitempty"`
}

// OtaStorage tells how much room images take and have, in bytes.
type OtaStorage struct {
	Uploads          OtaUploads `json:"uploads"`
	Cache            OtaPlace   `json:"cache"`
	Work             OtaPlace   `json:"work"`
	ServiceReleases  OtaPlace   `json:"service_releases"`
	FrontendReleases OtaPlace   `json:"frontend_releases"`
}

// OtaUploads is the folder of uploaded images.
type OtaUploads struct {
	Path           string `json:"path"`
	UsageBytes     uint64 `json:"usage_bytes"`
	QuotaBytes     uint64 `json:"quota_bytes"`
	AvailableBytes uint64 `json:"available_bytes"`
	RemainingBytes uint64 `json:"remaining_bytes"`
}

// OtaPlace is a folder of the updater.
type OtaPlace struct {
	Path           string  `json:"path"`
	UsageBytes     uint64  `json:"usage_bytes"`
	AvailableBytes *uint64 `json:"available_bytes,omitempty"`
}
