package wsconn

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// newest is a feed like that of a camera: it has the newest frame only.
type newest struct {
	mu    sync.Mutex
	frame *Frame
	made  time.Time
	sent  []time.Time // when the frames that were taken had been made
}

func (f *newest) Frames(dst []*Frame, _ int) []*Frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.frame == nil {
		return dst
	}
	dst = append(dst, f.frame)
	f.frame, f.sent = nil, append(f.sent, f.made)
	return dst
}

// film lets a camera of 30 frames a second send over a way on which each frame takes
// its turn of service, and arrives after delay; the acknowledgement takes delay,
// too. It returns how many frames arrived in the last ten seconds, and the age of
// the oldest of these.
func film(t *testing.T, service, delay time.Duration) (arrived int, oldest time.Duration) {
	t.Helper()
	const interval, seconds = time.Second / 30, 20
	l := newLink(t, NewHub(Options{StallLimit: time.Hour}), 8<<20, true, nil)
	f := &newest{frame: Text([]byte("format")), made: time.Now()}
	l.conn.AddFeed(f, FeedOptions{Ahead: 8, Hurry: true})
	l.conn.mu.Lock()
	l.conn.feeds[0].flight.way = func() time.Duration { return 2 * delay }
	l.conn.mu.Unlock()
	begin := time.Now()
	free := begin
	var way sync.WaitGroup
	way.Go(func() {
		for n := 0; time.Since(begin) < seconds*time.Second; {
			op, payload, err := l.receive()
			if err != nil {
				return
			}
			if op != ws.OpPing || len(payload) != ackSize {
				continue
			}
			if n > 0 { // the format is small
				free = later(free, time.Now()).Add(service)
			}
			there := later(free, time.Now()).Add(delay)
			f.mu.Lock()
			made := f.sent[n]
			f.mu.Unlock()
			n++
			if there.Sub(begin) > (seconds-10)*time.Second {
				arrived++
				oldest = max(oldest, there.Sub(made))
			}
			way.Go(func() {
				pass(time.Until(there.Add(delay)))
				l.send(ws.OpPong, payload)
			})
		}
	})
	for time.Since(begin) < (seconds+1)*time.Second {
		pass(interval)
		f.mu.Lock()
		f.frame, f.made = Text(make([]byte, 1000)), time.Now()
		f.mu.Unlock()
		l.conn.Wake()
	}
	l.end()
	way.Wait()
	return arrived, oldest
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// TestAheadFillsALongWay: as many frames are on their way as it is long, and none of
// them waits.
func TestAheadFillsALongWay(t *testing.T) {
	for name, c := range map[string]struct {
		service, delay time.Duration
		least          int // frames in ten seconds
		oldest         time.Duration
	}{
		"here":            {0, 50 * time.Microsecond, 295, 35 * time.Millisecond},
		"long way":        {0, 40 * time.Millisecond, 285, 90 * time.Millisecond},
		"very long way":   {0, 100 * time.Millisecond, 280, 150 * time.Millisecond},
		"slow reader":     {2 * time.Second, 50 * time.Microsecond, 5, 4040 * time.Millisecond},
		"narrow way":      {200 * time.Millisecond, 5 * time.Millisecond, 40, 450 * time.Millisecond},
		"long and narrow": {200 * time.Millisecond, 50 * time.Millisecond, 30, 700 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				arrived, oldest := film(t, c.service, c.delay)
				t.Logf("%d frames, the oldest %v", arrived, oldest)
				if arrived < c.least || oldest > c.oldest {
					t.Errorf("%d frames arrived, the oldest after %v; want %d, %v", arrived, oldest, c.least, c.oldest)
				}
			})
		})
	}
}
