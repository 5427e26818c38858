package wsconn

import "time"

// flight decides how many batches of a feed may be on their way to the peer. It
// begins with one, and adds one whenever an acknowledgement came back about as
// quickly as the way is long, although more could have been sent: then time is lost
// on the way, not in a queue. An acknowledgement that took more than twice as long
// halves the number: what is sent queues up somewhere, or the peer reads slowly, and
// it would be old when it is read. This is the idea of TCP Vegas (Brakmo and
// Peterson, 1995) with batches for segments.
//
// How long the way is cannot be told from our own acknowledgements, which a slow
// reader delays; the kernels' know nothing of readers.
type flight struct {
	way    func() time.Duration // and back, at its quickest; 0: unknown, then one batch it is
	most   int
	limit  int
	out    []departure // oldest first
	denied bool        // more could have been sent since the last acknowledgement
}

type departure struct {
	count uint64 // bytes of the feed up to its end
	at    moment
}

func newFlight(most int, way func() time.Duration) *flight {
	return &flight{way: way, most: most, limit: 1}
}

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
	f.out = append(f.out[:0], f.out[n:]...)
	if n == 0 {
		return
	}
	switch way := f.way(); {
	case took > 2*way:
		f.limit = max(f.limit/2, 1)
	case f.denied && took <= way+way/2:
		f.limit = min(f.limit+1, f.most)
	}
	f.denied = false
}
