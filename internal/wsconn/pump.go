package wsconn

import "time"

// States of the write pump, as bits. Without pumpRuns there is no goroutine.
const (
	pumpRuns  uint32 = 1 << iota // a goroutine collects and writes
	pumpAgain                    // there is more since it last looked
	pumpOver                     // the connection has ended: it never runs again
)

// wake starts the pump, or makes the running one look again.
func (c *Conn) wake() {
	for {
		switch state := c.pump.Load(); state {
		case 0:
			if c.pump.CompareAndSwap(0, pumpRuns) {
				go c.runPump()
				return
			}
		case pumpRuns:
			if c.pump.CompareAndSwap(pumpRuns, pumpRuns|pumpAgain) {
				return
			}
		default:
			return
		}
	}
}

// endPump makes wake do nothing from now on. It reports whether a pump is still
// running, which then gives up the connection's place in the hub.
func (c *Conn) endPump() (running bool) { return c.pump.Or(pumpOver)&pumpRuns != 0 }

// runPump writes until there is nothing left to write.
func (c *Conn) runPump() {
	b := batches.Get().(*batch)
	for {
		c.coalesce()
		for c.drain(b) {
		}
		if c.pump.CompareAndSwap(pumpRuns, 0) {
			break
		}
		if c.pump.And(^pumpAgain)&pumpOver != 0 {
			c.hub.wg.Done() // see endPump
			break
		}
	}
	b.reset()
	batches.Put(b)
}

// coalesce waits a few milliseconds if the hub is busy and so is this
// connection.
func (c *Conn) coalesce() {
	now := c.hub.now()
	busy := c.hub.load.add(now)
	if !busy || c.hurried.Load() || now.since(c.drainedAt) > recentlyDrained {
		return
	}
	timer := time.NewTimer(c.hub.coalesceFor())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}

// drain makes one write of what waits. It reports whether there was anything
// and the connection goes on.
func (c *Conn) drain(b *batch) bool {
	b.reset()
	c.collect(b)
	if b.empty() {
		return false
	}
	messages := b.messages()
	b.build(c.deflate)
	n, err := c.write(b)
	c.drainedAt = c.hub.now()
	c.hub.wrote(messages, n)
	if err != nil {
		c.abort(err)
		return false
	}
	if b.last {
		c.saidGoodbye()
	}
	return true
}

// collect takes what is to be written next: control frames, then queued frames,
// then what the feeds offer, each feed in its turn. The queue does not keep the
// first feed from being asked.
func (c *Conn) collect(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.said {
		return // nothing follows a close frame
	}
	b.control = append(b.control, c.control...)
	clear(c.control)
	c.control = c.control[:0]
	c.takeQueueLocked(b)
	if c.closing {
		b.addGoodbye(c.goodbye)
		b.cut = c.isSlow() // there is nothing more to drop
		c.said = true
		return
	}
	for i := range len(c.feeds) {
		limit := batchFrames - len(b.frames)
		if i == 0 {
			limit = max(limit, firstStep)
		} else if limit <= 0 || b.payload >= batchBytes {
			break
		}
		c.next %= len(c.feeds)
		c.feeds[c.next].take(b, limit, c.hub.now)
		c.next++
	}
	if len(c.feeds) > 0 {
		c.noteHeldLocked()
	}
}

func (c *Conn) takeQueueLocked(b *batch) {
	if len(c.queue) == 0 {
		return
	}
	b.frames = append(b.frames, c.queue...)
	b.payload = c.queued
	clear(c.queue)
	c.queue, c.queued = c.queue[:0], 0
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
}

// saidGoodbye gives the peer a moment to answer the close frame. The reader
// ends the connection when it does.
func (c *Conn) saidGoodbye() {
	_ = c.nc.SetReadDeadline(time.Now().Add(closeWait)) // fails only on a closed transport
	c.endWriting()
}
