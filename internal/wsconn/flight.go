package wsconn

import "time"

// flight decides how many batches of a feed may be on their way to the peer. It
// begins with one, and adds one whenever an acknowledgement came back about as
// quickly as any, although more could have been sent: then the way is long, not
// congested. An acknowledgement that took more than twice as long halves it: what
// is sent queues up somewhere and would be old when it is read. This is the idea of
// TCP Vegas (Brakmo and Peterson, 1995), with batches for segments.
type flight struct {
	most   int
	limit  int
	out    []departure // oldest first
	denied bool        // more could have been sent since the last acknowledgement

	// The quickest round trips of this period and of the one before.
	quickest, before time.Duration
	turned           moment
}

type departure struct {
	count uint64 // bytes of the feed up to its end
	at    moment
}

// period is how long the quickest round trip counts, at least; the way may change.
const period = 30 * time.Second

func newFlight(most int) *flight { return &flight{most: most, limit: 1} }

func (f *flight) full() bool { return len(f.out) >= f.limit }

func (f *flight) departed(count uint64, now moment) {
	f.out = append(f.out, departure{count, now})
}

// arrived takes note of an acknowledgement of all up to count.
func (f *flight) arrived(count uint64, now moment) {
	n, took := 0, time.Duration(0)
	for n < len(f.out) && f.out[n].count <= count {
		took = now.since(f.out[n].at)
		n++
	}
	if n == 0 {
		return
	}
	f.out = append(f.out[:0], f.out[n:]...)
	switch quick := f.quick(took, now); {
	case took > 2*quick:
		f.limit = max(f.limit/2, 1)
	case f.denied && took <= quick+quick/2:
		f.limit = min(f.limit+1, f.most)
	}
	f.denied = false
}

// quick returns the quickest round trip of late.
func (f *flight) quick(took time.Duration, now moment) time.Duration {
	if f.quickest == 0 || now.since(f.turned) > period {
		f.before, f.quickest, f.turned = f.quickest, took, now
	}
	f.quickest = min(f.quickest, took)
	if f.before == 0 {
		return f.quickest
	}
	return min(f.quickest, f.before)
}
