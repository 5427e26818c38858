//go:build vm

package guest

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// create2 is UHID_CREATE2 of linux/uhid.h.
type create2 struct {
	Type     uint32
	Name     [128]byte
	Phys     [64]byte
	Uniq     [64]byte
	Size     uint16
	Bus      uint16
	Vendor   uint32
	Product  uint32
	Version  uint32
	Country  uint32
	Contents [4096]byte
}

// signal plugs in a signal light with six RGB LEDs, as the driver hid-led knows it.
func signal(t *testing.T) (unplug func()) {
	t.Helper()
	f, err := os.OpenFile("/dev/uhid", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	e := create2{Type: 11, Bus: 3, Vendor: 0x04d8, Product: 0xf372}
	copy(e.Name[:], "Signal light")
	// One output report of eight bytes of a vendor's page.
	descriptor := []byte{
		0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x08,
		0x09, 0x01, 0x91, 0x02, 0x09, 0x01, 0x81, 0x02, 0xc0,
	}
	e.Size = uint16(copy(e.Contents[:], descriptor))
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, e); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	gone := false
	unplug = func() {
		if !gone {
			gone = true
			_ = f.Close() // which destroys the device
		}
	}
	t.Cleanup(unplug)
	device.Poll(t, "18 LEDs to come", func() bool { return len(leds()) == 18 })
	return unplug
}

func leds() []string {
	found, _ := filepath.Glob("/sys/class/leds/luxafor*")
	return found
}

// 7.7, 3.5: lights of the LED class: colours and animations reach the kernel, and a
// device that is unplugged is told.
func TestLights(t *testing.T) {
	d := start(t)
	if r := d.Get("/v1/device/lighting/state"); r.Status != 503 {
		t.Errorf("without lights: status %d: %s", r.Status, r.Body)
	}
	unplug := signal(t)
	t.Log(leds())
	state := get[wire.LightingRuntimeState](t, d, "/v1/device/lighting/state")
	if len(state.Frame) != 6 {
		t.Fatalf("six lights are %s", text(state))
	}
	level := func(color, light string) string {
		return read("/sys/class/leds/luxafor0:" + color + ":led" + light + "/brightness")
	}
	post(t, d, "/v1/device/lighting", object{"frame": []object{{"r": 255, "g": 10, "b": 0}, {"r": 0, "g": 0, "b": 99}}, "brightness": 255}, 204)
	if level("red", "0") != "255" || level("green", "0") != "10" || level("blue", "0") != "0" || level("blue", "1") != "99" || level("red", "5") != "0" {
		t.Errorf("the kernel has %s %s %s, %s", level("red", "0"), level("green", "0"), level("blue", "0"), level("blue", "1"))
	}
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["lighting"]}`)
	s.Next()
	post(t, d, "/v1/device/lighting", object{"animation": object{"kind": "chase", "color": object{"g": 200}, "speed_hz": 2}}, 204)
	seen := map[string]bool{}
	device.Poll(t, "the light to run", func() bool {
		for _, i := range []string{"0", "1", "2", "3", "4", "5"} {
			if v := level("green", i); v != "0" && v != "" {
				seen[i] = true
			}
		}
		return len(seen) == 6
	})
	s.Find("the animation", func(m device.Message) bool { return decode[wire.SensorsStreamEvent](t, m).Lighting.AnimationRunning })
	unplug()
	s.Find("the loss", func(m device.Message) bool { return !decode[wire.SensorsStreamEvent](t, m).Lighting.AnimationRunning })
	device.Poll(t, "503", func() bool { return d.Get("/v1/device/lighting/state").Status == 503 })
	signal(t)
	post(t, d, "/v1/device/lighting", object{"frame": []object{{"b": 7}}}, 204)
	device.Poll(t, "the new device to be lit", func() bool {
		found, _ := filepath.Glob("/sys/class/leds/luxafor*:blue:led0")
		return len(found) == 1 && read(found[0]+"/brightness") == "7"
	})
}
