package token

import (
	"container/list"
	"sync"
	"time"
)

// Bounds of [Attempts].
const (
	// Burst is how many failures one origin may make at once.
	Burst = 10
	// Refill is the time after which one more failure is allowed.
	Refill = 6 * time.Second
	// MaxOrigins bounds the origins that are remembered; beyond it the one that
	// failed longest ago is forgotten.
	MaxOrigins = 4096
)

// Attempts counts failed attempts per origin (an address or a local user) and
// says when one has made too many. It is safe for concurrent use.
type Attempts struct {
	now func() time.Time

	mu    sync.Mutex
	byKey map[string]*list.Element
	order *list.List // of *bucket, last failure first
}

// bucket is full with Burst tokens; a failure takes one.
type bucket struct {
	key    string
	tokens float64
	at     time.Time
}

// NewAttempts returns a counter that reads the time from now (time.Now).
func NewAttempts(now func() time.Time) *Attempts {
	return &Attempts{now: now, byKey: make(map[string]*list.Element), order: list.New()}
}

// Begin is called before a secret is looked at. With wait == 0 the attempt may
// go on and counts as failed until Succeeded is called, so that many attempts
// at once cannot slip through; otherwise it must be refused, and is allowed
// after wait.
func (a *Attempts) Begin(key string) (wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	b := a.bucket(key, now)
	b.tokens = min(Burst, b.tokens+float64(now.Sub(b.at))/float64(Refill))
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) * float64(Refill))
	}
	b.tokens--
	return 0
}

// Succeeded takes back the failure that Begin counted.
func (a *Attempts) Succeeded(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e, ok := a.byKey[key]
	if !ok {
		return
	}
	b := e.Value.(*bucket)
	b.tokens = min(Burst, b.tokens+1)
	if b.tokens >= Burst {
		a.order.Remove(e)
		delete(a.byKey, key)
	}
}

// bucket returns the bucket of key and makes it the newest.
func (a *Attempts) bucket(key string, now time.Time) *bucket {
	if e, ok := a.byKey[key]; ok {
		a.order.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if a.order.Len() >= MaxOrigins {
		oldest := a.order.Back()
		delete(a.byKey, oldest.Value.(*bucket).key)
		a.order.Remove(oldest)
	}
	b := &bucket{key: key, tokens: Burst, at: now}
	a.byKey[key] = a.order.PushFront(b)
	return b
}
