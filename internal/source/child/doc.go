// Package child runs a program as a child, as if it had been started without us, and
// tells what becomes of it: what it prints, how it lives and ends, and what it and
// its descendants use.
//
// # What the program sees
//
// Standard input is ours, untouched. Standard output and error are pipes, or, where
// ours is a terminal, a pseudo-terminal of the same size, so that programs use
// colours and print lines at once. Its output mode is raw: the bytes reach the real
// terminal as they were written. What the program writes is written on at once, byte
// for byte; if our output is slow the program waits, as it would without us, and if it
// is closed the program gets SIGPIPE. Two streams are copied independently: the order
// of what is written to both within some microseconds may change.
//
// # Signals
//
// The program is in our process group, so that a terminal's Ctrl-C, Ctrl-Z and job
// control act on both of us, as they do in a pipeline. A signal that is sent to us
// alone is passed on. One that was sent to the whole group, or by a supervisor to all
// of our processes, has reached the program already and must not reach it twice,
// since many programs take the second for "at once". A witness tells the two apart: a
// process that only waits for signals and reports them. When a signal reaches us, and
// not the witness within 50 ms, it is passed on.
//
// # When we are killed
//
// The kernel sends the program SIGTERM (PR_SET_PDEATHSIG): its pipes and its way to
// the network went through us. What it has started itself is its own business, as
// with any other way to end; it finds its output closed.
//
// # Log entries
//
// What is printed also becomes log entries, see package logtext. The copy waits in a
// buffer of 1 MiB per stream; when the entries cannot be made as fast as the program
// prints, parts of the copy are left out, and an entry says how much. The program is
// never held up by that.
package child
