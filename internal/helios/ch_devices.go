package helios

import (
	"context"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/changelog"
	"github.com/heliograph/heliograph/internal/source/usb"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
)

// serveDevices sends ready, and an update whenever something has changed, at
// most one per interval.
func (a *API) serveDevices(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.DevicesParams)
	changed := make(chan struct{}, 1)
	wake := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	inventory, err := a.deps.USB.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Wake: wake})
	if err != nil {
		return err
	}
	defer inventory.Close()
	journal, err := a.deps.Changes.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Wake: wake})
	if err != nil {
		return err
	}
	defer journal.Close()
	streams, err := a.deps.Streams.Changes().Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Wake: wake})
	if err != nil {
		return err
	}
	defer streams.Close()
	if err := s.Send(ctx, wire.DevicesReady{Type: "ready", IntervalMS: p.IntervalMS}); err != nil {
		return err
	}
	d := deviceChanges{inventory: inventory, journal: journal, streams: streams}
	return d.report(ctx, s, changed, time.Duration(p.IntervalMS)*time.Millisecond)
}

// deviceChanges collects the reasons for the next update.
type deviceChanges struct {
	inventory *topic.Subscription[usb.Change]
	journal   *topic.Subscription[changelog.Event]
	streams   *topic.Subscription[video.Change]
	reasons   []string
	newest    time.Time
}

// report sends updates until ctx is done. The first change goes out at once if
// the last update is an interval ago, otherwise at the next tick.
func (d *deviceChanges) report(ctx context.Context, s *Session, changed <-chan struct{}, interval time.Duration) error {
	var next time.Time // when an update may be sent
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		if err := d.collect(); err != nil {
			return err
		}
		if wait := time.Until(next); len(d.reasons) > 0 && wait > 0 {
			timer.Reset(wait)
		} else if len(d.reasons) > 0 {
			if err := d.send(ctx, s); err != nil {
				return err
			}
			next = time.Now().Add(interval)
		}
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (d *deviceChanges) send(ctx context.Context, s *Session) error {
	update := wire.DevicesUpdate{Type: "update", TimestampMS: millis(d.newest), Reasons: changelog.MergeReasons(d.reasons...)}
	d.reasons, d.newest = nil, time.Time{}
	return s.Send(ctx, update)
}

// collect takes what the subscriptions have.
func (d *deviceChanges) collect() error {
	err := take(d.inventory, d.note, func(e *topic.Event[usb.Change]) (string, time.Time) { return wire.ReasonUSB, e.Value.Time })
	if err != nil {
		return err
	}
	err = take(d.streams, d.note, streamReason)
	if err != nil {
		return err
	}
	return take(d.journal, d.note, func(e *topic.Event[changelog.Event]) (string, time.Time) {
		return changelog.Reason(e.Value.Kind), time.UnixMilli(e.Value.TimestampMS)
	})
}

// streamReason is the reason that news of a stream gives: none if it is the stream's
// configuration, for then there is an event in the journal.
func streamReason(e *topic.Event[video.Change]) (string, time.Time) {
	if e.Value.Kind == video.Updated {
		return "", e.Time
	}
	return wire.ReasonStreams, e.Time
}

// note adds a reason, unless it is "".
func (d *deviceChanges) note(reason string, at time.Time) {
	if reason == "" {
		return
	}
	d.reasons = append(d.reasons, reason)
	if at.After(d.newest) {
		d.newest = at
	}
}

// take reads all that a subscription has now.
func take[T any](sub *topic.Subscription[T], note func(string, time.Time), reason func(*topic.Event[T]) (string, time.Time)) error {
	var items [16]topic.Item[T]
	for {
		n, err := sub.Fill(items[:])
		if n == 0 || err != nil {
			return err
		}
		for _, item := range items[:n] {
			if item.Missed > 0 { // what was lost could have been anything
				note(wire.ReasonAPI, item.Event.Time)
			}
			note(reason(item.Event))
		}
	}
}
