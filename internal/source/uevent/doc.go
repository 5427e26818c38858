// Package uevent reads the kernel's own device events (kobject uevents) from
// netlink: what udev reads, without needing udev.
//
// [Run] hands each event to a function, [Watch] reduces them to "something may
// have changed", which is all that an inventory that reads sysfs needs:
//
//	kernel ──netlink group 1──> Listener ──Event──> handler
//
// # Trust
//
// Only messages whose sender is the kernel (netlink port 0) are accepted. A
// process with CAP_NET_ADMIN may send made-up events to the same group; they
// are dropped unless [Options.AcceptUserspace] is set, which is for tests.
//
// # Loss
//
// The kernel drops events when the socket's buffer is full. The reader then
// gets an [Event] with Overrun set and must look at everything anew. Where
// events cannot be had at all (no netlink in the kernel, a seccomp filter)
// Listen returns an error that wraps [ErrUnavailable]. One case is silent: in a
// network namespace that belongs to a user namespace other than the first, the
// socket opens and no event ever arrives. An inventory therefore also needs a
// slow look of its own.
package uevent
