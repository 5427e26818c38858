package topic

// ring holds the newest events, bounded by count and by the sum of their
// sizes. The newest event is always kept, whatever its size. Storage grows up
// to the count bound, so that a quiet topic stays small.
type ring[T any] struct {
	events   []*Event[T]
	start    int
	n        int
	bytes    int
	maxItems int
	maxBytes int // 0: no bound
}

func (r *ring[T]) push(e *Event[T]) {
	for r.n > 0 && (r.n >= r.maxItems || (r.maxBytes > 0 && r.bytes+e.size > r.maxBytes)) {
		r.drop()
	}
	if r.n == len(r.events) {
		r.grow()
	}
	r.events[(r.start+r.n)%len(r.events)] = e
	r.n++
	r.bytes += e.size
}

func (r *ring[T]) drop() {
	r.bytes -= r.events[r.start].size
	r.events[r.start] = nil
	r.start = (r.start + 1) % len(r.events)
	r.n--
}

func (r *ring[T]) grow() {
	size := min(max(2*len(r.events), 8), r.maxItems)
	events := make([]*Event[T], size)
	for i := range r.n {
		events[i] = r.at(i)
	}
	r.events, r.start = events, 0
}

// at returns the i-th oldest event.
func (r *ring[T]) at(i int) *Event[T] { return r.events[(r.start+i)%len(r.events)] }

func (r *ring[T]) newest() *Event[T] {
	if r.n == 0 {
		return nil
	}
	return r.at(r.n - 1)
}

func (r *ring[T]) clear() {
	clear(r.events)
	r.start, r.n, r.bytes = 0, 0, 0
}
