package channels

import (
	"errors"
	"slices"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func update(t *testing.T, s *device.Socket) (wire.DevicesUpdate, time.Time) {
	t.Helper()
	m := s.Expect("update")
	return decode[wire.DevicesUpdate](t, m), m.At
}

func scan(d *device.Device) { d.Post("/v1/peripherals/i2c/scan", "{}") }

// 3.2, 9.1: ready at once, no initial update, then one for a change, with its
// reason and its time.
func TestDevices(t *testing.T) {
	d := start(t)
	mutate(d) // from before: not told
	s := d.Dial("/v1/ws/devices?interval_ms=250")
	if got := number(t, s.Expect("ready").Map(), "interval_ms"); got != 250 {
		t.Errorf("interval %v", got)
	}
	s.Ping()
	if m, err := s.TryNext(0); !errors.Is(err, device.ErrQuiet) {
		t.Errorf("an initial update: %s %v", m.Data, err)
	}
	journal := watchUpdates(t, d)
	for _, c := range []struct {
		change func(*device.Device)
		reason string
	}{
		{func(d *device.Device) { mutate(d) }, "api"},
		{scan, "device"},
		{func(d *device.Device) { d.Post("/v1/console/sessions", "{}") }, "api"},
	} {
		c.change(d)
		u, _ := update(t, s)
		if !slices.Equal(u.Reasons, []string{c.reason}) {
			t.Errorf("reasons %v, want %s", u.Reasons, c.reason)
		}
		if at := change(t, journal).TimestampMS; u.TimestampMS+1 < at || u.TimestampMS > at+1 {
			t.Errorf("update of %d for the change of %d", u.TimestampMS, at)
		}
	}
}

// 3.2: the first change goes out promptly; what comes within the interval is
// merged into one update at its end, sorted, without duplicates, with the time
// of the newest change.
func TestDevicesMerge(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.Dial("/v1/ws/devices?interval_ms=1500")
	s.Expect("ready")
	journal := watchUpdates(t, d)
	scan(d)
	first, at1 := update(t, s)
	if !slices.Equal(first.Reasons, []string{"device"}) {
		t.Errorf("first update %+v", first)
	}
	began := time.UnixMilli(int64(change(t, journal).TimestampMS))
	if wait := at1.Sub(began); wait > time.Second {
		t.Errorf("the first change went out after %v", wait)
	}
	var newest uint64
	for range 10 {
		scan(d)
		mutate(d)
		change(t, journal)
		newest = change(t, journal).TimestampMS
	}
	second, at2 := update(t, s)
	if !slices.Equal(second.Reasons, []string{"api", "device"}) {
		t.Errorf("merged reasons %v", second.Reasons)
	}
	if second.TimestampMS+1 < newest || second.TimestampMS > newest+1 {
		t.Errorf("merged update of %d, newest change of %d", second.TimestampMS, newest)
	}
	if gap := at2.Sub(at1); gap < 750*time.Millisecond {
		t.Errorf("two updates within %v", gap)
	}
	mutate(d)
	third, at3 := update(t, s)
	if !slices.Equal(third.Reasons, []string{"api"}) { // nothing of before is told again
		t.Errorf("third update %+v", third)
	}
	if gap := at3.Sub(at2); gap < 750*time.Millisecond {
		t.Errorf("two updates within %v", gap)
	}
}

// 3.2, 7.9: devices that are plugged in and out. There is no bus here that
// tells of it, so the server finds out by looking: every 10 s, and every 250 ms
// once it has seen that nobody tells. News by netlink are tested in
// internal/source/usb and uevent, and with a real bus in test/vm.
func TestDevicesUSB(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	b.plug("1-1", "webcam")
	d := b.start()
	s := d.Dial("/v1/ws/devices?interval_ms=250")
	s.Expect("ready")
	products := func() (names []string) {
		var list []wire.UsbPeripheral
		d.JSON(d.Get("/v1/peripherals/usb"), &list)
		for _, p := range list {
			names = append(names, p.ID+" "+p.Description)
		}
		return names
	}
	want := func(what string, names ...string) {
		t.Helper()
		if u, _ := update(t, s); !slices.Equal(u.Reasons, []string{"usb"}) {
			t.Errorf("%s: reasons %v", what, u.Reasons)
		}
		if got := products(); !slices.Equal(got, names) {
			t.Errorf("%s: the list is %q, want %q", what, got, names)
		}
	}
	if got := products(); !slices.Equal(got, []string{"046d:0825@1-1 webcam"}) {
		t.Errorf("at the start the list is %q", got)
	}
	b.plug("1-2", "stick")
	want("plugged in", "046d:0825@1-1 webcam", "046d:0825@1-2 stick")
	b.unplug("1-1")
	want("plugged out", "046d:0825@1-2 stick")
	b.unplug("1-2")
	b.file("devices/usb/1-2/product", "another\n")
	want("plugged out")
	tag := d.Get("/v1/peripherals").Header.Get("ETag") // 2.5: it grows with the body
	b.plug("1-2", "another")
	want("another product", "046d:0825@1-2 another")
	if r := d.Get("/v1/peripherals", "If-None-Match", tag); r.Status != 200 || r.Header.Get("ETag") == tag {
		t.Errorf("the list has changed and its tag has not: %d %v", r.Status, r.Header)
	}
}
