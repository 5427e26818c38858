package helios

import "time"

// PipelineGraphMetrics is how a pipeline graph fares.
type PipelineGraphMetrics struct {
	Nodes                 map[string]NodeRuntime `json:"nodes"`
	Groups                map[string]NodeRuntime `json:"groups" nullable:"true"`
	Edges                 map[string]EdgeMetrics `json:"edges" nullable:"true"`
	SampleCache           *SampleCacheMetrics    `json:"sample_cache"`
	ImageWorkingSet       *ImageWorkingSet       `json:"image_working_set"`
	Executor              *WindowTiming          `json:"executor"`
	Wrapper               *WindowTiming          `json:"wrapper"`
	ExecutorLock          *WindowTiming          `json:"executor_lock"`
	OutputMaterialization *WindowTiming          `json:"output_materialization"`
	Perf                  *PerfCounters          `json:"perf"`
	Flamegraph            *Flamegraph            `json:"flamegraph"`
	Warnings              []any                  `json:"warnings"` // never null
}

// SampleCacheMetrics is what a graph keeps of its newest outputs.
type SampleCacheMetrics struct {
	ImageSampleCount uint64            `json:"image_sample_count"`
	ImageSampleBytes uint64            `json:"image_sample_bytes"`
	JSONSampleCount  uint64            `json:"json_sample_count"`
	JSONSampleBytes  uint64            `json:"json_sample_bytes"`
	ValueSampleCount uint64            `json:"value_sample_count"`
	ValueSampleBytes uint64            `json:"value_sample_bytes"`
	ImagePorts       map[string]uint64 `json:"image_ports"`
	JSONPorts        map[string]uint64 `json:"json_ports"`
	ValuePorts       map[string]uint64 `json:"value_ports"`
}

// ImageWorkingSet is the size of the pictures that a graph holds at a time.
type ImageWorkingSet struct {
	InputImageBytes                 uint64 `json:"input_image_bytes"`
	HostOutputImageBytes            uint64 `json:"host_output_image_bytes"`
	PreviewImageBytes               uint64 `json:"preview_image_bytes"`
	TotalMaterializedImageBytes     uint64 `json:"total_materialized_image_bytes"`
	PeakTotalMaterializedImageBytes uint64 `json:"peak_total_materialized_image_bytes"`
}

// WindowTiming times a part of a graph over its last samples.
type WindowTiming struct {
	AverageTimeMS   float64  `json:"average_time_ms"`
	LastTimeMS      float64  `json:"last_time_ms"`
	SampleCount     uint64   `json:"sample_count"`
	WindowSize      uint64   `json:"window_size"` // most samples looked at
	LastSampleAgeMS *float64 `json:"last_sample_age_ms"`
}

// PerfCounters are averages of hardware counters over the last samples.
type PerfCounters struct {
	AverageCacheMisses        float64  `json:"average_cache_misses"`
	AverageBranchInstructions float64  `json:"average_branch_instructions"`
	AverageBranchMisses       float64  `json:"average_branch_misses"`
	SampleCount               uint64   `json:"sample_count"`
	WindowSize                uint64   `json:"window_size"`
	LastSampleAgeMS           *float64 `json:"last_sample_age_ms"`
}

// Flamegraph is a profile that lies in a file on the device.
type Flamegraph struct {
	Path         string `json:"path"`
	SizeBytes    uint64 `json:"size_bytes"`
	CapturedAtMS uint64 `json:"captured_at_ms"`
}

// NodeRuntime is how one node or group of nodes fares.
type NodeRuntime struct {
	Metrics                    NodeMetrics            `json:"metrics"`
	Perf                       *PerfCounters          `json:"perf"`
	AverageInputPayloadBytes   uint64                 `json:"average_input_payload_bytes"`
	AverageOutputPayloadBytes  uint64                 `json:"average_output_payload_bytes"`
	PeakInputPayloadBytes      uint64                 `json:"peak_input_payload_bytes"`
	PeakOutputPayloadBytes     uint64                 `json:"peak_output_payload_bytes"`
	PeakPayloadWorkingSetBytes uint64                 `json:"peak_payload_working_set_bytes"`
	Children                   map[string]NodeRuntime `json:"children" nullable:"true"`
	NodeType                   *string                `json:"node_type"`
	NodeLabel                  *string                `json:"node_label"`
	NodeIndex                  *uint64                `json:"node_index"`
	RetainedOutputSampleCount  uint64                 `json:"retained_output_sample_count"`
	RetainedOutputSampleBytes  uint64                 `json:"retained_output_sample_bytes"`
	RetainedOutputPorts        map[string]uint64      `json:"retained_output_ports" nullable:"true"`
	LastError                  *string                `json:"last_error"`
	LastErrorAt                *time.Time             `json:"last_error_at"`
}

// NodeMetrics times a node over its last samples.
type NodeMetrics struct {
	AverageTimeMS   float64  `json:"average_time_ms"`
	AverageFPS      float64  `json:"average_fps"`
	SampleCount     uint64   `json:"sample_count"`
	WindowSize      uint64   `json:"window_size"`
	LastSampleAgeMS *float64 `json:"last_sample_age_ms"`
}

// EdgeMetrics counts what goes over the connection of two nodes.
type EdgeMetrics struct {
	AverageWaitMS       float64  `json:"average_wait_ms"`
	WaitSampleCount     uint64   `json:"wait_sample_count"`
	WindowSize          uint64   `json:"window_size"`
	LastSampleAgeMS     *float64 `json:"last_sample_age_ms"`
	MaxDepth            uint64   `json:"max_depth"`
	CurrentDepth        uint64   `json:"current_depth"`
	CurrentQueueBytes   uint64   `json:"current_queue_bytes"`
	PeakQueueBytes      uint64   `json:"peak_queue_bytes"`
	Capacity            *uint64  `json:"capacity"`
	Dropped             uint64   `json:"dropped"`
	PayloadBytes        uint64   `json:"payload_bytes"`
	PayloadCount        uint64   `json:"payload_count"`
	AveragePayloadBytes uint64   `json:"average_payload_bytes"`
	GPUUploads          uint64   `json:"gpu_uploads"`
	GPUDownloads        uint64   `json:"gpu_downloads"`
	EdgeIndex           uint64   `json:"edge_index"`
	FromNodeIndex       *uint64  `json:"from_node_index"`
	FromNodeLabel       *string  `json:"from_node_label"`
	FromPort            *string  `json:"from_port"`
	ToNodeIndex         *uint64  `json:"to_node_index"`
	ToNodeLabel         *string  `json:"to_node_label"`
	ToPort              *string  `json:"to_port"`
	Policy              *string  `json:"policy"`
}
