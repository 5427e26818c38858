package recorder

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync/atomic"
)

// maxSummaryBytes bounds the summaries that are kept.
const maxSummaryBytes = 16 << 20

// NetworkEvent is what a reader of the network gets.
type NetworkEvent struct {
	// Exchange is a new exchange; nil if the event tells that the buffer was
	// cleared.
	Exchange *Summary
}

// heldDetail is what is kept of an exchange besides its summary.
type heldDetail struct {
	detail *Detail
	bytes  int // of all that it refers to
}

// Network holds the HTTP exchanges of the application.
type Network struct {
	gate     gate
	ids      ids
	redact   func(*Exchange)
	body     int
	profiler *Profiler
	buf      *buffer[NetworkEvent]
	capacity int

	// Guarded by buf.mu.
	byID     map[string]*Event[NetworkEvent]
	details  map[string]heldDetail
	order    []string // ids of details, oldest first
	held     int      // bytes of details
	maxBytes int
}

func newNetwork(opts Options) *Network {
	n := &Network{
		redact: opts.Redact, body: opts.Capacity.Body, maxBytes: opts.Capacity.Detail, capacity: opts.Capacity.Exchanges,
		byID: map[string]*Event[NetworkEvent]{}, details: map[string]heldDetail{},
	}
	n.ids.init()
	n.gate.init(opts)
	size := func(e NetworkEvent) int {
		if e.Exchange == nil {
			return 64
		}
		return e.Exchange.size()
	}
	n.buf = newBuffer("app network", opts.Capacity.Exchanges, maxSummaryBytes, size, opts)
	n.buf.dropped = func(e *Event[NetworkEvent]) { n.dropLocked(e.Value.Exchange.ID) }
	return n
}

// Wants reports whether an exchange would be recorded. It is one atomic load. A
// producer asks before the request, and captures nothing if the answer is no.
func (n *Network) Wants() bool { return n.gate.open.Load() }

// BodyLimit returns how many bytes of a body are kept; 0 means none.
func (n *Network) BodyLimit() int { return n.body }

// Capacity returns how many exchanges are kept.
func (n *Network) Capacity() int { return n.capacity }

// Record records an exchange that has finished or failed, and returns the id that
// it was given: 12 hexadecimal digits, unique in this process. Each exchange is
// recorded once. If exchanges are not wanted it returns "".
func (n *Network) Record(x Exchange) string {
	if !n.Wants() {
		return ""
	}
	if n.redact != nil {
		n.redact(&x)
	}
	x.tidy(n.body)
	x.ID = n.ids.next()
	summary, detail := x.Summary, x.Detail
	n.buf.mu.Lock()
	if n.buf.kept.max > 0 {
		n.addDetailLocked(x.ID, heldDetail{&detail, detail.size()})
	}
	if e := n.buf.noteLocked(NetworkEvent{Exchange: &summary}); e != nil {
		n.keepLocked(e)
	}
	n.buf.mu.Unlock()
	n.profiler.exchange(&summary)
	return x.ID
}

// keepLocked is buffer.addLocked for an event that is also found by its id.
func (n *Network) keepLocked(e *Event[NetworkEvent]) {
	n.byID[e.Value.Exchange.ID] = e
	n.buf.keepLocked(e)
}

// addDetailLocked makes room by dropping the oldest details; their summaries stay.
func (n *Network) addDetailLocked(id string, d heldDetail) {
	for len(n.order) > 0 && n.held+d.bytes > n.maxBytes {
		n.dropDetailLocked(n.order[0])
	}
	if n.held+d.bytes > n.maxBytes {
		return
	}
	n.details[id] = d
	n.order = append(n.order, id)
	n.held += d.bytes
}

func (n *Network) dropLocked(id string) {
	delete(n.byID, id)
	n.dropDetailLocked(id)
}

// dropDetailLocked forgets the details of an exchange, which is among the oldest.
func (n *Network) dropDetailLocked(id string) {
	d, ok := n.details[id]
	if !ok {
		return
	}
	n.held -= d.bytes
	delete(n.details, id)
	switch at := slices.Index(n.order, id); {
	case at == 0: // as a rule
		n.order = n.order[1:]
	case at > 0:
		n.order = slices.Delete(n.order, at, at+1)
	}
}

// Find returns a kept exchange. gone tells that its headers and bodies had to make
// room for later ones. The caller must not change it.
func (n *Network) Find(id string) (x Exchange, gone, ok bool) {
	n.gate.touch()
	n.buf.mu.Lock()
	defer n.buf.mu.Unlock()
	e, ok := n.byID[id]
	if !ok {
		return Exchange{}, false, false
	}
	x.Summary = *e.Value.Exchange
	if d, ok := n.details[id]; ok {
		x.Detail = *d.detail
		return x, false, true
	}
	return x, true, true
}

// Held returns the kept exchanges, oldest first. It counts as interest.
func (n *Network) Held() []*Event[NetworkEvent] {
	n.gate.touch()
	return n.buf.held()
}

// Clear forgets all exchanges. Every reader gets an event that says so, after
// those that were recorded before it and before those that are recorded after it.
func (n *Network) Clear() {
	n.buf.mu.Lock()
	defer n.buf.mu.Unlock()
	n.buf.clearLocked()
	clear(n.byID)
	clear(n.details)
	n.order, n.held = nil, 0
	n.buf.noteLocked(NetworkEvent{})
}

// Open returns the kept exchanges and those to come; see Logs.Open.
func (n *Network) Open(wake func()) (*Stream[NetworkEvent], error) { return n.buf.open(&n.gate, wake) }

// Position returns the number of the newest event.
func (n *Network) Position() uint64 { return n.buf.position() }

func (n *Network) close() {
	n.gate.close()
	n.buf.close()
}

// ids makes identifiers of 48 bits that do not repeat: a counter, scattered by a
// multiplication that is one-to-one.
type ids struct {
	base uint64
	n    atomic.Uint64
}

func (i *ids) init() {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never returns an error
	i.base = binary.BigEndian.Uint64(b[:])
}

func (i *ids) next() string {
	const odd = 0x9e3779b97f4b
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], (i.base+i.n.Add(1))*odd)
	return hex.EncodeToString(b[2:])
}
