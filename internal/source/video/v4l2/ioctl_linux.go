package v4l2

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The structures of linux/videodev2.h. Their sizes, which are part of the ioctl numbers,
// depend on the size of a pointer; the layout rules of Go are those of C here.
type (
	capability struct {
		_            [84]byte // driver, card, bus, version
		capabilities uint32
		deviceCaps   uint32
		_            [3]uint32
	}
	formatDesc struct {
		index, bufType uint32
		_              [36]byte // flags, description
		pixelFormat    uint32
		_              [4]uint32
	}
	pixFormat struct {
		width, height, pixelFormat, field, bytesPerLine, sizeImage uint32
		_                                                          [6]uint32
	}
	// format has a union with pointers in it, which align it.
	format struct {
		bufType uint32
		body    [200 / unsafe.Sizeof(uintptr(0))]uintptr
	}
	requestBuffers struct {
		count, bufType, memory uint32
		_                      [2]uint32
	}
	buffer struct {
		index, bufType, bytesUsed, flags, _ uint32
		_                                   unix.Timeval // it aligns what follows
		_                                   [16]byte     // time code
		sequence, memory                    uint32
		offset                              uintptr // a union: only the first four bytes count
		length                              uint32
		_                                   [2]uint32
	}
	fraction    struct{ numerator, denominator uint32 }
	streamParam struct {
		bufType      uint32
		_            [2]uint32
		timePerFrame fraction
		_            [184]byte
	}
	controlValue struct {
		id    uint32
		value int32
	}
	queryControl struct {
		id, kind                uint32
		name                    [32]byte
		min, max, step, initial int32
		flags                   uint32
		_                       [2]uint32
	}
	queryMenu struct {
		id, index uint32
		item      [32]byte // a name, or a number of 64 bit
		_         uint32
	}
	sizeEnum struct {
		index, pixelFormat, kind uint32
		body                     [6]uint32
		_                        [2]uint32
	}
	intervalEnum struct {
		index, pixelFormat, width, height, kind uint32
		body                                    [3]fraction
		_                                       [2]uint32
	}
)

// Constants of linux/videodev2.h.
const (
	capVideoCapture = 1 << 0
	capStreaming    = 1 << 26
	capDeviceCaps   = 1 << 31

	bufVideoCapture = 1
	memoryMMAP      = 1
	bufFlagError    = 1 << 6

	kindDiscrete = 1 // of sizes and intervals

	flagNextControl = 1 << 31
)

// The ioctl numbers: direction, size, 'V' and number.
const (
	read, write = 2, 1

	vidioc = 'V' << 8
)

func request(direction, number, size uintptr) uintptr {
	return direction<<30 | size<<16 | vidioc | number
}

// call makes an ioctl that reads and writes a structure.
func call[T any](fd int, direction, number uintptr, arg *T) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request(direction, number, unsafe.Sizeof(*arg)), uintptr(unsafe.Pointer(arg)))
		switch {
		case errno == 0:
			return nil
		case !errors.Is(errno, unix.EINTR):
			return errno
		}
	}
}

func queryCap(fd int, c *capability) error        { return call(fd, read, 0, c) }
func enumFormat(fd int, d *formatDesc) error      { return call(fd, read|write, 2, d) }
func getFormat(fd int, f *format) error           { return call(fd, read|write, 4, f) }
func setFormat(fd int, f *format) error           { return call(fd, read|write, 5, f) }
func reqBuffers(fd int, r *requestBuffers) error  { return call(fd, read|write, 8, r) }
func queryBuffer(fd int, b *buffer) error         { return call(fd, read|write, 9, b) }
func enqueue(fd int, b *buffer) error             { return call(fd, read|write, 15, b) }
func dequeue(fd int, b *buffer) error             { return call(fd, read|write, 17, b) }
func setParam(fd int, p *streamParam) error       { return call(fd, read|write, 22, p) }
func getControl(fd int, c *controlValue) error    { return call(fd, read|write, 27, c) }
func putControl(fd int, c *controlValue) error    { return call(fd, read|write, 28, c) }
func nextControl(fd int, q *queryControl) error   { return call(fd, read|write, 36, q) }
func menuItem(fd int, m *queryMenu) error         { return call(fd, read|write, 37, m) }
func enumSizes(fd int, e *sizeEnum) error         { return call(fd, read|write, 74, e) }
func enumIntervals(fd int, e *intervalEnum) error { return call(fd, read|write, 75, e) }
func streamOn(fd int) error                       { t := int32(bufVideoCapture); return call(fd, write, 18, &t) }
func streamOff(fd int) error                      { t := int32(bufVideoCapture); return call(fd, write, 19, &t) }
func (f *format) pix() *pixFormat                 { return (*pixFormat)(unsafe.Pointer(&f.body)) }
func code(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
func text(b []byte) string { return string(b[:min(len(b), cut(b))]) }
func codeName(v uint32) string {
	return string([]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)})
}

// cut returns the length of a text that ends with a zero.
func cut(b []byte) int {
	for i, c := range b {
		if c == 0 {
			return i
		}
	}
	return len(b)
}
