package wsconn

import (
	"sync/atomic"
	"time"
)

// load measures how many drains all pumps together make, in steps of 100 ms.
type load struct {
	step, count, last atomic.Int64
}

const (
	loadStep = 100 * time.Millisecond
	// busyDrains is the number of drains per step from which pumps wait before
	// they collect: 5,000 a second cost a few percent of one core.
	busyDrains      = 500
	minCoalesce     = 5 * time.Millisecond
	maxCoalesce     = 20 * time.Millisecond
	coalescePerConn = 100 * time.Microsecond
	recentlyDrained = 50 * time.Millisecond
)

// add counts a drain and reports whether there are many. Counts of concurrent
// drains may be lost where a step begins.
func (l *load) add(now moment) bool {
	step := int64(now) / int64(loadStep)
	if at := l.step.Load(); at != step && l.step.CompareAndSwap(at, step) {
		last := l.count.Swap(0)
		if at != step-1 {
			last = 0
		}
		l.last.Store(last)
	}
	return max(l.count.Add(1), l.last.Load()) > busyDrains
}

// coalesceFor returns how long a pump waits on a busy hub: the more connections,
// the longer, because each drain then has to carry more.
func (h *Hub) coalesceFor() time.Duration {
	return min(max(time.Duration(h.open.Load())*coalescePerConn, minCoalesce), maxCoalesce)
}
