package telemetry

import (
	"bytes"
	"path/filepath"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/procfile"
)

// maxInterfaces bounds how many interfaces are told of.
const maxInterfaces = 1024

// networkMeter tells rates from the counters of two readings.
type networkMeter struct {
	sysfs string // the folder sys/class/net
	last  time.Time
	links map[string]*link
}

// link is what we keep of an interface while it is there.
type link struct {
	name   string
	mac    *string
	rx, tx counter
	seen   bool // by the reading in progress
}

// counter follows one counter of the kernel.
type counter struct{ last, base uint64 }

// update takes a new value over and returns the difference to the last one and
// the total. A counter that goes backwards was started again, by its driver or
// because another interface took the name: it counts from zero, and what it had
// counted before stays part of the total.
func (c *counter) update(now uint64) (delta, total uint64) {
	if now < c.last {
		c.base += c.last
		c.last = 0
	}
	delta = now - c.last
	c.last = now
	return delta, c.base + now
}

// read parses the content of /proc/net/dev as it was at a time. An interface
// that is new counts from now on. The result is nil without interfaces.
func (m *networkMeter) read(text []byte, now time.Time) *Network {
	if m.links == nil {
		m.links = make(map[string]*link)
	}
	for _, l := range m.links {
		l.seen = false
	}
	seconds := 0.0
	if !m.last.IsZero() {
		seconds = now.Sub(m.last).Seconds()
	}
	m.last = now
	n := &Network{Interfaces: make([]Interface, 0, len(m.links))}
	for len(text) > 0 && len(n.Interfaces) < maxInterfaces {
		var line []byte
		line, text = procfile.Line(text)
		if name, rx, tx, ok := parseLink(line); ok && string(name) != "lo" {
			i := m.update(name, rx, tx, seconds)
			n.Interfaces = append(n.Interfaces, i)
			n.add(i.Counters)
		}
	}
	for name, l := range m.links {
		if !l.seen {
			delete(m.links, name)
		}
	}
	if len(n.Interfaces) == 0 {
		return nil
	}
	return n
}

func (m *networkMeter) update(name []byte, rx, tx uint64, seconds float64) Interface {
	l := m.links[string(name)]
	if l == nil {
		l = &link{name: strings.ToValidUTF8(string(name), "\uFFFD")}
		l.rx.last, l.tx.last = rx, tx
		l.mac = m.readMAC(string(name))
		m.links[string(name)] = l
	}
	l.seen = true
	i := Interface{Name: l.name, MAC: l.mac}
	i.RxBytes, i.TotalRxBytes = l.rx.update(rx)
	i.TxBytes, i.TotalTxBytes = l.tx.update(tx)
	if seconds > 0 {
		i.RxPerSecond = float64(i.RxBytes) / seconds
		i.TxPerSecond = float64(i.TxBytes) / seconds
	}
	return i
}

// add adds the counters of one interface to a sum.
func (c *Counters) add(o Counters) {
	c.RxBytes += o.RxBytes
	c.TxBytes += o.TxBytes
	c.TotalRxBytes += o.TotalRxBytes
	c.TotalTxBytes += o.TotalTxBytes
	c.RxPerSecond += o.RxPerSecond
	c.TxPerSecond += o.TxPerSecond
}

// discover reads the hardware addresses again, since they can be changed.
func (m *networkMeter) discover() {
	for name, l := range m.links {
		if mac := m.readMAC(name); mac == nil || l.mac == nil || *mac != *l.mac {
			l.mac = mac
		}
	}
}

// readMAC returns the hardware address, or nil for an interface without one.
func (m *networkMeter) readMAC(name string) *string {
	if name == "" || name[0] == '.' { // names come from the kernel, but from a container's owner as well
		return nil
	}
	mac := procfile.ReadString(filepath.Join(m.sysfs, name, "address"))
	if strings.Trim(mac, "0:") == "" {
		return nil
	}
	return &mac
}

// parseLink parses one line of /proc/net/dev; headings are refused.
func parseLink(line []byte) (name []byte, rx, tx uint64, ok bool) {
	name, rest, found := bytes.Cut(line, []byte(":"))
	name = bytes.TrimSpace(name)
	if !found || len(name) == 0 || bytes.ContainsAny(name, "/|") {
		return nil, 0, 0, false
	}
	for column := range 9 {
		v, next, isNumber := procfile.UintField(rest)
		if !isNumber {
			return nil, 0, 0, false
		}
		rest = next
		switch column {
		case 0:
			rx = v
		case 8:
			tx = v
		}
	}
	return name, rx, tx, true
}
