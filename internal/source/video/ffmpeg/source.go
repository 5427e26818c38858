package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/annexb"
	"github.com/heliograph/heliograph/internal/source/video/jpeghead"
)

// Options describe the backend.
type Options struct {
	// Path is the program; "" means the ffmpeg of $PATH.
	Path string
}

// Backend is the kind of cameras that ffmpeg can open.
type Backend struct{ program program }

// New returns the backend.
func New(opts Options) *Backend {
	if opts.Path == "" {
		opts.Path = "ffmpeg"
	}
	return &Backend{program: program{path: opts.Path}}
}

// Name implements video.Backend.
func (*Backend) Name() string { return video.BackendFFmpeg }

// Probe implements video.Backend. Nothing is looked for.
func (*Backend) Probe(context.Context) ([]video.Device, error) { return nil, nil }

// Validate implements video.Backend.
func (b *Backend) Validate(c video.Capture) []video.Issue {
	var list []video.Issue
	add := func(path, code, format string, args ...any) {
		list = append(list, video.Issue{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case c.URL != "":
		u, err := url.Parse(c.URL)
		if err != nil || u.Host == "" || !slices.Contains(Schemes(), u.Scheme) {
			add("capture.handle.Netcam.url", video.IssueInvalid, "is not a URL with one of the schemes %s", strings.Join(Schemes(), ", "))
		}
	case len(c.Paths) != 1:
		add("capture.handle.File.paths", video.IssueInvalid, "one file is wanted, these are %d", len(c.Paths))
	case !filepath.IsAbs(c.Paths[0]):
		add("capture.handle.File.paths[0]", video.IssueInvalid, "is not an absolute path")
	}
	switch f := c.Format.FourCC; f {
	case "", video.H264, video.HEVC, video.MJPG:
	default:
		add("capture.mode.format.code", video.IssueUnsupported, "ffmpeg gives H264, HEVC or MJPG, not %.20q", string(f))
	}
	if _, err := b.program.find(); err != nil && len(list) == 0 {
		list = append(list, video.Issue{
			Path: "capture.backend", Code: video.IssueUnsupported, Message: err.Error(), Remediation: "install the package ffmpeg",
		})
	}
	return list
}

// Camera implements video.Backend.
func (b *Backend) Camera(c video.Capture) video.Camera {
	if c.Format.FourCC == "" {
		c.Format.FourCC = video.H264
	}
	return &camera{program: b.program, cfg: c}
}

type camera struct {
	program program
	cfg     video.Capture
	// encode says that the source is not in the format wanted, dense that its times
	// have gaps which AVI would have to fill with too many empty frames; making them
	// dense delays each frame until the next one. Both are used by Run alone.
	encode, dense bool
}

// SetControl implements video.Camera.
func (*camera) SetControl(_ context.Context, id uint32, _ video.Value) error {
	return fmt.Errorf("control %d: %w", id, video.ErrNoControl)
}

// Describe implements video.Camera. Opening a camera only to look is slow and some take
// one client only; it is what the configuration says.
func (c *camera) Describe(context.Context) (video.Descriptor, error) {
	if c.cfg.Format.Width == 0 {
		return video.Descriptor{}, nil
	}
	m := video.Mode{Format: c.cfg.Format}
	if c.cfg.Interval.Valid() {
		m.Intervals = []video.Interval{c.cfg.Interval}
	}
	return video.Descriptor{Modes: []video.Mode{m}}, nil
}

// Run implements video.Camera. A file that is played again is opened again: ffmpeg's
// own loop stops where the last time stamps of a file are odd.
func (c *camera) Run(ctx context.Context, to video.Sink) error {
	for {
		frames, err := c.runOnce(ctx, to)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && c.cfg.Loop && frames > 0:
		case err != nil && !c.encode && otherCodec(err):
			c.encode = true
		case err != nil && !c.dense && strings.Contains(err.Error(), "number of skipped frames"):
			c.dense = true
		default:
			return discreet(err, c.cfg.URL)
		}
	}
}

// otherCodec tells whether frames could not be passed on because they are of another
// format than was asked for.
func otherCodec(err error) bool {
	text := err.Error()
	return strings.Contains(text, "is not supported by the bitstream filter") || errors.Is(err, errNotJPEG)
}

// errNotJPEG ends a run that was to pass JPEG on.
var errNotJPEG = errors.New("the source is no Motion JPEG")

// runOnce opens the camera once and returns how many frames it gave.
func (c *camera) runOnce(ctx context.Context, to video.Sink) (frames int, err error) {
	if err := c.Present(); err != nil {
		return 0, err
	}
	take := c.takeCoded(to)
	if c.cfg.Format.FourCC == video.MJPG {
		take = takeJPEG(to)
	}
	err = c.program.child(ctx, c.args(), nil, func(r io.Reader) error {
		avi := newAVIReader(r)
		for {
			data, err := avi.next()
			if err != nil {
				return err
			}
			if err := take(data); err != nil && frames == 0 {
				return err
			}
			frames++
		}
	})
	if err == nil && c.cfg.URL != "" {
		err = errors.New("the camera has closed the connection")
	}
	return frames, err
}

// args returns the arguments that open the camera.
func (c *camera) args() []string {
	scheme, input := "file", c.cfg.URL
	if c.cfg.URL != "" {
		scheme, _, _ = strings.Cut(strings.ToLower(c.cfg.URL), ":")
	} else {
		input = "file:" + c.cfg.Paths[0]
	}
	args := []string{"-protocol_whitelist", protocols(scheme), "-format_whitelist", demuxers(scheme)}
	switch scheme {
	case "rtsp", "rtsps":
		args = append(args, "-rtsp_transport", "tcp", "-analyzeduration", "2000000", "-fpsprobesize", "2")
	case "file":
		args = append(args, "-re")
	}
	args = append(args, "-i", input, "-map", "0:v:0", "-an", "-sn", "-dn")
	return append(append(args, c.codecArgs()...), "-flush_packets", "1", "-f", "avi", "pipe:1")
}

// codecArgs returns how frames are passed on.
func (c *camera) codecArgs() []string {
	filters := ""
	if c.dense {
		filters = ",setts=ts=N"
	}
	switch f := c.cfg.Format.FourCC; {
	case !c.encode && f == video.H264:
		return []string{"-c:v", "copy", "-bsf:v", "h264_mp4toannexb,dump_extra=freq=keyframe" + filters}
	case !c.encode && f == video.HEVC:
		return []string{"-c:v", "copy", "-bsf:v", "hevc_mp4toannexb,dump_extra=freq=keyframe" + filters}
	case !c.encode:
		return []string{"-c:v", "copy", "-bsf:v", "null" + filters}
	case f == video.MJPG:
		args := []string{"-vsync", "passthrough", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", fmt.Sprint(jpegScale(c.cfg.Quality))}
		return append(args, scale(c.cfg.Format.Width, c.cfg.Format.Height)...)
	default:
		rate := c.cfg.Rate(video.Interval{Numerator: 1, Denominator: 30})
		args := encoderArgs(video.EncodeSpec{Encoding: video.Encoding{Format: f}, Rate: rate})
		args = append(args, "-vsync", "passthrough")
		return append(args, scale(c.cfg.Format.Width, c.cfg.Format.Height)...)
	}
}

// scale returns the arguments that give pictures a size, none for 0.
func scale(width, height uint32) []string {
	if width == 0 || height == 0 {
		return nil
	}
	return []string{"-vf", fmt.Sprintf("scale=%d:%d", width, height)}
}

// jpegScale returns ffmpeg's scale for a quality of 1 to 100: 2 is best, 31 worst.
func jpegScale(quality int) int {
	return 2 + int(math.Round(float64(100-max(1, min(quality, 100)))*29/99))
}

// takeCoded returns what passes on access units.
func (c *camera) takeCoded(to video.Sink) func([]byte) error {
	s := annexb.Sorter{Codec: codec(c.cfg.Format.FourCC)}
	return func(data []byte) error {
		if u, ok := s.Add(data); ok {
			to.Frame(video.Frame{
				FourCC: c.cfg.Format.FourCC, Width: u.Width, Height: u.Height, Key: u.Key, Data: u.Data, Captured: time.Now(),
			}, 0)
		}
		return nil
	}
}

func codec(f video.FourCC) annexb.Codec {
	if f == video.HEVC {
		return annexb.HEVC
	}
	return annexb.H264
}

// takeJPEG returns what passes on pictures.
func takeJPEG(to video.Sink) func([]byte) error {
	return func(data []byte) error {
		h, err := jpeghead.Parse(data)
		if err != nil {
			return fmt.Errorf("%w: %w", errNotJPEG, err)
		}
		to.Frame(video.Frame{FourCC: video.MJPG, Width: h.Width, Height: h.Height, Data: data, Captured: time.Now()}, 0)
		return nil
	}
}
