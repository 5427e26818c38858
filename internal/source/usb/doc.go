// Package usb is the inventory of the USB devices that are attached, read from
// sysfs, and the news about it.
//
// [Inventory.Scan] reads what is there now; [Tree] arranges it as buses, hubs and
// devices. [Inventory.Topic] publishes a [Change] whenever the set of devices has
// changed. It works only while somebody is subscribed:
//
//	Hotplug ("something may have changed") ──debounce──> look ──differs?──> Change
//	safety look, every 10 s ─────────────────────────────┘
//
// Without hot-plug news, or when the safety look finds what they did not tell, it
// looks every 250 ms instead. A look is a directory listing and three small
// reads per device that do not touch the device; only a difference makes a scan.
//
// A machine without USB has an empty inventory, not an error, and is watched like
// any other: the USB core may be a module that is loaded later.
//
// # What sysfs can and cannot tell
//
// Warnings are given only for what is known, see [Diagnose]. That a device could
// run faster is known from its binary object store (Linux 6.10 or later) or, for
// a few, from the product itself; what a cable could do is never known. Power
// figures are what devices declare, not what they draw.
package usb
