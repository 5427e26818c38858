package usb

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

const (
	// quiet is how long the news must be silent before a look: one device makes
	// half a dozen events within a few milliseconds.
	quiet = 50 * time.Millisecond
	// patience bounds the wait for silence.
	patience = 250 * time.Millisecond
	// safetyInterval is the time between looks that nobody asked for.
	safetyInterval = 10 * time.Second
	// pollInterval is that while there are no news.
	pollInterval = 250 * time.Millisecond
	// retryInterval is the time before news that failed are tried again.
	retryInterval = 30 * time.Second
)

// watcher is one run of the topic's source.
type watcher struct {
	inv     *Inventory
	out     *topic.Publisher[Change]
	changed chan struct{}
	ended   chan error
	workers sync.WaitGroup

	print   string // of the last look
	devices []Device
	failing bool // the last look failed

	listening bool // there is a goroutine that gives news
	deaf      bool // the news did not tell what a look has found
	retryAt   time.Time
	first     time.Time // of the news that no look has followed yet
}

// watch is the topic's source.
func (inv *Inventory) watch(ctx context.Context, out *topic.Publisher[Change]) error {
	ctx, cancel := context.WithCancel(ctx)
	w := &watcher{inv: inv, out: out, changed: make(chan struct{}, 1), ended: make(chan error, 1)}
	defer w.workers.Wait()
	defer cancel()
	w.listen(ctx)
	if err := w.begin(ctx); err != nil {
		return err
	}
	return w.loop(ctx)
}

// listen starts the news, if there are any.
func (w *watcher) listen(ctx context.Context) {
	if w.inv.opts.Hotplug == nil {
		return
	}
	w.listening = true
	w.workers.Go(func() {
		w.ended <- w.inv.opts.Hotplug(ctx, func() {
			select {
			case w.changed <- struct{}{}:
			default:
			}
		})
	})
}

// begin waits until the news are in force, so that nothing can be missed, and
// takes the first look.
func (w *watcher) begin(ctx context.Context) error {
	if w.listening {
		select {
		case <-w.changed:
		case err := <-w.ended:
			w.poll(err)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	var err error
	if w.print, err = w.inv.fingerprint(); err != nil {
		return err
	}
	if w.devices, err = w.inv.Scan(); err != nil {
		return err
	}
	w.out.Ready()
	return nil
}

func (w *watcher) loop(ctx context.Context) error {
	look := time.NewTimer(w.interval())
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.changed:
			look.Reset(w.postpone())
		case err := <-w.ended:
			w.poll(err)
			look.Reset(w.interval())
		case <-look.C:
			asked := !w.first.IsZero()
			w.first = time.Time{}
			if w.look() && !asked && w.listening && !w.deaf {
				w.deaf = true
				w.inv.opts.Logger.Warn("usb events do not tell of all changes, polling")
			}
			if !w.listening && !w.retryAt.IsZero() && !time.Now().Before(w.retryAt) {
				w.listen(ctx)
			}
			look.Reset(w.interval())
		}
	}
}

// postpone returns the time until the look that follows the news which have just
// come.
func (w *watcher) postpone() time.Duration {
	now := time.Now()
	if w.first.IsZero() {
		w.first = now
	}
	w.deaf = false
	return min(quiet, max(0, w.first.Add(patience).Sub(now)))
}

// poll begins to look often, since the news have ended.
func (w *watcher) poll(err error) {
	if w.retryAt.IsZero() {
		w.inv.opts.Logger.Warn("usb events not available, polling", "err", err)
	}
	w.listening = false
	w.retryAt = time.Now().Add(retryInterval)
}

func (w *watcher) interval() time.Duration {
	if w.listening && !w.deaf {
		return safetyInterval
	}
	return pollInterval
}

// look publishes a change if there is one, and reports whether.
func (w *watcher) look() bool {
	print, err := w.inv.fingerprint()
	if err == nil && print == w.print {
		w.failing = false
		return false
	}
	var devices []Device
	if err == nil {
		devices, err = w.inv.Scan()
	}
	if err != nil {
		if !w.failing {
			w.inv.opts.Logger.Warn("usb devices not readable", "err", err)
		}
		w.failing = true
		return false
	}
	w.failing, w.print = false, print
	change := Change{Time: time.Now(), Devices: devices, Added: missing(devices, w.devices), Removed: missing(w.devices, devices)}
	w.devices = devices
	if len(change.Added)+len(change.Removed) == 0 {
		return false
	}
	w.out.Publish(change)
	return true
}

// missing returns the devices of a that are not in b.
func missing(a, b []Device) []Device {
	known := make(map[identity]bool, len(b))
	for _, d := range b {
		known[d.identity()] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(d Device) bool { return known[d.identity()] })
}
