package helios

import (
	"fmt"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// Kinds of wire.EncoderSettings.
const (
	kindTurboJPEG   = "turbojpeg"
	kindMozJPEG     = "mozjpeg"
	kindFFmpegMJPEG = "ffmpeg_mjpeg"
	kindFFmpegH264  = "ffmpeg_h264"
	kindFFmpegH265  = "ffmpeg_h265"
)

// encoderKinds returns the format that each kind of encoder makes, also by the names
// of GET /v1/streams/codecs.
func encoderFormat(kind string) video.FourCC {
	switch kind {
	case kindTurboJPEG, kindMozJPEG, kindFFmpegMJPEG, "jpeg":
		return video.MJPG
	case kindFFmpegH264, "libx264":
		return video.H264
	case kindFFmpegH265, "libx265":
		return video.HEVC
	}
	return ""
}

// encoderConfig fills in what frames are to be made into.
func encoderConfig(l *manifestIssues, e wire.EncoderConfig, c *video.Config) {
	switch e.State {
	case wire.StateDisabled:
		return
	case wire.StateEnabled:
	default:
		l.add("encoder.state", video.IssueUnknown, fmt.Sprintf("%.20q is neither disabled nor enabled", e.State), "")
		return
	}
	kind, path := e.ID, "encoder.id"
	if e.Settings != nil && (e.Settings.Kind != "" || e.ID == "") {
		kind, path = e.Settings.Kind, "encoder.settings.kind"
	}
	if kind == "" && e.Settings == nil {
		return // as the frames come
	}
	format := encoderFormat(kind)
	if format == "" {
		l.add(path, video.IssueUnknown, fmt.Sprintf("there is no encoder %.40q", kind), "see GET /v1/streams/codecs")
		return
	}
	c.Encoding.Format = format
	if format == video.MJPG && c.Capture.Format.FourCC.Inter() {
		l.add(path, video.IssueUnsupported, fmt.Sprintf("frames captured as %s are not encoded again as JPEG", c.Capture.Format.FourCC),
			"choose MJPG as the format of the capture")
	}
	if s := e.Settings; s != nil {
		encoderSettings(l, *s, c)
	}
}

// encoderSettings fills in the settings of the encoder; what the encoder of the
// format does not have is refused.
func encoderSettings(l *manifestIssues, s wire.EncoderSettings, c *video.Config) {
	const path = "encoder.settings."
	e := &c.Encoding
	if s.Quality != nil {
		e.Quality = int(*s.Quality)
		if e.Quality < 1 || e.Quality > 100 {
			l.add(path+"quality", video.IssueRange, fmt.Sprintf("%d is not within 1 to 100", e.Quality), "")
		}
	}
	if e.Format == video.MJPG {
		refuse := func(given bool, field, help string) {
			if given {
				l.add(path+field, video.IssueUnsupported, "the JPEG encoder has no such setting", help)
			}
		}
		refuse(s.Bitrate != nil, "bitrate", "give a quality")
		refuse(s.Framerate != nil, "framerate", "give capture.target_fps")
		refuse(s.OutputResolution != nil, "output_resolution", "choose a size of the capture, or resize in a pipeline")
		return
	}
	if s.Quality != nil {
		l.add(path+"quality", video.IssueUnsupported, "this encoder has no such setting", "give a bitrate")
	}
	if s.Bitrate != nil {
		e.Bitrate = *s.Bitrate
	}
	if s.Framerate != nil {
		e.Interval = videoInterval(l, path+"framerate", *s.Framerate)
		if c.Capture.TargetFPS == 0 {
			c.Capture.TargetFPS = min(e.Interval.FPS(), 240)
		}
	}
	if s.GOP != nil {
		e.GOP = *s.GOP
	}
	if r := s.OutputResolution; r != nil {
		e.Width, e.Height = r.Width, r.Height
	}
	if s.ThreadCount != nil {
		e.Threads = *s.ThreadCount
	}
}

// checkDecoder refuses what decoders cannot do. The number of threads is a hint.
func checkDecoder(l *manifestIssues, d wire.DecoderConfig) {
	switch d.State {
	case wire.StateDisabled, wire.StateEnabled:
	default:
		l.add("decoder.state", video.IssueUnknown, fmt.Sprintf("%.20q is neither disabled nor enabled", d.State), "")
	}
	if d.State != wire.StateEnabled || d.Settings == nil {
		return
	}
	s := d.Settings
	const path, message = "decoder.settings.", "decoders here cannot do that"
	if s.FPSLimit != nil && *s.FPSLimit != 0 {
		l.add(path+"fps_limit", video.IssueUnsupported, message, "give capture.target_fps")
	}
	if s.MirrorHorizontal != nil && *s.MirrorHorizontal {
		l.add(path+"mirror_horizontal", video.IssueUnsupported, message, "mirror in a pipeline")
	}
	if s.RotationDegrees != nil && *s.RotationDegrees != 0 {
		l.add(path+"rotation_degrees", video.IssueUnsupported, message, "rotate in a pipeline")
	}
}

// checkRecording refuses recordings, which there are none of.
func checkRecording(l *manifestIssues, r wire.RecordingMode) {
	switch r.State {
	case wire.StateDisabled:
	case wire.StateShadowBuffer:
		l.add("recording_mode.state", video.IssueUnsupported, "streams are not recorded here", "")
	default:
		l.add("recording_mode.state", video.IssueUnknown, fmt.Sprintf("%.20q is neither disabled nor shadow_buffer", r.State), "")
	}
}
