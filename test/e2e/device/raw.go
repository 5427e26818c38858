package device

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
)

// Raw is a WebSocket of which a test sees and writes every frame. It answers
// nothing by itself.
type Raw struct {
	Conn net.Conn

	t testing.TB
	r io.Reader
}

// Frame is one frame of the server.
type Frame struct {
	Op      ws.OpCode
	Payload []byte
}

// DialRaw opens the socket of a path. What it sends and gets is not changed by
// the extensions that it offers.
func (d *Device) DialRaw(path string, offer ...httphead.Option) *Raw {
	d.t.Helper()
	return d.DialRawSlow(path, 0, offer...)
}

// DialRawSlow is DialRaw with a receive buffer of that size.
func (d *Device) DialRawSlow(path string, receiveBuffer int, offer ...httphead.Option) *Raw {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), Patience)
	defer cancel()
	dialer := ws.Dialer{Extensions: offer, NetDial: d.dialer(receiveBuffer)}
	conn, early, _, err := dialer.Dial(ctx, strings.Replace(d.URL, "http", "ws", 1)+path)
	if err != nil {
		d.t.Fatalf("open %s: %v", path, err)
	}
	d.t.Cleanup(func() { conn.Close() })
	raw := &Raw{Conn: conn, t: d.t, r: conn}
	if early != nil {
		raw.r = early
	} else {
		raw.r = bufio.NewReader(conn)
	}
	return raw
}

// Read returns the next frame, or the error of the connection; it waits for
// limit at most.
func (r *Raw) Read(limit time.Duration) (Frame, error) {
	if err := r.Conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return Frame{}, err
	}
	f, err := ws.ReadFrame(r.r)
	return Frame{f.Header.OpCode, f.Payload}, err
}

// Find skips frames until one has the opcode, and returns its payload.
func (r *Raw) Find(op ws.OpCode) []byte {
	r.t.Helper()
	for {
		f, err := r.Read(Patience)
		if err != nil {
			r.t.Fatalf("waiting for a frame of opcode %d: %v", op, err)
		}
		if f.Op == op {
			return f.Payload
		}
	}
}

// Write writes one masked, final frame.
func (r *Raw) Write(op ws.OpCode, payload []byte) {
	r.t.Helper()
	r.WriteFrame(ws.NewFrame(op, true, payload))
}

// WriteFrame masks and writes a frame.
func (r *Raw) WriteFrame(f ws.Frame) {
	r.t.Helper()
	if err := ws.WriteFrame(r.Conn, ws.MaskFrame(f)); err != nil {
		r.t.Errorf("write a frame: %v", err)
	}
}
