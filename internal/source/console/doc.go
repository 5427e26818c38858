// Package console keeps shells on pseudo-terminals that outlive the viewers
// attached to them.
//
// A [Manager] owns the sessions, a [Session] is one shell on one PTY, and an
// [Attachment] is one viewer's place in the session's output.
//
//	shell ── PTY ──> reader ──> UTF-8 cleaner ──> replay (512 KiB, merged)
//	                                        └──> topic ──> attachments
//	callers ──Write──> input queue (1 MiB) ──> writer ──> PTY
//
// # Output
//
// Output is valid UTF-8 in chunks of at most [MaxChunk] bytes; no chunk begins
// or ends inside a sequence. Each chunk carries its byte offset in the output
// of the session, so that a viewer can prove that it lost nothing. What the
// shell has printed is published at once, never held to fill a chunk; only an
// incomplete UTF-8 sequence waits for its rest.
//
// The replay is kept apart from the history of the topic, because there small
// chunks are merged: a program that prints byte by byte still leaves 512 KiB to
// look back on, in at most 171 blocks of 4 KiB that live chunks share. An
// attachment takes the replay and its place in the live output in one step. It
// holds on to the blocks it has not read, so an attachment made in the middle of
// a flood cannot lose its replay while it reads it.
//
// # Flow control
//
// The reader of the PTY pauses while even the fastest attachment has more than
// 32 KiB of live output to take; the kernel's terminal buffer then fills and
// stops the program that prints. Slower attachments live on what the topic keeps
// for them, 512 KiB or 4096 chunks, and who falls behind that ends with
// [topic.ErrLagged]. Before that happens to one that still moves, the shell is
// held for it, but for no more than 250 ms and then 5 % of the time, also if it
// leaves and comes back: hiccups are evened out, and a slow viewer does not set
// the pace of a fast one. One that stands still is not waited for.
//
// When no attachment takes anything for 15 s during a pause, all of them are
// ended in the same way and the shell goes on. Without attachments the terminal
// is drained into the replay at full speed. Write, Resize and Delete do not
// depend on the reader and work during a pause.
//
// # Processes
//
// A shell is the leader of its own session, as after a login. Deleting a session
// sends SIGTERM to every process of it, closes the terminal, which sends SIGHUP,
// and after 2 s sends SIGKILL to every process that is still in it, in whichever
// process group. Processes that have left the session with setsid (daemons,
// tmux servers) are not touched, and neither are those that a shell leaves
// behind when it exits by itself (nohup, disown): as with a login over SSH, that
// is how a user asks to keep them. Orphans are reaped by process 1.
package console
