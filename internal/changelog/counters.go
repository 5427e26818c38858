package changelog

import "container/list"

// subject is what revisions are counted for. An absent resource id counts as a
// value of its own.
type subject struct {
	kind, id string
	absent   bool
}

func subjectOf(e Event) subject {
	if e.ResourceID == nil {
		return subject{kind: e.Kind, absent: true}
	}
	return subject{kind: e.Kind, id: *e.ResourceID}
}

// counters hands out revisions: above floor at first, then growing by one per
// subject. It remembers a bounded number of subjects, the ones used last. One
// that was forgotten starts again above whatever it had, as floor rises to the
// highest revision that was forgotten.
type counters struct {
	limit   int
	floor   uint64     // below which a new subject does not start
	highest uint64     // of all revisions handed out, and at least the first floor
	order   *list.List // of *counter, used last in front
	by      map[subject]*list.Element
}

type counter struct {
	of    subject
	value uint64
}

func newCounters(floor uint64, limit int) *counters {
	return &counters{limit: limit, floor: floor, highest: floor, order: list.New(), by: map[subject]*list.Element{}}
}

// next returns the next revision of s.
func (c *counters) next(s subject) uint64 {
	if el, found := c.by[s]; found {
		c.order.MoveToFront(el)
		n := el.Value.(*counter)
		n.value++
		c.highest = max(c.highest, n.value)
		return n.value
	}
	if c.order.Len() >= c.limit {
		c.forget()
	}
	n := &counter{of: s, value: c.floor + 1}
	c.by[s] = c.order.PushFront(n)
	c.highest = max(c.highest, n.value)
	return n.value
}

func (c *counters) forget() {
	n := c.order.Remove(c.order.Back()).(*counter)
	c.floor = max(c.floor, n.value)
	delete(c.by, n.of)
}
