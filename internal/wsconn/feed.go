package wsconn

import (
	"encoding/binary"

	"github.com/gobwas/ws"
)

// Feed offers frames to the write pump of one connection.
type Feed interface {
	// Frames appends at most limit frames to dst and returns it. It is called
	// with the connection's lock held: it must neither block nor call the
	// connection, except for Conn.Wake. If it appends nothing, the feed must
	// call Conn.Wake when there is something again.
	Frames(dst []*Frame, limit int) []*Frame
}

// FeedOptions say how the pump treats a feed.
type FeedOptions struct {
	// Window bounds how many bytes of this feed the peer has not acknowledged;
	// 0 means no bound but the transport's.
	Window int
	// Hurry forbids waiting for more before a write.
	Hurry bool
}

// feeding is a feed in the care of a pump.
type feeding struct {
	Feed
	opts   FeedOptions
	id     uint32
	sent   uint64 // bytes handed to the transport
	acked  uint64 // bytes the peer has acknowledged
	pinged uint64 // bytes for which an acknowledgement was asked
}

const (
	// ackMark begins the payload of pings that ask for an acknowledgement,
	// followed by the number of the feed and the byte count.
	ackMark = 'w'
	ackSize = 1 + 4 + 8
	// windowParts is how many acknowledgements are asked for per window.
	windowParts = 4
	// windowStep is how many frames of a feed with a window are taken at once.
	windowStep = 4
)

// take asks the feed for frames within limit and its window.
func (f *feeding) take(b *batch, limit int) {
	if f.opts.Window <= 0 {
		b.frames = f.Frames(b.frames, limit)
		return
	}
	for limit > 0 && f.sent-f.acked < uint64(f.opts.Window) {
		from := len(b.frames)
		b.frames = f.Frames(b.frames, min(limit, windowStep))
		if len(b.frames) == from {
			return
		}
		limit -= len(b.frames) - from
		for _, frame := range b.frames[from:] {
			f.sent += uint64(frame.Len())
		}
		if f.sent-f.pinged >= uint64(f.opts.Window)/windowParts {
			f.pinged = f.sent
			b.frames = append(b.frames, f.ackPing())
		}
	}
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
