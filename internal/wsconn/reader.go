package wsconn

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"time"
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

// readBuffer is what one read takes from the transport at most.
const readBuffer = 4 << 10

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }}

// Serve reads until the connection ends and hands each message to onMessage,
// whose payload is valid during the call only. Pings, pongs and close frames
// are handled here. If onMessage returns an error, the connection is closed,
// with the code of a *CloseError or with 1011. While onMessage runs nothing
// else is read; once the connection is closing, messages are read and ignored.
// Serve returns the cause of the end, which is also that of Context.
func (c *Conn) Serve(onMessage func(kind Kind, payload []byte) error) error {
	c.served.Store(true)
	err := c.read(onMessage)
	var refuse *CloseError
	if errors.As(err, &refuse) {
		if refuse.Code != CodeInternal {
			c.hub.readErrors.Add(1)
		}
		c.close(refuse.Code, refuse.Reason, refuse)
		<-c.written
		c.discard()
	} else if errors.Is(err, errCloseFrame) {
		<-c.written // ends within the stall limit
		err = ErrPeerClosed
	}
	c.finish(err)
	return c.endCause()
}

// finish closes the transport and gives everything back.
func (c *Conn) finish(err error) {
	c.abort(err)
	c.hub.remove(c)
	c.hub.opts.Logger.Debug("connection ended", "client", c.nc.RemoteAddr().String(), "err", c.endCause())
}

// discard half-closes the transport and reads until the peer has closed its
// side, so that the close frame is not lost to a reset.
func (c *Conn) discard() {
	if half, ok := c.nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.nc.SetReadDeadline(time.Now().Add(closeWait))
	_, _ = io.Copy(io.Discard, c.nc)
}

// errCloseFrame says that the peer's close frame was read.
var errCloseFrame = errors.New("close frame")

// source is the transport as the frame parser sees it. Between frames it holds
// no buffer: an idle connection waits with one byte.
type source struct {
	c     *Conn
	early []byte
	buf   *bufio.Reader
	one   [1]byte
	has   bool
}

// await blocks until there is something to read.
func (s *source) await() error {
	if s.buf != nil {
		if s.buf.Buffered() > 0 {
			return nil
		}
		s.buf.Reset(nil)
		readers.Put(s.buf)
		s.buf = nil
	}
	if len(s.early) > 0 {
		s.attach(io.MultiReader(bytes.NewReader(s.early), s.c.nc))
		s.early = nil
		return nil
	}
	if _, err := io.ReadFull(s.c.nc, s.one[:]); err != nil {
		return err
	}
	s.has = true
	s.attach(s.c.nc)
	return nil
}

func (s *source) attach(r io.Reader) {
	s.buf = readers.Get().(*bufio.Reader)
	s.buf.Reset(r)
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	if s.has && len(p) > 0 {
		p[0], s.has = s.one[0], false
		return 1, nil
	}
	return s.buf.Read(p)
}

// message is one that is being put together from fragments.
type message struct {
	kind       Kind
	open       bool
	compressed bool
	payload    []byte
}

func (c *Conn) read(onMessage func(Kind, []byte) error) error {
	src := &source{c: c, early: c.early}
	c.early = nil
	defer func() {
		if src.buf != nil {
			src.buf.Reset(nil)
			readers.Put(src.buf)
		}
	}()
	var msg message
	for {
		if err := src.await(); err != nil {
			return readError(err)
		}
		h, err := ws.ReadHeader(src)
		if err != nil {
			return readError(err)
		}
		c.lastRead.Store(time.Now().UnixNano())
		if err := c.checkHeader(h, &msg); err != nil {
			return err
		}
		if h.OpCode.IsControl() {
			err = c.readControl(src, h)
		} else {
			err = c.readData(src, h, &msg, onMessage)
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
		return &CloseError{CodeProtocolError, err.Error()}
	}
	return err
}

// checkHeader applies the rules of RFC 6455, section 5, to a frame's header.
func (c *Conn) checkHeader(h ws.Header, msg *message) error {
	const rsv1 = 0x4
	bad := func(reason string) error { return &CloseError{CodeProtocolError, reason} }
	switch {
	case !h.Masked:
		return bad("frames of a client must be masked")
	case h.OpCode.IsReserved():
		return bad("reserved opcode")
	case h.OpCode.IsControl() && (!h.Fin || h.Length > ws.MaxControlFramePayloadSize || h.Rsv != 0):
		return bad("malformed control frame")
	case h.OpCode.IsControl():
		return nil
	case h.OpCode == ws.OpContinuation && !msg.open:
		return bad("continuation without a message")
	case h.OpCode != ws.OpContinuation && msg.open:
		return bad("new message inside a fragmented one")
	case h.Rsv != 0 && (h.Rsv != rsv1 || !c.deflate || h.OpCode == ws.OpContinuation):
		return bad("unexpected reserved bits")
	case h.Length > int64(c.hub.opts.ReadLimit-len(msg.payload)):
		return tooLarge
	}
	return nil
}

var tooLarge = &CloseError{CodeTooLarge, "the message is too large"}

func (c *Conn) readControl(src io.Reader, h ws.Header) error {
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(src, payload); err != nil {
		return readError(err)
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		c.sendControl(ws.OpPong, payload)
	case ws.OpPong:
		c.acknowledged(payload)
	case ws.OpClose:
		c.close(closeReply(payload), "", ErrPeerClosed)
		return errCloseFrame
	}
	return nil
}

func (c *Conn) readData(src io.Reader, h ws.Header, msg *message, onMessage func(Kind, []byte) error) error {
	if h.OpCode != ws.OpContinuation {
		*msg = message{kind: Kind(h.OpCode), open: true, compressed: h.Rsv != 0, payload: msg.payload[:0]}
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
	msg.open = false
	payload := msg.payload
	if msg.compressed {
		if payload, err = inflateMessage(nil, payload, c.hub.opts.ReadLimit); errors.Is(err, errInflated) {
			return tooLarge
		} else if err != nil {
			return &CloseError{CodeInvalidData, "broken compression"}
		}
	}
	if msg.kind == TextMessage && !utf8.Valid(payload) {
		return &CloseError{CodeInvalidData, "text that is not UTF-8"}
	}
	c.hub.received.Add(1)
	if c.ctx.Err() == nil {
		err = onMessage(msg.kind, payload)
	}
	if cap(msg.payload) > keepPayload {
		msg.payload = nil
	}
	if err == nil {
		return nil
	}
	var refuse *CloseError
	if errors.As(err, &refuse) {
		return refuse
	}
	return &CloseError{CodeInternal, err.Error()}
}

// keepPayload is how much of a message's buffer is kept for the next one.
const keepPayload = 4 << 10

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
