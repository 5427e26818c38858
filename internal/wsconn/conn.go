package wsconn

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"
)

// Bounds of the queue behind Conn.Send.
const (
	queueFrames = 64
	queueBytes  = 1 << 20
)

// Conn is one WebSocket connection. Its methods are safe for concurrent use,
// except that Serve is called once.
type Conn struct {
	hub     *Hub
	nc      net.Conn
	deflate bool
	early   []byte // bytes that came with the handshake

	ctx    context.Context
	cancel context.CancelCauseFunc

	pump     atomic.Int32 // pumpIdle, pumpRuns, pumpAgain
	lastRead atomic.Int64 // Unix nanoseconds
	stall    atomic.Int64 // nanoseconds
	hurried  atomic.Bool  // a feed forbids waiting
	served   atomic.Bool

	nextPing time.Time // guarded by hub.mu

	mu      sync.Mutex
	control [][]byte // complete control frames, sent before everything else
	queue   []*Frame
	queued  int           // bytes in queue
	room    chan struct{} // closed when the queue was emptied
	feeds   []*feeding
	feedID  uint32
	next    int // the feed that is asked first
	closing bool
	goodbye []byte // close frame to be sent last
	gone    bool   // the transport was closed

	wroteAll sync.Once
	written  chan struct{} // closed when the last frame was written, or none can be

	// Used by the pump only.
	deadline  time.Time
	drainedAt time.Time
}

func newConn(h *Hub, nc net.Conn, deflate bool, early []byte) *Conn {
	c := &Conn{hub: h, nc: nc, deflate: deflate, early: early, written: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancelCause(context.Background())
	c.stall.Store(int64(h.opts.StallLimit))
	now := time.Now()
	c.lastRead.Store(now.UnixNano())
	c.nextPing = now.Add(h.opts.PingEvery)
	return c
}

// Context is done when the connection ends or begins to close; its cause is
// one of this package's errors or the transport's.
func (c *Conn) Context() context.Context { return c.ctx }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// Compressed reports whether permessage-deflate was agreed upon.
func (c *Conn) Compressed() bool { return c.deflate }

// SetStallLimit sets how long the peer may accept nothing while there is
// something to send.
func (c *Conn) SetStallLimit(d time.Duration) { c.stall.Store(int64(d)) }

// Send queues a frame. While the queue (64 frames or 1 MiB) is full it waits
// for room, until ctx is done or the connection ends. It returns the cause of
// either.
func (c *Conn) Send(ctx context.Context, f *Frame) error {
	for {
		c.mu.Lock()
		if c.closing || c.gone {
			c.mu.Unlock()
			return c.endCause()
		}
		if len(c.queue) < queueFrames && (c.queued == 0 || c.queued+f.Len() <= queueBytes) {
			c.queue = append(c.queue, f)
			c.queued += f.Len()
			c.mu.Unlock()
			c.wake()
			return nil
		}
		if c.room == nil {
			c.room = make(chan struct{})
		}
		room := c.room
		c.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.ctx.Done():
			return c.endCause()
		}
	}
}

func (c *Conn) endCause() error {
	if err := context.Cause(c.ctx); err != nil {
		return err
	}
	return ErrClosed
}

// Close ends the connection with a close frame after the frames that were
// queued by Send. It does not wait. Feeds are not asked any more. Only the first
// of several calls counts.
func (c *Conn) Close(code Code, reason string) { c.close(code, reason, ErrClosed) }

func (c *Conn) close(code Code, reason string, cause error) {
	c.mu.Lock()
	first := !c.closing && !c.gone
	if first {
		c.closing = true
		c.goodbye = closeFrame(code, reason)
		c.feeds = nil
	}
	c.mu.Unlock()
	if first {
		c.cancel(cause)
		c.wake()
	}
}

// abort cuts the connection.
func (c *Conn) abort(cause error) {
	c.cancel(cause)
	c.mu.Lock()
	c.closing, c.gone = true, true
	c.feeds = nil
	c.mu.Unlock()
	_ = c.nc.Close() // the reader and the pump report what matters
	c.endWriting()
}

// endWriting tells the reader that nothing more will be written.
func (c *Conn) endWriting() { c.wroteAll.Do(func() { close(c.written) }) }

func (c *Conn) silentFor(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, c.lastRead.Load()))
}

// maxControl bounds the control frames that wait; a peer that makes us answer
// pings but reads nothing does not make memory grow.
const maxControl = 16

func (c *Conn) ping(payload []byte) { c.sendControl(ws.OpPing, payload) }

func (c *Conn) sendControl(op ws.OpCode, payload []byte) {
	frame := append(appendHeader(make([]byte, 0, 2+len(payload)), op, 0, len(payload)), payload...)
	c.mu.Lock()
	fits := len(c.control) < maxControl && !c.gone && !(c.closing && c.goodbye == nil)
	if fits {
		c.control = append(c.control, frame)
	}
	c.mu.Unlock()
	if fits {
		c.wake()
	}
}

// AddFeed lets the pump take frames from f until it ends or RemoveFeed is
// called.
func (c *Conn) AddFeed(f Feed, opts FeedOptions) {
	c.mu.Lock()
	if c.closing || c.gone {
		c.mu.Unlock()
		return
	}
	c.feedID++
	c.feeds = append(c.feeds, &feeding{Feed: f, opts: opts, id: c.feedID})
	if opts.Hurry {
		c.hurried.Store(true)
		keepKernelQueueShort(c.nc)
	}
	c.mu.Unlock()
	c.wake()
}

// RemoveFeed makes the pump forget f. When it returns, f is not being asked and
// will not be asked again.
func (c *Conn) RemoveFeed(f Feed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feeds = slices.DeleteFunc(c.feeds, func(g *feeding) bool { return g.Feed == f })
}

// Wake tells the pump that a feed may have frames. It does not block and may be
// called with any lock held but those that a feed takes.
func (c *Conn) Wake() { c.wake() }

// acknowledged handles a pong: if it answers one of our counted pings, the
// window of its feed opens.
func (c *Conn) acknowledged(payload []byte) {
	if len(payload) != ackSize || payload[0] != ackMark {
		return
	}
	id, count := binary.BigEndian.Uint32(payload[1:]), binary.BigEndian.Uint64(payload[5:])
	c.mu.Lock()
	for _, f := range c.feeds {
		if f.id == id && count > f.acked && count <= f.sent {
			f.acked = count
		}
	}
	c.mu.Unlock()
	c.wake()
}

// isTimeout reports whether err is a deadline that has passed.
func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
