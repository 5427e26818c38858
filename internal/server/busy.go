package server

import (
	"context"
	"sync"
)

// busy counts requests in work, hijacked ones included, which http.Server does
// not wait for. The zero value is ready.
type busy struct {
	mu   sync.Mutex
	n    int
	idle chan struct{} // made by wait, closed when n becomes 0
}

func (b *busy) enter() {
	b.mu.Lock()
	b.n++
	b.mu.Unlock()
}

func (b *busy) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n--
	if b.n == 0 && b.idle != nil {
		close(b.idle)
		b.idle = nil
	}
}

func (b *busy) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.n
}

// wait returns when no request is in work, or with the cause of ctx.
func (b *busy) wait(ctx context.Context) error {
	b.mu.Lock()
	if b.n == 0 {
		b.mu.Unlock()
		return nil
	}
	if b.idle == nil {
		b.idle = make(chan struct{})
	}
	idle := b.idle
	b.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
