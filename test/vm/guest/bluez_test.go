//go:build vm

package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// The adapter that the server uses, which is the first one that is switched on, and the
// one that is a device to it.
const (
	near  = dbus.ObjectPath("/org/bluez/hci0")
	other = dbus.ObjectPath("/org/bluez/hci1")

	adapter1 = "org.bluez.Adapter1"
)

// busConfig is what a system bus allows, with BlueZ's own policy.
const busConfig = `<busconfig>
<type>system</type><listen>ADDRESS</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
</policy>
<include>/etc/dbus-1/system.d/bluetooth.conf</include>
</busconfig>`

// bluez is a private bus with bluetoothd on it, which has two controllers of the
// kernel's driver hci_vhci that are in each other's reach.
type bluez struct {
	t       *testing.T
	address string // of the bus
	dir     string
	conn    *dbus.Conn
	daemon  *exec.Cmd
}

func startBlueZ(t *testing.T) *bluez {
	t.Helper()
	b := &bluez{t: t, dir: t.TempDir()}
	b.address = "unix:path=" + b.dir + "/bus"
	config := filepath.Join(b.dir, "bus.conf")
	if err := os.WriteFile(config, []byte(strings.Replace(busConfig, "ADDRESS", b.address, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll("/var/lib/bluetooth"); err != nil { // what another test has left
		t.Fatal(err)
	}
	for _, cmd := range []*exec.Cmd{
		b.launch("/usr/bin/btvirt", "-l2"),
		b.launch("/usr/bin/dbus-daemon", "--config-file="+config, "--nofork", "--nopidfile"),
	} {
		t.Cleanup(func() { b.end(cmd, syscall.SIGKILL) })
	}
	device.Poll(t, "the bus", func() bool {
		conn, err := dbus.Connect(b.address)
		b.conn = conn
		return err == nil
	})
	t.Cleanup(func() { _ = b.conn.Close() })
	b.startDaemon()
	t.Cleanup(func() { b.stopDaemon(syscall.SIGTERM) })
	return b
}

// launch starts a program whose output is told if the test fails.
func (b *bluez) launch(path string, args ...string) *exec.Cmd {
	b.t.Helper()
	log, err := os.CreateTemp(b.dir, filepath.Base(path)+".log")
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	b.t.Cleanup(func() {
		if b.t.Failed() {
			b.t.Logf("%s says:\n%s", path, read(log.Name()))
		}
	})
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+b.address)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	return cmd
}

func (b *bluez) end(cmd *exec.Cmd, how syscall.Signal) {
	_ = cmd.Process.Signal(how)
	_ = cmd.Wait() // says only how it ended
}

// startDaemon starts bluetoothd and waits until both adapters are switched on.
func (b *bluez) startDaemon() {
	b.t.Helper()
	b.daemon = b.launch("/usr/libexec/bluetooth/bluetoothd", "-n")
	for _, path := range []dbus.ObjectPath{near, other} {
		device.Poll(b.t, string(path)+" to be on", func() bool { return b.get(path, adapter1, "Powered") == true })
	}
}

// stopDaemon ends bluetoothd, if it runs, and with it all that was registered there.
func (b *bluez) stopDaemon(how syscall.Signal) {
	if b.daemon != nil {
		b.end(b.daemon, how)
		b.daemon = nil
	}
}

// get returns a property, nil if there is none.
func (b *bluez) get(path dbus.ObjectPath, iface, name string) any {
	v, err := b.conn.Object("org.bluez", path).GetProperty(iface + "." + name)
	if err != nil {
		return nil
	}
	return v.Value()
}

func (b *bluez) set(path dbus.ObjectPath, iface, name string, v any) {
	b.t.Helper()
	if err := b.conn.Object("org.bluez", path).SetProperty(iface+"."+name, dbus.MakeVariant(v)); err != nil {
		b.t.Fatalf("%s of %s: %v", name, path, err)
	}
}

func (b *bluez) call(path dbus.ObjectPath, method string, args ...any) {
	b.t.Helper()
	if err := b.conn.Object("org.bluez", path).Call(method, 0, args...).Err; err != nil {
		b.t.Fatalf("%s of %s: %v", method, path, err)
	}
}

// peer returns the address of the other adapter.
func (b *bluez) peer() string {
	address, _ := b.get(other, adapter1, "Address").(string)
	return address
}
