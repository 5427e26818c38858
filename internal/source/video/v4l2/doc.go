// Package v4l2 captures from video devices of the kernel (Video4Linux 2): webcams,
// capture cards, and what drivers show as such.
//
// Formats, sizes, rates and controls are what the driver says. MJPEG and H.264 are passed
// through: the one copy is the one out of the driver's buffer, which goes back to it. Raw
// formats are handed over as pictures.
//
// The ioctl calls are our own, on golang.org/x/sys. The library blackjack/webcam builds
// and works, but it does not tell the size that the driver chose in the place of the one
// asked for, the length of a row, sequence numbers and broken buffers, defaults, menus and
// flags of controls, and it cannot be woken from waiting.
//
// # Finding a camera again
//
// A node such as /dev/video0 goes to whichever camera comes first. A configuration with
// device keys is bound to the camera itself: see [Backend.Probe] for their form.
package v4l2
