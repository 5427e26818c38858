package wsconn

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// repeating is a transport from which the same bytes come, over and over, in
// pieces of what one read takes.
type repeating struct {
	script
	data []byte
	at   int
	left int
}

func (r *repeating) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.left)], r.data[r.at:])
	r.left -= n
	if r.at += n; r.at == len(r.data) {
		r.at = 0
	}
	return n, nil
}

// BenchmarkReader reads masked messages. The floor takes the same bytes through
// the same buffer and unmasks them, and does nothing else.
func BenchmarkReader(b *testing.B) {
	for _, size := range []int{16, 1024, 65536} {
		frame := clientFrame(ws.OpText, true, 0, bytes.Repeat([]byte("h"), size))
		b.Run(fmt.Sprintf("size=%d", size), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			c := newConn(NewHub(Options{}), &repeating{data: frame, left: len(frame) * b.N}, false, nil)
			n := 0
			if err := c.read(func(Kind, []byte) error { n++; return nil }); err != ErrPeerClosed || n != b.N {
				b.Fatalf("read %d of %d messages, %v", n, b.N, err)
			}
		})
		b.Run(fmt.Sprintf("size=%d/floor", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			c := newConn(NewHub(Options{}), &repeating{data: frame, left: len(frame) * b.N}, false, nil)
			in := &input{conn: c}
			payload := make([]byte, len(frame))
			for range b.N {
				if err := in.await(); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(in, payload); err != nil {
					b.Fatal(err)
				}
				ws.Cipher(payload, [4]byte{1, 2, 3, 4}, 0)
			}
		})
	}
}

// BenchmarkPump sends messages of 1 KiB, encoded once, to one client over
// loopback TCP. The floor writes the same frames 64 at a time with writev.
func BenchmarkPump(b *testing.B) {
	frame := Binary(nil, make([]byte, 1024))
	b.Run("feed", func(b *testing.B) {
		b.SetBytes(1024)
		nc := drained(b)
		hub := NewHub(Options{})
		c, err := hub.adopt(nc, false, nil, nil)
		if err != nil {
			b.Fatal(err)
		}
		hub.Go(c, func(c *Conn) { _ = c.Serve(ignore) })
		f := &repeated{frame: frame, left: b.N, done: make(chan struct{})}
		b.ResetTimer()
		c.AddFeed(f, FeedOptions{})
		<-f.done
		b.StopTimer()
		c.Close(CodeNormal, "")
		b.ReportMetric(float64(hub.Stats().Messages)/float64(hub.Stats().Writes), "messages/write")
		_ = nc.Close()
	})
	b.Run("floor", func(b *testing.B) {
		b.SetBytes(1024)
		nc := drained(b)
		b.ResetTimer()
		for n := b.N; n > 0; n -= batchFrames {
			bufs := make(net.Buffers, 0, batchFrames)
			for range min(n, batchFrames) {
				bufs = append(bufs, frame.head)
			}
			if _, err := bufs.WriteTo(nc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// repeated is a feed of one frame.
type repeated struct {
	frame *Frame
	left  int
	done  chan struct{}
}

func (f *repeated) Frames(dst []*Frame, limit int) []*Frame {
	n := min(f.left, limit)
	if n == 0 && f.done != nil {
		close(f.done)
		f.done = nil
	}
	for range n {
		dst = append(dst, f.frame)
	}
	f.left -= n
	return dst
}

// drained returns a connection whose other end reads and forgets.
func drained(b *testing.B) net.Conn {
	p := tcpPair(b)
	go func() { _, _ = io.Copy(io.Discard, p.client) }()
	return p.server
}

// BenchmarkFrame is what making one costs, which is paid once per message and
// not once per client.
func BenchmarkFrame(b *testing.B) {
	payload := []byte(strings.Repeat(`{"type":"line","line":"heliograph"}`, 30))
	b.Run("text", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			Text(payload)
		}
	})
	b.Run("appended", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = AppendText(len(payload), false, func(dst []byte) ([]byte, error) { return append(dst, payload...), nil })
		}
	})
	b.Run("compressed", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(payload)))
		for b.Loop() {
			Text(payload).appendTo(nil, true)
		}
	})
	b.Run("compressed before", func(b *testing.B) {
		f := Text(payload)
		var bufs net.Buffers
		b.ReportAllocs()
		for b.Loop() {
			bufs, _ = f.appendTo(bufs[:0], true)
		}
	})
}
