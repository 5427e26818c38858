package bluez

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

// adapter implements recorder.Adapter.
type adapter struct {
	path    dbus.ObjectPath
	address string
	sink    Sink
	log     *slog.Logger
}

// handler follows what comes on a link.
type handler interface {
	// handle takes a signal. An error ends it.
	handle(any) error
}

// follow lets a handler follow a link until stop, which calls end first.
func (a *adapter) follow(l *link, h handler, lost func(error), end func()) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for {
			var err error
			select {
			case <-ctx.Done():
				return
			case s, ok := <-l.signals:
				if !ok {
					err = errBus
				} else if m := parse(s); m != nil {
					err = h.handle(m)
				}
			}
			if err != nil {
				lost(err)
				return
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
		end()
		l.close()
	}
}

// How long, and how often, a scan is asked for of a BlueZ that is busy.
const (
	busyTime  = 15 * time.Second
	busyPause = 500 * time.Millisecond
)

// errBusy ends a scan that BlueZ never began.
var errBusy = errors.New("the Bluetooth adapter is busy")

// errOff ends what an adapter does that was switched off.
var errOff = errors.New("the Bluetooth adapter was switched off")

// switchedOff reports whether a message says that the adapter is off. That it is gone
// is told by the Watcher.
func (a *adapter) switchedOff(m any) bool {
	c, ok := m.(changed)
	if !ok || c.path != a.path || c.iface != adapter1 {
		return false
	}
	on, ok := value[bool](c.props, "Powered")
	return ok && !on
}

// open connects, asks for what the adapter and all below it tells, and returns what
// there is.
func (a *adapter) open(ctx context.Context) (*link, objects, error) {
	l, err := connect(ctx, a.address)
	if err != nil {
		return nil, nil, err
	}
	err = errors.Join(
		l.want(ctx, ifaceRoot, "InterfacesAdded", "", ""),
		l.want(ctx, ifaceRoot, "InterfacesRemoved", "", ""),
		l.want(ctx, ifaceProps, "PropertiesChanged", "", a.path),
	)
	var found objects
	if err == nil {
		found, err = l.all(ctx)
	}
	if err != nil {
		l.close()
		return nil, nil, err
	}
	return l, found, nil
}

// Scan implements recorder.Adapter.
func (a *adapter) Scan(ctx context.Context, lost func(error)) (stop func(), err error) {
	l, found, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	err = a.discover(ctx, l)
	if err != nil && !busy(err) {
		l.close()
		return nil, message(err)
	}
	var once sync.Once
	end := func(err error) { once.Do(func() { lost(err) }) }
	desist := func() {}
	if err != nil {
		a.log.Debug("scan put off", "err", err)
		desist = a.insist(l, end)
	}
	s := &scanner{adapter: a, devices: map[dbus.ObjectPath]*peer{}}
	s.begin(found)
	return a.follow(l, s, end, func() {
		desist()
		end, cancel := context.WithTimeout(context.Background(), callTime)
		defer cancel()
		if err := l.call(end, a.path, adapter1+".StopDiscovery"); err != nil {
			a.log.Debug("scan not stopped", "err", err)
		}
	}), nil
}

// discover has BlueZ look for devices.
func (a *adapter) discover(ctx context.Context, l *link) error {
	filter := map[string]dbus.Variant{"Transport": dbus.MakeVariant("le"), "DuplicateData": dbus.MakeVariant(true)}
	if err := l.call(ctx, a.path, adapter1+".SetDiscoveryFilter", filter); err != nil {
		return err
	}
	return l.call(ctx, a.path, adapter1+".StartDiscovery")
}

// insist asks again and again for what BlueZ was too busy to begin. The reason is
// mostly that the kernel still scans for a bluetoothd that has died, which it does for
// 10.24 s at the most.
func (a *adapter) insist(l *link, lost func(error)) (stop func()) {
	ctx, cancel := context.WithTimeout(context.Background(), busyTime)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(busyPause)
		defer tick.Stop()
		err := errBusy
		for {
			select {
			case <-ctx.Done():
			case <-tick.C:
				err = a.discover(ctx, l)
			}
			switch {
			case errors.Is(ctx.Err(), context.Canceled):
				return
			case err == nil:
				return
			case ctx.Err() != nil || !busy(err):
				lost(message(err))
				return
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// Monitor implements recorder.Adapter.
func (a *adapter) Monitor(ctx context.Context, lost func(error)) (stop func(), err error) {
	l, found, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	m := &monitor{adapter: a, devices: map[dbus.ObjectPath]*peer{}, attributes: map[dbus.ObjectPath]attribute{}}
	m.begin(found)
	return a.follow(l, m, lost, func() {}), nil
}
