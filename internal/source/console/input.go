package console

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Bounds of the input of a session.
const (
	// MaxInput bounds the input that waits for the shell to read it, in bytes.
	MaxInput = 1 << 20
	// reserve is kept free for keys, so that somebody can still interrupt what
	// does not read a long paste.
	reserve = 4096
	keySize = 64
	// stalled is how long the terminal may refuse input before the queue is
	// searched for a key that interrupts.
	stalled = 250 * time.Millisecond
)

// input is the queue between callers, which never wait, and the terminal,
// whose reader may never come. It is one goroutine's to run.
type input struct {
	tty *tty

	mu      sync.Mutex
	pending []byte // not yet taken by the writer
	taken   int    // bytes that the writer has taken and not yet written
	closed  bool
	failed  error         // why input was lost; told to the next caller
	ready   chan struct{} // of size 1: there is something to do
}

func newInput(t *tty) *input { return &input{tty: t, ready: make(chan struct{}, 1)} }

// push appends a copy of p to the queue. All of p is taken, or nothing.
func (q *input) push(p []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrEnded
	}
	if err := q.failed; err != nil {
		q.failed = nil
		return err
	}
	limit := MaxInput
	if len(p) <= keySize {
		limit += reserve
	}
	if len(q.pending)+q.taken+len(p) > limit {
		return ErrInputFull
	}
	q.pending = append(q.pending, p...)
	q.wake()
	return nil
}

func (q *input) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// close makes run return after the write that is under way; what waits is
// dropped.
func (q *input) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.pending = true, nil
	q.wake()
}

// run writes the queue to the terminal until close.
func (q *input) run() {
	for range q.ready {
		for {
			batch, closed := q.take()
			if closed {
				return
			}
			if len(batch) == 0 {
				break
			}
			q.write(batch)
		}
	}
}

func (q *input) take() (batch []byte, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch, q.pending, q.taken = q.pending, nil, len(q.pending)
	return batch, q.closed
}

func (q *input) write(batch []byte) {
	for len(batch) > 0 {
		n, err := q.tty.write(batch, stalled)
		batch = q.written(batch, n)
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			batch = q.relieve(batch)
		default:
			q.fail(err)
			batch = q.written(batch, len(batch))
		}
	}
}

// written counts n bytes of batch as written and returns the rest.
func (q *input) written(batch []byte, n int) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken -= n
	if q.closed {
		q.taken = 0
		return nil
	}
	return batch[n:]
}

func (q *input) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.failed = fmt.Errorf("write to terminal: %w", err)
	}
}

// relieve looks, while the terminal refuses rest, for a key that interrupts the
// program which does not read. Up to the last such key the input is dropped and
// the key takes effect at once, as it would have if the terminal had room for
// it. It returns what remains to be written.
func (q *input) relieve(rest []byte) []byte {
	keys := q.tty.signalKeys()
	signal, rest := q.dropToKey(rest, keys)
	if signal != 0 {
		if err := q.tty.interrupt(signal); err != nil {
			q.fail(err)
		}
	}
	return rest
}

// dropToKey drops the waiting input up to the last of the keys and returns its
// signal, or 0 if there is none, and what remains of rest.
func (q *input) dropToKey(rest []byte, keys map[byte]unix.Signal) (unix.Signal, []byte) {
	last := func(p []byte) int {
		return bytes.LastIndexFunc(p, func(r rune) bool { return r < utf8.RuneSelf && keys[byte(r)] != 0 })
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if at := last(q.pending); at >= 0 {
		signal := keys[q.pending[at]]
		rest, q.pending = q.pending[at+1:], nil
		q.taken = len(rest)
		return signal, rest
	}
	if at := last(rest); at >= 0 {
		signal := keys[rest[at]]
		rest = rest[at+1:]
		q.taken = len(rest)
		return signal, rest
	}
	return 0, rest
}
