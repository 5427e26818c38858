package helios

// MemoryMetrics is the memory that a stream uses.
type MemoryMetrics struct {
	Process          *ProcessMemory      `json:"process"`
	Runner           *RunnerMemory       `json:"runner"`
	CaptureQueue     *CaptureQueueMemory `json:"capture_queue"`
	ExternalBackings []ExternalBacking   `json:"external_backings"` // never null
	TransformPool    *Pool               `json:"transform_pool"`
	ImagePool        *Pool               `json:"image_pool"`
	PackedPools      []PackedPool        `json:"packed_pools"` // never null
	StagingCopy      *StagingCopy        `json:"staging_copy"`
}

// ProcessMemory is the memory of the process that runs the stream.
type ProcessMemory struct {
	SampledAtMS   uint64  `json:"sampled_at_ms"`
	RssBytes      uint64  `json:"rss_bytes"`
	PssBytes      *uint64 `json:"pss_bytes"`
	RssAnonBytes  uint64  `json:"rss_anon_bytes"`
	RssFileBytes  uint64  `json:"rss_file_bytes"`
	RssShmemBytes uint64  `json:"rss_shmem_bytes"`
	VMDataBytes   uint64  `json:"vm_data_bytes"`
	SwapBytes     uint64  `json:"swap_bytes"`
}

// RunnerMemory is the memory held by the frame that is being worked on.
type RunnerMemory struct {
	CurrentDecodedFrameBytes    uint64 `json:"current_decoded_frame_bytes"`
	CurrentRawCloneBytes        uint64 `json:"current_raw_clone_bytes"`
	CurrentProcessedFrameBytes  uint64 `json:"current_processed_frame_bytes"`
	CurrentFrameWorkingSetBytes uint64 `json:"current_frame_working_set_bytes"`
	PeakDecodedFrameBytes       uint64 `json:"peak_decoded_frame_bytes"`
	PeakRawCloneBytes           uint64 `json:"peak_raw_clone_bytes"`
	PeakProcessedFrameBytes     uint64 `json:"peak_processed_frame_bytes"`
	PeakFrameWorkingSetBytes    uint64 `json:"peak_frame_working_set_bytes"`
}

// CaptureQueueMemory is the queue between the capture and its readers.
type CaptureQueueMemory struct {
	Depth    uint64 `json:"depth"`    // frames in the queue
	Capacity uint64 `json:"capacity"` // most frames it holds
}

// ExternalBacking is memory that others have given, such as DMA buffers.
type ExternalBacking struct {
	Label          string `json:"label"`
	CurrentBuffers uint64 `json:"current_buffers"`
	CurrentBytes   uint64 `json:"current_bytes"`
	PeakBuffers    uint64 `json:"peak_buffers"`
	PeakBytes      uint64 `json:"peak_bytes"`
}

// PackedPool is the pool for buffers of at least a length.
type PackedPool struct {
	MinLenBytes uint64 `json:"min_len_bytes"`
	Pool        Pool   `json:"pool"`
}

// Pool is a pool of buffers.
type Pool struct {
	ChunkSizeBytes   uint64 `json:"chunk_size_bytes"`
	FreeBuffers      uint64 `json:"free_buffers"`
	FreeBytes        uint64 `json:"free_bytes"`
	MaxFreeBuffers   uint64 `json:"max_free_buffers"`
	RetainedBuffers  uint64 `json:"retained_buffers"`
	RetainedBytes    uint64 `json:"retained_bytes"`
	InUseBuffers     uint64 `json:"in_use_buffers"`
	InUseBytes       uint64 `json:"in_use_bytes"`
	PeakInUseBuffers uint64 `json:"peak_in_use_buffers"`
	PeakInUseBytes   uint64 `json:"peak_in_use_bytes"`
	Hits             uint64 `json:"hits"`
	Misses           uint64 `json:"misses"`
	Allocations      uint64 `json:"allocations"`
}

// StagingCopy counts copies made on the way to another memory.
type StagingCopy struct {
	Copies        uint64 `json:"copies"`
	Bytes         uint64 `json:"bytes"`
	PeakCopyBytes uint64 `json:"peak_copy_bytes"`
}
