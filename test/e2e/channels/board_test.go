package channels

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// board is hardware that the machine does not have: folders of sysfs that only
// the server sees, in a mount namespace of its own.
type board struct {
	t   *testing.T
	dir string
}

// newBoard makes a board without any device on it. It needs root.
func newBoard(t *testing.T) board {
	t.Helper()
	needNamespaces(t)
	b := board{t, t.TempDir()}
	for _, dir := range []string{"bus/usb/devices", "devices/usb", "thermal", "power_supply", "platform", "etc"} {
		if err := os.MkdirAll(filepath.Join(b.dir, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	b.file("etc/hostname", "board\n")
	return b
}

// needNamespaces skips the test where namespaces cannot be made, and fails it if
// the environment has CI=true.
func needNamespaces(t *testing.T) {
	t.Helper()
	out, err := exec.Command("unshare", "--mount", "--uts", "true").CombinedOutput()
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("unshare: %v: %s", err, out)
	}
	t.Skipf("unshare: %v: %s", err, out)
}

// start starts a server on the board.
func (b board) start() *device.Device {
	b.t.Helper()
	script := `set -e; dir=$1; shift
mount --bind $dir/bus /sys/bus
mount --bind $dir/thermal /sys/class/thermal
mount --bind $dir/power_supply /sys/class/power_supply
mount --bind $dir/platform /sys/devices/platform
mount --bind $dir/etc/hostname /etc/hostname
hostname board
exec "$@"`
	return device.Start(b.t, device.Options{Wrap: []string{"unshare", "--mount", "--uts", "--", "sh", "-c", script, "sh", b.dir}})
}

func (b board) file(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// plug attaches a USB device as sysfs shows it.
func (b board) plug(name, product string) {
	b.t.Helper()
	for attr, value := range map[string]string{
		"idVendor": "046d", "idProduct": "0825", "product": product, "bDeviceClass": "ef", "bDeviceSubClass": "02",
		"bDeviceProtocol": "01", "speed": "480", "version": " 2.00", "maxchild": "0", "devnum": "5", "authorized": "1",
	} {
		b.file(filepath.Join("devices/usb", name, attr), value+"\n")
	}
	target := filepath.Join(b.dir, "devices/usb", name)
	if err := os.Symlink(target, filepath.Join(b.dir, "bus/usb/devices", name)); err != nil {
		b.t.Fatal(err)
	}
}

func (b board) unplug(name string) {
	b.t.Helper()
	if err := os.Remove(filepath.Join(b.dir, "bus/usb/devices", name)); err != nil {
		b.t.Fatal(err)
	}
}
