package helios

// FramesEvent is a text message of streams.{stream_id}.frames: FramesFormat or
// FramesError.
type FramesEvent interface{ framesEvent() }

// FramesFormat is the text message of streams.{stream_id}.frames before the
// first frame and after each change of it. Each frame is one binary message; on
// the multiplexed socket it begins with the 16 bytes of the stream's UUID.
type FramesFormat struct {
	Type   string `json:"type"`   // "format"
	FourCC string `json:"fourcc"` // four ASCII characters, for example "MJPG"
	Width  uint32 `json:"width"`  // pixels
	Height uint32 `json:"height"` // pixels
}

// FramesError is the last message of a streams.{stream_id}.frames that has
// failed.
type FramesError struct {
	Type        string `json:"type"`  // "error"
	Error       string `json:"error"` // for people to read, for example "stream not found"
	Code        string `json:"code,omitempty"`
	TimestampMS uint64 `json:"timestamp_ms"`
	Source      string `json:"source"`                   // "helios-api/ws/streams.frames"
	Operation   string `json:"operation"`                // "snapshot_stream_output" or "set_stream_output"
	RequestID   string `json:"request_id" format:"uuid"` // of the connection
	TraceID     string `json:"trace_id" format:"uuid"`   // of the connection
	Retryable   *bool  `json:"retryable,omitempty"`
	Remediation string `json:"remediation,omitempty"`
}

func (FramesFormat) framesEvent() {}
func (FramesError) framesEvent()  {}

// Values of FramesError.
const (
	SourceStreamFrames = "helios-api/ws/streams.frames"
	OpSnapshotOutput   = "snapshot_stream_output"
	OpSetOutput        = "set_stream_output"
)

// FramesErrorCode is the code under which a FramesError enters the error
// history.
const FramesErrorCode = "frames_error"
