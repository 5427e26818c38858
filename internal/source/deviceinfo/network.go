package deviceinfo

import (
	"slices"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
)

// connectivity tells by which kinds of interfaces the device is connected. Access is
// internet if there is a default route: nobody is asked whether it leads anywhere.
func (r reader) connectivity() (recorder.Connectivity, error) {
	c := recorder.Connectivity{Access: "none"}
	for _, name := range r.list("sys/class/net") {
		kind := r.kind(name)
		if kind == "" || !r.up(name) {
			continue
		}
		c.Access = "local"
		if !slices.Contains(c.Profiles, kind) {
			c.Profiles = append(c.Profiles, kind)
		}
	}
	slices.Sort(c.Profiles)
	if c.Access == "local" && (defaultRoute4(r.text("proc/net/route")) || defaultRoute6(r.text("proc/net/ipv6_route"))) {
		c.Access = "internet"
	}
	return c, nil
}

// up reports whether an interface can carry anything. Some drivers do not tell.
func (r reader) up(name string) bool {
	state := r.text("sys/class/net", name, "operstate")
	return state == "up" || state == "unknown" && r.text("sys/class/net", name, "carrier") == "1"
}

// kind returns the kind of an interface, "" for those that lead nowhere by themselves.
func (r reader) kind(name string) string {
	dir := "sys/class/net/" + name
	kind := ""
	for line := range strings.Lines(r.text(dir, "uevent")) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVTYPE="); ok {
			kind = value
		}
	}
	const ethernet = "1" // ARPHRD_ETHER
	switch {
	case r.exists(dir, "wireless") || r.exists(dir, "phy80211") || kind == "wlan":
		return "wifi"
	case kind == "wwan":
		return "cellular"
	case kind == "bluetooth":
		return "bluetooth"
	case kind == "" && r.text(dir, "type") == ethernet:
		return "ethernet"
	}
	return "" // loopback, bridges, tunnels
}

// defaultRoute4 reads /proc/net/route: interface, destination, gateway, flags, …
func defaultRoute4(table string) bool {
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" {
			return true
		}
	}
	return false
}

// defaultRoute6 reads /proc/net/ipv6_route: destination, its length, …, interface. The
// kernel lists a route over lo where there is none.
func defaultRoute6(table string) bool {
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) > 9 && strings.Trim(f[0], "0") == "" && f[1] == "00" && f[9] != "lo" {
			return true
		}
	}
	return false
}
