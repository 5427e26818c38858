// Package pipe connects two ends in memory the way TCP does: with a bounded
// buffer each way, half-close, reset, and deadlines that leave the connection
// usable. Unlike sockets it works inside a synctest bubble, where time is virtual.
package pipe

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is one end. It implements net.Conn and has CloseWrite, as TCP does. Its
// methods are safe for concurrent use.
type Conn struct {
	in, out    *stream
	readLimit  limit
	writeLimit limit
}

// New returns two connected ends. Each direction holds capacity bytes that were
// written and not yet read.
func New(capacity int) (a, b *Conn) {
	ab, ba := newStream(capacity), newStream(capacity)
	return &Conn{in: ba, out: ab}, &Conn{in: ab, out: ba}
}

// stream is one direction.
type stream struct {
	mu       sync.Mutex
	changed  sync.Cond
	data     []byte
	capacity int
	noWriter error // what a reader gets when data is empty, if not nil
	noReader error // what a writer gets, if not nil
}

func newStream(capacity int) *stream {
	s := &stream{capacity: capacity}
	s.changed.L = &s.mu
	return s
}

func (s *stream) update(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.changed.Broadcast()
}

// limit is a deadline of one direction of an end. It is guarded by the mutex of
// the stream.
type limit struct {
	timer   *time.Timer
	expired bool
	changes int
}

func (l *limit) set(s *stream, t time.Time) {
	s.update(func() {
		if l.timer != nil {
			l.timer.Stop()
		}
		l.changes++
		l.timer, l.expired = nil, !t.IsZero() && !t.After(time.Now())
		if t.IsZero() || l.expired {
			return
		}
		change := l.changes
		l.timer = time.AfterFunc(time.Until(t), func() {
			s.update(func() { l.expired = l.expired || l.changes == change })
		})
	})
}

// Read reads what there is, or waits for something.
func (c *Conn) Read(p []byte) (n int, err error) {
	s := c.in
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case c.readLimit.expired:
			return 0, os.ErrDeadlineExceeded
		case s.noReader == syscall.EPIPE:
			return 0, net.ErrClosed // this end was closed
		case len(s.data) > 0:
			n = copy(p, s.data)
			s.data = append(s.data[:0], s.data[n:]...)
			s.changed.Broadcast()
			return n, nil
		case s.noWriter != nil:
			return 0, s.noWriter
		case len(p) == 0:
			return 0, nil
		}
		s.changed.Wait()
	}
}

// Write waits until all of p has found room. After a deadline it returns how
// much of p has.
func (c *Conn) Write(p []byte) (n int, err error) {
	s := c.out
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.noWriter != nil && s.noReader == nil:
			return n, net.ErrClosed
		case s.noReader != nil:
			return n, s.noReader
		case n == len(p):
			return n, nil
		case c.writeLimit.expired:
			return n, os.ErrDeadlineExceeded
		}
		if k := min(len(p)-n, s.capacity-len(s.data)); k > 0 {
			s.data = append(s.data, p[n:n+k]...)
			n += k
			s.changed.Broadcast()
			continue
		}
		s.changed.Wait()
	}
}

// CloseWrite ends this end's direction: the peer reads io.EOF after the rest.
func (c *Conn) CloseWrite() error {
	c.out.update(func() {
		if c.out.noWriter == nil {
			c.out.noWriter = io.EOF
		}
	})
	return nil
}

// Close ends both directions. As with TCP, what was written can still be read,
// and the peer's next write is answered by EPIPE.
func (c *Conn) Close() error {
	_ = c.CloseWrite()
	c.in.update(func() {
		if c.in.noReader == nil {
			c.in.noReader, c.in.data = syscall.EPIPE, nil
		}
	})
	_ = c.SetDeadline(time.Time{}) // no timer is left behind
	return nil
}

// Reset ends both directions as an RST does: the peer loses what it has not
// read and gets ECONNRESET.
func (c *Conn) Reset() {
	for _, s := range []*stream{c.in, c.out} {
		s.update(func() { s.data, s.noWriter, s.noReader = nil, syscall.ECONNRESET, syscall.ECONNRESET })
	}
}

// Unread returns how many bytes were written here that the peer has not read.
func (c *Conn) Unread() int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return len(c.out.data)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { c.readLimit.set(c.in, t); return nil }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { c.writeLimit.set(c.out, t); return nil }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return addr{} }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return addr{} }

type addr struct{}

func (addr) Network() string { return "pipe" }
func (addr) String() string  { return "pipe" }
