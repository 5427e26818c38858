package wsconn

import "time"

// maxTick is how often the hub looks at its connections, at the least.
const maxTick = time.Second

// keepAlive pings all peers in turn and ends those that are silent or stuck. It
// ends when the last connection has gone.
func (h *Hub) keepAlive(idle <-chan struct{}) {
	tick := min(maxTick, h.opts.PingEvery/4)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var due []duty
	for {
		select {
		case now := <-ticker.C:
			due = h.duties(due[:0], now, tick)
			for i := range due {
				due[i].do(due[i].conn)
			}
			clear(due)
		case <-idle:
			return
		}
	}
}

// duty is something to be done for a connection. It does not block.
type duty struct {
	conn *Conn
	do   func(*Conn)
}

func (h *Hub) duties(due []duty, now time.Time, tick time.Duration) []duty {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.conns {
		switch {
		case c.silentFor(now) > h.opts.IdleTimeout:
			due = append(due, duty{c, (*Conn).cutSilent})
		case c.writing.Load() != 0 && c.lingered(now):
			due = append(due, duty{c, (*Conn).cutSlow})
		case !c.isSlow() && c.stalled(now):
			due = append(due, duty{c, (*Conn).endSlow})
		case now.Add(tick).After(c.nextPing): // the next tick would be too late
			c.nextPing = now.Add(h.opts.PingEvery)
			due = append(due, duty{c, (*Conn).ping})
		}
	}
	return due
}

// silentFor returns how long nothing has come from the peer while somebody
// wanted to read. It is negative while nobody does.
func (c *Conn) silentFor(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, c.lastRead.Load()))
}
