package bluez

import (
	"slices"
	"strconv"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/recorder"
)

// attribute is a service, characteristic or descriptor of a device. UUIDs that it
// does not have are empty.
type attribute struct {
	service, char, desc string
}

// monitor tells of connections and attributes.
type monitor struct {
	*adapter
	devices    map[dbus.ObjectPath]*peer
	attributes map[dbus.ObjectPath]attribute
}

// begin learns what there is. Devices that are connected already are told as such.
func (m *monitor) begin(found objects) {
	for path, interfaces := range found {
		if props, ok := interfaces[device1]; ok && m.mine(path) {
			p := m.peer(path)
			p.apply(props)
			if p.connected {
				m.sink.Record(p.event("connection_event", "was connected before"))
			}
		}
	}
	// In the order of their paths a service comes before what it has.
	paths := make([]dbus.ObjectPath, 0, len(found))
	for path := range found {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		m.learn(path, found[path])
	}
}

// peer returns the device of a path, or of an object that is part of one.
func (m *monitor) peer(path dbus.ObjectPath) *peer {
	path = devicePath(path)
	p := m.devices[path]
	if p == nil {
		p = &peer{address: addressOf(path)}
		if len(m.devices) >= maxDevices {
			for other, old := range m.devices {
				if !old.connected {
					delete(m.devices, other)
					break
				}
			}
		}
		if len(m.devices) < maxDevices {
			m.devices[path] = p
		}
	}
	return p
}

func (m *monitor) handle(msg any) error {
	if m.switchedOff(msg) {
		return errOff
	}
	switch msg := msg.(type) {
	case added:
		if !m.mine(msg.path) {
			return nil
		}
		if props, ok := msg.interfaces[device1]; ok {
			m.device(msg.path, props)
		}
		if kind, a := m.learn(msg.path, msg.interfaces); kind != "" {
			m.sink.Record(m.about(msg.path, a, kind, ""))
		}
	case changed:
		if m.mine(msg.path) {
			m.change(msg)
		}
	case removed:
		if p := m.devices[msg.path]; p != nil && slices.Contains(msg.interfaces, device1) {
			if p.connected {
				m.sink.Record(p.event("disconnected", "disconnected"))
			}
			delete(m.devices, msg.path)
		}
		delete(m.attributes, msg.path)
	}
	return nil
}

// learn takes note of an attribute, and returns how its discovery is called, "" if it
// is none that is told.
func (m *monitor) learn(path dbus.ObjectPath, interfaces map[string]properties) (kind string, a attribute) {
	uuid := func(props properties) string { s, _ := value[string](props, "UUID"); return shortUUID(s) }
	parent := func(props properties, name string) attribute {
		path, _ := value[dbus.ObjectPath](props, name)
		return m.attributes[path]
	}
	switch {
	case interfaces[gattService] != nil:
		kind, a.service = "service_discovered", uuid(interfaces[gattService])
	case interfaces[gattChar] != nil:
		kind, a = "characteristic_discovered", parent(interfaces[gattChar], "Service")
		a.char = uuid(interfaces[gattChar])
	case interfaces[gattDesc] != nil:
		a = parent(interfaces[gattDesc], "Characteristic")
		a.desc = uuid(interfaces[gattDesc])
	default:
		return "", a
	}
	if len(m.attributes) < maxAttributes {
		m.attributes[path] = a
	}
	return kind, a
}

// about begins an event about an attribute.
func (m *monitor) about(path dbus.ObjectPath, a attribute, kind, data string) recorder.BLEEvent {
	e := m.peer(path).event(kind, data)
	e.Service, e.Char, e.Descriptor = a.service, a.char, a.desc
	return e
}

func (m *monitor) change(c changed) {
	a := m.attributes[c.path]
	switch c.iface {
	case device1:
		m.device(c.path, c.props)
	case gattChar:
		if data, ok := value[[]byte](c.props, "Value"); ok {
			m.sink.Record(m.about(c.path, a, "notification", hexed(data)))
		}
		if on, ok := value[bool](c.props, "Notifying"); ok {
			m.sink.Record(m.about(c.path, a, "notification_state_changed", map[bool]string{true: "enabled", false: "disabled"}[on]))
		}
		if mtu, ok := value[uint16](c.props, "MTU"); ok {
			m.sink.Record(m.peer(c.path).event("mtu_changed", strconv.Itoa(int(mtu))))
		}
	case gattDesc:
		if data, ok := value[[]byte](c.props, "Value"); ok {
			m.sink.Record(m.about(c.path, a, "descriptor_read", hexed(data)))
		}
	}
}

// device takes what a device is now, and tells what has changed.
func (m *monitor) device(path dbus.ObjectPath, props properties) {
	p := m.peer(path)
	before := *p
	p.apply(props)
	if p.connected != before.connected {
		state := map[bool]string{true: "connected", false: "disconnected"}[p.connected]
		m.sink.Record(p.event(state, state))
	}
	if p.bonded != before.bonded {
		m.sink.Record(p.event("bond_state_changed", map[bool]string{true: "bonded", false: "none"}[p.bonded]))
	}
	if resolved, ok := value[bool](props, "ServicesResolved"); ok && p.connected {
		m.sink.Record(p.event("connection_event", map[bool]string{true: "services resolved", false: "services gone"}[resolved]))
	}
	if _, ok := props["RSSI"]; ok && p.connected && p.rssi != nil {
		e := p.event("rssi_read", "")
		e.RSSI = p.rssi
		m.sink.Record(e)
	}
}
