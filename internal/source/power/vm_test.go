//go:build vm

package power_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/source/power"
	"github.com/heliograph/heliograph/internal/topic"
)

// TestVMRail runs as root in a virtual machine whose kernel has the modules
// i2c-stub (loaded with chip_addr=0x6f), i2c-dev and ltc4151, and busybox for i2cset: a
// real driver on a chip whose registers are ours to set.
func TestVMRail(t *testing.T) {
	bus := ""
	buses, _ := filepath.Glob("/sys/bus/i2c/devices/i2c-*")
	for _, dir := range buses {
		if name, _ := os.ReadFile(dir + "/name"); strings.HasPrefix(string(name), "SMBus stub") {
			bus = strings.TrimPrefix(filepath.Base(dir), "i2c-")
		}
	}
	if bus == "" {
		t.Fatal("no i2c-stub")
	}
	// 2 mV across the default shunt of 1 milliohm in steps of 20 µV, and 12 V in steps
	// of 25 mV; 12 bits each, the high byte first.
	for register, value := range map[string]string{"0": "0x06", "1": "0x40", "2": "0x1e", "3": "0"} {
		if out, err := exec.Command("busybox", "i2cset", "-f", "-y", bus, "0x6f", register, value, "b").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	dir := "/sys/bus/i2c/devices/i2c-" + bus
	if err := os.WriteFile(dir+"/new_device", []byte("ltc4151 0x6f"), 0); err != nil {
		t.Fatal(err)
	}
	m := power.New(power.Hardware("/"), nil)
	defer m.Close()
	s, err := m.Status()
	if err != nil || len(s.Rails) != 2 || s.Rails[0].Label != "ltc4151 1 on i2c-"+bus+" (0x6f)" || len(s.Errors) != 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	t.Logf("%+v", s)
	is(t, "volts", s.Volts, 12)
	is(t, "amps", s.Amps, 2)
	is(t, "watts", s.Watts, 24)
	if err := os.WriteFile(dir+"/delete_device", []byte("0x6f"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Status(); !errors.Is(err, topic.ErrNotPresent) {
		t.Error(err)
	}
}
