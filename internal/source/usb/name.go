package usb

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds the ports in a name; USB allows 6 hubs in a row.
const maxDepth = 8

// position is a parsed device name.
type position struct {
	bus   int
	ports []int // none for a root hub
}

// parseName reads a kernel name such as "usb1" or "1-1.2". Names of interfaces,
// which have a colon, and anything else are refused.
func parseName(name string) (position, bool) {
	if bus, found := strings.CutPrefix(name, "usb"); found {
		n, ok := number(bus)
		return position{bus: n}, ok
	}
	bus, path, found := strings.Cut(name, "-")
	n, ok := number(bus)
	if !found || !ok {
		return position{}, false
	}
	p := position{bus: n}
	for part := range strings.SplitSeq(path, ".") {
		port, ok := number(part)
		if !ok || len(p.ports) == maxDepth {
			return position{}, false
		}
		p.ports = append(p.ports, port)
	}
	return p, true
}

// number reads a positive decimal number as the kernel writes it.
func number(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return int(n), err == nil && n > 0 && s[0] != '0' && s[0] != '+'
}

// parentOf returns the name of the hub that the device with this valid name is
// attached to.
func parentOf(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	if bus, _, found := strings.Cut(name, "-"); found {
		return "usb" + bus
	}
	return ""
}

// compareNames orders by bus, then by the way through the ports, parents first.
func compareNames(a, b string) int {
	pa, _ := parseName(a)
	pb, _ := parseName(b)
	return cmp.Or(cmp.Compare(pa.bus, pb.bus), slices.Compare(pa.ports, pb.ports), cmp.Compare(a, b))
}
