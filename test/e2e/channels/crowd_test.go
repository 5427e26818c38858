package channels

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// arrival is one event as one reader got it.
type arrival struct {
	key   string        // the same for all readers
	delay time.Duration // since the event was made
}

// crowd is many fast readers of one channel.
type crowd struct {
	t       *testing.T
	sockets []*device.Socket
	events  []func(device.Message) []arrival // by reader
	got     [][]arrival                      // by reader
}

// join opens n readers and waits until each has had its first message. events
// makes, for each reader, what finds the events in its messages.
func join(t *testing.T, d *device.Device, path string, n int, events func() func(device.Message) []arrival) *crowd {
	t.Helper()
	c := &crowd{t: t, got: make([][]arrival, n)}
	for range n {
		c.sockets = append(c.sockets, d.Dial(path))
		c.events = append(c.events, events())
	}
	for _, s := range c.sockets {
		s.Next()
	}
	return c
}

// one makes events of a function that finds at most one in a message.
func one(event func(device.Message) (arrival, bool)) func() func(device.Message) []arrival {
	return func() func(device.Message) []arrival {
		return func(m device.Message) []arrival {
			if a, counts := event(m); counts {
				return []arrival{a}
			}
			return nil
		}
	}
}

// gather collects what has come until each reader has had so many events since
// the crowd was made.
func (c *crowd) gather(events int) {
	c.t.Helper()
	var wg sync.WaitGroup
	var failure sync.Once
	for i, s := range c.sockets {
		wg.Go(func() {
			for end := time.Now().Add(device.Patience); len(c.got[i]) < events; {
				m, err := s.TryNext(time.Until(end))
				if err != nil {
					failure.Do(func() { c.t.Errorf("reader %d has got %d events of %d: %v", i, len(c.got[i]), events, err) })
					return
				}
				c.got[i] = append(c.got[i], c.events[i](m)...)
			}
		})
	}
	wg.Wait()
}

// slowest returns, of all events, the median of how late the last reader had it,
// and how many different events the readers have had.
func (c *crowd) slowest() (median time.Duration, events int) {
	worst := map[string]time.Duration{}
	for _, arrivals := range c.got {
		for _, a := range arrivals {
			worst[a.key] = max(worst[a.key], a.delay)
		}
	}
	delays := make([]time.Duration, 0, len(worst))
	for _, delay := range worst {
		delays = append(delays, delay)
	}
	slices.Sort(delays)
	if len(delays) == 0 {
		return 0, 0
	}
	return delays[len(delays)/2], len(delays)
}

// wantSame checks that all readers have had the same events in the same order,
// apart from those that some have not had yet.
func (c *crowd) wantSame() {
	c.t.Helper()
	for i, arrivals := range c.got {
		for k, a := range arrivals {
			if k < len(c.got[0]) && a.key != c.got[0][k].key {
				c.t.Errorf("event %d of reader %d is %s, of reader 0 %s", k, i, a.key, c.got[0][k].key)
				return
			}
		}
	}
}

func (c *crowd) leave() {
	for _, s := range c.sockets {
		s.Drop()
	}
}

// delayOf is the arrival of an event that was made at a Unix time in
// milliseconds.
func delayOf(key string, m device.Message, madeMS float64) arrival {
	return arrival{key, m.At.Sub(time.UnixMilli(int64(madeMS)))}
}
