package wsconn

import (
	"net"
	"slices"
	"sync"

	"github.com/gobwas/ws"
)

// Bounds of one write: what makes a batch full. Control frames come on top.
const (
	batchFrames = 64
	batchBytes  = 256 << 10
)

// keepJoined is how large a buffer of a batch may be to be kept.
const keepJoined = 2 * batchBytes

// batch is what one drain collects and writes. Batches are pooled: an idle
// connection has none.
type batch struct {
	control [][]byte
	frames  []*Frame
	pings   int  // how many of the frames are pings
	payload int  // bytes of the frames, without headers
	last    bool // the close frame is the last of the frames

	bufs   net.Buffers
	ends   []int // for each frame, control frames first, where it ends in bufs
	size   int   // bytes in bufs
	joined []byte
	cut    bool // what follows the frame being written was dropped
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func (b *batch) reset() {
	clear(b.control)
	clear(b.frames)
	clear(b.bufs[:cap(b.bufs)]) // a write shortens the slice
	if cap(b.joined) > keepJoined {
		b.joined = nil
	}
	*b = batch{control: b.control[:0], frames: b.frames[:0], bufs: b.bufs[:0], ends: b.ends[:0], joined: b.joined[:0]}
}

func (b *batch) empty() bool { return len(b.control)+len(b.frames) == 0 }

// messages returns how many of the frames are messages.
func (b *batch) messages() int {
	n := len(b.frames) - b.pings
	if b.last {
		n--
	}
	return n
}

// addGoodbye adds the close frame.
func (b *batch) addGoodbye(frame []byte) {
	b.frames = append(b.frames, &Frame{op: ws.OpClose, head: frame, start: 2})
	b.last = true
}

// build turns the frames into buffers.
func (b *batch) build(deflate bool) {
	for _, frame := range b.control {
		b.bufs = append(b.bufs, frame)
		b.size += len(frame)
		b.ends = append(b.ends, b.size)
	}
	for _, f := range b.frames {
		n := 0
		b.bufs, n = f.appendTo(b.bufs, deflate)
		b.size += n
		b.ends = append(b.ends, b.size)
	}
}

// join makes one buffer of all, for transports without writev: a TLS record per
// frame would cost more than the copy.
func (b *batch) join() []byte {
	if len(b.bufs) == 1 {
		return b.bufs[0]
	}
	for _, buf := range b.bufs {
		b.joined = append(b.joined, buf...)
	}
	return b.joined
}

// cutAfter drops all frames but the one of which a part is among the first done
// bytes. It returns where that one ends, or done if there is none. Whether the
// close frame is still part of the batch is then told by last.
func (b *batch) cutAfter(done int) int {
	b.cut = true
	end := done
	if done > 0 {
		i, _ := slices.BinarySearch(b.ends, done)
		end = b.ends[i]
	}
	b.last = b.last && end == b.size
	return end
}

// firstBytes returns the buffers that hold the first n bytes of bufs.
func firstBytes(bufs net.Buffers, n int) net.Buffers {
	if n == 0 {
		return nil
	}
	for i, buf := range bufs {
		if n <= len(buf) {
			bufs[i] = buf[:n]
			return bufs[:i+1]
		}
		n -= len(buf)
	}
	return bufs
}
