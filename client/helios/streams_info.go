package helios

// StreamInfo is a stream as it is: an element of the answer of GET /v1/streams.
type StreamInfo struct {
	ID            string               `json:"id" format:"uuid"`
	Descriptor    CaptureDescriptor    `json:"descriptor"`
	Manifest      StreamManifest       `json:"manifest"`
	Resolved      ResolvedStreamConfig `json:"resolved"`
	PreviewFormat string               `json:"preview_format" enum:"mjpeg,h264,h265,unknown"`
	Status        *StreamStatus        `json:"status,omitempty"`
	Runtime       *StreamRuntime       `json:"runtime,omitempty"`
}

// ResolvedStreamConfig is a manifest after defaults were filled in. Unlike the
// rest of the protocol its keys are in camel case.
type ResolvedStreamConfig struct {
	Identity             StreamIdentity   `json:"identity"`
	Capture              StreamCapture    `json:"capture"`
	HostBuffer           uint32           `json:"hostBuffer"`
	Internal             bool             `json:"internal"`
	PipelineEnabled      bool             `json:"pipelineEnabled"`
	PreviewJpegQuality   uint8            `json:"previewJpegQuality"`
	StartOnBoot          bool             `json:"startOnBoot"`
	ActivePipelineID     string           `json:"activePipelineId,omitempty" format:"uuid"`
	ActivePipelineOutput string           `json:"activePipelineOutput,omitempty"`
	Calibration          *Calibration     `json:"calibration,omitempty"`
	Decoder              *ResolvedDecoder `json:"decoder,omitempty"`
	Encoder              *ResolvedEncoder `json:"encoder,omitempty"`
	PipelineHostInputs   map[string]any   `json:"pipelineHostInputs,omitempty"`
	PipelineLayout       *PipelineLayout  `json:"pipelineLayout,omitempty"`
	PipelineWires        []PipelineWire   `json:"pipelineWires,omitempty"`
	Pipelines            []StreamPipeline `json:"pipelines,omitempty"`
	Pose                 *Pose            `json:"pose,omitempty"`
	RecordingMode        *RecordingMode   `json:"recordingMode,omitempty"`
}

// ResolvedEncoder is an EncoderConfig after defaults were filled in.
type ResolvedEncoder struct {
	Enabled         bool             `json:"enabled"`
	CodecID         string           `json:"codecId,omitempty"`
	Settings        *EncoderSettings `json:"settings,omitempty"`
	SettingsPresent bool             `json:"settingsPresent"`
}

// ResolvedDecoder is a DecoderConfig after defaults were filled in.
type ResolvedDecoder struct {
	Enabled         bool             `json:"enabled"`
	CodecID         string           `json:"codecId,omitempty"`
	Settings        *DecoderSettings `json:"settings,omitempty"`
	SettingsPresent bool             `json:"settingsPresent"`
}

// StreamStatus is the short form of a StreamRuntime.
type StreamStatus struct {
	State            string  `json:"state" enum:"running,disabled"`
	StartedAtMS      *uint64 `json:"started_at_ms,omitempty"`
	DisabledSinceMS  *uint64 `json:"disabled_since_ms,omitempty"`
	DisabledReason   string  `json:"disabled_reason,omitempty"`
	RecordingActive  bool    `json:"recording_active"`
	RecordingSinceMS *uint64 `json:"recording_since_ms,omitempty"`
}

// StreamRuntime is what a stream is doing.
type StreamRuntime struct {
	Capture   RuntimeCapture   `json:"capture"`
	Codecs    RuntimeCodecs    `json:"codecs"`
	Demand    RuntimeDemand    `json:"demand"`
	Pipeline  RuntimePipeline  `json:"pipeline"`
	Recording RuntimeRecording `json:"recording"`
}

// RuntimeCapture is the capture part of a StreamRuntime.
type RuntimeCapture struct {
	State           string  `json:"state" enum:"running,stopped,disabled"`
	StartedAtMS     *uint64 `json:"started_at_ms,omitempty"`
	CaptureFourCC   string  `json:"capture_fourcc,omitempty"`
	DisabledSinceMS *uint64 `json:"disabled_since_ms,omitempty"`
	DisabledReason  string  `json:"disabled_reason,omitempty"`
}

// RuntimeCodecs is the codecs part of a StreamRuntime.
type RuntimeCodecs struct {
	CaptureInputFourCC  string `json:"capture_input_fourcc,omitempty"`
	DecoderImpl         string `json:"decoder_impl,omitempty"`
	EncoderInputFourCC  string `json:"encoder_input_fourcc,omitempty"`
	EncoderImpl         string `json:"encoder_impl,omitempty"`
	EncoderOutputFourCC string `json:"encoder_output_fourcc,omitempty"`
}

// RuntimeDemand says who wants what of a stream.
type RuntimeDemand struct {
	LiveActive bool            `json:"live_active"`
	Frame      bool            `json:"frame"`
	Encoder    bool            `json:"encoder"`
	Viewers    DemandViewers   `json:"viewers"`
	Graph      DemandGraph     `json:"graph"`
	Recording  DemandRecording `json:"recording"`
	Pipeline   DemandPipeline  `json:"pipeline"`
}

// DemandViewers counts those who look at a stream.
type DemandViewers struct {
	RawReceiverCount    uint32 `json:"raw_receiver_count"`
	HostReceiverCount   uint32 `json:"host_receiver_count"`
	PreviewViewerActive bool   `json:"preview_viewer_active"`
}

// DemandGraph is the demand of a pipeline graph.
type DemandGraph struct {
	ExecutionActive     bool `json:"execution_active"`
	HasExecutor         bool `json:"has_executor"`
	HasImageOutput      bool `json:"has_image_output"`
	ImageOutputActive   bool `json:"image_output_active"`
	OutputSamplePending bool `json:"output_sample_pending"`
}

// DemandRecording is the demand of recordings.
type DemandRecording struct {
	RecordingSessionActive bool `json:"recording_session_active"`
	ShadowRecorderActive   bool `json:"shadow_recorder_active"`
}

// DemandPipeline is which parts of the pipeline work because of the demand.
type DemandPipeline struct {
	DecodedImageActive         bool `json:"decoded_image_active"`
	EncodedOutputActive        bool `json:"encoded_output_active"`
	EncodedPassthroughActive   bool `json:"encoded_passthrough_active"`
	EncodedPassthroughPossible bool `json:"encoded_passthrough_possible"`
	GraphExecutionActive       bool `json:"graph_execution_active"`
	GraphImageOutputActive     bool `json:"graph_image_output_active"`
	LiveActive                 bool `json:"live_active"`
	PreviewTransportActive     bool `json:"preview_transport_active"`
}

// RuntimePipeline is the pipeline part of a StreamRuntime.
type RuntimePipeline struct {
	Enabled          bool    `json:"enabled"`
	ActivePipelineID string  `json:"active_pipeline_id,omitempty" format:"uuid"`
	ActiveOutputKey  string  `json:"active_output_key,omitempty"`
	PipelineCount    uint32  `json:"pipeline_count"`
	Disabled         bool    `json:"disabled"`
	DisabledSinceMS  *uint64 `json:"disabled_since_ms,omitempty"`
	DisabledReason   string  `json:"disabled_reason,omitempty"`
}

// RuntimeRecording is the recording part of a StreamRuntime.
type RuntimeRecording struct {
	State       string  `json:"state" enum:"inactive,active"`
	StartedAtMS *uint64 `json:"started_at_ms,omitempty"`
}
