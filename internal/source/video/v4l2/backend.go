package v4l2

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/heliograph/heliograph/internal/source/video"
)

// Options describe the backend.
type Options struct {
	// Sys and Dev are the folders of sysfs and of device nodes; "" means /sys and /dev.
	Sys, Dev string
}

// Backend is the kind of cameras that are device nodes.
type Backend struct {
	opts Options
	open func(path string) (device, error)
}

// New returns the backend.
func New(opts Options) *Backend {
	if opts.Sys == "" {
		opts.Sys = "/sys"
	}
	if opts.Dev == "" {
		opts.Dev = "/dev"
	}
	return &Backend{opts: opts, open: open}
}

// Name implements video.Backend.
func (*Backend) Name() string { return video.BackendV4L2 }

// Probe implements video.Backend. It opens each node, which some drivers do not allow
// while another program captures; then the device has no modes. Nodes that do not
// capture are left out. A key of a device is one of
//
//	usb:VENDOR:PRODUCT:SERIAL:INDEX         wherever it is plugged in
//	usb-port:PORT:VENDOR:PRODUCT:INDEX      a camera of this type in this port
//	device:NAME:INDEX, virtual:NAME:INDEX   a camera that is built in
//
// where INDEX tells the nodes of one camera apart.
func (b *Backend) Probe(ctx context.Context) ([]video.Device, error) {
	nodes, err := b.nodes()
	if err != nil {
		return nil, err
	}
	var list []video.Device
	for _, n := range nodes {
		if ctx.Err() != nil {
			return list, context.Cause(ctx)
		}
		d := video.Device{
			Backend: video.BackendV4L2, Display: n.name, Keys: n.keys,
			Capture:    video.Capture{Backend: video.BackendV4L2, Path: n.path, DeviceKeys: n.keys},
			Properties: [][2]string{{"path", n.path}},
		}
		if n.bus != "" {
			d.Properties = append(d.Properties, [2]string{"bus", n.bus})
		}
		dev, err := b.open(n.path)
		switch {
		case err == nil:
			d.Descriptor = video.Descriptor{Modes: dev.modes(), Controls: dev.controls()}
			_ = dev.close()
			if len(d.Descriptor.Modes) == 0 {
				continue
			}
		case isOther(err):
			continue
		default:
			d.Properties = append(d.Properties, [2]string{"error", err.Error()})
		}
		list = append(list, d)
	}
	return list, nil
}

// Validate implements video.Backend.
func (b *Backend) Validate(c video.Capture) []video.Issue {
	const path = "capture.handle.V4l2.path"
	var list []video.Issue
	add := func(path, code, format string, args ...any) {
		list = append(list, video.Issue{Path: path, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	inside := strings.HasPrefix(c.Path, b.opts.Dev+"/") && filepath.Clean(c.Path) == c.Path
	switch {
	case c.Path == "":
		add(path, video.IssueRequired, "is missing")
	case !inside || !nodeName.MatchString(filepath.Base(c.Path)) && !strings.HasPrefix(c.Path, b.opts.Dev+"/v4l/"):
		// Other nodes must not even be opened: that alone starts a watchdog.
		add(path, video.IssueInvalid, "is not a video device in %s", b.opts.Dev)
	}
	if f := c.Format.FourCC; f != "" && !takes(f) {
		add("capture.mode.format.code", video.IssueUnsupported, "frames of the format %.20q cannot be shown", string(f))
	}
	return list
}

// Camera implements video.Backend.
func (b *Backend) Camera(c video.Capture) video.Camera { return &camera{backend: b, cfg: c} }
