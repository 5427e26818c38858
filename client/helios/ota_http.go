package helios

// OtaUploadResult is the answer of POST /v1/ota/upload.
type OtaUploadResult struct {
	Filename  string  `json:"filename"`
	SizeBytes uint64  `json:"size_bytes"`
	SHA256    string  `json:"sha256"`    // in hex
	ImageURL  string  `json:"image_url"` // file: URL for the next requests
	Version   *string `json:"version"`   // as the image says
	BuildID   *string `json:"build_id"`  // as the image says
}
