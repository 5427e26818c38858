package v4l2

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/video"
)

// node is an open device node of the kernel.
type node struct {
	fd      int
	wake    int // an eventfd that ends waiting
	buffers [][]byte
	on      bool
}

// open opens a device node that can capture and stream.
func open(path string) (device, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, classify(err))
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make an eventfd: %w", err)
	}
	n := &node{fd: fd, wake: wake}
	if err := n.check(); err != nil {
		_ = n.close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return n, nil
}

// classify makes an error of the kernel one of package video.
func classify(err error) error {
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w: %w", video.ErrAbsent, err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: %w", video.ErrBusy, err)
	}
	return err
}

func (n *node) check() error {
	var c capability
	if err := queryCap(n.fd, &c); err != nil {
		return fmt.Errorf("%w: no video device: %w", video.ErrUnsupported, err)
	}
	caps := c.capabilities
	if caps&capDeviceCaps != 0 {
		caps = c.deviceCaps
	}
	if caps&capVideoCapture == 0 || caps&capStreaming == 0 {
		return fmt.Errorf("%w: it does not capture", video.ErrUnsupported)
	}
	return nil
}

// setFormat implements device.
func (n *node) setFormat(want video.Format) (layout, error) {
	f := format{bufType: bufVideoCapture}
	if err := getFormat(n.fd, &f); err != nil {
		return layout{}, fmt.Errorf("read the format: %w", classify(err))
	}
	p := f.pix()
	if want.FourCC != "" {
		p.pixelFormat = n.native(want.FourCC)
	}
	if want.Width > 0 {
		p.width, p.height = want.Width, want.Height
	}
	p.field, p.bytesPerLine, p.sizeImage = 0, 0, 0
	if err := setFormat(n.fd, &f); err != nil {
		return layout{}, fmt.Errorf("set the format: %w", classify(err))
	}
	return layout{
		Format: video.Format{FourCC: video.FourCC(codeName(p.pixelFormat)), Width: p.width, Height: p.height},
		stride: int(p.bytesPerLine),
	}, nil
}

// native returns the driver's code for a format that it may call otherwise: JPEG for
// MJPG.
func (n *node) native(want video.FourCC) uint32 {
	for i := range uint32(maxFormats) {
		d := formatDesc{index: i, bufType: bufVideoCapture}
		if enumFormat(n.fd, &d) != nil {
			break
		}
		if video.FourCC(codeName(d.pixelFormat)).Canonical() == want {
			return d.pixelFormat
		}
	}
	return code(string(want))
}

// setInterval implements device.
func (n *node) setInterval(i video.Interval) error {
	p := streamParam{bufType: bufVideoCapture, timePerFrame: fraction{i.Numerator, i.Denominator}}
	if err := setParam(n.fd, &p); err != nil {
		return fmt.Errorf("set the interval: %w", classify(err))
	}
	return nil
}

// start implements device.
func (n *node) start(buffers int) error {
	r := requestBuffers{count: uint32(buffers), bufType: bufVideoCapture, memory: memoryMMAP}
	if err := reqBuffers(n.fd, &r); err != nil {
		return fmt.Errorf("ask for buffers: %w", classify(err))
	}
	if r.count == 0 || r.count > 64 {
		return fmt.Errorf("ask for buffers: the driver gives %d", r.count)
	}
	for i := range r.count {
		b := buffer{index: i, bufType: bufVideoCapture, memory: memoryMMAP}
		if err := queryBuffer(n.fd, &b); err != nil {
			return fmt.Errorf("ask for buffer %d: %w", i, classify(err))
		}
		data, err := unix.Mmap(n.fd, int64(uint32(b.offset)), int(b.length), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("map buffer %d: %w", i, err)
		}
		n.buffers = append(n.buffers, data)
		if err := n.release(filled{index: i}); err != nil {
			return err
		}
	}
	if err := streamOn(n.fd); err != nil {
		return fmt.Errorf("begin to capture: %w", classify(err))
	}
	n.on = true
	return nil
}

// release implements device.
func (n *node) release(f filled) error {
	b := buffer{index: f.index, bufType: bufVideoCapture, memory: memoryMMAP}
	if err := enqueue(n.fd, &b); err != nil {
		return fmt.Errorf("give a buffer back: %w", classify(err))
	}
	return nil
}

// next implements device. The runtime's poller is of no use here: drivers report an
// error until capturing has begun, which it takes for good.
func (n *node) next(ctx context.Context) (filled, error) {
	stop := context.AfterFunc(ctx, func() {
		_, _ = unix.Write(n.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // fails only when it is awake already
	})
	defer stop()
	for {
		if ctx.Err() != nil {
			return filled{}, context.Cause(ctx)
		}
		b := buffer{bufType: bufVideoCapture, memory: memoryMMAP}
		err := dequeue(n.fd, &b)
		if err == nil {
			return n.fill(b)
		}
		if !errors.Is(err, unix.EAGAIN) {
			return filled{}, fmt.Errorf("wait for a frame: %w", classify(err))
		}
		fds := []unix.PollFd{{Fd: int32(n.fd), Events: unix.POLLIN}, {Fd: int32(n.wake), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return filled{}, fmt.Errorf("wait for a frame: %w", err)
		}
		if fds[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 && fds[0].Revents&unix.POLLIN == 0 && ctx.Err() == nil {
			// The driver has no frame and will have none. Its reason, if it tells.
			if err := dequeue(n.fd, &b); err != nil && !errors.Is(err, unix.EAGAIN) {
				return filled{}, fmt.Errorf("wait for a frame: %w", classify(err))
			}
			return filled{}, fmt.Errorf("wait for a frame: %w", video.ErrAbsent)
		}
	}
}

func (n *node) fill(b buffer) (filled, error) {
	if int(b.index) >= len(n.buffers) || int(b.bytesUsed) > len(n.buffers[b.index]) {
		return filled{}, fmt.Errorf("take buffer %d of %d bytes: there is none", b.index, b.bytesUsed)
	}
	return filled{
		index: b.index, data: n.buffers[b.index][:b.bytesUsed], sequence: b.sequence, broken: b.flags&bufFlagError != 0,
	}, nil
}

// close implements device.
func (n *node) close() error {
	if n.on {
		_ = streamOff(n.fd) // the device may be gone
	}
	for _, b := range n.buffers {
		_ = unix.Munmap(b)
	}
	_ = unix.Close(n.wake)
	return unix.Close(n.fd)
}
