// Package firmware follows what fwupd, the firmware update daemon of Linux, does to
// the devices of this machine, over D-Bus (interface org.freedesktop.fwupd). It starts
// no update and never starts the daemon.
//
//	fwupd ──PropertiesChanged, DeviceChanged──> progress ──> Update ──> topic
//
// fwupd tells status and percentage of all it does in two properties that do not say
// which device they are about; the device is the one that was last announced as busy. It
// leaves the outcome of an earlier update in a device's state while the next one runs.
// Therefore an update counts as complete only when it has ended and the daemon's record
// of it, which is read back and must be newer than its beginning, or else the version of
// the device says so.
package firmware
