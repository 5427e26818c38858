package wsconn

import (
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
	"golang.org/x/sys/unix"
)

// queueFeed is a feed like a subscription: it is filled by one goroutine, wakes
// the connection when it was empty, and is asked by the pump.
type queueFeed struct {
	conn *Conn

	mu      sync.Mutex
	frames  []*Frame
	waiting bool
	asked   int
}

func (f *queueFeed) add(frame *Frame) {
	f.mu.Lock()
	f.frames = append(f.frames, frame)
	wake := f.waiting
	f.waiting = false
	f.mu.Unlock()
	if wake {
		f.conn.Wake()
	}
}

func (f *queueFeed) Frames(dst []*Frame, limit int) []*Frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	n := min(limit, len(f.frames))
	dst = append(dst, f.frames[:n]...)
	f.frames = f.frames[n:]
	f.waiting = n == 0
	return dst
}

func (f *queueFeed) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.frames)
}

// TestWindowBoundsWhatIsNotAcknowledged: however much the transport takes.
func TestWindowBoundsWhatIsNotAcknowledged(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		const window, size = 64 << 10, 1000
		l := newLink(t, NewHub(Options{StallLimit: time.Hour}), 8<<20, vector, nil)
		f := &counter{size: size}
		l.conn.AddFeed(f, FeedOptions{Window: window})
		acked := 0
		for range 300 {
			pass(maxCoalesce)
			synctest.Wait()
			if out := f.next*size - acked; out < window || out >= window+firstStep*size {
				t.Fatalf("%d bytes are on their way, the window is %d", out, window)
			}
			got := 0
			for { // up to the next ping, which acknowledges all before it
				op, payload, err := l.receive()
				if err != nil {
					t.Fatal(err)
				}
				if op == ws.OpPing && len(payload) == ackSize {
					l.send(ws.OpPong, payload)
					break
				}
				got += len(payload)
			}
			acked += got
		}
	})
}

// TestAcknowledgementsThatAreNone: a client cannot open the window further than
// what it was asked for, and not by accident.
func TestAcknowledgementsThatAreNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1000
		l := newLink(t, NewHub(Options{}), 8<<20, true, nil)
		f := &counter{size: size}
		l.conn.AddFeed(f, FeedOptions{Window: 10 * size})
		synctest.Wait()
		before := f.next
		for _, payload := range []string{
			"", "w", "hello, it is me",
			"w\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff", // more than was sent
			"w\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x10", // of another feed
			"w\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", // of nothing
		} {
			l.send(ws.OpPong, []byte(payload))
		}
		synctest.Wait()
		if f.next != before {
			t.Errorf("%d more frames were sent", f.next-before)
		}
	})
}

// TestEveryWayOutGetsItsTurn: neither a flood in the queue nor another feed
// keeps a feed from being asked.
func TestEveryWayOutGetsItsTurn(t *testing.T) {
	for name, flood := range map[string]int{"many small frames": 10, "large frames": 300_000} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, NewHub(Options{}), 4096, true, nil)
				var floods sync.WaitGroup
				ctx, cancel := context.WithCancel(t.Context())
				for range 100 {
					floods.Go(func() {
						for l.conn.Send(ctx, Text(make([]byte, flood))) == nil {
						}
					})
				}
				for _, size := range []int{100, 50_000, 1000} {
					l.conn.AddFeed(&counter{size: size}, FeedOptions{})
				}
				sizes := map[int]int{}
				for range 3000 {
					_, payload, err := l.receive()
					if err != nil {
						t.Fatal(err)
					}
					sizes[len(payload)]++
				}
				for _, size := range []int{flood, 100, 50_000, 1000} {
					if sizes[size] < 20 {
						t.Errorf("of 3000 frames %d have %d bytes", sizes[size], size)
					}
				}
				cancel()
				l.nc.Reset()
				floods.Wait()
			})
		})
	}
}

// TestQueueIsBounded: Send waits when there is no room, and for nothing else.
func TestQueueIsBounded(t *testing.T) {
	for name, tt := range map[string]struct{ size, most int }{
		"by frames":                      {10, queueFrames},
		"by bytes":                       {300_000, 3},
		"a frame that is larger than it": {5 << 20, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, NewHub(Options{}), 64, true, nil)
				_ = l.conn.Send(t.Context(), Text(make([]byte, 100))) // keeps the pump busy
				synctest.Wait()
				queued := 0
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				for l.conn.Send(ctx, Text(make([]byte, tt.size))) == nil {
					queued++
				}
				if queued != tt.most {
					t.Errorf("%d frames of %d bytes were queued, want %d", queued, tt.size, tt.most)
				}
				l.nc.Reset()
			})
		})
	}
}

func TestQueuedFramesGoBeforeAFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, NewHub(Options{}), 1<<20, true, nil)
		_ = l.conn.Send(t.Context(), Text([]byte("ready")))
		l.conn.AddFeed(&counter{size: 100, limit: 10}, FeedOptions{})
		if _, payload, err := l.receive(); err != nil || string(payload) != "ready" {
			t.Errorf("first is %q, %v", payload, err)
		}
	})
}

func TestRemovedFeedIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, NewHub(Options{}), 1<<20, true, nil)
		f, other := &queueFeed{conn: l.conn}, &queueFeed{conn: l.conn}
		l.conn.AddFeed(f, FeedOptions{Hurry: true, Window: 1})
		l.conn.AddFeed(other, FeedOptions{})
		f.add(Text([]byte("fills the window")))
		synctest.Wait()
		if !l.conn.hurried.Load() || l.conn.held.get() == never {
			t.Error("the feed's options are not in force")
		}
		l.conn.RemoveFeed(f)
		asked := f.asked
		f.add(Text([]byte("too late")))
		l.conn.Wake()
		other.add(Text([]byte("goes on")))
		synctest.Wait()
		if f.asked != asked || f.left() != 1 || other.left() != 0 {
			t.Errorf("asked %d more times, %d frames left, %d of the other", f.asked-asked, f.left(), other.left())
		}
		if l.conn.hurried.Load() || l.conn.held.get() != never {
			t.Error("the options of the removed feed are still in force")
		}
		l.conn.Close(CodeNormal, "")
		l.conn.AddFeed(f, FeedOptions{})
		synctest.Wait()
		if f.asked != asked {
			t.Error("a closing connection asks a feed")
		}
	})
}

// TestBatchIsBounded: one write is one buffer over TLS.
func TestBatchIsBounded(t *testing.T) {
	c := newConn(NewHub(Options{}), &script{}, false, nil)
	for range 3 {
		c.feeds = append(c.feeds, &feeding{Feed: &counter{size: 100_000}}, &feeding{Feed: &counter{size: 10}})
	}
	for range queueFrames {
		c.queue = append(c.queue, Text(nil))
	}
	full := &batch{}
	if c.collect(full); len(full.frames) <= queueFrames {
		t.Error("a full queue keeps the feeds from being asked")
	}
	c.queue = []*Frame{Text(make([]byte, 200_000)), Text(make([]byte, 200_000))}
	for range 10 {
		b := &batch{}
		c.collect(b)
		if len(b.frames) > batchFrames+firstStep || b.payload > 2*batchBytes+2*firstStep*100_000 {
			t.Errorf("a batch of %d frames and %d bytes", len(b.frames), b.payload)
		}
	}
}

// TestHurryKeepsTheKernelsQueueShort looks at a real socket.
func TestHurryKeepsTheKernelsQueueShort(t *testing.T) {
	nc := tcpPair(t).server
	c := newConn(NewHub(Options{}), nc, false, nil)
	c.pump.Store(pumpOver)
	lowat := func() (n int) {
		control(nc, func(fd int) { n, _ = unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT) })
		return n
	}
	c.AddFeed(&counter{}, FeedOptions{})
	if n := lowat(); n == notSent {
		t.Errorf("without hurry it is %d", n)
	}
	c.AddFeed(&counter{}, FeedOptions{Hurry: true})
	if n := lowat(); n != notSent {
		t.Errorf("with hurry it is %d", n)
	}
}

type pair struct{ server, client *net.TCPConn }

// tcpPair returns both ends of a loopback connection.
func tcpPair(t testing.TB) pair {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	return pair{server.(*net.TCPConn), client.(*net.TCPConn)}
}
