package recorder

// series is a numbered list of a profiler session: the first item has the number 1.
// It holds capacity items for whoever asks, and at least Window for streams.
type series[T any] struct {
	capacity int
	items    ring[T]
	last     int64
}

func newSeries[T any](capacity int) series[T] {
	return series[T]{capacity: capacity, items: ring[T]{max: max(capacity, Window)}}
}

func (s *series[T]) reset() {
	s.items.clear()
	s.last = 0
}

func (s *series[T]) add(v T) {
	s.items.push(v)
	s.last++
}

// after returns at most limit items with numbers above the cursor, the oldest
// first, the number of the last of them, and how many between were lost. Streams
// see the whole ring, others the capacity.
func (s *series[T]) after(cursor int64, limit int, stream bool) (items []T, next, lost int64) {
	if cursor >= s.last {
		return nil, s.last, 0
	}
	held := int64(s.items.n)
	if !stream {
		held = min(held, int64(s.capacity))
	}
	if oldest := s.last - held; cursor < oldest {
		cursor, lost = oldest, oldest-cursor
	}
	n := min(s.last-cursor, int64(limit))
	at := int64(s.items.n) - (s.last - cursor)
	for i := range n {
		items = append(items, s.items.at(int(at+i)))
	}
	return items, cursor + n, lost
}

// all returns what is held within the capacity.
func (s *series[T]) all() []T { return s.items.last(s.capacity) }
