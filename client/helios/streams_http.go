package helios

// EngineErrorBody is the body of errors of the stream endpoints.
type EngineErrorBody struct {
	Code       string `json:"code" enum:"unimplemented,invalid_state,invalid_input,not_found,conflict,timeout,busy,internal,engine_error"`
	EngineCode string `json:"engine_code,omitempty"` // Code in camel case: "InvalidState"
	Error      string `json:"error"`
	Retryable  *bool  `json:"retryable,omitempty"`
}

// Codes of an EngineErrorBody.
const (
	EngineUnimplemented = "unimplemented"
	EngineInvalidState  = "invalid_state"
	EngineInvalidInput  = "invalid_input"
	EngineNotFound      = "not_found"
	EngineConflict      = "conflict"
	EngineTimeout       = "timeout"
	EngineBusy          = "busy"
	EngineInternal      = "internal"
	EngineFailure       = "engine_error" // has no EngineCode
)

// CodeValidationFailed is the code of a ValidationErrorBody.
const CodeValidationFailed = "validation_failed"

// ValidationErrorBody is the body of a 422: what is wrong with a StreamManifest.
type ValidationErrorBody struct {
	Code        string              `json:"code"` // CodeValidationFailed
	Error       string              `json:"error"`
	Issues      []ValidationIssue   `json:"issues"` // at least one
	TimestampMS uint64              `json:"timestampMs"`
	Warnings    []ValidationWarning `json:"warnings"` // never null
}

// ValidationIssue is something that must be changed.
type ValidationIssue struct {
	Path        string `json:"path"` // dotted, into the request's body: "capture.handle.V4l2.path"
	Code        string `json:"code"` // "required", "invalid", "unknown", "out_of_range" or "unsupported"
	Message     string `json:"message"`
	Remediation string `json:"remediation,omitempty"`
}

// ValidationWarning is something that does not do what one might expect.
type ValidationWarning struct {
	Path    string `json:"path"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// StreamCreated is the answer of POST and, with Action, of PUT of a stream.
type StreamCreated struct {
	StreamID   string            `json:"stream_id" format:"uuid"`
	Descriptor CaptureDescriptor `json:"descriptor"`
	Action     string            `json:"action,omitempty" enum:"restarted,persisted_only"` // PUT only
}

// Values of StreamCreated.Action.
const (
	ActionRestarted     = "restarted"
	ActionPersistedOnly = "persisted_only"
)

// StreamFormat is the answer of GET /v1/streams/{id}/format.
type StreamFormat struct {
	FourCC string `json:"fourcc"`
	Format string `json:"format" enum:"mjpeg,h264,h265,unknown"`
	Width  uint32 `json:"width"`  // pixels; 0 before the first frame of a source that does not tell
	Height uint32 `json:"height"` // pixels
}

// ProbedDevice is a camera that was found: an element of the answers of GET
// /v1/streams/backends and GET /v1/peripherals/cameras.
type ProbedDevice struct {
	Identity ProbedIdentity  `json:"identity"`
	Backends []ProbedBackend `json:"backends"` // never null
}

// ProbedIdentity names a ProbedDevice.
type ProbedIdentity struct {
	Display string   `json:"display"`
	Keys    []string `json:"keys"` // never null; for StreamCapture.DeviceKeys
}

// ProbedBackend is one way to capture from a ProbedDevice.
type ProbedBackend struct {
	Kind       string            `json:"kind" enum:"V4l2,Libcamera,Virtual,Netcam,File"`
	Handle     BackendHandle     `json:"handle"`
	Descriptor CaptureDescriptor `json:"descriptor"`
	Properties [][2]string       `json:"properties"` // never null; for people
}
