//go:build vm

package iio_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/topic"
)

// This test runs as root in a virtual machine whose kernel has the modules i2c-stub
// (loaded with chip_addr=0x68,0x1e), i2c-dev, bmi160_i2c and hmc5843_i2c, and busybox for
// i2cset: real drivers on chips whose registers are ours to set. Debian's kernel has
// them all; it has no trigger that would make such a chip fill its buffer.

// stub is the bus of i2c-stub.
func stub(t *testing.T) string {
	t.Helper()
	buses, _ := filepath.Glob("/sys/bus/i2c/devices/i2c-*")
	for _, bus := range buses {
		if name, _ := os.ReadFile(bus + "/name"); strings.HasPrefix(string(name), "SMBus stub") {
			return strings.TrimPrefix(filepath.Base(bus), "i2c-")
		}
	}
	t.Fatal("no i2c-stub")
	return ""
}

// set sets registers of a chip.
func set(t *testing.T, bus, chip string, registers map[string]string) {
	t.Helper()
	for register, value := range registers {
		if out, err := exec.Command("busybox", "i2cset", "-f", "-y", bus, chip, register, value, "b").CombinedOutput(); err != nil {
			t.Fatalf("i2cset %s %s: %v: %s", chip, register, err, out)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// bmi160 plugs the chip in: level, at rest, 2 g and 2000 deg/s full scale.
func bmi160(t *testing.T, bus string) (unplug func()) {
	t.Helper()
	set(t, bus, "0x68", map[string]string{
		"0x00": "0xd1", "0x40": "0x28", "0x41": "0x03", "0x42": "0x28", "0x43": "0x00",
		"0x12": "0", "0x13": "0", "0x14": "0", "0x15": "0", "0x16": "0x00", "0x17": "0x40", // 16384 on Z
		"0x0c": "0x10", "0x0d": "0", "0x0e": "0", "0x0f": "0", "0x10": "0", "0x11": "0", // 16 on X
	})
	dir := "/sys/bus/i2c/devices/i2c-" + bus
	write(t, dir+"/new_device", "bmi160 0x68")
	gone := false
	unplug = func() {
		if !gone {
			gone = true
			write(t, dir+"/delete_device", "0x68")
		}
	}
	t.Cleanup(unplug)
	return unplug
}

func TestVMPolling(t *testing.T) {
	bus := stub(t)
	if _, err := iio.Find("/"); !errors.Is(err, topic.ErrNotPresent) {
		t.Error(err)
	}
	unplug := bmi160(t, bus)
	set(t, bus, "0x1e", map[string]string{"0x09": "1", "0x0a": "0x48", "0x0b": "0x34", "0x0c": "0x33", "0x03": "1", "0x04": "0", "0x05": "0", "0x06": "0", "0x07": "0xfe", "0x08": "0"})
	write(t, "/sys/bus/i2c/devices/i2c-"+bus+"/new_device", "hmc5883 0x1e")
	defer write(t, "/sys/bus/i2c/devices/i2c-"+bus+"/delete_device", "0x1e")
	devices, err := iio.Find("/")
	for _, d := range devices {
		t.Logf("%s at %s: %+v", d, d.Address, d.Channels)
	}
	if err != nil || len(devices) != 2 {
		t.Fatal(devices, err)
	}
	m := iio.NewIMU(iio.IMUOptions{Open: iio.Hardware("/", nil)})
	defer m.Close()
	sub := subscribe(t, m)
	s := await(t, sub, func(s iio.Status) bool { return s.HasSample && s.Motion.Still })
	t.Logf("%+v %+v %+v from %s and %s", s.Accel, s.Gyro, s.Mag, s.AccelGyro, s.Magnetometer)
	nearVec(t, "accel", s.Accel, vec(0, 0, 1), 0.01)
	nearVec(t, "gyro", s.Gyro, vec(-16*0.001064724*57.29577951, 0, 0), 1e-3)
	if s.Mag == nil || s.Mag.X <= 0 || s.Mag.Y == 0 && s.Mag.Z == 0 {
		t.Errorf("mag %v", s.Mag)
	}
	set(t, bus, "0x68", map[string]string{"0x15": "0x40", "0x17": "0x00"}) // on its side
	s = await(t, sub, func(s iio.Status) bool { return s.Accel.Y < -0.99 && s.Accel.Z < 0.01 })
	unplug()
	s = await(t, sub, func(s iio.Status) bool { return !s.HasSample })
	t.Log(s.LastError)
	bmi160(t, bus)
	await(t, sub, func(s iio.Status) bool { return s.HasSample && s.LastError == "" })
}
