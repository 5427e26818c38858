package wsconn

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/internal/testkit/pipe"
)

// transports are the two ways of writing: with deadlines that leave the
// transport usable, as sockets do, and without, as TLS needs it.
var transports = map[string]bool{"socket": true, "tls": false}

// link is a connection over an in-memory pipe, seen from both ends.
type link struct {
	t     *testing.T
	hub   *Hub
	conn  *Conn
	nc    *pipe.Conn // the client's end
	r     *bufio.Reader
	ended chan error // what Serve returned
}

// newLink makes a connection whose transport holds capacity bytes each way. It
// is served by serve, or by ignoring what comes.
func newLink(t *testing.T, hub *Hub, capacity int, vector bool, serve func(*Conn) error) *link {
	t.Helper()
	server, client := pipe.New(capacity)
	c := newConn(hub, server, false, nil)
	c.vector = vector
	if err := hub.add(c); err != nil {
		t.Fatalf("add: %v", err)
	}
	if serve == nil {
		serve = func(c *Conn) error { return c.Serve(ignore) }
	}
	l := &link{t: t, hub: hub, conn: c, nc: client, r: bufio.NewReader(client), ended: make(chan error, 1)}
	hub.Go(c, func(c *Conn) { l.ended <- serve(c) })
	t.Cleanup(l.end)
	return l
}

func ignore(Kind, []byte) error { return nil }

// end shuts the hub down and fails if something hangs.
func (l *link) end() {
	_ = l.nc.Close()
	shutDown(l.t, l.hub)
}

func shutDown(t *testing.T, hub *Hub) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := hub.Shutdown(ctx); err != nil {
		t.Errorf("shut down: %v", err)
	}
	if open := hub.Stats().Open; open != 0 {
		t.Errorf("%d connections open after the shutdown", open)
	}
}

// send writes a masked frame.
func (l *link) send(op ws.OpCode, payload []byte) {
	l.t.Helper()
	if _, err := l.nc.Write(clientFrame(op, true, 0, payload)); err != nil {
		l.t.Errorf("send: %v", err)
	}
}

// clientFrame returns a masked frame.
func clientFrame(op ws.OpCode, fin bool, rsv byte, payload []byte) []byte {
	mask := [4]byte{1, 2, 3, 4}
	body := append([]byte(nil), payload...)
	ws.Cipher(body, mask, 0)
	frame := appendHeader(nil, op, rsv, len(body))
	if !fin {
		frame[0] &^= 0x80
	}
	frame[1] |= 0x80
	return append(append(frame, mask[:]...), body...)
}

func closePayload(code Code, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
}

// receive reads one frame of the server.
func (l *link) receive() (ws.OpCode, []byte, error) {
	h, err := ws.ReadHeader(l.r)
	if err != nil {
		return 0, nil, err
	}
	if h.Masked || !h.Fin || h.Rsv != 0 {
		l.t.Errorf("the server sent the header %+v", h)
	}
	payload := make([]byte, h.Length)
	_, err = io.ReadFull(l.r, payload)
	return h.OpCode, payload, err
}

// messages reads until the close frame and returns the messages before it and
// its code, 0 if the transport ends without one. Pings are answered.
func (l *link) messages() (got [][]byte, code Code, reason string) {
	l.t.Helper()
	for {
		op, payload, err := l.receive()
		switch {
		case errors.Is(err, io.EOF):
			return got, 0, ""
		case err != nil:
			l.t.Errorf("the stream ends in the middle of a frame: %v", err)
			return got, 0, ""
		case op == ws.OpClose:
			return got, Code(binary.BigEndian.Uint16(payload)), string(payload[2:])
		case op == ws.OpPing:
			_, _ = l.nc.Write(clientFrame(ws.OpPong, true, 0, payload))
		case op == ws.OpText || op == ws.OpBinary:
			got = append(got, payload)
		}
	}
}

// expectClose reads to the close frame and compares its code.
func (l *link) expectClose(want Code) string {
	l.t.Helper()
	_, code, reason := l.messages()
	if code != want {
		l.t.Errorf("closed with %d %q, want %d", code, reason, want)
	}
	return reason
}

// expectEnd waits until Serve has returned and compares its error and the
// context's cause.
func (l *link) expectEnd(want error) {
	l.t.Helper()
	err := <-l.ended
	if !errors.Is(err, want) {
		l.t.Errorf("Serve returned %v, want %v", err, want)
	}
	if cause := context.Cause(l.conn.Context()); !errors.Is(cause, want) {
		l.t.Errorf("the context ended with %v, want %v", cause, want)
	}
	if _, err := l.conn.nc.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		l.t.Errorf("the transport is still open: %v", err)
	}
}

// counter is a feed of numbered messages, as fast as they are taken.
type counter struct {
	size  int
	limit int // how many there are; 0: no end
	next  int
}

func (f *counter) Frames(dst []*Frame, limit int) []*Frame {
	for range limit {
		if f.limit > 0 && f.next == f.limit {
			break
		}
		dst = append(dst, Binary(nil, numbered(f.next, f.size)))
		f.next++
	}
	return dst
}

// numbered returns a message that begins with its number.
func numbered(n, size int) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(n)), make([]byte, size-4)...)
}

// expectNumbered checks that messages are numbered from 0 without a gap.
func expectNumbered(t *testing.T, messages [][]byte, size int) {
	t.Helper()
	for i, m := range messages {
		if len(m) != size || binary.BigEndian.Uint32(m) != uint32(i) {
			t.Fatalf("message %d has %d bytes and number %d", i, len(m), binary.BigEndian.Uint32(m))
		}
	}
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }
