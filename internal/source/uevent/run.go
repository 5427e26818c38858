package uevent

import "context"

// Run listens and calls handle for each event until ctx is done. See [Listen]
// and [Listener.Run] for what it returns.
func Run(ctx context.Context, opts Options, handle func(Event)) error {
	l, err := Listen(opts)
	if err != nil {
		return err
	}
	return l.Run(ctx, handle)
}

// Watch returns the form in which an inventory takes hot-plug news: a function
// that blocks until ctx is done and calls changed, on its own goroutine, once
// when it is listening and then for each event and each overrun. An inventory
// that reads everything when changed is called can miss nothing in between.
func Watch(opts Options) func(ctx context.Context, changed func()) error {
	return func(ctx context.Context, changed func()) error {
		l, err := Listen(opts)
		if err != nil {
			return err
		}
		changed()
		return l.Run(ctx, func(Event) { changed() })
	}
}
