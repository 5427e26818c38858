package video

import (
	"encoding/json"
	"slices"
	"strings"
)

// Names of the backends.
const (
	BackendTest   = "test"   // a moving pattern
	BackendV4L2   = "v4l2"   // a device node
	BackendMJPEG  = "mjpeg"  // an HTTP camera
	BackendFFmpeg = "ffmpeg" // anything that ffmpeg can open
	BackendFile   = "file"   // JPEG files or an MJPEG file
)

// Capture says where the frames of a stream come from.
type Capture struct {
	Backend string   `json:"backend"`
	Path    string   `json:"path,omitempty"`  // v4l2: the device node
	URL     string   `json:"url,omitempty"`   // mjpeg, ffmpeg
	Paths   []string `json:"paths,omitempty"` // file: what to play, in order; ffmpeg: one file
	Loop    bool     `json:"loop,omitempty"`  // files: again and again
	// Format is what is wanted; a zero size or an empty code leaves it to the camera.
	Format Format `json:"format"`
	// Interval is the time between frames; the zero value leaves it to the camera.
	Interval Interval `json:"interval,omitzero"`
	// TargetFPS limits the rate of the stream, 0 for no limit. Frames above it are
	// dropped; inter-coded ones are not, for the others could not be decoded.
	TargetFPS float64   `json:"target_fps,omitempty"`
	Controls  []Setting `json:"controls,omitempty"`
	// DeviceKeys find a camera again that was plugged in elsewhere. If there are
	// any, one of them must match what is at Path.
	DeviceKeys []string `json:"device_keys,omitempty"`
	// Quality is that of JPEG where pictures are encoded, 1 to 100. It is filled
	// in from Config.
	Quality int `json:"-"`
}

// Rate returns the wanted interval: Interval, else that of TargetFPS, else
// fallback.
func (c Capture) Rate(fallback Interval) Interval {
	switch {
	case c.Interval.Valid():
		return c.Interval
	case c.TargetFPS > 0:
		return Interval{Numerator: 1000, Denominator: max(1, uint32(c.TargetFPS*1000))}
	}
	return fallback
}

// Encoding says what frames are to be made into.
type Encoding struct {
	// Format is empty for as they come (raw pictures become JPEG), MJPG, H264 or
	// HEVC. Frames that are in this format already are passed through.
	Format  FourCC `json:"format,omitempty"`
	Quality int    `json:"quality,omitempty"` // JPEG, 1 to 100; 0: Config.PreviewQuality
	Bitrate uint64 `json:"bitrate,omitempty"` // bit/s; 0 leaves it to the encoder
	// Interval is what an encoder is told; the zero value: that of the capture.
	Interval Interval `json:"interval,omitzero"`
	GOP      uint32   `json:"gop,omitempty"`     // frames from key frame to key frame; 0: one second
	Width    uint32   `json:"width,omitempty"`   // pixels; 0: as captured
	Height   uint32   `json:"height,omitempty"`  // pixels
	Threads  uint32   `json:"threads,omitempty"` // 0 leaves it to the encoder
}

// PipelineConfig is a pipeline of a stream. Its graph is for the function that
// makes pipelines.
type PipelineConfig struct {
	ID     string          `json:"id"`
	Graph  json.RawMessage `json:"graph,omitempty"`
	Output string          `json:"output,omitempty"` // the output to show when it is made active
}

// Config is how a stream is wanted. It is a value: whoever gets one from this
// package must not change what its slices hold.
type Config struct {
	ID         string   `json:"id"` // UUID
	Alias      string   `json:"alias,omitempty"`
	HardwareID string   `json:"hardware_id,omitempty"`
	Capture    Capture  `json:"capture"`
	Encoding   Encoding `json:"encoding,omitzero"`
	// PreviewQuality is that of JPEG made here, 1 to 100; 0 means 80.
	PreviewQuality  int              `json:"preview_quality,omitempty"`
	PipelineEnabled bool             `json:"pipeline_enabled,omitempty"`
	Pipelines       []PipelineConfig `json:"pipelines,omitempty"`
	ActivePipeline  string           `json:"active_pipeline,omitempty"` // ID of one of Pipelines
	ActiveOutput    string           `json:"active_output,omitempty"`   // "" means [OutputFrame]
	// Inputs are given to the active pipeline; those that it does not have are kept
	// for one that has.
	Inputs Inputs `json:"inputs,omitempty"`
	// StartOnBoot keeps the stream running whether or not somebody watches.
	StartOnBoot bool `json:"start_on_boot,omitempty"`
	// Extra is kept for the caller and never looked at: at most 256 KiB of JSON.
	Extra json.RawMessage `json:"extra,omitempty"`
}

const defaultQuality = 80

// filled returns the configuration with what is left out filled in.
func (c Config) filled() Config {
	if c.PreviewQuality == 0 {
		c.PreviewQuality = defaultQuality
	}
	c.Capture.Format.FourCC = c.Capture.Format.FourCC.Canonical()
	c.Encoding.Format = c.Encoding.Format.Canonical()
	c.Capture.Quality = c.PreviewQuality
	if c.Encoding.Format == MJPG && c.Encoding.Quality > 0 {
		c.Capture.Quality = c.Encoding.Quality
	}
	return c
}

// target returns the format that viewers are to get, "" for as it comes.
func (c Config) target() FourCC {
	if c.Encoding.Format != "" {
		return c.Encoding.Format
	}
	if c.Capture.Format.FourCC.Inter() {
		return c.Capture.Format.FourCC
	}
	return ""
}

// pipeline returns the active pipeline's configuration, nil for none or the one that
// does nothing.
func (c Config) pipeline() *PipelineConfig {
	if !c.PipelineEnabled {
		return nil
	}
	i := slices.IndexFunc(c.Pipelines, func(p PipelineConfig) bool { return p.ID == c.ActivePipeline })
	if i < 0 {
		return nil
	}
	return &c.Pipelines[i]
}

// camera returns what identifies the camera if it can be used by one stream only,
// else "".
func (c Capture) camera() string {
	if c.Backend == BackendV4L2 {
		return c.Path
	}
	return ""
}

// NetcamBackend returns the backend for a camera on the network: MJPEG over HTTP is
// read by the program itself, everything else by ffmpeg.
func NetcamBackend(url string, format FourCC) string {
	lower := strings.ToLower(url)
	web := strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
	path, _, _ := strings.Cut(lower, "?")
	for _, ending := range []string{".m3u8", ".mp4", ".mkv", ".ts", ".flv", ".webm"} {
		web = web && !strings.HasSuffix(path, ending)
	}
	if web && !format.Canonical().Inter() {
		return BackendMJPEG
	}
	return BackendFFmpeg
}

// FileBackend returns the backend for files: JPEG and MJPEG are played by the
// program itself, everything else by ffmpeg.
func FileBackend(paths []string) string {
	for _, p := range paths {
		lower := strings.ToLower(p)
		image := false
		for _, ending := range []string{".jpg", ".jpeg", ".mjpg", ".mjpeg"} {
			image = image || strings.HasSuffix(lower, ending)
		}
		if !image {
			return BackendFFmpeg
		}
	}
	return BackendFile
}
