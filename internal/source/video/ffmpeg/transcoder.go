package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/annexb"
)

// Transcoder encodes and decodes with ffmpeg. It implements video.Transcoder.
type Transcoder struct{ program program }

// NewTranscoder returns a transcoder.
func NewTranscoder(opts Options) *Transcoder { return &Transcoder{program: New(opts).program} }

// Available implements video.Transcoder.
func (t *Transcoder) Available() error {
	_, err := t.program.find()
	return err
}

// Name implements video.Transcoder.
func (*Transcoder) Name(f video.FourCC) string {
	if f == video.HEVC {
		return "libx265"
	}
	return "libx264"
}

// Encoders implements video.Transcoder. It takes at most ten seconds.
func (t *Transcoder) Encoders(ctx context.Context) []video.FourCC {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var told bytes.Buffer
	err := t.program.child(ctx, []string{"-encoders"}, nil, func(r io.Reader) error {
		if _, err := told.ReadFrom(io.LimitReader(r, 1<<20)); err != nil {
			return err
		}
		return io.EOF
	})
	if err != nil {
		return nil
	}
	var list []video.FourCC
	for _, f := range []video.FourCC{video.H264, video.HEVC} {
		if bytes.Contains(told.Bytes(), []byte(" "+t.Name(f)+" ")) {
			list = append(list, f)
		}
	}
	return list
}

// encoderArgs returns the arguments of an encoder without delay, whose frames browsers
// can decode.
func encoderArgs(spec video.EncodeSpec) []string {
	gop := spec.GOP
	if gop == 0 {
		gop = uint32(max(1, spec.Rate.FPS()+0.5))
	}
	g := fmt.Sprint(gop)
	var args []string
	if spec.Format == video.HEVC {
		args = []string{
			"-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency",
			"-x265-params", "log-level=none:repeat-headers=1:keyint=" + g + ":min-keyint=" + g,
		}
	} else {
		args = []string{
			"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline",
			"-g", g, "-keyint_min", g, "-sc_threshold", "0",
		}
	}
	args = append(args, "-pix_fmt", "yuv420p")
	if spec.Bitrate > 0 {
		b := fmt.Sprint(spec.Bitrate)
		args = append(args, "-b:v", b, "-maxrate", b, "-bufsize", fmt.Sprint(max(1, spec.Bitrate/2)))
	}
	if spec.Threads > 0 {
		args = append(args, "-threads", fmt.Sprint(spec.Threads))
	}
	return args
}

// input returns the arguments for frames on standard input that are to be decoded
// without delay. The flag nobuffer is not among them: it loses the first frames.
func input() []string {
	return []string{
		"-probesize", "32", "-analyzeduration", "0", "-fpsprobesize", "0",
		"-flags", "low_delay", "-threads", "1", "-f", "avi", "-i", "pipe:0", "-an",
	}
}

// feedFrom returns what writes frames as AVI.
func feedFrom(ctx context.Context, in <-chan *video.Frame, header []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, err := w.Write(header); err != nil {
			return err
		}
		avi := aviWriter{w: w}
		for {
			select {
			case f, ok := <-in:
				if !ok {
					return nil
				}
				if err := avi.write(f.Data); err != nil {
					return err
				}
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// Encode implements video.Transcoder.
func (t *Transcoder) Encode(ctx context.Context, spec video.EncodeSpec, in <-chan *video.Frame, out func(video.Frame)) error {
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	args := append(input(), encoderArgs(spec)...)
	args = append(args, scale(even(spec))...)
	args = append(args, "-flush_packets", "1", "-f", "avi", "pipe:1")
	header := aviHeader("MJPG", spec.Source.Width, spec.Source.Height, spec.Rate.Denominator, spec.Rate.Numerator)
	s := annexb.Sorter{Codec: codec(spec.Format)}
	return t.program.child(ctx, args, feedFrom(feeding, in, header), func(r io.Reader) error {
		defer stop() // the child has ended or is about to
		avi := newAVIReader(r)
		for {
			data, err := avi.next()
			if err != nil {
				return err
			}
			if u, ok := s.Add(data); ok {
				out(video.Frame{FourCC: spec.Format, Width: u.Width, Height: u.Height, Key: u.Key, Data: u.Data, Captured: time.Now()})
			}
		}
	})
}

// even returns the size wanted, which has to be even for the colour format.
func even(spec video.EncodeSpec) (width, height uint32) {
	width, height = spec.Width, spec.Height
	if width == 0 {
		width, height = spec.Source.Width, spec.Source.Height
	}
	return max(2, width&^1), max(2, height&^1)
}

// Decode implements video.Transcoder.
func (t *Transcoder) Decode(ctx context.Context, f video.Format, in <-chan *video.Frame, out func(*image.YCbCr)) error {
	if f.Width == 0 || f.Height == 0 {
		return fmt.Errorf("decode %s: %w: its size is not known", f.FourCC, video.ErrUnsupported)
	}
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	w, h := int(f.Width&^1), int(f.Height&^1)
	args := append(input(), scale(uint32(w), uint32(h))...)
	args = append(args, "-pix_fmt", "yuvj420p", "-vsync", "passthrough", "-flush_packets", "1", "-f", "rawvideo", "pipe:1")
	header := aviHeader(string(f.FourCC), f.Width, f.Height, 30, 1)
	return t.program.child(ctx, args, feedFrom(feeding, in, header), func(r io.Reader) error {
		defer stop()
		for {
			p := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
			for _, plane := range [][]byte{p.Y, p.Cb, p.Cr} {
				if _, err := io.ReadFull(r, plane); err != nil {
					return err
				}
			}
			out(p)
		}
	})
}

// Still implements video.Transcoder. It takes at most ten seconds.
func (t *Transcoder) Still(ctx context.Context, key *video.Frame, quality int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	format := "h264"
	if key.FourCC == video.HEVC {
		format = "hevc"
	}
	args := []string{
		"-f", format, "-i", "pipe:0", "-frames:v", "1", "-pix_fmt", "yuvj420p", "-q:v", fmt.Sprint(jpegScale(quality)),
		"-f", "image2pipe", "-c:v", "mjpeg", "pipe:1",
	}
	var jpeg bytes.Buffer
	err := t.program.child(ctx, args, func(w io.Writer) error {
		_, err := w.Write(key.Data)
		return err
	}, func(r io.Reader) error {
		if _, err := jpeg.ReadFrom(io.LimitReader(r, maxFrame)); err != nil {
			return err
		}
		return io.EOF
	})
	if err == nil && jpeg.Len() == 0 {
		err = fmt.Errorf("ffmpeg: no picture")
	}
	return jpeg.Bytes(), err
}
