package uevent

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Bounds of one message. The kernel's own are lower: 2 KiB of variables, 64 of
// them, and a device path of at most a page.
const (
	maxMessage = 8 << 10
	maxEnv     = 128
)

// ErrMalformed is returned by [Parse] for bytes that are not a kernel event.
var ErrMalformed = errors.New("malformed uevent")

// Event is one kernel event. Its strings share memory that is never changed;
// an Event may be kept, at a cost of at most 8 KiB.
type Event struct {
	// Overrun means that events were lost. All other fields are empty; whoever
	// keeps a picture of the devices must read it anew.
	Overrun bool
	// Action is what happened: add, remove, change, move, online, offline,
	// bind, unbind.
	Action string
	// DevPath is the device's folder below /sys, with a leading slash.
	DevPath string
	// Subsystem is the value of SUBSYSTEM, for example usb, net or block.
	Subsystem string
	// DevType is the value of DEVTYPE, for example usb_device or disk; empty if
	// the subsystem has no types.
	DevType string
	// Seq is the kernel's number of the event, counted over all subsystems; 0 if
	// the message has none.
	Seq uint64

	env []string
}

// Get returns the value of a variable of the event, for example DEVNAME or
// PRODUCT, and "" if there is none.
func (e Event) Get(key string) string {
	for _, kv := range e.env {
		if k, v, _ := strings.Cut(kv, "="); k == key {
			return v
		}
	}
	return ""
}

// Parse reads one message in the form that the kernel broadcasts:
//
//	action@devpath NUL KEY=value NUL KEY=value NUL …
//
// It copies what it keeps. Messages of other senders of the same netlink family,
// such as udev's, which begin with "libudev", give an error that wraps
// [ErrMalformed].
func Parse(msg []byte) (Event, error) {
	if len(msg) > maxMessage {
		return Event{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(msg))
	}
	head, rest, found := strings.Cut(string(msg), "\x00")
	if !found {
		return Event{}, fmt.Errorf("%w: no end of the header", ErrMalformed)
	}
	action, path, found := strings.Cut(head, "@")
	if !found || action == "" || !strings.HasPrefix(path, "/") {
		return Event{}, fmt.Errorf("%w: header %q", ErrMalformed, head)
	}
	e := Event{Action: action, DevPath: path}
	for rest != "" && len(e.env) < maxEnv {
		var kv string
		kv, rest, _ = strings.Cut(rest, "\x00")
		if i := strings.IndexByte(kv, '='); i > 0 {
			e.env = append(e.env, kv)
		}
	}
	e.Subsystem, e.DevType = e.Get("SUBSYSTEM"), e.Get("DEVTYPE")
	// A message without a usable number is still a true event.
	e.Seq, _ = strconv.ParseUint(e.Get("SEQNUM"), 10, 64)
	return e, nil
}
