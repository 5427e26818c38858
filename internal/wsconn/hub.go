package wsconn

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of [Options].
const (
	DefaultMaxConns    = 16384
	DefaultReadLimit   = 1 << 20
	DefaultPingEvery   = 15 * time.Second
	DefaultIdleTimeout = 60 * time.Second
	DefaultStallLimit  = 60 * time.Second
)

const (
	closeWait  = 3 * time.Second  // how long the peer may take to answer a close frame
	slowLinger = 30 * time.Second // how long a slow peer may take to learn that it was too slow
)

// Options of a hub. The zero value has the defaults above.
type Options struct {
	// MaxConns bounds the open connections; one more is closed with 1013.
	MaxConns int
	// ReadLimit bounds a message from the peer, in bytes after inflation;
	// a larger one closes the connection with 1009.
	ReadLimit int
	// PingEvery is the time between pings to a peer.
	PingEvery time.Duration
	// IdleTimeout ends a connection from which nothing has come.
	IdleTimeout time.Duration
	// StallLimit ends a connection whose peer accepts nothing, unless
	// Conn.SetStallLimit says otherwise.
	StallLimit time.Duration
	// Logger gets a debug record per connection that ends; nil means no log.
	Logger *slog.Logger
}

// Stats are counters of a hub since it was made.
type Stats struct {
	Open       int    // connections now
	Accepted   uint64 // connections ever
	Refused    uint64 // connections beyond MaxConns
	Slow       uint64 // connections ended because the peer did not read
	Silent     uint64 // connections ended because nothing came from the peer
	Messages   uint64 // messages written
	Bytes      uint64 // bytes written, with headers
	Writes     uint64 // write calls
	Received   uint64 // messages read
	ReadErrors uint64 // connections ended because the peer broke the protocol
}

// Hub owns connections: it counts, pings, bounds and ends them.
type Hub struct {
	opts Options
	load load

	mu      sync.Mutex
	conns   map[*Conn]struct{}
	down    bool
	keeping bool
	stop    chan struct{} // closed by Shutdown
	wg      sync.WaitGroup

	accepted, refused, slow, silent, messages, bytes, writes, received, readErrors atomic.Uint64
}

// NewHub returns a hub. It runs nothing while it has no connection.
func NewHub(opts Options) *Hub {
	if opts.MaxConns <= 0 {
		opts.MaxConns = DefaultMaxConns
	}
	if opts.ReadLimit <= 0 {
		opts.ReadLimit = DefaultReadLimit
	}
	if opts.PingEvery <= 0 {
		opts.PingEvery = DefaultPingEvery
	}
	if opts.IdleTimeout <= 0 {
		opts.IdleTimeout = DefaultIdleTimeout
	}
	if opts.StallLimit <= 0 {
		opts.StallLimit = DefaultStallLimit
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Hub{opts: opts, conns: make(map[*Conn]struct{}), stop: make(chan struct{})}
}

// Stats returns the counters.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	open := len(h.conns)
	h.mu.Unlock()
	return Stats{
		Open:       open,
		Accepted:   h.accepted.Load(),
		Refused:    h.refused.Load(),
		Slow:       h.slow.Load(),
		Silent:     h.silent.Load(),
		Messages:   h.messages.Load(),
		Bytes:      h.bytes.Load(),
		Writes:     h.writes.Load(),
		Received:   h.received.Load(),
		ReadErrors: h.readErrors.Load(),
	}
}

// Go runs serve for a connection in a goroutine that the hub owns, so that the
// HTTP handler can return and its buffers can be freed. When serve returns the
// connection is closed with code 1000, unless it was closed before.
func (h *Hub) Go(c *Conn, serve func(*Conn)) {
	h.wg.Go(func() {
		serve(c)
		c.Close(CodeNormal, "")
		if !c.served.Load() {
			_ = c.Serve(func(Kind, []byte) error { return nil })
		}
	})
}

// add registers a connection. It reports false if there are too many or the
// hub is down.
func (h *Hub) add(c *Conn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.down:
		return ErrShutdown
	case len(h.conns) >= h.opts.MaxConns:
		h.refused.Add(1)
		return &CloseError{CodeTryLater, "too many connections"}
	}
	h.accepted.Add(1)
	h.conns[c] = struct{}{}
	if !h.keeping {
		h.keeping = true
		h.wg.Go(h.keepAlive)
	}
	return nil
}

func (h *Hub) remove(c *Conn) {
	h.mu.Lock()
	delete(h.conns, c)
	h.mu.Unlock()
}

// keepAlive pings all peers in turn and ends the silent ones. It ends itself
// when the last connection has gone.
func (h *Hub) keepAlive() {
	ticker := time.NewTicker(min(time.Second, h.opts.PingEvery/4))
	defer ticker.Stop()
	var due []*Conn
	for {
		var now time.Time
		select {
		case now = <-ticker.C:
		case <-h.stop:
			return
		}
		h.mu.Lock()
		if len(h.conns) == 0 {
			h.keeping = false
			h.mu.Unlock()
			return
		}
		due = due[:0]
		for c := range h.conns {
			if !now.Before(c.nextPing) || c.silentFor(now) > h.opts.IdleTimeout {
				c.nextPing = now.Add(h.opts.PingEvery)
				due = append(due, c)
			}
		}
		h.mu.Unlock()
		for _, c := range due {
			if c.silentFor(now) > h.opts.IdleTimeout {
				h.silent.Add(1)
				c.abort(ErrSilent)
			} else {
				c.ping(nil)
			}
		}
		clear(due)
	}
}

// Shutdown closes all connections with code 1001, refuses new ones, and waits
// until everything the hub runs has ended. When ctx is done first, the
// connections left are cut, and its cause is returned.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	if !h.down {
		h.down = true
		close(h.stop)
	}
	open := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		open = append(open, c)
	}
	h.mu.Unlock()
	for _, c := range open {
		c.close(CodeGoingAway, "the server shuts down", ErrShutdown)
	}
	done := make(chan struct{})
	go func() { h.wg.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		for _, c := range open {
			c.abort(ErrShutdown)
		}
		<-done
		return context.Cause(ctx)
	}
}

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

// add counts a drain and reports whether there are many.
func (l *load) add(now time.Time) bool {
	step := now.UnixNano() / int64(loadStep)
	if at := l.step.Load(); at != step && l.step.CompareAndSwap(at, step) {
		last := l.count.Swap(0)
		if at != step-1 {
			last = 0
		}
		l.last.Store(last)
	}
	return max(l.count.Add(1), l.last.Load()) > busyDrains
}
