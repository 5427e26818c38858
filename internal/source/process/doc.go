// Package process reads the process table of a Linux machine from /proc.
//
// A scan costs three system calls per process: open, read and close of
// /proc/PID/stat. That file holds all that changes from scan to scan, the
// resident size included, so that statm and status need not be read. Command
// lines are read once per program and kept, see [Reader].
//
// # What the figures mean
//
// CPU time is counted by the kernel in ticks of 10 ms, so that the share of a
// process over one second on two cores moves in steps of 0.5 %.
//
// The resident size includes pages that are shared with other processes; the
// sizes of all processes therefore add up to more than the memory in use. The
// kernel also keeps it in per-CPU batches, so that it may be off by some
// hundred KiB on machines with many cores. The exact figure (smaps_rollup)
// would need privileges and cost a hundred times as much.
package process
