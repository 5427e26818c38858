package wsconn

import (
	"errors"
	"io"
	"net"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Kind tells text from binary messages.
type Kind byte

// The kinds of messages.
const (
	TextMessage   Kind = Kind(ws.OpText)
	BinaryMessage Kind = Kind(ws.OpBinary)
)

// keepPayload is how much of a message's buffer is kept for the next one.
const keepPayload = 512

// errCloseFrame says that the peer's close frame was read.
var errCloseFrame = errors.New("close frame")

// errTooLarge refuses a message beyond the read limit.
var errTooLarge = &CloseError{Code: CodeTooLarge, Reason: "the message is too large"}

// message is one that is being put together from fragments.
type message struct {
	kind       Kind
	open       bool
	compressed bool
	payload    []byte
}

// read reads and handles frames until something ends the connection.
func (c *Conn) read(onMessage func(Kind, []byte) error) error {
	in := &input{conn: c, early: c.early}
	c.early = nil
	defer in.release()
	var msg message
	for {
		if err := in.await(); err != nil {
			return readError(err)
		}
		h, err := ws.ReadHeaderBuffer(in, in.head[:])
		if err != nil {
			return readError(err)
		}
		if err := c.checkHeader(h, &msg); err != nil {
			return err
		}
		if h.OpCode.IsControl() {
			err = c.readControl(in, h)
		} else {
			err = c.readData(in, h, &msg, onMessage)
		}
		if err != nil {
			return err
		}
	}
}

// readError keeps a peer that vanishes apart from one that breaks the protocol.
func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return ErrPeerClosed
	}
	if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
		return protocolError("malformed length")
	}
	return err
}

// checkHeader applies the rules of RFC 6455, section 5, to a frame's header.
func (c *Conn) checkHeader(h ws.Header, msg *message) error {
	const rsv1 = 0x4
	switch {
	case !h.Masked:
		return protocolError("frames of a client must be masked")
	case h.OpCode.IsReserved():
		return protocolError("reserved opcode")
	case h.OpCode.IsControl() && (!h.Fin || h.Length > ws.MaxControlFramePayloadSize || h.Rsv != 0):
		return protocolError("malformed control frame")
	case h.OpCode.IsControl():
		return nil
	case h.OpCode == ws.OpContinuation && !msg.open:
		return protocolError("continuation without a message")
	case h.OpCode != ws.OpContinuation && msg.open:
		return protocolError("new message inside a fragmented one")
	case h.Rsv != 0 && (h.Rsv != rsv1 || !c.deflate || h.OpCode == ws.OpContinuation):
		return protocolError("unexpected reserved bits")
	case h.Length > int64(c.hub.opts.ReadLimit-len(msg.payload)):
		return errTooLarge
	}
	return nil
}

// readData reads a frame of a message, and hands the message over if it is the
// last one.
func (c *Conn) readData(src io.Reader, h ws.Header, msg *message, onMessage func(Kind, []byte) error) error {
	if h.OpCode != ws.OpContinuation {
		*msg = message{kind: Kind(h.OpCode), open: true, compressed: h.Rsv != 0, payload: msg.payload}
	}
	from := len(msg.payload)
	// The buffer grows with what really arrives, not with what a header claims.
	var err error
	msg.payload, err = appendN(msg.payload, src, int(h.Length))
	if err != nil {
		return readError(err)
	}
	ws.Cipher(msg.payload[from:], h.Mask, 0)
	if !h.Fin {
		return nil
	}
	payload, err := msg.finish(c.hub.opts.ReadLimit)
	if err == nil {
		err = c.handOver(msg.kind, payload, onMessage)
	}
	if msg.open, msg.payload = false, msg.payload[:0]; cap(msg.payload) > keepPayload {
		msg.payload = nil
	}
	return err
}

// finish returns the whole message as the application sees it.
func (m *message) finish(limit int) ([]byte, error) {
	payload := m.payload
	if m.compressed {
		var err error
		if payload, err = inflateMessage(payload, limit); errors.Is(err, errInflated) {
			return nil, errTooLarge
		} else if err != nil {
			return nil, &CloseError{Code: CodeInvalidData, Reason: "broken compression"}
		}
	}
	if m.kind == TextMessage && !utf8.Valid(payload) {
		return nil, &CloseError{Code: CodeInvalidData, Reason: "text that is not UTF-8"}
	}
	return payload, nil
}

// handOver calls the callback, unless the connection is closing.
func (c *Conn) handOver(kind Kind, payload []byte, onMessage func(Kind, []byte) error) error {
	c.hub.received.Add(1)
	if c.ctx.Err() != nil {
		return nil
	}
	c.lastRead.set(always)
	err := onMessage(kind, payload)
	c.lastRead.set(c.hub.now())
	var refuse *CloseError
	if err == nil || errors.As(err, &refuse) {
		return err
	}
	return &CloseError{Code: CodeInternal, Reason: "internal failure", cause: err}
}

// appendN appends exactly n bytes of r, in steps.
func appendN(dst []byte, r io.Reader, n int) ([]byte, error) {
	const step = 64 << 10
	for n > 0 {
		at, k := len(dst), min(n, step)
		if cap(dst)-at < k {
			grown := make([]byte, at, max(at+k, min(2*cap(dst), at+n)))
			copy(grown, dst)
			dst = grown
		}
		dst = dst[:at+k]
		if _, err := io.ReadFull(r, dst[at:]); err != nil {
			return dst[:at], err
		}
		n -= k
	}
	return dst, nil
}
