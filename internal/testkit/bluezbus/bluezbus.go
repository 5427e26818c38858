// Package bluezbus starts a private D-Bus with a BlueZ on it that is played by
// python-dbusmock, for tests: adapters, devices and attributes are what the test says.
package bluezbus

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	// python is Debian's, which has the module.
	python = "/usr/bin/python3"
	// patience is how long a daemon may take for anything.
	patience = 30 * time.Second
	mock     = "org.bluez.Mock"
)

// Bus is the private bus.
type Bus struct {
	// Address is what a client connects to.
	Address string

	t      testing.TB
	dir    string
	daemon *exec.Cmd
	bluez  *exec.Cmd
	conn   *dbus.Conn
}

// Start starts a bus with BlueZ and without an adapter; it is stopped when the test
// ends. Where that cannot run (packages dbus and python3-dbusmock) the test is skipped,
// and fails if the environment has CI=true.
func Start(t testing.TB) *Bus {
	t.Helper()
	b := StartBus(t)
	b.StartBlueZ()
	return b
}

// StartBus starts a bus on which there is no BlueZ yet.
func StartBus(t testing.TB) *Bus {
	t.Helper()
	if _, err := exec.LookPath("dbus-daemon"); err != nil {
		missing(t, "package dbus is missing: "+err.Error())
	}
	if out, err := exec.Command(python, "-c", "import dbusmock").CombinedOutput(); err != nil {
		missing(t, "package python3-dbusmock is missing: "+string(out))
	}
	dir, err := os.MkdirTemp("", "bluez") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	b := &Bus{t: t, dir: dir, Address: "unix:path=" + dir + "/bus"}
	t.Cleanup(b.remove)
	config := `<busconfig><type>system</type><listen>` + b.Address + `</listen><policy context="default">` +
		`<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`
	if err := os.WriteFile(filepath.Join(dir, "bus.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	b.StartDaemon()
	return b
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func poll(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// StartDaemon starts the bus, after KillBus.
func (b *Bus) StartDaemon() {
	b.t.Helper()
	socket := filepath.Join(b.dir, "bus")
	_ = os.Remove(socket)
	b.daemon = exec.Command("dbus-daemon", "--config-file="+filepath.Join(b.dir, "bus.conf"), "--nofork", "--nopidfile")
	if err := b.daemon.Start(); err != nil {
		b.t.Fatal(err)
	}
	poll(b.t, "dbus-daemon to listen", func() bool {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	conn, err := dbus.Connect(b.Address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.conn = conn
}

// StartBlueZ starts BlueZ, after StartBus or KillBlueZ, and returns when it answers.
func (b *Bus) StartBlueZ() {
	b.t.Helper()
	log, err := os.OpenFile(filepath.Join(b.dir, "bluez.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	b.bluez = exec.Command(python, "-m", "dbusmock", "--system", "--template", "bluez5")
	b.bluez.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+b.Address)
	b.bluez.Stdout, b.bluez.Stderr = log, log
	if err := b.bluez.Start(); err != nil {
		b.t.Fatal(err)
	}
	poll(b.t, "BlueZ to answer; log:\n"+b.Log(), func() bool {
		return b.conn.Object("org.bluez", "/").Call("org.freedesktop.DBus.ObjectManager.GetManagedObjects", dbus.FlagNoAutoStart).Err == nil
	})
}

// KillBlueZ ends BlueZ at once, with all that it knows.
func (b *Bus) KillBlueZ() { b.end(&b.bluez) }

// KillBus ends the bus at once; BlueZ follows.
func (b *Bus) KillBus() {
	_ = b.conn.Close()
	b.end(&b.daemon)
	b.end(&b.bluez)
}

func (b *Bus) end(cmd **exec.Cmd) {
	if *cmd == nil {
		return
	}
	_ = (*cmd).Process.Signal(syscall.SIGKILL)
	_ = (*cmd).Wait() // says only that it was killed
	*cmd = nil
}

func (b *Bus) remove() {
	if b.conn != nil {
		_ = b.conn.Close()
	}
	b.end(&b.bluez)
	b.end(&b.daemon)
	if b.t.Failed() {
		b.t.Logf("BlueZ says:\n%s", b.Log())
	}
	_ = os.RemoveAll(b.dir)
}

// Log returns what BlueZ has written.
func (b *Bus) Log() string {
	text, _ := os.ReadFile(filepath.Join(b.dir, "bluez.log")) // nothing, if it has not
	return string(text)
}

// Call calls a method of an object, named with its interface.
func (b *Bus) Call(path, method string, args ...any) {
	b.t.Helper()
	if err := b.conn.Object("org.bluez", dbus.ObjectPath(path)).Call(method, 0, args...).Err; err != nil {
		b.t.Fatalf("%s of %s: %v", method, path, err)
	}
}

// Get returns a property of an object.
func (b *Bus) Get(path, iface, name string) any {
	b.t.Helper()
	v, err := b.conn.Object("org.bluez", dbus.ObjectPath(path)).GetProperty(iface + "." + name)
	if err != nil {
		b.t.Fatalf("%s of %s: %v", name, path, err)
	}
	return v.Value()
}

// AddAdapter plugs an adapter in and returns its path. Its name is for example hci0.
func (b *Bus) AddAdapter(name string) string {
	b.t.Helper()
	b.Call("/org/bluez", mock+".AddAdapter", name, "test")
	return "/org/bluez/" + name
}

// RemoveAdapter unplugs an adapter.
func (b *Bus) RemoveAdapter(name string) {
	b.t.Helper()
	b.Call("/org/bluez", mock+".RemoveAdapter", name)
}

// AddDevice brings a device near an adapter and returns its path.
func (b *Bus) AddDevice(adapter, address, name string) string {
	b.t.Helper()
	b.Call("/org/bluez", mock+".AddDevice", adapter, address, name)
	return "/org/bluez/" + adapter + "/dev_" + strings.ReplaceAll(address, ":", "_")
}

// Pair pairs a device.
func (b *Bus) Pair(adapter, address string) {
	b.t.Helper()
	b.Call("/org/bluez", mock+".PairDevice", adapter, address, uint32(5898764))
}

// Update gives properties of an object new values, which it tells.
func (b *Bus) Update(path, iface string, values map[string]any) {
	b.t.Helper()
	b.Call(path, "org.freedesktop.DBus.Mock.UpdateProperties", iface, variants(values))
}

// Say makes an object tell new values of properties that it need not have.
func (b *Bus) Say(path, iface string, values map[string]any) {
	b.t.Helper()
	b.Call(path, "org.freedesktop.DBus.Mock.EmitSignal", "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
		[]dbus.Variant{dbus.MakeVariant(iface), dbus.MakeVariant(variants(values)), dbus.MakeVariant([]string{})})
}

// AddObject adds an object with one interface, such as an attribute of a device, and
// tells of it.
func (b *Bus) AddObject(path, iface string, values map[string]any) {
	b.t.Helper()
	type method struct{ A, B, C, D string }
	b.Call("/", "org.freedesktop.DBus.Mock.AddObject", path, iface, variants(values), []method{})
	b.Call("/", "org.freedesktop.DBus.Mock.EmitSignal", "org.freedesktop.DBus.ObjectManager", "InterfacesAdded", "oa{sa{sv}}",
		[]dbus.Variant{dbus.MakeVariant(dbus.ObjectPath(path)), dbus.MakeVariant(map[string]map[string]dbus.Variant{iface: variants(values)})})
}

// RemoveObject takes an object away and tells that.
func (b *Bus) RemoveObject(path string, ifaces ...string) {
	b.t.Helper()
	b.Call("/", "org.freedesktop.DBus.Mock.RemoveObject", path)
	b.Call("/", "org.freedesktop.DBus.Mock.EmitSignal", "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved", "oas",
		[]dbus.Variant{dbus.MakeVariant(dbus.ObjectPath(path)), dbus.MakeVariant(ifaces)})
}

func variants(values map[string]any) map[string]dbus.Variant {
	out := map[string]dbus.Variant{}
	for name, v := range values {
		out[name] = dbus.MakeVariant(v)
	}
	return out
}
