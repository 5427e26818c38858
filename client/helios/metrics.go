package helios

// StreamMetricsEvent is the message of streams.{stream_id}.metrics.
type StreamMetricsEvent struct {
	StreamID    string        `json:"stream_id" format:"uuid"`
	Metrics     StreamMetrics `json:"metrics"`
	TimestampMS uint64        `json:"timestamp_ms"`
}

// StreamMetricsError is the last message of a streams.{stream_id}.metrics that
// has failed. It is told from a StreamMetricsEvent by its key error.
type StreamMetricsError struct {
	StreamID string `json:"stream_id,omitempty" format:"uuid"`
	Error    string `json:"error"` // short summary
	// Code is one of the Metrics constants.
	Code        string `json:"code" enum:"stream_not_found,engine_unavailable,metrics_timeout,engine_unexpected,ws_send_failed,metrics_error"`
	Detail      string `json:"detail"` // longer text
	TimestampMS uint64 `json:"timestamp_ms"`
	Source      string `json:"source"`                   // "helios-api/ws/streams.metrics"
	Operation   string `json:"operation"`                // "snapshot" or "send_metrics"
	RequestID   string `json:"request_id" format:"uuid"` // of the connection
	TraceID     string `json:"trace_id" format:"uuid"`   // equal to RequestID
	Retryable   *bool  `json:"retryable,omitempty"`
	Remediation string `json:"remediation,omitempty"`
}

// Codes of a StreamMetricsError, with the text of its field Error.
const (
	MetricsStreamNotFound    = "stream_not_found"   // "Stream not found"
	MetricsEngineUnavailable = "engine_unavailable" // "Engine unavailable"
	MetricsTimeout           = "metrics_timeout"    // "Metrics request timed out"
	MetricsEngineUnexpected  = "engine_unexpected"  // "Unexpected engine response"
	MetricsSendFailed        = "ws_send_failed"     // "WebSocket send failed"
	MetricsUnavailable       = "metrics_error"      // "Metrics unavailable"
)

// Values of StreamMetricsError.
const (
	SourceStreamMetrics = "helios-api/ws/streams.metrics"
	OpSnapshot          = "snapshot"
	OpSendMetrics       = "send_metrics"
)

// StreamMetrics is how a stream fares. Times are milliseconds, sizes bytes. A
// pointer or map is null when nothing is known.
type StreamMetrics struct {
	Capture           CaptureStageMetrics             `json:"capture"`
	Host              CaptureStageMetrics             `json:"host"`
	GraphStage        CaptureStageMetrics             `json:"graph_stage"`
	Encoder           *CodecMetrics                   `json:"encoder"`
	Decoder           *CodecMetrics                   `json:"decoder"`
	PreviewTransport  *PreviewTransportMetrics        `json:"preview_transport"`
	EncoderDemand     *EncoderDemandMetrics           `json:"encoder_demand"`
	FrameDemand       *FrameDemandMetrics             `json:"frame_demand"`
	Memory            *MemoryMetrics                  `json:"memory"`
	Pipeline          *PipelineGraphMetrics           `json:"pipeline"`
	PipelineInstances map[string]PipelineGraphMetrics `json:"pipeline_instances" nullable:"true"` // by pipeline id
	// Source is an addition to the published members; nil if the server does not
	// know it.
	Source *SourceMetrics `json:"source,omitempty"`
}

// SourceMetrics is what has happened to the capture of a stream since the stream was
// made.
type SourceMetrics struct {
	Starts         uint64  `json:"starts"`          // times the camera was started
	Failures       uint64  `json:"failures"`        // times it has failed
	DroppedFrames  uint64  `json:"dropped_frames"`  // lost by the camera or its driver
	ThinnedFrames  uint64  `json:"thinned_frames"`  // left out because of a limit of the rate
	PublishedBytes uint64  `json:"published_bytes"` // of the frames for viewers
	LastError      *string `json:"last_error"`      // of the newest failure
	LastErrorAtMS  *uint64 `json:"last_error_at_ms"`
}

// CaptureStageMetrics times one stage that frames go through.
type CaptureStageMetrics struct {
	AverageTimeMS     float64 `json:"average_time_ms"` // cadence of frames, 1000 / FPS
	FPS               float64 `json:"fps"`
	LastTimeMS        float64 `json:"last_time_ms"`
	SampleCount       uint64  `json:"sample_count"`
	WorkAverageTimeMS float64 `json:"work_average_time_ms"` // spent working on a frame
	WorkLastTimeMS    float64 `json:"work_last_time_ms"`    // spent working on the last frame
}

// CodecMetrics counts and times an encoder or decoder.
type CodecMetrics struct {
	Processed         uint64  `json:"processed"`
	Errors            uint64  `json:"errors"`
	Backpressure      uint64  `json:"backpressure"`
	AverageTimeMS     float64 `json:"average_time_ms"`
	FPS               float64 `json:"fps"`
	SampleCount       uint64  `json:"sample_count"`
	LastTimeMS        float64 `json:"last_time_ms"`
	WorkAverageTimeMS float64 `json:"work_average_time_ms"`
	WorkLastTimeMS    float64 `json:"work_last_time_ms"`
}

// PreviewTransportMetrics times the way of a preview frame to its viewers.
type PreviewTransportMetrics struct {
	QueueAverageTimeMS    float64 `json:"queue_average_time_ms"`
	QueueLastTimeMS       float64 `json:"queue_last_time_ms"`
	PublishAverageTimeMS  float64 `json:"publish_average_time_ms"`
	PublishLastTimeMS     float64 `json:"publish_last_time_ms"`
	EndToEndAverageTimeMS float64 `json:"end_to_end_average_time_ms"`
	EndToEndLastTimeMS    float64 `json:"end_to_end_last_time_ms"`
	ReplacedPendingFrames uint64  `json:"replaced_pending_frames"`
}

// EncoderDemandMetrics says who wants encoded frames.
type EncoderDemandMetrics struct {
	BroadcastReceiverCount    uint64 `json:"broadcast_receiver_count"`
	ManagedConsumerCount      uint64 `json:"managed_consumer_count"`
	ManagedConsumerLastSeenMS uint64 `json:"managed_consumer_last_seen_ms"`
	EncoderDemandActive       bool   `json:"encoder_demand_active"`
	EncoderWorkerRunning      bool   `json:"encoder_worker_running"`
}

// FrameDemandMetrics says who wants frames, and in which form.
type FrameDemandMetrics struct {
	RawReceiverCount        uint64 `json:"raw_receiver_count"`
	HostReceiverCount       uint64 `json:"host_receiver_count"`
	PreviewDemandActive     bool   `json:"preview_demand_active"`
	EncodeDemandActive      bool   `json:"encode_demand_active"`
	GraphSampleDemandActive bool   `json:"graph_sample_demand_active"`
	NeedsDecodedImage       bool   `json:"needs_decoded_image"`
	GraphHasImageOutput     bool   `json:"graph_has_image_output"`
	GraphHasExecutor        bool   `json:"graph_has_executor"`
}
