package wsconn

import (
	"errors"
	"net"
	"sync"
	"time"
)

// States of the write pump.
const (
	pumpIdle  int32 = iota // no goroutine
	pumpRuns               // a goroutine collects and writes
	pumpAgain              // likewise, and there is more since it last looked
)

// Bounds of one write.
const (
	batchFrames = 64
	batchBytes  = 256 << 10
)

// batch is what one drain collects and writes. Batches are pooled: an idle
// connection has none.
type batch struct {
	control [][]byte
	frames  []*Frame
	bufs    net.Buffers
	sizes   []int // for each element of bufs, its length
	owners  []int // for each element of bufs, the number of its frame
	joined  []byte
	last    bool // the close frame is part of it
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func (b *batch) reset() {
	clear(b.control)
	clear(b.frames)
	clear(b.bufs[:cap(b.bufs)])
	b.control, b.frames, b.bufs, b.last = b.control[:0], b.frames[:0], b.bufs[:0], false
	b.sizes, b.owners = b.sizes[:0], b.owners[:0]
}

// wake starts the pump, or makes the running one look again.
func (c *Conn) wake() {
	for {
		switch c.pump.Load() {
		case pumpIdle:
			if c.pump.CompareAndSwap(pumpIdle, pumpRuns) {
				c.hub.wg.Go(c.runPump)
				return
			}
		case pumpRuns:
			if c.pump.CompareAndSwap(pumpRuns, pumpAgain) {
				return
			}
		default:
			return
		}
	}
}

// runPump writes until there is nothing left to write.
func (c *Conn) runPump() {
	b := batches.Get().(*batch)
	defer func() { b.reset(); batches.Put(b) }()
	for {
		c.coalesce()
		for {
			n, err := c.drain(b)
			if err != nil {
				c.writeFailed(b, err)
				return // the pump stays marked as running: nothing starts it again
			}
			if n == 0 {
				break
			}
		}
		if c.pump.CompareAndSwap(pumpRuns, pumpIdle) {
			return
		}
		c.pump.Store(pumpRuns)
	}
}

// coalesce waits a few milliseconds if the hub is busy and so is this
// connection.
func (c *Conn) coalesce() {
	now := time.Now()
	busy := c.hub.load.add(now)
	if !busy || c.hurried.Load() || now.Sub(c.drainedAt) > recentlyDrained {
		return
	}
	c.hub.mu.Lock()
	conns := len(c.hub.conns)
	c.hub.mu.Unlock()
	timer := time.NewTimer(min(max(time.Duration(conns)*coalescePerConn, minCoalesce), maxCoalesce))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
	}
}

// drain makes one write of what waits, and returns how many frames it wrote.
func (c *Conn) drain(b *batch) (int, error) {
	b.reset()
	c.collect(b)
	n := len(b.control) + len(b.frames)
	if n == 0 {
		return 0, nil
	}
	total := b.build(c.deflate)
	err := c.write(b)
	c.drainedAt = time.Now()
	h := c.hub
	h.messages.Add(uint64(len(b.frames)))
	h.bytes.Add(uint64(total))
	h.writes.Add(1)
	if err == nil && b.last {
		c.saidGoodbye()
	}
	return n, err
}

// collect takes what is to be written next: control frames, then queued frames,
// then what the feeds offer, each feed in its turn.
func (c *Conn) collect(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b.control = append(b.control, c.control...)
	clear(c.control)
	c.control = c.control[:0]
	b.frames = append(b.frames, c.queue...)
	if len(c.queue) > 0 {
		clear(c.queue)
		c.queue, c.queued = c.queue[:0], 0
		if c.room != nil {
			close(c.room)
			c.room = nil
		}
	}
	if c.closing {
		if c.goodbye == nil {
			b.control, b.frames = b.control[:0], b.frames[:0] // nothing follows a close frame
			return
		}
		b.frames = append(b.frames, &Frame{head: c.goodbye})
		c.goodbye, b.last = nil, true
		return
	}
	for range len(c.feeds) {
		limit := batchFrames - len(b.frames)
		if limit <= 0 || b.large() {
			break
		}
		c.next %= len(c.feeds)
		c.feeds[c.next].take(b, limit)
		c.next++
	}
}

func (b *batch) large() bool {
	n := 0
	for _, f := range b.frames {
		n += f.Len()
	}
	return n >= batchBytes
}

// build turns the frames into buffers and returns their size.
func (b *batch) build(deflate bool) int {
	total := 0
	for i, frame := range b.control {
		b.bufs = append(b.bufs, frame)
		b.note(i)
		total += len(frame)
	}
	for i, f := range b.frames {
		n := 0
		b.bufs, n = f.appendTo(b.bufs, deflate)
		b.note(len(b.control) + i)
		total += n
	}
	return total
}

// note records length and owner of the buffers added last: a write changes the
// buffers themselves.
func (b *batch) note(owner int) {
	for i := len(b.sizes); i < len(b.bufs); i++ {
		b.sizes, b.owners = append(b.sizes, len(b.bufs[i])), append(b.owners, owner)
	}
}

// stalled is the error of a write that made no progress; rest is what is left
// of the frame that was cut.
type stalled struct{ rest [][]byte }

func (*stalled) Error() string { return ErrSlow.Error() }
func (*stalled) Unwrap() error { return ErrSlow }

// write writes the batch. It gives up when the transport accepts nothing for
// the stall limit.
func (c *Conn) write(b *batch) error {
	if _, ok := c.nc.(*net.TCPConn); !ok {
		b.join()
	}
	left := b.bufs
	for len(left) > 0 {
		c.armDeadline()
		n, err := left.WriteTo(c.nc)
		switch {
		case err == nil:
			return nil
		case !isTimeout(err):
			return err
		case n == 0:
			return &stalled{rest: b.cutFrame(left)}
		}
	}
	return nil
}

// join makes one buffer of all, for transports without writev: a TLS record per
// frame would cost more than the copy.
func (b *batch) join() {
	b.joined = b.joined[:0]
	for _, buf := range b.bufs {
		b.joined = append(b.joined, buf...)
	}
	b.bufs, b.sizes, b.owners = append(b.bufs[:0], b.joined), b.sizes[:0], b.owners[:0]
	b.note(0)
}

// cutFrame returns what must still be sent before another frame may begin.
func (b *batch) cutFrame(left net.Buffers) [][]byte {
	i := len(b.sizes) - len(left)
	if i == len(b.sizes) || (len(left[0]) == b.sizes[i] && (i == 0 || b.owners[i] != b.owners[i-1])) {
		return nil // the write stopped between two frames
	}
	var rest [][]byte
	for j := i; j < len(b.sizes) && b.owners[j] == b.owners[i]; j++ {
		rest = append(rest, left[j-i])
	}
	return rest
}

// armDeadline makes sure that a write started now gets at least the stall
// limit. Deadlines are moved at most once a second, since each move costs a
// timer.
func (c *Conn) armDeadline() {
	stall := time.Duration(c.stall.Load())
	now := time.Now()
	if left := c.deadline.Sub(now); left >= stall && left <= stall+time.Second {
		return
	}
	c.deadline = now.Add(stall + time.Second)
	_ = c.nc.SetWriteDeadline(c.deadline) // fails only on a closed transport, and then the write does too
}

// writeFailed ends the connection after a failed write. A slow peer is told so
// if it begins to read again soon; until then only the rest of one frame is
// kept.
func (c *Conn) writeFailed(b *batch, err error) {
	var slow *stalled
	if !errors.As(err, &slow) {
		c.abort(err)
		return
	}
	c.hub.slow.Add(1)
	c.cancel(ErrSlow)
	c.mu.Lock()
	c.closing, c.goodbye, c.feeds, c.queue = true, nil, nil, nil
	c.mu.Unlock()
	last := append(net.Buffers{}, slow.rest...)
	last = append(last, closeFrame(CodeTryLater, ErrSlow.Error()))
	_ = c.nc.SetWriteDeadline(time.Now().Add(slowLinger))
	if _, err := last.WriteTo(c.nc); err == nil {
		c.saidGoodbye()
		return
	}
	c.abort(ErrSlow)
}

// saidGoodbye gives the peer a moment to answer the close frame. The reader
// ends the connection when it does.
func (c *Conn) saidGoodbye() {
	_ = c.nc.SetReadDeadline(time.Now().Add(closeWait))
	c.endWriting()
}
