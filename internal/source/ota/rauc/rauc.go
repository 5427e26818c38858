package rauc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/source/ota"
)

const (
	service   = "de.pengutronix.rauc"
	installer = "de.pengutronix.rauc.Installer"
	root      = dbus.ObjectPath("/")
	// callPatience bounds calls that RAUC answers from memory or small files.
	callPatience = 30 * time.Second
	// returnPatience is how long a service that died may take to come back, when
	// the primary slot must be put right.
	returnPatience = 10 * time.Second
)

// Options describe the engine.
type Options struct {
	// Address is the bus, in the form of D-Bus; empty means the system bus.
	Address string
	// BootID tells one boot of the device from another; nil reads
	// /proc/sys/kernel/random/boot_id.
	BootID func() (string, error)
	// Logger may be nil.
	Logger *slog.Logger
}

// Engine is the RAUC engine; see [ota.Engine] for its methods. It holds no
// connection between calls.
type Engine struct {
	opts     Options
	log      *slog.Logger
	patience time.Duration // returnPatience, shorter in tests
}

var _ ota.Engine = (*Engine)(nil)

// New returns an engine. It asks nothing of the bus yet.
func New(opts Options) *Engine {
	if opts.BootID == nil {
		opts.BootID = readBootID
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Engine{opts: opts, log: opts.Logger, patience: returnPatience}
}

func readBootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
}

// Features returns the name rauc; an installation cannot be stopped.
func (e *Engine) Features() ota.Features { return ota.Features{Name: "rauc"} }

// client is a connection to the bus of one operation.
type client struct {
	bus     *dbus.Conn
	service dbus.BusObject
	cancel  context.CancelFunc
}

// connect opens a connection of its own, so that its signals are nobody else's.
func (e *Engine) connect(ctx context.Context) (*client, error) {
	// The connection lives until close, whatever becomes of ctx.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	opts := []dbus.ConnOption{dbus.WithContext(life), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler())}
	var bus *dbus.Conn
	var err error
	if e.opts.Address != "" {
		bus, err = dbus.Connect(e.opts.Address, opts...)
	} else {
		bus, err = dbus.ConnectSystemBus(opts...)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("%w: no system bus: %w", ota.ErrNotPresent, err)
	}
	return &client{bus: bus, service: bus.Object(service, root), cancel: cancel}, nil
}

func (c *client) close() {
	_ = c.bus.Close() // all that was wanted of it has been had
	c.cancel()
}

// call calls a method of the installer and stores what it returns.
func (c *client) call(ctx context.Context, method string, args []any, results ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	call := c.service.CallWithContext(ctx, installer+"."+method, 0, args...)
	return told(method, call.Err, func() error { return call.Store(results...) })
}

// property reads a property of the installer.
func (c *client) property(ctx context.Context, name string, result any) error {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	call := c.service.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, installer, name)
	return told("read "+name, call.Err, func() error { return call.Store(result) })
}

// told keeps RAUC's own text of an error and makes it comparable.
func told(what string, err error, store func() error) error {
	if err == nil {
		err = store()
	}
	var e dbus.Error
	if !errors.As(err, &e) {
		if err != nil {
			return fmt.Errorf("rauc: %s: %w", what, err)
		}
		return nil
	}
	text := e.Error()
	switch {
	case e.Name == "org.freedesktop.DBus.Error.ServiceUnknown" || e.Name == "org.freedesktop.DBus.Error.NameHasNoOwner":
		return fmt.Errorf("%w: rauc: %s", ota.ErrNotPresent, text)
	case strings.Contains(strings.ToLower(text), "already processing"):
		return fmt.Errorf("%w: rauc: %s", ota.ErrBusy, text)
	}
	return fmt.Errorf("rauc: %s: %s", what, text)
}

// owner returns who has RAUC's name on the bus: the bus' id and the unique name,
// which together belong to one life of the service.
func (c *client) owner(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	var id, name string
	daemon := c.bus.BusObject()
	call := daemon.CallWithContext(ctx, "org.freedesktop.DBus.GetId", 0)
	if err := told("find bus", call.Err, func() error { return call.Store(&id) }); err != nil {
		return "", err
	}
	call = daemon.CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, service)
	if err := told("find service", call.Err, func() error { return call.Store(&name) }); err != nil {
		return "", err
	}
	return id + name, nil
}

// Present tells whether RAUC answers; the bus starts it where it is configured
// to.
func (e *Engine) Present(ctx context.Context) error {
	c, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer c.close()
	var compatible string
	return c.property(ctx, "Compatible", &compatible)
}

// Peek has RAUC check the signature of the whole bundle, as Verify does: it has
// nothing cheaper.
func (e *Engine) Peek(ctx context.Context, path string) (ota.Manifest, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return ota.Manifest{}, err
	}
	defer c.close()
	return c.info(ctx, path)
}

// info has no bound of its own: RAUC hashes the bundle for it. RAUC 1.8 does not
// tell why it refuses a bundle, or that it is busy, other than to its log.
func (c *client) info(ctx context.Context, path string) (ota.Manifest, error) {
	var m ota.Manifest
	call := c.service.CallWithContext(ctx, installer+".Info", 0, path)
	err := told("Info", call.Err, func() error { return call.Store(&m.Compatible, &m.Version) })
	if err == nil || errors.Is(err, ota.ErrBusy) || errors.Is(err, ota.ErrNotPresent) || ctx.Err() != nil {
		return m, err
	}
	if idleErr := c.idle(ctx); idleErr != nil {
		return m, idleErr
	}
	return m, fmt.Errorf("%w: RAUC does not accept the bundle, for its signature or its format; its log says more: %w", ota.ErrInvalid, err)
}

// idle tells whether RAUC has nothing to do; in its own words, if not.
func (c *client) idle(ctx context.Context) error {
	var operation string
	if err := c.property(ctx, "Operation", &operation); err != nil {
		return err
	}
	if operation != "idle" {
		return fmt.Errorf("%w: rauc: Already processing a different method (%s)", ota.ErrBusy, operation)
	}
	return nil
}

// Verify has RAUC check the signature of a bundle, and compares what device it is
// for. RAUC tells no progress of that.
func (e *Engine) Verify(ctx context.Context, img ota.Image, report ota.Progress) (ota.Manifest, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return ota.Manifest{}, err
	}
	defer c.close()
	report(0, "verifying the signature")
	return c.fit(ctx, img.Path)
}

// fit is info of a bundle for this device.
func (c *client) fit(ctx context.Context, path string) (ota.Manifest, error) {
	m, err := c.info(ctx, path)
	if err != nil {
		return m, err
	}
	var mine string
	if err := c.property(ctx, "Compatible", &mine); err != nil {
		return m, err
	}
	if m.Compatible != mine { // in RAUC's words
		return m, fmt.Errorf("%w: Compatible mismatch: Expected '%s' but bundle manifest has '%s'", ota.ErrInvalid, mine, m.Compatible)
	}
	return m, nil
}

// Preflight has the bundle checked again, and looks for a slot to write. How
// large the slot is only RAUC knows, which compares it when installing.
func (e *Engine) Preflight(ctx context.Context, img ota.Image) (ota.Report, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return ota.Report{}, err
	}
	defer c.close()
	m, err := c.fit(ctx, img.Path)
	if err != nil {
		return ota.Report{}, err
	}
	st, err := c.status(ctx)
	if err != nil {
		return ota.Report{}, err
	}
	for _, s := range st.slots {
		if s.BootName != "" && !s.Booted {
			return ota.Report{
				Verdict: ota.VerdictReady, TargetDevice: s.Device, TargetSizeBytes: deviceSize(s.Device),
				Summary: fmt.Sprintf("version %s can be written to slot %s", m.Version, s.Name),
			}, nil
		}
	}
	return ota.Report{Verdict: ota.VerdictSingleSlotDisabled, SingleSlot: true, Summary: "RAUC has no slot that is not in use"}, nil
}

func deviceSize(path string) *uint64 {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	end, err := f.Seek(0, 2)
	if err != nil || end <= 0 {
		return nil
	}
	size := uint64(end)
	return &size
}
