package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

type createOptions struct {
	test    bool
	v4l2    string
	url     string
	files   []string
	name    string
	size    string
	fps     float64
	format  string
	h264    bool
	quality uint8
	bitrate uint64
	boot    bool
}

func newStreamsCreate(s *shared) *cobra.Command {
	o := createOptions{}
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a video stream and print its id",
		Long: `Create a video stream and print its id. The device keeps it over restarts. Give one
source: --test, --v4l2, --url or --file. A camera that delivers JPEG or H264 is
passed on as it is; --h264 makes H264 of anything else, which needs ffmpeg on the
device. What is not given is left to the camera.

` + exitCodesHelp,
		Example: `  heliograph streams create --test --name pattern --size 1280x720 --fps 30
  heliograph streams create --v4l2 /dev/video0 --name front --size 640x480
  heliograph streams create --url rtsp://192.168.1.20/stream1 --name gate
  heliograph streams create --file /data/demo.mjpeg --fps 10 --h264`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			manifest, err := o.manifest()
			if err != nil {
				return err
			}
			return runStreamsCreate(cmd.Context(), s, manifest)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.test, "test", false, "the moving test pattern, which every device has")
	f.StringVar(&o.v4l2, "v4l2", "", "a camera of the device by the `PATH` of its node, such as /dev/video0")
	f.StringVar(&o.url, "url", "", "a camera on the network by its `URL`: http(s) for Motion JPEG, rtsp and others by ffmpeg")
	f.StringArrayVar(&o.files, "file", nil, "a `PATH` on the device of a video or of JPEG pictures, played over and over; may be repeated")
	f.StringVar(&o.name, "name", "", "a `NAME` by which people know the stream")
	f.StringVar(&o.size, "size", "", "`WIDTHxHEIGHT` in pixels")
	f.Float64Var(&o.fps, "fps", 0, "frames per second")
	f.StringVar(&o.format, "format", "", "`FOURCC` to ask the camera for, such as MJPG, H264 or YUYV")
	f.BoolVar(&o.h264, "h264", false, "encode H264")
	f.Uint64Var(&o.bitrate, "bitrate", 0, "`BITS` per second of --h264")
	f.Uint8Var(&o.quality, "quality", 0, "1 to 100, of JPEG that is made on the device")
	f.BoolVar(&o.boot, "start-on-boot", false, "let the camera run also while nobody watches")
	cmd.MarkFlagsOneRequired("test", "v4l2", "url", "file")
	cmd.MarkFlagsMutuallyExclusive("test", "v4l2", "url", "file")
	return cmd
}

// manifest makes the manifest of the flags.
func (o createOptions) manifest() (helios.StreamManifest, error) {
	m := helios.DefaultStreamManifest()
	m.Identity.Alias, m.StartOnBoot = o.name, o.boot
	width, height, err := parseSize(o.size)
	if err != nil {
		return m, err
	}
	if o.fps < 0 || o.fps > 240 {
		return m, usagef("--fps %v is not between 0 and 240", o.fps)
	}
	if o.quality > 100 {
		return m, usagef("--quality %d is above 100", o.quality)
	}
	if o.bitrate > 0 && !o.h264 {
		return m, usagef("--bitrate is for --h264")
	}
	m.Capture = helios.StreamCapture{
		Mode:     helios.ModeID{Format: helios.MediaFormat{Code: strings.ToUpper(o.format), Resolution: helios.Resolution{Width: width, Height: height}, Color: "Unknown"}},
		Controls: []helios.ControlSetting{}, DeviceKeys: []string{},
	}
	if o.fps > 0 {
		m.Capture.Mode.Interval = &helios.Interval{Numerator: 1000, Denominator: uint32(o.fps*1000 + 0.5)}
	}
	if m.Capture.Backend, m.Capture.Handle, err = o.source(width, height); err != nil {
		return m, err
	}
	if o.quality > 0 {
		m.PreviewJpegQuality = o.quality
	}
	if o.h264 {
		settings := &helios.EncoderSettings{Kind: "ffmpeg_h264"}
		if o.bitrate > 0 {
			settings.Bitrate = &o.bitrate
		}
		m.Encoder = helios.EncoderConfig{State: helios.StateEnabled, ID: "ffmpeg_h264", Settings: settings}
	}
	return m, nil
}

// source gives the backend and what it captures from.
func (o createOptions) source(width, height uint32) (string, helios.BackendHandle, error) {
	switch {
	case o.test:
		return helios.BackendVirtual, helios.BackendHandle{Virtual: true}, nil
	case o.v4l2 != "":
		if !strings.HasPrefix(o.v4l2, "/") {
			return "", helios.BackendHandle{}, usagef("--v4l2 %q is not the path of a device node", o.v4l2)
		}
		return helios.BackendV4l2, helios.BackendHandle{V4l2: &helios.V4l2Handle{Path: o.v4l2}}, nil
	case o.url != "":
		if !strings.Contains(o.url, "://") {
			return "", helios.BackendHandle{}, usagef("--url has no scheme, such as rtsp:// or http://")
		}
		return helios.BackendNetcam, helios.BackendHandle{Netcam: &helios.NetcamHandle{URL: o.url, Width: width, Height: height, FPS: uint32(o.fps + 0.5)}}, nil
	}
	for _, path := range o.files {
		if !filepath.IsAbs(path) {
			return "", helios.BackendHandle{}, usagef("--file %q: the path of a file on the device begins with /", path)
		}
	}
	return helios.BackendFile, helios.BackendHandle{File: &helios.FileHandle{Paths: o.files, FPS: o.fps, LoopForever: true}}, nil
}

// parseSize reads WIDTHxHEIGHT; nothing gives 0, 0.
func parseSize(text string) (width, height uint32, err error) {
	if text == "" {
		return 0, 0, nil
	}
	a, b, ok := strings.Cut(strings.ToLower(text), "x")
	w, err1 := strconv.ParseUint(a, 10, 16)
	h, err2 := strconv.ParseUint(b, 10, 16)
	if !ok || err1 != nil || err2 != nil || w == 0 || h == 0 {
		return 0, 0, usagef("--size %q is not WIDTHxHEIGHT, such as 1280x720", text)
	}
	return uint32(w), uint32(h), nil
}

func runStreamsCreate(ctx context.Context, s *shared, m helios.StreamManifest) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	made, err := c.CreateStream(ctx, m)
	if err != nil {
		return err
	}
	if s.remote.json {
		return printJSON(s.streams.Out, made)
	}
	_, err = fmt.Fprintln(s.streams.Out, plain(made.StreamID))
	return err
}
