package devflow

import (
	"context"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// maxInserts bounds the answers that wait for their place in a feed.
const maxInserts = 64

// source is where a feed's events come from.
type source[T any] interface {
	// Fill is that of topic.Subscription.
	Fill(dst []topic.Item[T]) (int, error)
}

// feed takes events for a connection's write pump, and puts answers to commands
// between them, at the place where the command found the stream.
type feed[T any] struct {
	from   source[T]
	encode func(*recorder.Event[T]) (*wsconn.Frame, error) // nil frame: not for this client
	ended  chan error
	slots  chan struct{}

	// Used by the pump only, which asks one feed once at a time.
	items   [16]topic.Item[T]
	pending []*wsconn.Frame

	mu      sync.Mutex
	over    bool
	seen    uint64 // number of the newest event that was taken
	inserts []insert
}

// insert is something to do after the event with a number was taken. do returns a
// frame to send, or nil.
type insert struct {
	after uint64
	do    func() *wsconn.Frame
}

func newFeed[T any](from source[T], seen uint64, encode func(*recorder.Event[T]) (*wsconn.Frame, error)) *feed[T] {
	return &feed[T]{from: from, encode: encode, seen: seen, ended: make(chan error, 1), slots: make(chan struct{}, maxInserts)}
}

// Frames implements wsconn.Feed.
func (f *feed[T]) Frames(dst []*wsconn.Frame, limit int) []*wsconn.Frame {
	f.insert(nil)
	for len(f.pending) < limit {
		n, err := f.from.Fill(f.items[:])
		if err != nil {
			f.end(err)
		}
		if n == 0 {
			break
		}
		for i := range n {
			f.take(f.items[i].Event)
			f.items[i] = topic.Item[T]{}
		}
	}
	n := min(limit, len(f.pending))
	dst = append(dst, f.pending[:n]...)
	clear(f.pending[:n])
	if f.pending = f.pending[n:]; len(f.pending) == 0 {
		f.pending = nil
	}
	return dst
}

func (f *feed[T]) take(e *recorder.Event[T]) {
	f.insert(e)
	frame, err := f.encode(e)
	if err != nil {
		f.end(err)
	}
	if frame != nil {
		f.pending = append(f.pending, frame)
	}
	f.mu.Lock()
	f.seen = e.Seq
	f.mu.Unlock()
	f.insert(nil)
}

// insert does what comes before an event; with nil, what comes before the next one.
func (f *feed[T]) insert(before *recorder.Event[T]) {
	for {
		f.mu.Lock()
		if len(f.inserts) == 0 || f.inserts[0].after > f.seen && (before == nil || f.inserts[0].after >= before.Seq) {
			f.mu.Unlock()
			return
		}
		do := f.inserts[0].do
		f.inserts = f.inserts[1:]
		f.mu.Unlock()
		if frame := do(); frame != nil {
			f.pending = append(f.pending, frame)
		}
		<-f.slots
	}
}

// put arranges for do to run after event number after was taken. It waits while too
// much is waiting already.
func (f *feed[T]) put(ctx context.Context, c *wsconn.Conn, after uint64, do func() *wsconn.Frame) error {
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	f.mu.Lock()
	f.inserts = append(f.inserts, insert{after, do})
	f.mu.Unlock()
	c.Wake()
	return nil
}

// end makes the channel end, once.
func (f *feed[T]) end(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over {
		f.over = true
		f.ended <- err
	}
}

// run lets the connection pull events until ctx is done or the stream ends, and
// hands the client's commands to onCommand, which may be nil.
func run[T any](ctx context.Context, s *session, stream *recorder.Stream[T], f *feed[T], onCommand func(command) error) error {
	w := &watched{lost: stream.Lost, end: f.end}
	s.api.watch.add(&s.api.wg, w)
	defer s.api.watch.remove(w)
	s.conn.AddFeed(f, wsconn.FeedOptions{})
	defer s.conn.RemoveFeed(f)
	for {
		select {
		case err := <-f.ended:
			return err
		case c := <-s.inbox:
			if onCommand == nil {
				continue
			}
			if err := onCommand(c); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// watchEvery is how often slow readers are looked for. One that reads nothing does not
// ask for frames and so cannot find out by itself that it has lost items.
const watchEvery = 500 * time.Millisecond

// watch ends the feeds of readers that have lost items. It has a goroutine while there
// are feeds.
type watch struct {
	mu    sync.Mutex
	feeds map[*watched]struct{}
	stop  chan struct{}
}

// watched is one feed.
type watched struct {
	lost func() bool
	end  func(error)
}

func (w *watch) add(wg *sync.WaitGroup, f *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.feeds) == 0 {
		w.feeds, w.stop = map[*watched]struct{}{}, make(chan struct{})
		stop := w.stop
		wg.Go(func() { w.run(stop) })
	}
	w.feeds[f] = struct{}{}
}

func (w *watch) remove(f *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.feeds, f)
	if len(w.feeds) == 0 {
		close(w.stop)
	}
}

func (w *watch) run(stop <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-stop:
			return
		}
		w.mu.Lock()
		for f := range w.feeds {
			if f.lost() {
				f.end(topic.ErrLagged)
			}
		}
		w.mu.Unlock()
	}
}
