// Package ota updates the device: it takes an image in, checks it, has an engine
// write it to a slot that is not in use, and finds out what became of it.
//
//	upload ──> uploads/ ──Stage──> cache/ ──Apply──> Engine ──> slot ──reboot──> confirm
//	                         │                  │
//	                     events on one lossless topic
//
// An [Updater] runs one update at a time through the stages
//
//	idle → downloading → verifying → awaiting_window → applying → (rebooting →) complete
//
// or from any of them to rolled_back, and knows no protocol. What an engine does
// is behind [Engine]: package rauc talks to RAUC, package slots writes two slots
// itself, package simulated pretends, and [None] says that there is no updater.
//
// # What is promised
//
// The state is stored durably before it is told. What was being applied when
// the process died is asked of the engine at the next start and is complete only
// if the engine can prove it. A system that needs a reboot is complete only when
// it runs, has been found healthy, and was confirmed; until then the update is
// rebooting. What was being staged when the process died is rolled back; the
// uploaded image stays.
//
// # Order of events
//
// For one update: Snapshot(downloading), StageProgress*, Snapshot(verifying),
// StageProgress*, StageComplete, Snapshot(awaiting_window), ApplyScheduled,
// Snapshot(applying), StageProgress*, ApplyComplete, then Snapshot(complete), or
// Snapshot(rebooting), StageProgress* and after the restart Snapshot(complete).
// Wherever it fails: RollbackTriggered, Snapshot(rolled_back). An
// order to apply that a restart of the process interrupts stands, at the time it
// was given. The percentage never falls within a stage.
//
// # Bounds
//
// Uploads are bounded by size each, by number and by their sum, and the old ones
// go by themselves. An image is copied and hashed through one buffer of 256 KiB.
// The topic keeps 1024 events, the state file the newest 20 updates.
package ota
