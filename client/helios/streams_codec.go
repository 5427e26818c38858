package helios

// States of EncoderConfig, DecoderConfig and RecordingMode.
const (
	StateDisabled     = "disabled"
	StateEnabled      = "enabled"
	StateShadowBuffer = "shadow_buffer" // of a RecordingMode
)

// EncoderConfig is how frames are encoded. When disabled it has no other field.
type EncoderConfig struct {
	State    string           `json:"state" enum:"disabled,enabled"`
	ID       string           `json:"id,omitempty"` // name of the encoder
	Settings *EncoderSettings `json:"settings,omitempty"`
}

// EncoderSettings are the settings of an encoder; which fields they have depends
// on Kind.
type EncoderSettings struct {
	Kind             string      `json:"kind" enum:"turbojpeg,mozjpeg,ffmpeg_mjpeg,ffmpeg_h264,ffmpeg_h265"`
	Quality          *uint8      `json:"quality,omitempty"` // turbojpeg, mozjpeg; the others have the fields below
	Bitrate          *uint64     `json:"bitrate,omitempty"`
	Framerate        *Interval   `json:"framerate,omitempty"`
	GOP              *uint32     `json:"gop,omitempty"`
	OutputResolution *Resolution `json:"output_resolution,omitempty"`
	ThreadCount      *uint32     `json:"thread_count,omitempty"`
}

// DecoderConfig is how frames are decoded. When disabled it has no other field.
type DecoderConfig struct {
	State    string           `json:"state" enum:"disabled,enabled"`
	ID       string           `json:"id,omitempty"` // name of the decoder
	Settings *DecoderSettings `json:"settings,omitempty"`
}

// DecoderSettings are the settings of a decoder.
type DecoderSettings struct {
	FPSLimit         *float64 `json:"fps_limit,omitempty"`
	MirrorHorizontal *bool    `json:"mirror_horizontal,omitempty"`
	RotationDegrees  *int32   `json:"rotation_degrees,omitempty"`
	ThreadCount      *uint32  `json:"thread_count,omitempty"`
}

// RecordingMode is whether and how a stream is kept for recording.
type RecordingMode struct {
	State string `json:"state" enum:"disabled,shadow_buffer"`
	Codec string `json:"codec,omitempty" enum:"h264,h265"`
}

// CodecInfo is an element of the answer of GET /v1/streams/codecs.
type CodecInfo struct {
	Kind           string `json:"kind" enum:"Encoder,Decoder"`
	FourCC         string `json:"fourcc"`
	Name           string `json:"name"`
	Implementation string `json:"implementation"`
	Input          string `json:"input"`
	Output         string `json:"output"`
	Tunables       any    `json:"tunables,omitempty"`
}
