// Package mediafile plays JPEG files, one after another, and MJPEG files, which are
// JPEG files without anything in between.
package mediafile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/jpeghead"
)

const (
	// maxFrame bounds a picture, in bytes.
	maxFrame = 32 << 20
	// maxFiles bounds the files of a folder that are played.
	maxFiles = 100_000
)

// Backend is the kind of cameras that are files. A path of a configuration is a file or
// a folder, whose files with the endings jpg, jpeg, mjpg and mjpeg are played by name.
type Backend struct{}

// New returns the backend.
func New() *Backend { return &Backend{} }

// Name implements video.Backend.
func (*Backend) Name() string { return video.BackendFile }

// Probe implements video.Backend. Files are not looked for.
func (*Backend) Probe(context.Context) ([]video.Device, error) { return nil, nil }

// Validate implements video.Backend.
func (*Backend) Validate(c video.Capture) []video.Issue {
	const path = "capture.handle.File.paths"
	var list []video.Issue
	if len(c.Paths) == 0 {
		list = append(list, video.Issue{Path: path, Code: video.IssueRequired, Message: "is empty"})
	}
	for i, p := range c.Paths {
		if !filepath.IsAbs(p) {
			list = append(list, video.Issue{Path: fmt.Sprintf("%s[%d]", path, i), Code: video.IssueInvalid, Message: "is not an absolute path"})
		}
	}
	if f := c.Format.FourCC; f != "" && f != video.MJPG && f != video.H264 {
		list = append(list, video.Issue{
			Path: "capture.mode.format.code", Code: video.IssueUnsupported,
			Message: fmt.Sprintf("JPEG files have MJPG, not %.20q", string(f)),
		})
	}
	return list
}

// Camera implements video.Backend.
func (*Backend) Camera(c video.Capture) video.Camera { return &camera{cfg: c} }

type camera struct{ cfg video.Capture }

// SetControl implements video.Camera.
func (*camera) SetControl(_ context.Context, id uint32, _ video.Value) error {
	return fmt.Errorf("control %d: %w", id, video.ErrNoControl)
}

// Present implements video.Presence.
func (c *camera) Present() error {
	for _, p := range c.cfg.Paths {
		if _, err := os.Stat(p); err != nil {
			return absent(err)
		}
	}
	return nil
}

func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", video.ErrAbsent, err)
	}
	return err
}

// Describe implements video.Camera: the size is that of the first picture.
func (c *camera) Describe(context.Context) (video.Descriptor, error) {
	files, err := c.files()
	if err != nil {
		return video.Descriptor{}, err
	}
	f, err := open(files[0])
	if err != nil {
		return video.Descriptor{}, err
	}
	defer f.Close()
	data, err := jpeghead.NewReader(f, maxFrame).Next()
	if err != nil {
		return video.Descriptor{}, fmt.Errorf("read %s: %w", files[0], err)
	}
	h, err := jpeghead.Parse(data)
	if err != nil {
		return video.Descriptor{}, fmt.Errorf("read %s: %w", files[0], err)
	}
	return video.Descriptor{Modes: []video.Mode{{
		Format:    video.Format{FourCC: video.MJPG, Width: h.Width, Height: h.Height},
		Intervals: []video.Interval{c.interval()},
	}}}, nil
}

func (c *camera) interval() video.Interval {
	return c.cfg.Rate(video.Interval{Numerator: 1, Denominator: 30})
}

// open opens a regular file: others, such as pipes, might keep us waiting for good.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, absent(err)
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, fmt.Errorf("open %s: %w: it is no file", path, video.ErrUnsupported)
	}
	return f, nil
}

// files lists what is to be played, at least one file.
func (c *camera) files() ([]string, error) {
	var list []string
	for _, p := range c.cfg.Paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, absent(err)
		}
		if !info.IsDir() {
			list = append(list, p)
			continue
		}
		entries, err := os.ReadDir(p)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			ending := strings.ToLower(filepath.Ext(e.Name()))
			if slices.Contains([]string{".jpg", ".jpeg", ".mjpg", ".mjpeg"}, ending) {
				list = append(list, filepath.Join(p, e.Name()))
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: there are no JPEG files", video.ErrAbsent)
	}
	return list[:min(len(list), maxFiles)], nil
}

// Run implements video.Camera.
func (c *camera) Run(ctx context.Context, to video.Sink) error {
	files, err := c.files()
	if err != nil {
		return err
	}
	tick := time.NewTicker(c.interval().Duration())
	defer tick.Stop()
	for {
		shown := 0
		for _, path := range files {
			n, err := play(ctx, path, tick.C, to)
			shown += n
			if err != nil {
				return err
			}
		}
		if shown == 0 {
			return fmt.Errorf("play %s: %w", files[0], jpeghead.ErrFormat)
		}
		if !c.cfg.Loop {
			return nil
		}
	}
}

// play shows the pictures of a file, one per tick, and returns how many there were.
func play(ctx context.Context, path string, tick <-chan time.Time, to video.Sink) (int, error) {
	f, err := open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	r := jpeghead.NewReader(f, maxFrame)
	for shown := 0; ; {
		began := time.Now()
		data, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return shown, nil // a last picture that is cut short is left out
		}
		if err != nil {
			return shown, fmt.Errorf("read %s: %w", path, err)
		}
		h, err := jpeghead.Parse(data)
		if err != nil {
			to.Dropped(1)
			continue
		}
		now := time.Now()
		to.Frame(video.Frame{FourCC: video.MJPG, Width: h.Width, Height: h.Height, Data: data, Captured: now}, now.Sub(began))
		shown++
		select {
		case <-tick:
		case <-ctx.Done():
			return shown, context.Cause(ctx)
		}
	}
}
