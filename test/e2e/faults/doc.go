// Package faults tests the running binary against what goes wrong: thousands of
// clients that come and go, peers that vanish without a word, full disks, second
// instances, crashes, and a shutdown in the midst of everything. Each has one
// outcome, which the comment of its test names. Journals that are restarted, log
// files that vanish and readers that stall on a channel's own socket are in
// package channels.
package faults
