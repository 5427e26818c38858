package wsconn

import "time"

const (
	closeWait  = 3 * time.Second  // how long the peer may take to answer a close frame
	slowLinger = 30 * time.Second // how long a slow peer may take to learn that it was too slow

	// stallParts is how finely the stall limit is measured on transports whose
	// writes have deadlines.
	stallParts = 16
	// chunk is what is written at once to other transports. It is the largest
	// TLS record.
	chunk = 16 << 10
)

// write writes the batch and returns how many bytes it wrote. If the transport
// accepts nothing for the stall limit, the connection begins to close: the
// frame that was begun is completed, what follows it is dropped. ErrSlow means
// that not even that was possible.
func (c *Conn) write(b *batch) (int, error) {
	hadLast := b.last
	var n int
	var err error
	if c.vector {
		n, err = c.writeVector(b)
	} else {
		n, err = c.writeChunks(b)
	}
	if hadLast && !b.last {
		c.mu.Lock()
		c.said = c.gone // the close frame was dropped: another will be written
		c.mu.Unlock()
	}
	return n, err
}

// writeVector writes to a socket. Its writes get short deadlines, after which
// they are continued; that is how progress is seen.
func (c *Conn) writeVector(b *batch) (done int, err error) {
	left, progress := b.bufs, c.hub.now()
	for {
		limit := c.stallLimit()
		c.armDeadline(limit)
		n, err := left.WriteTo(c.nc)
		done += int(n)
		if err == nil || !isTimeout(err) {
			return done, err
		}
		now := c.hub.now()
		if n > 0 {
			progress = now
		}
		if !b.cut && (c.isSlow() || now.since(progress) >= limit) {
			c.endSlow()
			left = firstBytes(left, b.cutAfter(done)-done)
		}
		if c.lingered(now) {
			return done, ErrSlow
		}
	}
}

// armDeadline sees to it that a write started now ends within two parts of the
// limit. The deadline is moved once per part at most, since each move costs a
// timer.
func (c *Conn) armDeadline(limit time.Duration) {
	part, now := max(limit/stallParts, time.Millisecond), c.hub.now()
	if left := c.deadline.since(now); left >= part && left <= 2*part {
		return
	}
	c.deadline = now.add(2 * part)
	_ = c.nc.SetWriteDeadline(time.Now().Add(2 * part)) // fails only on a closed transport, and then the write does too
}

// writeChunks writes to a transport that would be broken by a deadline, as TLS
// is. The hub looks how long each chunk takes.
func (c *Conn) writeChunks(b *batch) (done int, err error) {
	data := b.join()
	for done < len(data) {
		if !b.cut && c.isSlow() {
			data = data[:b.cutAfter(done)]
			continue
		}
		n, err := c.writeChunk(data[done:min(len(data), done+chunk)])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (c *Conn) writeChunk(p []byte) (int, error) {
	c.writing.set(c.hub.now())
	defer c.writing.set(never)
	return c.nc.Write(p)
}

func (c *Conn) isSlow() bool { return c.slowAt.get() != never }

// lingered reports whether a slow peer has had its time to learn of it.
func (c *Conn) lingered(now moment) bool {
	at := c.slowAt.get()
	return at != never && now.since(at) >= slowLinger
}

// stalled reports whether the peer has owed progress for the stall limit, where
// that is not told by a deadline.
func (c *Conn) stalled(now moment) bool {
	for _, since := range [...]moment{c.writing.get(), c.held.get()} {
		if since != never && now.since(since) >= c.stallLimit() {
			return true
		}
	}
	return false
}
