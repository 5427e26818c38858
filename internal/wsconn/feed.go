package wsconn

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/gobwas/ws"
)

// Feed offers frames to the write pump of one connection. Its dynamic type must
// be comparable; it is a pointer, as a rule.
type Feed interface {
	// Frames appends at most limit frames to dst and returns it. It is called
	// with the connection's lock held: it must neither block nor call the
	// connection, except for Conn.Wake. If it appends nothing, the feed must call
	// Conn.Wake when there is something again.
	Frames(dst []*Frame, limit int) []*Frame
}

// FeedOptions say how the pump treats a feed.
type FeedOptions struct {
	// Window, at least 0, bounds how many bytes of this feed, headers and compression not
	// counted, the peer has not acknowledged; 0 means no bound but the
	// transport's. The feed is not asked for more while it is full, therefore it
	// is exceeded by less than the size of 4 frames. A window that stays full
	// for the stall limit ends the connection like a write that stalls.
	Window int
	// Ahead, at least 0, is for what is of use only while it is new, and takes the
	// place of Window: it bounds how many batches of this feed the peer has not
	// acknowledged. That is one, and up to Ahead while acknowledgements take little
	// longer than the way to the peer and back, as the kernel has measured it.
	Ahead int
	// Hurry forbids waiting for more before a write, and keeps what the kernel
	// holds back unsent short.
	Hurry bool
}

// feeding is a feed in the care of a pump.
type feeding struct {
	Feed
	opts   FeedOptions
	id     uint32
	sent   uint64  // bytes handed to the transport
	acked  uint64  // bytes the peer has acknowledged
	pinged uint64  // bytes for which an acknowledgement was asked
	flight *flight // nil without Ahead
}

const (
	// ackMark begins the payload of pings that ask for an acknowledgement,
	// followed by the number of the feed and the byte count.
	ackMark = 'w'
	ackSize = 1 + 4 + 8
	// windowParts is how many acknowledgements are asked for per window.
	windowParts = 4
	// firstStep is how many frames of a feed are taken before the first look at
	// the bounds. It doubles with each look, unless the feed has a window.
	firstStep = 4
)

// full reports whether the feed must not be asked.
func (f *feeding) full() bool {
	if f.flight != nil {
		return f.flight.full()
	}
	return f.opts.Window > 0 && f.sent-f.acked >= uint64(f.opts.Window)
}

// take asks the feed for at most limit frames, within the bounds of a batch and
// of its window.
func (f *feeding) take(b *batch, limit int, now func() moment) {
	if f.flight != nil && f.full() {
		f.flight.denied = true
	}
	for step := firstStep; limit > 0 && !f.full(); {
		from := len(b.frames)
		b.frames = f.Frames(b.frames, min(limit, step))
		taken := b.frames[from:]
		if len(taken) == 0 {
			return
		}
		limit -= len(taken)
		for _, frame := range taken {
			b.payload += frame.Len()
			f.sent += uint64(frame.Len())
		}
		switch {
		case f.flight != nil:
			f.flight.departed(f.sent, now())
			f.askAck(b)
		case f.opts.Window == 0:
			step *= 2
		case f.sent-f.pinged >= uint64(f.opts.Window)/windowParts:
			f.askAck(b)
		}
		if b.payload >= batchBytes {
			return
		}
	}
}

// askAck asks for an acknowledgement of all up to here.
func (f *feeding) askAck(b *batch) {
	f.pinged = f.sent
	b.frames = append(b.frames, f.ackPing())
	b.pings++
}

// ackPing returns a ping that the peer answers when it has read all bytes up to
// here.
func (f *feeding) ackPing() *Frame {
	buf := appendHeader(make([]byte, 0, 2+ackSize), ws.OpPing, 0, ackSize)
	buf = append(buf, ackMark)
	buf = binary.BigEndian.AppendUint32(buf, f.id)
	buf = binary.BigEndian.AppendUint64(buf, f.sent)
	return &Frame{op: ws.OpPing, head: buf, start: 2}
}

// AddFeed lets the pump take frames from f until RemoveFeed is called or the
// connection begins to close. Frames that were queued by Send before go first. A
// feed may be added to one connection once.
func (c *Conn) AddFeed(f Feed, opts FeedOptions) {
	if opts.Hurry {
		keepKernelQueueShort(c.nc)
	}
	c.mu.Lock()
	open := !c.closing && !c.gone
	if open {
		c.feedID++
		g := &feeding{Feed: f, opts: opts, id: c.feedID}
		if opts.Ahead > 0 {
			g.flight = newFlight(opts.Ahead, func() time.Duration { return roundTrip(c.nc) })
		}
		c.feeds = append(c.feeds, g)
		c.feedsChangedLocked()
	}
	c.mu.Unlock()
	if open {
		c.wake()
	}
}

// RemoveFeed makes the pump forget f. When it returns, f is not being asked and
// will not be asked again; the frames it gave may still have to be written.
func (c *Conn) RemoveFeed(f Feed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feeds = slices.DeleteFunc(c.feeds, func(g *feeding) bool { return g.Feed == f })
	c.feedsChangedLocked()
}

// feedsChangedLocked works out anew what depends on all feeds.
func (c *Conn) feedsChangedLocked() {
	c.hurried.Store(slices.ContainsFunc(c.feeds, func(f *feeding) bool { return f.opts.Hurry }))
	c.noteHeldLocked()
}

// noteHeldLocked notes since when a window has been full.
func (c *Conn) noteHeldLocked() {
	if !slices.ContainsFunc(c.feeds, (*feeding).full) {
		c.held.set(never)
	} else {
		c.held.setOnce(c.hub.now())
	}
}

// Wake tells the pump that a feed may have frames. It does not block, takes no
// lock, and may be called at any time, also after the connection has ended.
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
		if f.id == id && count > f.acked && count <= f.pinged {
			f.acked = count
			if f.flight != nil {
				f.flight.arrived(count, c.hub.now())
			}
			c.held.set(never)
			c.noteHeldLocked()
		}
	}
	c.mu.Unlock()
	c.wake()
}
