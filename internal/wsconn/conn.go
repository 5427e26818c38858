package wsconn

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of the queue behind Conn.Send.
const (
	queueFrames = 64
	queueBytes  = 1 << 20
)

// Conn is one WebSocket connection. Its methods are safe for concurrent use,
// except that Serve is called once.
//
// Whoever got it from Hub.Upgrade hands it to Hub.Go, which sees to it that it
// is served and released.
type Conn struct {
	hub     *Hub
	nc      net.Conn
	vector  bool // the transport has writev and survives a write that timed out
	deflate bool
	early   []byte      // bytes that came with the handshake
	still   func() bool // see Options.Entitled; may be nil

	ctx    context.Context
	cancel context.CancelCauseFunc

	pump     atomic.Uint32 // pumpRuns, pumpAgain, pumpOver
	served   atomic.Bool
	hurried  atomic.Bool  // a feed forbids waiting
	stall    atomic.Int64 // nanoseconds
	lastRead atomicMoment // always while nobody wants to read
	slowAt   atomicMoment // since when the peer has been known as too slow, or never
	writing  atomicMoment // since when a write without a deadline has been going on, or never
	held     atomicMoment // since when a feed's window has been full, or never

	nextPing moment // guarded by hub.mu

	mu      sync.Mutex
	control [][]byte // complete control frames, sent before everything else
	queue   []*Frame
	queued  int           // bytes in queue
	room    chan struct{} // closed when the queue was emptied; nil if nobody waits
	feeds   []*feeding
	feedID  uint32
	next    int // the feed that is asked first
	closing bool
	goodbye []byte        // the close frame
	said    bool          // the close frame was handed to the pump
	gone    bool          // the transport was closed
	quiet   bool          // the close frame was written, or cannot be
	written chan struct{} // closed then; nil if nobody waits

	// Used by the pump only.
	deadline  moment // of writes
	drainedAt moment
}

func newConn(h *Hub, nc net.Conn, deflate bool, early []byte) *Conn {
	c := &Conn{hub: h, nc: nc, deflate: deflate, early: early}
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		c.vector = true
	}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.stall.Store(int64(h.opts.StallLimit))
	now := h.now()
	c.lastRead.set(now)
	c.nextPing = h.firstPing(now)
	return c
}

// Context is done when the connection ends or begins to close. Its cause is one
// of this package's errors, a *CloseError if the peer or the reader's callback
// made the server close, or the transport's error.
func (c *Conn) Context() context.Context { return c.ctx }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// Compressed reports whether permessage-deflate was agreed upon.
func (c *Conn) Compressed() bool { return c.deflate }

// SetStallLimit sets how long the peer may accept nothing while there is
// something to send, or keep a feed's window full. It is measured late by up to a
// quarter or a second. Over TLS, accepting something means accepting 16 KiB.
func (c *Conn) SetStallLimit(d time.Duration) { c.stall.Store(int64(d)) }

func (c *Conn) stallLimit() time.Duration { return time.Duration(c.stall.Load()) }

// Send queues a frame. While the queue (64 frames or 1 MiB; a larger frame has
// it for itself) is full it waits for room, until ctx is done or the connection
// ends, and returns the cause of either. What was queued before Close or before
// another Send of the same goroutine is written before it.
func (c *Conn) Send(ctx context.Context, f *Frame) error {
	for {
		room, err := c.enqueue(f)
		if err != nil {
			return err
		}
		if room == nil {
			c.wake()
			return nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.ctx.Done():
			return c.endCause()
		}
	}
}

// enqueue queues f, or returns what tells when to try again.
func (c *Conn) enqueue(f *Frame) (room <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.gone {
		return nil, c.endCause()
	}
	if len(c.queue) < queueFrames && (len(c.queue) == 0 || c.queued+f.Len() <= queueBytes) {
		c.queue = append(c.queue, f)
		c.queued += f.Len()
		return nil, nil
	}
	if c.room == nil {
		c.room = make(chan struct{})
	}
	return c.room, nil
}

func (c *Conn) endCause() error {
	if err := context.Cause(c.ctx); err != nil {
		return err
	}
	return ErrClosed
}

// Close ends the connection with a close frame after the frames that were
// queued by Send. It does not wait. Feeds are not asked any more. Only the first
// of several calls counts. A peer that does not answer the close frame is cut
// after 3 s, or after 30 s if it is still taking what was sent before.
func (c *Conn) Close(code Code, reason string) { c.close(code, reason, ErrClosed) }

func (c *Conn) close(code Code, reason string, cause error) {
	c.mu.Lock()
	first := !c.closing && !c.gone
	if first {
		c.closing, c.goodbye, c.feeds = true, closeFrame(code, reason), nil
		c.held.set(never)
	}
	c.mu.Unlock()
	if first {
		c.cancel(cause)
		c.wake()
	}
}

// endSlow begins to close the connection because the peer does not read. The
// frame that was begun is completed, all others are dropped.
func (c *Conn) endSlow() {
	c.mu.Lock()
	first := c.slowAt.setOnce(c.hub.now())
	if first {
		c.closing, c.goodbye = true, closeFrame(CodeTryLater, ErrSlow.Error())
		c.dropLocked()
	}
	c.mu.Unlock()
	if first {
		c.hub.slow.Add(1)
		c.cancel(ErrSlow)
		c.wake()
	}
}

// cutSlow cuts a slow peer that did not even take its close frame.
func (c *Conn) cutSlow() { c.abort(ErrSlow) }

// cutSilent cuts a peer that has vanished.
func (c *Conn) cutSilent() {
	c.hub.silent.Add(1)
	c.abort(ErrSilent)
}

// abort cuts the connection. It does not block.
func (c *Conn) abort(cause error) {
	c.cancel(cause)
	c.mu.Lock()
	c.closing, c.said, c.gone = true, true, true
	c.dropLocked()
	c.mu.Unlock()
	_ = bare(c.nc).Close() // the reader and the pump report what matters
	c.endWriting()
}

func (c *Conn) dropLocked() {
	c.control, c.queue, c.queued, c.feeds = nil, nil, 0, nil
	c.held.set(never)
}

// endWriting tells the reader that nothing more will be written.
func (c *Conn) endWriting() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quiet = true
	if c.written != nil {
		close(c.written)
		c.written = nil
	}
}

// awaitGoodbye waits until the close frame was written or cannot be. That ends
// after the stall limit and the linger at the latest.
func (c *Conn) awaitGoodbye() {
	c.mu.Lock()
	if c.quiet {
		c.mu.Unlock()
		return
	}
	written := make(chan struct{})
	c.written = written
	c.mu.Unlock()
	<-written
}

// isTimeout reports whether err is a deadline that has passed.
func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
