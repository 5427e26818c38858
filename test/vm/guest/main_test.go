//go:build vm

package guest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestMain(m *testing.M) { os.Exit(device.Main(m)) }

// object is a JSON object.
type object = map[string]any

func start(t *testing.T) *device.Device {
	t.Helper()
	return device.Start(t, device.Options{})
}

// get reads the answer of an endpoint, which must be 200.
func get[T any](t *testing.T, d *device.Device, path string) (v T) {
	t.Helper()
	r := d.Get(path)
	if r.Status != 200 {
		t.Fatalf("GET %s: status %d: %s", path, r.Status, r.Body)
	}
	d.JSON(r, &v)
	return v
}

// post makes a request that must be answered with the status.
func post(t *testing.T, d *device.Device, path string, body any, status int) device.Response {
	t.Helper()
	r := d.Post(path, text(body))
	if r.Status != status {
		t.Fatalf("POST %s %s: status %d, want %d: %s", path, text(body), r.Status, status, r.Body)
	}
	return r
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// decode reads a message into a value.
func decode[T any](t *testing.T, m device.Message) (v T) {
	t.Helper()
	if err := json.Unmarshal(m.Data, &v); err != nil {
		t.Fatalf("%.300s: %v", m.Data, err)
	}
	return v
}

// write writes to a file of the kernel.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0); err != nil {
		t.Fatal(err)
	}
}

func read(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(data))
}

// run runs a command of busybox.
func run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("/bin/busybox", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
}

// stub is the bus of i2c-stub, whose chips have registers that are ours to set.
type stub struct {
	t      *testing.T
	number string
}

func newStub(t *testing.T) stub {
	t.Helper()
	buses, _ := filepath.Glob("/sys/bus/i2c/devices/i2c-*")
	for _, bus := range buses {
		if strings.HasPrefix(read(bus+"/name"), "SMBus stub") {
			return stub{t, strings.TrimPrefix(filepath.Base(bus), "i2c-")}
		}
	}
	t.Fatal("no i2c-stub")
	return stub{}
}

// set sets registers of a chip, pairs of number and value.
func (b stub) set(chip string, registers ...string) {
	b.t.Helper()
	for i := 0; i+1 < len(registers); i += 2 {
		run(b.t, "i2cset", "-f", "-y", b.number, chip, registers[i], registers[i+1], "b")
	}
}

// plug has the kernel drive a chip until the test ends, or until unplug is called.
func (b stub) plug(driver, chip string) (unplug func()) {
	b.t.Helper()
	dir := "/sys/bus/i2c/devices/i2c-" + b.number
	write(b.t, dir+"/new_device", driver+" "+chip)
	gone := false
	unplug = func() {
		if !gone {
			gone = true
			write(b.t, dir+"/delete_device", chip)
		}
	}
	b.t.Cleanup(unplug)
	return unplug
}
