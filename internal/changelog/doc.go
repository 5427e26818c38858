// Package changelog is the change journal of a device: who changed what, from
// where, with which result, in one order for all who look.
//
// [Log.Record] takes what a request or a socket message did and makes one
// [Event] of it. There are two sorts, told apart by [Event.Seq]:
//
//   - changes: what took effect and is visible to clients of the device API. They
//     are numbered, carry a revision and are published on [Log.Topic];
//   - audit entries: denied and failed attempts, and what other protocols did. They
//     have no number and are not published.
//
// Both are kept, newest last, in [Log.Recent] and in the journal file.
//
// # Numbers
//
// The sequence number is dense from 1 in one process. A revision is counted for
// each pair of kind and resource id, and never repeats or goes back, also across
// restarts, since clients drop an event whose revision is not above the last one
// they saw. That holds because the counters of a process start above a mark, in a
// small file of its own, that is on disk before any revision up to it is handed
// out, and also at the start time in milliseconds. So neither a crash, nor a lost
// or torn journal, nor a clock that went back (a board without a battery) makes a
// revision repeat; only a clock that went back together with a disk that takes no
// write at all can.
//
// # Order
//
// One lock covers numbering, writing and publishing. The order of sequence
// numbers, of the topic, of Recent and of the file is therefore the same.
//
// # File
//
// The journal is two files of JSON lines in the state directory, readable by the
// owner only: changes.jsonl, and changes.old.jsonl, to which it is renamed when it
// reaches half of [Options.MaxBytes]. Each entry is handed to the kernel before
// Record returns, and so survives the end of the process, kill -9 included; it is
// on disk (fsync) at most a second later. A torn or damaged line costs that line.
//
// When the file cannot be written (full disk, read-only directory, another process
// with the same directory) the log works on in memory: everything is numbered,
// published and in Recent, [Log.Health] says what is wrong, and every five seconds
// it tries to write what is missing, in order.
package changelog
