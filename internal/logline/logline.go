// Package logline holds what all sources of log lines share: the [Line] itself,
// the rules that turn raw bytes into its text, and the two ways in which lines
// are collected: [Feed] publishes them to a topic, [Last] keeps the newest.
//
// A line is UTF-8 without a newline and at most [MaxText] bytes long, whatever
// the device wrote. The rules are in [Clean] and [Split].
package logline

import "time"

// Bounds that all log sources keep.
const (
	// MaxText is the length in bytes at which the text of a line is cut.
	MaxText = 64 << 10
	// StartLines is how many of the newest lines a source publishes before it
	// is ready.
	StartLines = 2000
	// HistoryItems and HistoryBytes are the bounds of the history of a topic of
	// lines; bytes are counted by Size.
	HistoryItems = 65536
	HistoryBytes = 8 << 20
	// TailBytes bounds the text of one answer of a source's Tail, whatever
	// number of lines was asked for; the newest are kept.
	TailBytes = 16 << 20
)

// NoPriority is the priority of a line that has none.
const NoPriority = -1

// overhead is what one line costs beside its text: the event of a topic with
// the Line in it (112 bytes), its place in the ring, and the allocator's share.
const overhead = 128

// Line is one line of a log.
type Line struct {
	// Read is when the server read the line, not when it was written.
	Read time.Time
	// Text is valid UTF-8 without a newline, at most MaxText bytes long.
	Text string
	// Priority is the syslog level from 0 (emergency) to 7 (debug), or
	// NoPriority.
	Priority int
}

// Size returns the bytes that l accounts for in the history of a topic: its
// text and a fixed overhead.
func Size(l Line) int { return len(l.Text) + overhead }
