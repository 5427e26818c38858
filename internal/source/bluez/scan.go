package bluez

import (
	"time"

	"github.com/godbus/dbus/v5"
)

// Shortest times between two results of a device: one that says the same again, and
// one that says something else.
const (
	sameAgain = time.Second
	newAgain  = 100 * time.Millisecond
)

// scanner tells what devices advertise.
type scanner struct {
	*adapter
	devices map[dbus.ObjectPath]*peer
}

// begin tells the devices that are near already.
func (s *scanner) begin(found objects) {
	for path, interfaces := range found {
		if props, ok := interfaces[device1]; ok && devicePath(path) == path && s.mine(path) {
			s.seen(path, props)
		}
	}
}

// mine reports whether a device is one of this adapter.
func (a *adapter) mine(path dbus.ObjectPath) bool {
	return len(path) > len(a.path) && path[:len(a.path)] == a.path && path[len(a.path)] == '/'
}

func (s *scanner) handle(m any) error {
	if s.switchedOff(m) {
		return errOff
	}
	switch m := m.(type) {
	case added:
		if props, ok := m.interfaces[device1]; ok && s.mine(m.path) {
			s.seen(m.path, props)
		}
	case changed:
		if m.iface == device1 && s.mine(m.path) {
			s.seen(m.path, m.props)
		}
	case removed:
		delete(s.devices, m.path)
	}
	return nil
}

// seen takes what a device is now. It is told if it comes from an advertisement. A name
// may come by itself and a moment after the rest, in the answer to an active scan; it is
// not said again, so it is told at once.
func (s *scanner) seen(path dbus.ObjectPath, props properties) {
	p := s.devices[path]
	if p == nil {
		if len(s.devices) >= maxDevices {
			s.forget()
		}
		p = &peer{address: addressOf(path)}
		s.devices[path] = p
	}
	anonymous := p.name == ""
	p.apply(props)
	named := anonymous && p.name != ""
	_, rssi := props["RSSI"]
	_, manufacturer := props["ManufacturerData"]
	_, data := props["ServiceData"]
	if !p.heard || !rssi && !manufacturer && !data && !named {
		return
	}
	now, said := time.Now(), p.advertisement()
	pause := sameAgain
	if said != p.said {
		pause = newAgain
	}
	if now.Sub(p.told) < pause && !named {
		return
	}
	p.told, p.said = now, said
	e := p.event("scan_result", said)
	e.RSSI = p.rssi
	s.sink.Record(e)
}

// forget makes room by forgetting the device that was told longest ago.
func (s *scanner) forget() {
	var oldest dbus.ObjectPath
	for path, p := range s.devices {
		if oldest == "" || p.told.Before(s.devices[oldest].told) {
			oldest = path
		}
	}
	delete(s.devices, oldest)
}
