package firmware

import (
	"strings"

	"github.com/godbus/dbus/v5"
)

// Numbers of fwupd's enumerations (libfwupd/fwupd-enums.h).
const (
	statusUnknown       = 0
	statusIdle          = 1
	statusDeviceRestart = 4
	statusDeviceWrite   = 5
	statusDeviceErase   = 10

	stateUnknown         = 0
	statePending         = 1
	stateSuccess         = 2
	stateFailed          = 3
	stateNeedsReboot     = 4
	stateFailedTransient = 5

	flagUpdatable = 1 << 1
)

// statusText names a status of the daemon.
func statusText(status uint32) string {
	names := [...]string{
		"unknown", "idle", "loading", "decompressing", "restarting the device", "writing", "verifying", "scheduling",
		"downloading", "reading", "erasing", "waiting for authorisation", "device is busy", "shutting down", "waiting for the user",
	}
	if int(status) < len(names) {
		return names[status]
	}
	return "working"
}

// Device is a device whose firmware fwupd knows. Texts may be empty.
type Device struct {
	ID        string // a hash by which fwupd knows it
	Name      string
	Vendor    string
	Version   string // of the firmware that runs
	Plugin    string // of fwupd
	Updatable bool

	status   uint32 // what the daemon does to it
	state    uint32 // of its last update
	problem  string // of its last update
	modified uint64 // Unix time of its last update, s
}

// maxText bounds a text that is taken from the daemon, in bytes.
const maxText = 1024

// parseDevice reads a device from what fwupd sends. Members of a type that is not
// expected count as missing. It reports false if there is no identity.
func parseDevice(members map[string]dbus.Variant) (Device, bool) {
	text := func(key string) string {
		s, _ := members[key].Value().(string)
		return strings.ToValidUTF8(s[:min(len(s), maxText)], "")
	}
	number := func(key string) uint64 {
		switch v := members[key].Value().(type) {
		case uint32:
			return uint64(v)
		case uint64:
			return v
		}
		return 0
	}
	d := Device{
		ID: text("DeviceId"), Name: text("Name"), Vendor: text("Vendor"), Version: text("Version"), Plugin: text("Plugin"),
		Updatable: number("Flags")&flagUpdatable != 0,
		status:    uint32(number("Status")), state: uint32(number("UpdateState")), problem: text("UpdateError"),
		modified: number("Modified"),
	}
	return d, d.ID != ""
}
