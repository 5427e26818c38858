package logline

import (
	"context"

	"github.com/heliograph/heliograph/internal/topic"
)

// How far a feed runs ahead of the fastest lossless subscriber, and how often
// it looks: after so many lines or bytes, whichever comes first. Together they
// stay well below the history's bounds, also for empty lines.
const (
	aheadBytes = 1 << 20
	lookLines  = 512
	lookBytes  = 256 << 10
)

// Feed publishes the lines of a source in its two phases. Until Ready it only
// keeps the newest [StartLines] of them, without ever waiting, because
// subscribers may read nothing before the source is ready. From then on each
// line is published at once, and Add blocks while even the fastest lossless
// subscriber is more than 1 MiB behind: the file or pipe behind the source
// waits instead, so that a bulk of any size loses nothing for that subscriber.
//
// A Feed is used by one goroutine.
type Feed struct {
	out   *topic.Publisher[Line]
	start *Last // nil once ready

	lines, bytes int // published since the last look
}

// NewFeed returns a feed in its first phase.
func NewFeed(out *topic.Publisher[Line]) *Feed {
	return &Feed{out: out, start: NewLast(StartLines, HistoryBytes)}
}

// Add hands over one line. It returns ctx's cause when ctx is done; the line is
// then dropped.
func (f *Feed) Add(ctx context.Context, line Line) error {
	if f.start != nil {
		f.start.Add(line)
		return nil
	}
	if f.lines >= lookLines || f.bytes >= lookBytes {
		if err := f.out.WaitRoom(ctx, aheadBytes); err != nil {
			return err
		}
		f.lines, f.bytes = 0, 0
	}
	f.lines++
	f.bytes += Size(line)
	f.out.Publish(line)
	return nil
}

// Ready publishes the lines kept so far, tells the topic that it is ready and
// begins the second phase. Further calls do nothing.
func (f *Feed) Ready() {
	if f.start == nil {
		return
	}
	for _, line := range f.start.Lines() {
		f.out.Publish(line)
	}
	f.start = nil
	f.out.Ready()
}
