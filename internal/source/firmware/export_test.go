package firmware

import (
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// CheckProgress feeds a device, and the numbers as properties, and checks that
// what is told makes sense.
func CheckProgress(t *testing.T, members map[string]dbus.Variant, a, b uint32) {
	d, ok := parseDevice(members)
	if !ok {
		return
	}
	p, now := newProgress(), time.Unix(1000, 0)
	var told []Update
	take := func(u Update, news bool) {
		if news {
			told = append(told, u)
		}
	}
	before := d
	before.state, before.Version = stateUnknown, "old"
	p.known(before)
	take(p.device(d, now))
	for _, status := range []uint32{a, statusDeviceWrite, b, statusIdle} {
		percent := uint8(status % 101)
		u, news, ended := p.property(status, &percent, now)
		take(u, news)
		if ended {
			take(p.result(d, d, now))
		}
	}
	take(p.lost(now))
	for i, u := range told {
		if u.DeviceID != d.ID || u.Firmware == "" || (u.Status == Failed) != (u.Error != "") || (u.Progress != nil && *u.Progress > 100) || u.Time.IsZero() {
			t.Fatalf("%+v", u)
		}
		if i > 0 && same(u, told[i-1]) {
			t.Fatalf("told twice: %+v", u)
		}
	}
}
