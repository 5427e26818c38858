package wsconn

import (
	"context"
	"log/slog"
	"net/http"
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

// Options of a hub. The zero value has the defaults above.
type Options struct {
	// MaxConns bounds the open connections; one more is closed with 1013.
	MaxConns int
	// ReadLimit bounds a message from the peer, in bytes after inflation;
	// a larger one closes the connection with 1009. Reading a message takes up
	// to three times as much memory.
	ReadLimit int
	// PingEvery is the time between pings to a peer: never more, and up to a
	// second less.
	PingEvery time.Duration
	// IdleTimeout ends a connection from which not a byte has come. The time
	// that the reader's callback takes does not count.
	IdleTimeout time.Duration
	// StallLimit ends a connection whose peer accepts nothing, unless
	// Conn.SetStallLimit says otherwise.
	StallLimit time.Duration
	// Entitled returns for a handshake what tells whether the connection may go on;
	// nil means that it always may. It is asked before each ping, from one goroutine
	// for all connections, and should be quick. A connection that may not is closed
	// with 1008. Entitled itself may be nil.
	Entitled func(r *http.Request) (still func() bool)
	// Logger gets a debug record per connection that ends; nil means no log.
	Logger *slog.Logger
}

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.PingEvery, DefaultPingEvery},
		{&o.IdleTimeout, DefaultIdleTimeout},
		{&o.StallLimit, DefaultStallLimit},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.MaxConns <= 0 {
		o.MaxConns = DefaultMaxConns
	}
	if o.ReadLimit <= 0 {
		o.ReadLimit = DefaultReadLimit
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Stats are counters of a hub since it was made.
type Stats struct {
	Open       int    // connections now
	Accepted   uint64 // connections ever
	Refused    uint64 // connections beyond MaxConns
	Slow       uint64 // connections ended because the peer did not read
	Silent     uint64 // connections ended because nothing came from the peer
	Messages   uint64 // messages written, control frames not counted
	Bytes      uint64 // bytes written, with headers and control frames
	Writes     uint64 // write calls
	Received   uint64 // messages read
	ReadErrors uint64 // connections ended because the peer broke the protocol
}

// Hub owns connections: it counts, pings, bounds and ends them.
type Hub struct {
	opts  Options
	began time.Time
	load  load

	mu    sync.Mutex
	conns map[*Conn]struct{}
	down  bool
	idle  chan struct{} // closed to end keepAlive; nil if it does not run

	// wg counts the connections, from add until both Serve and the pump have
	// ended, and what Go and add have started.
	wg sync.WaitGroup

	open                                                                           atomic.Int64
	accepted, refused, slow, silent, messages, bytes, writes, received, readErrors atomic.Uint64
}

// NewHub returns a hub. It runs nothing while it has no connection.
func NewHub(opts Options) *Hub {
	return &Hub{opts: opts.withDefaults(), began: time.Now(), conns: make(map[*Conn]struct{})}
}

// Stats returns the counters. It takes no lock.
func (h *Hub) Stats() Stats {
	return Stats{
		Open:       int(h.open.Load()),
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

func (h *Hub) wrote(messages, bytes int) {
	h.messages.Add(uint64(messages))
	h.bytes.Add(uint64(bytes))
	h.writes.Add(1)
}

// Go runs serve for a connection in a goroutine that the hub owns, so that the
// HTTP handler can return and its buffers can be freed. serve calls Conn.Serve,
// or leaves that to the hub, which then ignores what the peer sends. When serve
// returns the connection is closed with code 1000, unless it was closed before.
// serve must return soon after the connection's context is done, or Shutdown
// waits for it.
func (h *Hub) Go(c *Conn, serve func(*Conn)) {
	h.wg.Go(func() {
		serve(c)
		c.Close(CodeNormal, "")
		if !c.served.Load() {
			_ = c.Serve(func(Kind, []byte) error { return nil })
		}
	})
}

// add registers a connection. It returns a *CloseError if there are too many or
// the hub is down.
func (h *Hub) add(c *Conn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.down:
		return &CloseError{Code: CodeGoingAway, Reason: shutdownReason, cause: ErrShutdown}
	case len(h.conns) >= h.opts.MaxConns:
		h.refused.Add(1)
		return &CloseError{Code: CodeTryLater, Reason: "too many connections"}
	}
	h.wg.Add(1)
	h.accepted.Add(1)
	h.conns[c] = struct{}{}
	h.open.Store(int64(len(h.conns)))
	if h.idle == nil {
		idle := make(chan struct{})
		h.idle = idle
		h.wg.Go(func() { h.keepAlive(idle) })
	}
	return nil
}

// remove forgets a connection that was served.
func (h *Hub) remove(c *Conn) {
	h.mu.Lock()
	delete(h.conns, c)
	h.open.Store(int64(len(h.conns)))
	if len(h.conns) == 0 && h.idle != nil {
		close(h.idle)
		h.idle = nil
	}
	h.mu.Unlock()
	if !c.endPump() {
		h.wg.Done()
	}
}

const shutdownReason = "the server shuts down"

// Shutdown closes all connections with code 1001, refuses new ones, and waits
// until everything the hub runs has ended. When ctx is done first, the
// connections left are cut, and its cause is returned.
func (h *Hub) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	h.down = true
	open := make([]*Conn, 0, len(h.conns))
	for c := range h.conns {
		open = append(open, c)
	}
	h.mu.Unlock()
	for _, c := range open {
		c.close(CodeGoingAway, shutdownReason, ErrShutdown)
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
