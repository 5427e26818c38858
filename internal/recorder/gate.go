package recorder

import (
	"sync"
	"sync/atomic"
	"time"
)

// gate says whether something is recorded. Asking is one atomic load.
type gate struct {
	open   atomic.Bool
	always bool
	keep   time.Duration

	mu     sync.Mutex
	holds  int
	timer  *time.Timer // closes the gate after the last interest
	closed bool
}

func (g *gate) init(opts Options) {
	g.always, g.keep = opts.Mode == Always, opts.Keep
	g.open.Store(g.always)
}

// hold opens the gate until the same number of releases, and keep after it.
func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	g.holds++
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	g.open.Store(true)
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	if g.holds--; g.holds > 0 || g.always {
		return
	}
	var t *time.Timer
	t = time.AfterFunc(g.keep, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.timer == t {
			g.timer = nil
			g.open.Store(false)
		}
	})
	g.timer = t
}

// touch notes a passing interest, such as a snapshot.
func (g *gate) touch() {
	g.hold()
	g.release()
}

// close shuts the gate for good.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	g.open.Store(false)
}
