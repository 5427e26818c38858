// Package telemetry measures a Linux device: processor, memory, filesystems,
// network, graphics processor, temperatures and power, from /proc and /sys.
//
// # First sample
//
// Usage and rates need two readings. When there is none, or only one from so
// long ago that an average since then would say nothing about now,
// [Reader.Read] takes one, waits 200 ms, and takes another. The first sample
// therefore tells what the device did in these 200 ms, never an average since
// it was started.
//
// # What may hang
//
// Some readings can be held up by the kernel for as long as a dead file server
// or disk does not answer: the size of a filesystem, and sensors behind a slow
// bus. They are made beside the sampler, which waits for them for at most
// 150 ms per sample and then goes on with the values it had, marked as such.
// A reading that hangs holds one thread until the kernel lets go of it; while
// it does, that thing is not asked again.
//
// # Cost
//
// Files that are read every time are kept open. Which sensors, processor
// policies and hardware addresses there are is looked up every 10 s, which
// files are mounted whenever the kernel says that it has changed.
package telemetry
