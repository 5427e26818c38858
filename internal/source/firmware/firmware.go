package firmware

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/topic"
)

// Options say where fwupd is.
type Options struct {
	// Address is that of the message bus; empty means the system bus.
	Address string
	// Logger gets one record per state change; nil means no log.
	Logger *slog.Logger
}

// Watcher follows fwupd. Its methods are safe for concurrent use.
type Watcher struct {
	opts  Options
	topic *topic.Topic[Update]
}

// New returns a watcher. It connects to nothing before somebody subscribes.
func New(opts Options) *Watcher {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	w := &Watcher{opts: opts}
	w.topic = topic.New(topic.Options[Update]{
		Name: "firmware", HistoryItems: 64, Source: w.run, Retry: true, KeepHistory: true, Logger: opts.Logger,
	})
	return w
}

// Topic returns the news of updates; the newest 64 are kept. The source is not
// present without a message bus, or if fwupd is neither running nor installed. It is
// followed when it starts, ends and starts again.
func (w *Watcher) Topic() *topic.Topic[Update] { return w.topic }

// Devices lists the devices that fwupd knows. The error wraps
// [topic.ErrNotPresent] if it does not run; it is never started for this. It blocks
// for at most some 10 s.
func (w *Watcher) Devices(ctx context.Context) ([]Device, error) {
	b, err := dial(ctx, w.opts.Address)
	if err != nil {
		return nil, err
	}
	defer b.close()
	owner, err := b.owner(ctx)
	if err == nil && owner == "" {
		err = fmt.Errorf("find fwupd: %w", topic.ErrNotPresent)
	}
	if err != nil {
		return nil, err
	}
	return b.devices(ctx)
}

// Close ends the source and all subscriptions, and waits.
func (w *Watcher) Close() { w.topic.Close() }

// errBusLost says that the connection to the bus ended.
var errBusLost = errors.New("the message bus has closed the connection")

// session is one run of the source.
type session struct {
	*bus
	out      *topic.Publisher[Update]
	log      *slog.Logger
	progress *progress
	owner    string // unique name of the daemon, empty while it does not run
}

func (w *Watcher) run(ctx context.Context, out *topic.Publisher[Update]) error {
	b, err := dial(ctx, w.opts.Address)
	if err != nil {
		return err
	}
	defer b.close()
	s := &session{bus: b, out: out, log: w.opts.Logger, progress: newProgress()}
	if err := b.subscribe(ctx); err != nil {
		return err
	}
	// Only now: what changes from here on comes as a signal.
	if s.owner, err = b.owner(ctx); err != nil {
		return err
	}
	s.begin(ctx)
	out.Ready()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case signal, ok := <-b.signals:
			if !ok {
				s.publish(s.progress.lost(time.Now()))
				return fmt.Errorf("follow fwupd: %w", errBusLost)
			}
			s.handle(ctx, signal)
		}
	}
}

// begin takes the state of a daemon that runs.
func (s *session) begin(ctx context.Context) {
	if s.owner == "" {
		return
	}
	devices, err := s.devices(ctx)
	if err != nil {
		s.log.Warn("devices of fwupd not read", "err", err)
	}
	for _, d := range devices {
		s.progress.known(d)
	}
	status, percent, err := s.now(ctx)
	if err != nil {
		s.log.Warn("status of fwupd not read", "err", err)
		return
	}
	s.property(ctx, status, percent)
}

// handle takes a signal. Signals of others than the daemon and the bus are left
// out: anybody on the bus may send any signal to us.
func (s *session) handle(ctx context.Context, signal *dbus.Signal) {
	if signal.Sender == busService {
		if signal.Name == busService+".NameOwnerChanged" && len(signal.Body) == 3 && signal.Body[0] == service {
			s.changeOwner(ctx, signal.Body[2])
		}
		return
	}
	if signal.Sender != s.owner || s.owner == "" {
		return
	}
	switch signal.Name {
	case service + ".DeviceAdded", service + ".DeviceChanged":
		if d, ok := deviceIn(signal); ok {
			s.publish(s.progress.device(d, time.Now()))
		}
	case service + ".DeviceRemoved":
		if d, ok := deviceIn(signal); ok {
			s.progress.forget(d.ID)
		}
	case properties + ".PropertiesChanged":
		s.changeProperties(ctx, signal)
	}
}

func deviceIn(signal *dbus.Signal) (Device, bool) {
	if len(signal.Body) != 1 {
		return Device{}, false
	}
	members, ok := signal.Body[0].(map[string]dbus.Variant)
	if !ok {
		return Device{}, false
	}
	return parseDevice(members)
}

func (s *session) changeOwner(ctx context.Context, unique any) {
	s.owner, _ = unique.(string)
	s.log.Debug("fwupd has started or ended", "running", s.owner != "")
	s.publish(s.progress.lost(time.Now()))
	s.begin(ctx)
}

func (s *session) changeProperties(ctx context.Context, signal *dbus.Signal) {
	if len(signal.Body) != 3 || signal.Body[0] != service {
		return
	}
	changed, ok := signal.Body[1].(map[string]dbus.Variant)
	if !ok {
		return
	}
	status := s.progress.status
	if v, ok := changed["Status"].Value().(uint32); ok {
		status = v
	}
	s.property(ctx, status, percentOf(changed))
}

// property takes status and percentage; when an update has ended by them, it asks
// the daemon how.
func (s *session) property(ctx context.Context, status uint32, percent *uint8) {
	u, news, ended := s.progress.property(status, percent, time.Now())
	s.publish(u, news)
	if !ended {
		return
	}
	id := s.progress.flash.before.ID
	record, err := s.record(ctx, id)
	if err != nil {
		s.log.Debug("no record of the update", "device", id, "err", err)
	}
	var current Device
	devices, err := s.devices(ctx)
	if err != nil {
		s.log.Warn("devices of fwupd not read", "err", err)
	}
	for _, d := range devices {
		if d.ID == id {
			current = d
		}
	}
	s.publish(s.progress.result(record, current, time.Now()))
}

func (s *session) publish(u Update, news bool) {
	if news {
		s.out.Publish(u)
	}
}
