package telemetry

import "context"

// lane runs a reading that the kernel may hold up beside the sampler, one at a
// time. All methods are called by the sampler.
type lane[T any] struct {
	result chan T // receives once per start
	busy   bool   // a reading was started and has not been collected
}

// start begins a reading and returns true, unless the last one still runs. The
// goroutine ends with the reading; poll or collect takes its result.
func (l *lane[T]) start(read func() T) bool {
	if l.busy {
		return false
	}
	if l.result == nil {
		l.result = make(chan T, 1)
	}
	l.busy = true
	go func() { l.result <- read() }()
	return true
}

// poll returns the result of a reading that has ended meanwhile, if there is
// one.
func (l *lane[T]) poll() (result T, ok bool) {
	if !l.busy {
		return result, false
	}
	select {
	case result = <-l.result:
		l.busy = false
		return result, true
	default:
		return result, false
	}
}

// collect waits for the reading until ctx is done, and returns its result and
// whether there is one. A result that is there is taken even if ctx is done.
func (l *lane[T]) collect(ctx context.Context) (result T, ok bool) {
	if result, ok = l.poll(); ok || !l.busy {
		return result, ok
	}
	select {
	case result = <-l.result:
		l.busy = false
		return result, true
	case <-ctx.Done():
		return result, false
	}
}
