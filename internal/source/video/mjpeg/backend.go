package mjpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/jpeghead"
)

// Options describe the backend.
type Options struct {
	// MaxFrame bounds a picture, in bytes; 0 means 16 MiB.
	MaxFrame int
	// Transport makes the requests; nil means one of its own that follows the
	// environment's proxy settings and keeps no connections.
	Transport http.RoundTripper
}

const defaultMaxFrame = 16 << 20

// Backend is the kind of HTTP cameras. Make one with [New].
type Backend struct {
	opts   Options
	client *http.Client
}

// New returns the backend.
func New(opts Options) *Backend {
	if opts.MaxFrame <= 0 {
		opts.MaxFrame = defaultMaxFrame
	}
	if opts.Transport == nil {
		opts.Transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, DisableCompression: true,
			ResponseHeaderTimeout: 10 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
		}
	}
	return &Backend{opts: opts, client: &http.Client{Transport: opts.Transport, CheckRedirect: sameScheme}}
}

// sameScheme follows at most five redirections, none of them to another kind of URL or
// from TLS to none.
func sameScheme(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 {
		return errors.New("too many redirections")
	}
	if was := via[0].URL.Scheme; req.URL.Scheme != was && req.URL.Scheme != "https" {
		return fmt.Errorf("redirected from %s to %s", was, req.URL.Scheme)
	}
	return nil
}

// Name implements video.Backend.
func (*Backend) Name() string { return video.BackendMJPEG }

// Probe implements video.Backend. Cameras on the network are not looked for.
func (*Backend) Probe(context.Context) ([]video.Device, error) { return nil, nil }

// Validate implements video.Backend.
func (*Backend) Validate(c video.Capture) []video.Issue {
	const path = "capture.handle.Netcam.url"
	if c.URL == "" {
		return []video.Issue{{Path: path, Code: video.IssueRequired, Message: "is missing"}}
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return []video.Issue{{Path: path, Code: video.IssueInvalid, Message: "is not an http or https URL"}}
	}
	if f := c.Format.FourCC; f != "" && f != video.MJPG {
		return []video.Issue{{
			Path: "capture.mode.format.code", Code: video.IssueUnsupported,
			Message: fmt.Sprintf("an HTTP camera has MJPG, not %.20q", string(f)),
		}}
	}
	return nil
}

// Camera implements video.Backend.
func (b *Backend) Camera(c video.Capture) video.Camera { return &camera{backend: b, cfg: c} }

type camera struct {
	backend *Backend
	cfg     video.Capture
}

// Describe implements video.Camera. The camera does not tell, so it is what the
// configuration says.
func (c *camera) Describe(context.Context) (video.Descriptor, error) {
	f := c.cfg.Format
	if f.Width == 0 {
		return video.Descriptor{}, nil
	}
	m := video.Mode{Format: video.Format{FourCC: video.MJPG, Width: f.Width, Height: f.Height}}
	if c.cfg.Interval.Valid() {
		m.Intervals = []video.Interval{c.cfg.Interval}
	}
	return video.Descriptor{Modes: []video.Mode{m}}, nil
}

// SetControl implements video.Camera.
func (*camera) SetControl(_ context.Context, id uint32, _ video.Value) error {
	return fmt.Errorf("control %d: %w", id, video.ErrNoControl)
}

// Run implements video.Camera.
func (c *camera) Run(ctx context.Context, to video.Sink) error {
	for {
		again, err := c.request(ctx, to)
		if err != nil || !again {
			return err
		}
		// A camera of single pictures is asked at the rate wanted.
		if err := c.wait(ctx); err != nil {
			return err
		}
	}
}

func (c *camera) wait(ctx context.Context) error {
	t := time.NewTimer(c.cfg.Rate(video.Interval{Numerator: 1, Denominator: 1}).Duration())
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// request asks the camera once. again tells that it has sent a single picture.
func (c *camera) request(ctx context.Context, to video.Sink) (again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.cfg.URL, nil)
	if err != nil {
		return false, errors.New("ask the camera: the URL is malformed")
	}
	req.Header.Set("User-Agent", "heliograph")
	resp, err := c.backend.client.Do(req)
	if err != nil {
		return false, fmt.Errorf("ask the camera: %w", hidden(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("ask the camera: it answered %d", resp.StatusCode)
	}
	mediaType, boundary := Boundary(resp.Header.Get("Content-Type"))
	switch {
	case mediaType == "image/jpeg" || mediaType == "image/jpg":
		return true, c.single(resp.Body, to)
	case strings.HasPrefix(mediaType, "multipart/"), boundary != "", mediaType == "application/octet-stream", mediaType == "":
		return false, c.parts(resp.Body, boundary, to)
	}
	return false, fmt.Errorf("ask the camera: %w: it sends %.100q", video.ErrUnsupported, mediaType)
}

// hidden leaves the URL out of an error, for it may hold a password.
func hidden(err error) error {
	var about *url.Error
	if errors.As(err, &about) {
		return about.Err
	}
	return err
}

// single passes on one picture.
func (c *camera) single(body io.Reader, to video.Sink) error {
	data, err := io.ReadAll(io.LimitReader(body, int64(c.backend.opts.MaxFrame)+1))
	if err != nil {
		return fmt.Errorf("read a picture: %w", err)
	}
	if len(data) > c.backend.opts.MaxFrame {
		return fmt.Errorf("read a picture: %w: %d bytes", ErrTooLarge, len(data))
	}
	return c.pass(data, to)
}

// parts passes on the pictures of a multipart stream until it ends, which is an error:
// cameras do not end.
func (c *camera) parts(body io.Reader, boundary string, to video.Sink) error {
	r := NewReader(body, boundary, c.backend.opts.MaxFrame)
	broken := 0
	for {
		part, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("the camera has closed the connection: %w", err)
		}
		if err != nil {
			return fmt.Errorf("read a picture: %w", err)
		}
		if part.Type != "" && part.Type != "image/jpeg" && part.Type != "image/jpg" {
			continue
		}
		if err := c.pass(part.Data, to); err == nil {
			broken = 0
			continue
		}
		to.Dropped(1)
		if broken++; broken == 30 {
			return fmt.Errorf("read a picture: %w: %d parts in a row are no pictures", ErrFormat, broken)
		}
	}
}

// pass hands a picture over.
func (c *camera) pass(data []byte, to video.Sink) error {
	h, err := jpeghead.Parse(data)
	if err != nil {
		return err
	}
	to.Frame(video.Frame{FourCC: video.MJPG, Width: h.Width, Height: h.Height, Data: data, Captured: time.Now()}, 0)
	return nil
}
