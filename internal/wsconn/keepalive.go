package wsconn

import (
	"math/rand/v2"
	"runtime"
	"time"
)

const (
	// maxTick is how often the hub looks at its connections, at the least.
	maxTick = time.Second
	// pingsAtOnce is how many pumps are started in a row. Letting them finish
	// keeps a thousand pings from needing a thousand stacks.
	pingsAtOnce = 16
)

// firstPing returns when a new connection is pinged first: some time in the
// second half of the interval, so that clients that came all at once, as they do
// after a restart, are not pinged all at once ever after.
func (h *Hub) firstPing(now moment) moment {
	half := h.opts.PingEvery / 2
	return now.add(half + rand.N(half+1))
}

// keepAlive pings all peers in turn and ends those that are silent or stuck. It
// ends when the last connection has gone.
func (h *Hub) keepAlive(idle <-chan struct{}) {
	tick := min(maxTick, h.opts.PingEvery/4)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var due []duty
	for {
		select {
		case <-ticker.C:
			due = h.duties(due[:0], h.now(), tick)
			for i := range due {
				due[i].do(due[i].conn)
				if i%pingsAtOnce == pingsAtOnce-1 {
					runtime.Gosched()
				}
			}
			clear(due)
		case <-idle:
			return
		}
	}
}

// duty is something to be done for a connection. It does not block, apart from what
// Options.Entitled gave.
type duty struct {
	conn *Conn
	do   func(*Conn)
}

func (h *Hub) duties(due []duty, now moment, tick time.Duration) []duty {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		switch {
		case c.silentFor(now) > h.opts.IdleTimeout:
			due = append(due, duty{c, (*Conn).cutSilent})
		case c.writing.get() != never && c.lingered(now):
			due = append(due, duty{c, (*Conn).cutSlow})
		case !c.isSlow() && c.stalled(now):
			due = append(due, duty{c, (*Conn).endSlow})
		case now.add(tick) > c.nextPing: // the next tick would be too late
			c.nextPing = now.add(h.opts.PingEvery)
			due = append(due, duty{c, (*Conn).checkIn})
		}
	}
	return due
}

// silentFor returns how long nothing has come from the peer while somebody
// wanted to read. It is negative while nobody does.
func (c *Conn) silentFor(now moment) time.Duration { return now.since(c.lastRead.get()) }
