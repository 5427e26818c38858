package wsconn

import (
	"encoding/binary"
	"net"
	"sync"

	"github.com/gobwas/ws"
)

const (
	maxHeader = 10 // of an unmasked frame: 2 bytes, and 8 of extended length
	// joinBelow is the payload size up to which header and payload are kept in
	// one buffer; larger payloads are not copied.
	joinBelow = 16 << 10
	// deflateFrom is the payload size from which compression pays.
	deflateFrom = 512
)

// Frame is one whole message, ready for the wire. It is immutable and may be
// sent on any number of connections.
type Frame struct {
	op      ws.OpCode
	head    []byte // header, and the payload's beginning or all of it
	rest    []byte // the rest of the payload, not copied
	start   int    // where in head the payload begins
	deflate bool   // may be compressed

	once       sync.Once
	compressed []byte // whole frame; nil if compression does not pay
}

// Text returns a text frame of a payload, which must be valid UTF-8 and belongs
// to the frame from now on.
func Text(payload []byte) *Frame { return newFrame(ws.OpText, nil, payload, true) }

// PlainText is Text for messages that must not be compressed, because they are
// many and time matters, or because they do not shrink.
func PlainText(payload []byte) *Frame { return newFrame(ws.OpText, nil, payload, false) }

// Binary returns a binary frame of prefix followed by payload. The payload is
// not copied when it is large, and never compressed.
func Binary(prefix, payload []byte) *Frame { return newFrame(ws.OpBinary, prefix, payload, false) }

// AppendText returns a text frame whose payload encode appends to the buffer it
// is given: the header is put in front of it without a copy. size is a guess
// of the payload's length; compress says whether the frame may be compressed.
// It returns encode's error.
func AppendText(size int, compress bool, encode func(dst []byte) ([]byte, error)) (*Frame, error) {
	buf, err := encode(make([]byte, maxHeader, maxHeader+size))
	if err != nil {
		return nil, err
	}
	var header [maxHeader]byte
	n := len(appendHeader(header[:0], ws.OpText, 0, len(buf)-maxHeader))
	at := maxHeader - n
	copy(buf[at:], header[:n])
	return &Frame{op: ws.OpText, head: buf[at:], start: n, deflate: compress && len(buf)-maxHeader >= deflateFrom}, nil
}

func newFrame(op ws.OpCode, prefix, payload []byte, deflate bool) *Frame {
	size := len(prefix) + len(payload)
	f := &Frame{op: op, deflate: deflate && size >= deflateFrom}
	room := maxHeader + len(prefix)
	join := len(payload) <= joinBelow
	if join {
		room += len(payload)
	}
	f.head = appendHeader(make([]byte, 0, room), op, 0, size)
	f.start = len(f.head)
	f.head = append(f.head, prefix...)
	if join {
		f.head = append(f.head, payload...)
	} else {
		f.rest = payload
	}
	return f
}

// appendHeader appends the header of an unfragmented, unmasked frame.
func appendHeader(dst []byte, op ws.OpCode, rsv byte, size int) []byte {
	dst = append(dst, 0x80|rsv|byte(op))
	switch {
	case size <= 125:
		return append(dst, byte(size))
	case size <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(size))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), uint64(size))
	}
}

// Len returns the size of the message in bytes, without header.
func (f *Frame) Len() int { return len(f.head) - f.start + len(f.rest) }

// Payload returns the message. For large messages it makes a copy; it is meant
// for tests.
func (f *Frame) Payload() []byte {
	if f.rest == nil {
		return f.head[f.start:]
	}
	return append(append([]byte(nil), f.head[f.start:]...), f.rest...)
}

// appendTo appends the frame's bytes and returns how many there are.
func (f *Frame) appendTo(bufs net.Buffers, deflate bool) (net.Buffers, int) {
	if deflate && f.deflate {
		f.once.Do(f.compress)
		if f.compressed != nil {
			return append(bufs, f.compressed), len(f.compressed)
		}
	}
	if f.rest == nil {
		return append(bufs, f.head), len(f.head)
	}
	return append(bufs, f.head, f.rest), len(f.head) + len(f.rest)
}

func (f *Frame) compress() {
	body := deflateMessage(f.head[f.start:], f.rest)
	if len(body) >= f.Len() {
		return
	}
	const rsv1 = 0x40
	frame := appendHeader(make([]byte, 0, maxHeader+len(body)), f.op, rsv1, len(body))
	f.compressed = append(frame, body...)
}
