package video

import (
	"context"
	"errors"
	"image"
	"time"
)

// Errors that cameras and streams give.
var (
	// ErrAbsent is wrapped when the camera is not there: unplugged, or its file
	// does not exist.
	ErrAbsent = errors.New("the camera is not there")
	// ErrBusy is wrapped when somebody else uses the camera.
	ErrBusy = errors.New("the camera is in use")
	// ErrNotInstalled is wrapped when an external program is missing.
	ErrNotInstalled = errors.New("not installed on this device")
	// ErrUnsupported is wrapped when a camera cannot do what is wanted.
	ErrUnsupported = errors.New("not supported")
	// ErrStalled ends a capture that has delivered no frame for too long.
	ErrStalled = errors.New("no frames arrive")
)

// Backend knows one kind of camera. Its methods are safe for concurrent use.
type Backend interface {
	// Name is the value of Capture.Backend.
	Name() string
	// Probe lists the cameras that can be found now. It may open them, but must not
	// disturb a capture. Kinds that cannot be discovered return none.
	Probe(ctx context.Context) ([]Device, error)
	// Validate tells what is wrong with a configuration, without touching the
	// camera.
	Validate(c Capture) []Issue
	// Camera returns the camera of a valid configuration. It does no I/O and holds
	// nothing that has to be released: a camera is only in use while Run runs.
	Camera(c Capture) Camera
}

// Camera is one source of frames.
type Camera interface {
	// Describe tells what the camera can do, as far as it can be found out without
	// disturbing a capture.
	Describe(ctx context.Context) (Descriptor, error)
	// Run captures until ctx is done or the camera fails, and returns why; nil if
	// there is no more to come, for example after a file that is not to be played
	// again. When it returns, everything that it started has ended. At most one Run
	// of a camera runs at a time.
	Run(ctx context.Context, to Sink) error
	// SetControl changes a control, now if the camera is capturing, and for
	// captures to come. Errors wrap ErrNoControl, ErrReadOnly or ErrControlValue.
	SetControl(ctx context.Context, id uint32, v Value) error
}

// Presence is implemented by cameras that can tell cheaply, without being opened,
// whether they are there.
type Presence interface {
	// Present returns nil, or an error that wraps ErrAbsent.
	Present() error
}

// Sink takes what a camera captures. Its methods are called by one goroutine at a
// time and do not block for longer than encoding takes.
type Sink interface {
	// Frame takes an encoded frame; work is the time that the camera has spent making
	// it, without waiting. FourCC, Data and, if they are known, Width,
	// Height and Captured are set by the camera; the rest is not. For inter-coded
	// formats Data is one access unit and Key tells the truth. Data belongs to the
	// sink from now on.
	Frame(f Frame, work time.Duration)
	// Picture takes a raw picture, which stays the camera's and is not used after the
	// call.
	Picture(p *image.YCbCr, captured time.Time)
	// Dropped tells that n frames were lost before they came here.
	Dropped(n int)
}

// Device is a camera that was found.
type Device struct {
	Backend string
	Display string // for people
	// Keys tell the camera from others and find it again, the most exact one first:
	// see Capture.DeviceKeys.
	Keys       []string
	Capture    Capture // Backend and where the camera is; no mode
	Descriptor Descriptor
	// Properties are for people, in this order.
	Properties [][2]string
	// Simulated says that this is no camera but plays one.
	Simulated bool
	// Builtin says that it is part of the program and no device.
	Builtin bool
}
