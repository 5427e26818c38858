//go:build vm

package guest

import (
	"math"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 3.4, 7.6: an inertial sensor that is plugged in while a client watches, turned on
// its side, and unplugged.
func TestIMU(t *testing.T) {
	bus := newStub(t)
	d := start(t)
	s := d.Dial("/v1/ws/imu")
	if v := decode[wire.ImuStatusPayload](t, s.Next()); v.HasSample || v.LastError == "" {
		t.Errorf("before: %s", text(v))
	}
	bus.set("0x68", "0x00", "0xd1", "0x40", "0x28", "0x41", "0x03", "0x42", "0x28", "0x43", "0x00", // 2 g, 2000 deg/s
		"0x12", "0", "0x13", "0", "0x14", "0", "0x15", "0", "0x16", "0x00", "0x17", "0x40", // 16384 on Z
		"0x0c", "0", "0x0d", "0", "0x0e", "0", "0x0f", "0", "0x10", "0", "0x11", "0")
	unplug := bus.plug("bmi160", "0x68")
	near := func(got, want float64) bool { return math.Abs(got-want) < 0.02 }
	var v wire.ImuStatusPayload
	s.Find("a level device", func(m device.Message) bool {
		v = decode[wire.ImuStatusPayload](t, m)
		return v.HasSample && near(v.Accel.Z, 1) && near(v.Accel.X, 0) && v.Orientation != nil
	})
	if !strings.Contains(v.Sources.AccelGyro, "bmi160") {
		t.Errorf("sources %+v", v.Sources)
	}
	bus.set("0x68", "0x15", "0x40", "0x17", "0x00") // 16384 on Y
	s.Find("a device on its side", func(m device.Message) bool {
		v := decode[wire.ImuStatusPayload](t, m)
		return v.HasSample && near(math.Abs(v.Accel.Y), 1) && near(v.Accel.Z, 0)
	})
	unplug()
	s.Find("the loss", func(m device.Message) bool {
		v := decode[wire.ImuStatusPayload](t, m)
		return !v.HasSample && v.LastError != ""
	})
}

// 7.6, 3.5, 7.9: a power rail, by a real driver of hwmon.
func TestPower(t *testing.T) {
	bus := newStub(t)
	d := start(t)
	if r := d.Get("/v1/device/power"); r.Status != 503 {
		t.Errorf("without a rail: status %d: %s", r.Status, r.Body)
	}
	bus.set("0x6f", "0", "0x06", "1", "0x40", "2", "0x1e", "3", "0") // 2 A, 12 V
	unplug := bus.plug("ltc4151", "0x6f")
	check := func(p wire.PowerStatusPayload) {
		t.Helper()
		if p.Volts == nil || math.Abs(*p.Volts-12) > 0.01 || math.Abs(*p.Amps-2) > 0.01 || math.Abs(*p.Watts-24) > 0.1 ||
			len(p.Sources) == 0 || !strings.Contains(p.Sources[0].Label, "ltc4151") || p.Sources[0].Address != "0x6f" || p.Sources[0].Bus != "i2c-"+bus.number {
			t.Errorf("power %s", text(p))
		}
	}
	check(get[wire.PowerStatusPayload](t, d, "/v1/device/power"))
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["power"]}`)
	check(*decode[wire.SensorsStreamEvent](t, s.Next()).Power)
	found := false
	for _, dev := range get[wire.I2C](t, d, "/v1/peripherals/i2c").Devices {
		found = found || dev.AddressHex == "0x6f" && dev.Driver == "ltc4151"
	}
	if !found {
		t.Errorf("the chip is not among %s", d.Get("/v1/peripherals/i2c").Body)
	}
	unplug()
	s.Find("the loss", func(m device.Message) bool {
		p := decode[wire.SensorsStreamEvent](t, m).Power
		return p != nil && p.Volts == nil && len(p.Errors) > 0
	})
}
