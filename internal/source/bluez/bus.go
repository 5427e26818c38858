package bluez

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// Names on the bus.
const (
	service     = "org.bluez"
	ifaceRoot   = "org.freedesktop.DBus.ObjectManager"
	ifaceProps  = "org.freedesktop.DBus.Properties"
	ifaceBus    = "org.freedesktop.DBus"
	adapter1    = "org.bluez.Adapter1"
	device1     = "org.bluez.Device1"
	gattService = "org.bluez.GattService1"
	gattChar    = "org.bluez.GattCharacteristic1"
	gattDesc    = "org.bluez.GattDescriptor1"
)

// properties are those of one interface of an object.
type properties = map[string]dbus.Variant

// objects are all that BlueZ has, with their interfaces.
type objects = map[dbus.ObjectPath]map[string]properties

// queued is how many signals may wait.
const queued = 256

// link is a connection to the bus on which signals of BlueZ come.
type link struct {
	conn    *dbus.Conn
	cancel  context.CancelFunc
	signals chan *dbus.Signal
}

// connect connects to the bus at an address, the system bus if it is empty.
func connect(ctx context.Context, address string) (*link, error) {
	// The context of a connection ends it whenever it is done, so it is one of its own,
	// which ends with ours only until we are connected.
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	connected := context.AfterFunc(ctx, cancel)
	var conn *dbus.Conn
	var err error
	if address == "" {
		conn, err = dbus.ConnectSystemBus(dbus.WithContext(own))
	} else {
		conn, err = dbus.Connect(address, dbus.WithContext(own))
	}
	if err != nil {
		connected()
		cancel()
		return nil, fmt.Errorf("connect to D-Bus: %w", err)
	}
	l := &link{conn: conn, cancel: cancel, signals: make(chan *dbus.Signal, queued)}
	conn.Signal(l.signals)
	if !connected() {
		l.close()
		return nil, context.Cause(ctx)
	}
	return l, nil
}

func (l *link) close() {
	_ = l.conn.Close()
	l.cancel()
}

// want asks for signals of BlueZ. below, if it is not empty, is a path with all that
// is below it.
func (l *link) want(ctx context.Context, iface, member, arg0 string, below dbus.ObjectPath) error {
	opts := []dbus.MatchOption{dbus.WithMatchSender(service), dbus.WithMatchInterface(iface), dbus.WithMatchMember(member)}
	if arg0 != "" {
		opts = append(opts, dbus.WithMatchArg(0, arg0))
	}
	if below != "" {
		opts = append(opts, dbus.WithMatchPathNamespace(below))
	}
	if err := l.conn.AddMatchSignalContext(ctx, opts...); err != nil {
		return fmt.Errorf("subscribe to %s: %w", member, err)
	}
	return nil
}

// wantOwner asks to be told when BlueZ comes and goes.
func (l *link) wantOwner(ctx context.Context) error {
	err := l.conn.AddMatchSignalContext(ctx, dbus.WithMatchSender(ifaceBus), dbus.WithMatchInterface(ifaceBus),
		dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, service))
	if err != nil {
		return fmt.Errorf("subscribe to NameOwnerChanged: %w", err)
	}
	return nil
}

// call calls a method of BlueZ, which is not started for it.
func (l *link) call(ctx context.Context, path dbus.ObjectPath, method string, args ...any) error {
	return l.conn.Object(service, path).CallWithContext(ctx, method, dbus.FlagNoAutoStart, args...).Err
}

// all returns all objects; none if BlueZ does not run.
func (l *link) all(ctx context.Context) (objects, error) {
	var found objects
	call := l.conn.Object(service, "/").CallWithContext(ctx, ifaceRoot+".GetManagedObjects", dbus.FlagNoAutoStart)
	err := call.Store(&found)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the objects of BlueZ: %w", err)
	}
	return found, nil
}

// absent reports whether an error says that BlueZ does not run.
func absent(err error) bool {
	var e dbus.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Name {
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner", "org.freedesktop.DBus.Error.NoReply":
		return true
	}
	return false
}

// busy reports whether an error says that BlueZ cannot begin something now. It is what
// BlueZ says whatever the kernel's reason was.
func busy(err error) bool {
	var e dbus.Error
	return errors.As(err, &e) && e.Name == "org.bluez.Error.InProgress"
}

// added is an object that BlueZ has now, with these interfaces.
type added struct {
	path       dbus.ObjectPath
	interfaces map[string]properties
}

// removed is an object that has lost these interfaces.
type removed struct {
	path       dbus.ObjectPath
	interfaces []string
}

// changed are properties of an object that have new values.
type changed struct {
	path  dbus.ObjectPath
	iface string
	props properties
}

// parse makes of a signal one of the types above, or nil for anything else. Signals
// come from another program and may hold anything.
func parse(s *dbus.Signal) any {
	switch s.Name {
	case ifaceRoot + ".InterfacesAdded":
		var a added
		if dbus.Store(s.Body, &a.path, &a.interfaces) == nil {
			return a
		}
	case ifaceRoot + ".InterfacesRemoved":
		var r removed
		if dbus.Store(s.Body, &r.path, &r.interfaces) == nil {
			return r
		}
	case ifaceProps + ".PropertiesChanged":
		if len(s.Body) < 2 {
			return nil
		}
		c := changed{path: s.Path}
		if dbus.Store(s.Body[:2], &c.iface, &c.props) == nil {
			return c
		}
	}
	return nil
}

// value returns a property, or the zero value if it is missing or of another type.
func value[T any](p properties, name string) (v T, ok bool) {
	v, ok = p[name].Value().(T)
	return v, ok
}

// message returns what BlueZ says of an error, for people.
func message(err error) error {
	var e dbus.Error
	if errors.As(err, &e) {
		if text := strings.TrimSpace(e.Error()); text != "" && text != e.Name {
			return fmt.Errorf("BlueZ: %s", text)
		}
	}
	return fmt.Errorf("BlueZ: %w", err)
}
