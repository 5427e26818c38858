//go:build vm

package guest

import (
	"os"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// gadget plugs the serial gadget of the kernel into the port of dummy_hcd.
func gadget(t *testing.T) (unplug func()) {
	t.Helper()
	list, err := os.ReadFile("/m/later")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(list))
	for _, name := range names {
		run(t, "insmod", "/m/"+name)
	}
	gone := false
	unplug = func() {
		if gone {
			return
		}
		gone = true
		slices.Reverse(names)
		for _, name := range names {
			run(t, "rmmod", strings.TrimSuffix(name, ".ko"))
		}
	}
	t.Cleanup(unplug)
	return unplug
}

// 3.2, 7.9: a device that is plugged in is listed and told, and so is its end; three
// times.
func TestUSBHotplug(t *testing.T) {
	d := start(t)
	s := d.Dial("/v1/ws/devices?interval_ms=250")
	s.Expect("ready")
	find := func() (found []wire.UsbPeripheral) {
		for _, p := range get[[]wire.UsbPeripheral](t, d, "/v1/peripherals/usb") {
			if strings.HasPrefix(p.ID, "0525:a4a7@") {
				found = append(found, p)
			}
		}
		return found
	}
	told := func(what string) {
		t.Helper()
		s.Find(what, func(m device.Message) bool {
			reasons, _ := m.Map()["reasons"].([]any)
			return m.Type() == "update" && slices.Contains(reasons, any("usb"))
		})
	}
	if got := find(); len(got) != 0 {
		t.Fatalf("before it is plugged in: %+v", got)
	}
	for range 3 {
		unplug := gadget(t)
		told("the device to come")
		device.Poll(t, "the device to be listed", func() bool { return len(find()) == 1 })
		p := find()[0]
		t.Logf("%+v", p)
		if !p.Present || p.Kind != "usb" || !strings.Contains(p.Description, "Gadget Serial") {
			t.Errorf("the device is %+v", p)
		}
		s.Pending()
		unplug()
		told("the device to go")
		device.Poll(t, "the list to be empty", func() bool { return len(find()) == 0 })
	}
}
