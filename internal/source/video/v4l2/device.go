package v4l2

import (
	"context"

	"github.com/heliograph/heliograph/internal/source/video"
)

// device is an open device node. It is an interface so that what is done with a device
// can be tested without one.
type device interface {
	// modes lists what the driver offers, bounded.
	modes() []video.Mode
	// controls lists the controls with their values, bounded.
	controls() []video.Control
	// setControl sets a value that was checked.
	setControl(id uint32, value int32) error
	// setFormat asks for a format; zero fields leave it to the driver. It returns what
	// the driver took.
	setFormat(want video.Format) (layout, error)
	// setInterval asks for an interval; drivers may take the nearest one or none.
	setInterval(i video.Interval) error
	// start begins to capture with a number of buffers.
	start(buffers int) error
	// next waits for a filled buffer, which is the caller's until it is released. It
	// returns ctx's cause when ctx is done.
	next(ctx context.Context) (filled, error)
	release(f filled) error
	// close stops capturing and closes the node.
	close() error
}

// layout is how the driver fills its buffers.
type layout struct {
	video.Format
	stride int // bytes from row to row of the first plane; 0 for coded formats
}

// filled is a buffer with a frame.
type filled struct {
	index    uint32
	data     []byte // of the driver
	sequence uint32
	broken   bool // the driver says that the data is damaged
}
