package recorder

// ring holds the newest items, oldest first. Its storage grows up to the bound,
// so that a quiet one stays small. A bound of 0 holds nothing.
type ring[T any] struct {
	max   int
	items []T
	start int
	n     int
}

// push appends v. The item that has to leave for it is returned.
func (r *ring[T]) push(v T) (old T, left bool) {
	if r.max <= 0 {
		return v, true
	}
	if r.n == r.max {
		old, left = r.pop(), true
	}
	if r.n == len(r.items) {
		r.grow()
	}
	r.items[(r.start+r.n)%len(r.items)] = v
	r.n++
	return old, left
}

// pop takes the oldest item away; there must be one.
func (r *ring[T]) pop() T {
	var zero T
	v := r.items[r.start]
	r.items[r.start] = zero
	r.start = (r.start + 1) % len(r.items)
	r.n--
	return v
}

func (r *ring[T]) grow() {
	items := make([]T, min(max(2*len(r.items), 8), r.max))
	for i := range r.n {
		items[i] = r.at(i)
	}
	r.items, r.start = items, 0
}

// at returns the i-th oldest item.
func (r *ring[T]) at(i int) T { return r.items[(r.start+i)%len(r.items)] }

func (r *ring[T]) clear() { *r = ring[T]{max: r.max} }

// last returns the newest n items, oldest first; all if n is larger or negative.
func (r *ring[T]) last(n int) []T {
	if n < 0 || n > r.n {
		n = r.n
	}
	out := make([]T, n)
	for i := range out {
		out[i] = r.at(r.n - n + i)
	}
	return out
}
