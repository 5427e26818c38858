package firmware

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/topic"
)

const (
	service    = "org.freedesktop.fwupd"
	objectPath = "/"
	busService = "org.freedesktop.DBus"
	properties = "org.freedesktop.DBus.Properties"
	// callTimeout bounds a call to the daemon.
	callTimeout = 10 * time.Second
	// signalQueue is how many signals may wait while a call runs.
	signalQueue = 256
)

// bus is a connection to the message bus.
type bus struct {
	conn    *dbus.Conn
	signals chan *dbus.Signal // closed when the connection is lost
}

// dial connects to the bus at address; empty means the system bus. A bus that does
// not exist gives an error that wraps [topic.ErrNotPresent].
func dial(ctx context.Context, address string) (*bus, error) {
	if address == "" {
		address = systemBus()
	}
	conn, err := dbus.Connect(address, dbus.WithContext(ctx), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("connect to the message bus: %w: %w", topic.ErrNotPresent, err)
	case err != nil:
		return nil, fmt.Errorf("connect to the message bus: %w", err)
	}
	b := &bus{conn: conn, signals: make(chan *dbus.Signal, signalQueue)}
	conn.Signal(b.signals)
	return b, nil
}

// systemBus returns the address of the system bus as the D-Bus specification has
// it, also if there is none.
func systemBus() string {
	if address := os.Getenv("DBUS_SYSTEM_BUS_ADDRESS"); address != "" {
		return address
	}
	return "unix:path=/var/run/dbus/system_bus_socket"
}

func (b *bus) close() { _ = b.conn.Close() }

// call calls a method without starting a service, and stores the answer.
func (b *bus) call(ctx context.Context, name, method string, into []any, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := b.conn.Object(name, objectPath).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...).Store(into...)
	if err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}
	return nil
}

// owner returns the unique name of the daemon, empty if it does not run. The error
// wraps [topic.ErrNotPresent] if it is not even installed.
func (b *bus) owner(ctx context.Context) (string, error) {
	var unique string
	if err := b.call(ctx, busService, busService+".GetNameOwner", []any{&unique}, service); err == nil {
		return unique, nil
	}
	var names []string
	if err := b.call(ctx, busService, busService+".ListActivatableNames", []any{&names}); err != nil {
		return "", err
	}
	for _, name := range names {
		if name == service {
			return "", nil
		}
	}
	return "", fmt.Errorf("find fwupd: %w", topic.ErrNotPresent)
}

// subscribe asks the bus for the signals that matter.
func (b *bus) subscribe(ctx context.Context) error {
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(service), dbus.WithMatchObjectPath(objectPath), dbus.WithMatchInterface(service)},
		{dbus.WithMatchSender(service), dbus.WithMatchObjectPath(objectPath), dbus.WithMatchInterface(properties), dbus.WithMatchArg(0, service)},
		{dbus.WithMatchSender(busService), dbus.WithMatchInterface(busService), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, service)},
	} {
		if err := b.conn.AddMatchSignalContext(ctx, match...); err != nil {
			return fmt.Errorf("ask for signals of fwupd: %w", err)
		}
	}
	return nil
}

// devices lists the devices that the daemon knows.
func (b *bus) devices(ctx context.Context) ([]Device, error) {
	var raw []map[string]dbus.Variant
	if err := b.call(ctx, service, service+".GetDevices", []any{&raw}); err != nil {
		var failure dbus.Error
		if errors.As(err, &failure) && failure.Name == service+".NothingToDo" {
			return nil, nil // it has none
		}
		return nil, err
	}
	var list []Device
	for _, members := range raw {
		if d, ok := parseDevice(members); ok && len(list) < maxDevices {
			list = append(list, d)
		}
	}
	return list, nil
}

// record returns what the daemon has on file about the last update of a device.
func (b *bus) record(ctx context.Context, id string) (Device, error) {
	var raw map[string]dbus.Variant
	if err := b.call(ctx, service, service+".GetResults", []any{&raw}, id); err != nil {
		return Device{}, err
	}
	d, _ := parseDevice(raw)
	return d, nil
}

// now returns status and percentage of the daemon.
func (b *bus) now(ctx context.Context) (uint32, *uint8, error) {
	var all map[string]dbus.Variant
	if err := b.call(ctx, service, properties+".GetAll", []any{&all}, service); err != nil {
		return 0, nil, err
	}
	status, _ := all["Status"].Value().(uint32)
	return status, percentOf(all), nil
}

// percentOf reads the percentage of a set of properties; nil if there is none.
func percentOf(all map[string]dbus.Variant) *uint8 {
	v, ok := all["Percentage"].Value().(uint32)
	if !ok || v > 100 { // 101 means that it is not known
		return nil
	}
	percent := uint8(v)
	return &percent
}
