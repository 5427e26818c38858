package changelog

// ring keeps the newest entries, as many as it has room for.
type ring struct {
	items []Event
	next  int // where the next entry goes once items is full
	limit int
}

func (r *ring) push(e Event) {
	if len(r.items) < r.limit {
		r.items = append(r.items, e)
		return
	}
	r.items[r.next] = e
	r.next = (r.next + 1) % r.limit
}

// newest returns a copy of the newest n entries, or of all if n is negative or
// there are fewer, oldest first.
func (r *ring) newest(n int) []Event {
	if n < 0 || n > len(r.items) {
		n = len(r.items)
	}
	out := make([]Event, n)
	for i := range out {
		out[i] = r.at(len(r.items) - n + i)
	}
	return out
}

// at returns the i-th oldest entry.
func (r *ring) at(i int) Event { return r.items[(r.next+i)%len(r.items)] }
