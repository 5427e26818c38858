package bluez

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Sink gets what is seen. It is a *recorder.BLE.
type Sink interface {
	Record(recorder.BLEEvent)
	Fail(error)
	SetAdapter(recorder.Adapter)
}

// Options of a watcher. Only Sink must be given.
type Options struct {
	// Address is that of the bus; empty means the system bus.
	Address string
	Sink    Sink
	// Logger may be nil.
	Logger *slog.Logger
}

// States of an adapter, as the data of adapter_state_changed.
const (
	stateOn      = "on"
	stateOff     = "off"
	stateRemoved = "removed"
)

// Pauses before the bus is looked for again.
const (
	firstPause = 2 * time.Second
	lastPause  = 30 * time.Second
)

// callTime bounds a call that is not bounded by whoever wants it.
const callTime = 5 * time.Second

// Watcher tells a sink whether there is an adapter.
type Watcher struct {
	opts   Options
	log    *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup

	adapter dbus.ObjectPath // "" if there is none; of the goroutine
	powered bool
}

// Watch starts to watch. It does not wait for the bus.
func Watch(opts Options) *Watcher {
	w := &Watcher{opts: opts, log: opts.Logger}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.done.Go(func() { w.run(ctx) })
	return w
}

// Close ends it, takes the adapter away from the sink, and waits.
func (w *Watcher) Close() {
	w.cancel()
	w.done.Wait()
}

func (w *Watcher) run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := w.watch(ctx)
		w.lose(ctx.Err() == nil)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > lastPause {
			pause = firstPause
		}
		w.log.Debug("bluetooth not watched", "err", err, "again_in", pause)
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
		pause = min(2*pause, lastPause)
	}
}

// errBus says that the connection has ended.
var errBus = errors.New("the connection to D-Bus has ended")

// watch watches on one connection, until it ends.
func (w *Watcher) watch(ctx context.Context) error {
	l, err := connect(ctx, w.opts.Address)
	if err != nil {
		return err
	}
	defer l.close()
	err = errors.Join(
		l.wantOwner(ctx),
		l.want(ctx, ifaceRoot, "InterfacesAdded", "", ""),
		l.want(ctx, ifaceRoot, "InterfacesRemoved", "", ""),
		l.want(ctx, ifaceProps, "PropertiesChanged", adapter1, ""),
	)
	if err != nil {
		return err
	}
	if err := w.look(ctx, l); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case s, ok := <-l.signals:
			if !ok {
				return errBus
			}
			if concerns(s) {
				if err := w.look(ctx, l); err != nil {
					return err
				}
			}
		}
	}
}

// concerns reports whether a signal may change what adapters there are.
func concerns(s *dbus.Signal) bool {
	switch m := parse(s).(type) {
	case added:
		return m.interfaces[adapter1] != nil
	case removed:
		return slices.Contains(m.interfaces, adapter1)
	case changed:
		return m.iface == adapter1 && m.props["Powered"].Value() != nil
	}
	return s.Name == ifaceBus+".NameOwnerChanged"
}

// look looks which adapter there is now, and tells what has changed.
func (w *Watcher) look(ctx context.Context, l *link) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	found, err := l.all(ctx)
	if err != nil {
		return err
	}
	path, powered := choose(found)
	if path == w.adapter && powered == w.powered {
		return nil
	}
	if path != w.adapter {
		w.lose(true)
		if path == "" {
			return nil
		}
		w.adapter = path
		w.opts.Sink.SetAdapter(&adapter{path: path, address: w.opts.Address, sink: w.opts.Sink, log: w.log})
		w.log.Debug("bluetooth adapter found", "path", string(path), "powered", powered)
	}
	w.powered = powered
	w.tell(map[bool]string{true: stateOn, false: stateOff}[powered])
	return nil
}

// choose returns the first adapter that is switched on, or else the first one.
func choose(found objects) (path dbus.ObjectPath, powered bool) {
	for p, interfaces := range found {
		props, ok := interfaces[adapter1]
		if !ok {
			continue
		}
		on, _ := value[bool](props, "Powered")
		if path == "" || on && !powered || on == powered && p < path {
			path, powered = p, on
		}
	}
	return path, powered
}

// lose takes the adapter away, if there was one.
func (w *Watcher) lose(report bool) {
	if w.adapter == "" {
		return
	}
	w.adapter, w.powered = "", false
	if report {
		w.tell(stateRemoved)
		w.opts.Sink.Fail(errors.New("the Bluetooth adapter was lost"))
	}
	w.opts.Sink.SetAdapter(nil)
}

func (w *Watcher) tell(state string) {
	w.opts.Sink.Record(recorder.BLEEvent{Kind: "adapter_state_changed", Data: state})
}
