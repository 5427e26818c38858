package video

import (
	"fmt"
	"strings"
	"time"
)

// FourCC names a format of frames by its four ASCII characters, as V4L2 and AVI do.
type FourCC string

// The formats that frames are delivered in, and raw ones that a camera may have.
const (
	MJPG FourCC = "MJPG" // one complete JPEG file per frame
	H264 FourCC = "H264" // one access unit per frame, Annex B start codes
	HEVC FourCC = "HEVC" // likewise
	YUYV FourCC = "YUYV" // raw, 4:2:2 interleaved; encoded as MJPG before it is delivered
	NV12 FourCC = "NV12" // raw, 4:2:0 in two planes
	YU12 FourCC = "YU12" // raw, 4:2:0 in three planes
	GREY FourCC = "GREY" // raw, luma only
	RGB3 FourCC = "RGB3" // raw, 24 bit
)

// Canonical returns the name that this package uses for a format: JPEG is MJPG,
// H265 is HEVC. Others are returned in capital letters.
func (f FourCC) Canonical() FourCC {
	switch up := FourCC(strings.ToUpper(string(f))); up {
	case "JPEG":
		return MJPG
	case "H265":
		return HEVC
	case "YUY2":
		return YUYV
	default:
		return up
	}
}

// Inter tells whether frames refer to earlier ones, so that decoding can start
// only at a key frame.
func (f FourCC) Inter() bool { return f == H264 || f == HEVC }

// Frame is one encoded picture. It is shared: neither it nor Data may be changed
// after it was handed over.
type Frame struct {
	FourCC        FourCC // MJPG, H264 or HEVC
	Width, Height uint32 // pixels; 0 if it could not be found out yet
	// Key says that decoding can start here. Data of an inter-coded key frame
	// begins with the parameter sets.
	Key      bool
	Data     []byte
	Captured time.Time // when the picture was complete in this process
	// Seq counts the frames that the stream has captured since it was made, from
	// 1. Outputs of a pipeline have the number of the frame they were made from.
	Seq uint64
	// Epoch changes whenever frames no longer refer to those before: the camera was
	// started again, or another output is shown.
	Epoch uint64
}

// SameFormat tells whether the frame has the same format and size as another one,
// which may be nil; viewers are told when that changes.
func (f *Frame) SameFormat(o *Frame) bool {
	return o != nil && f.FourCC == o.FourCC && f.Width == o.Width && f.Height == o.Height
}

// Interval is the time between two frames: Numerator / Denominator seconds.
type Interval struct {
	Numerator   uint32 `json:"numerator"`
	Denominator uint32 `json:"denominator"`
}

// Valid tells whether the interval is a time above zero.
func (i Interval) Valid() bool { return i.Numerator > 0 && i.Denominator > 0 }

// FPS returns the frames per second, 0 for an invalid interval.
func (i Interval) FPS() float64 {
	if !i.Valid() {
		return 0
	}
	return float64(i.Denominator) / float64(i.Numerator)
}

// Duration returns the interval as a duration, 0 for an invalid interval.
func (i Interval) Duration() time.Duration {
	if !i.Valid() {
		return 0
	}
	return time.Duration(float64(time.Second) * float64(i.Numerator) / float64(i.Denominator))
}

// String returns the interval as a fraction of a second.
func (i Interval) String() string { return fmt.Sprintf("%d/%d s", i.Numerator, i.Denominator) }

// Format is how frames look.
type Format struct {
	FourCC FourCC `json:"fourcc"`
	Width  uint32 `json:"width"`  // pixels
	Height uint32 `json:"height"` // pixels
}

// IntervalRange is what a camera offers that does not list its intervals: from Min
// (the fastest) to Max in steps of Step.
type IntervalRange struct {
	Min, Max, Step Interval
}

// Mode is what a camera can deliver: a format at one size, with its intervals
// listed, or as a range, or neither if the camera does not tell.
type Mode struct {
	Format
	Intervals []Interval
	Range     *IntervalRange
}

// Descriptor is what a camera can do. Modes is empty when it does not tell.
type Descriptor struct {
	Modes    []Mode
	Controls []Control
}
