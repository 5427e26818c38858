package raucbus

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// Compatible is the kind of device that the service is.
	Compatible = "heliograph-test"
	// SlotBytes is the size of a slot.
	SlotBytes = 8 << 20

	// patience is how long a daemon may take for anything.
	patience = 30 * time.Second
)

// Bus is a D-Bus with a RAUC service on it. Slot rootfs.0 is named A and booted,
// rootfs.1 is named B.
type Bus struct {
	// Address is what a client connects to.
	Address string

	t       testing.TB
	dir     string
	booted  string
	daemon  *exec.Cmd
	service *exec.Cmd
}

// Start starts both; they are stopped when the test ends. Where they cannot run
// (packages rauc, squashfs-tools and dbus, root, loop devices) the test is
// skipped, and fails if the environment has CI=true.
func Start(t testing.TB) *Bus {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "RAUC needs root to mount bundles")
	}
	for _, name := range []string{"rauc", "mksquashfs", "dbus-daemon"} {
		if _, err := exec.LookPath(name); err != nil {
			missing(t, "packages rauc, squashfs-tools or dbus are missing: "+err.Error())
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		missing(t, "RAUC needs loop devices: "+err.Error())
	}
	dir, err := os.MkdirTemp("", "rauc") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	b := &Bus{t: t, dir: dir, booted: "A", Address: "unix:path=" + dir + "/bus"}
	t.Cleanup(b.remove)
	b.configure()
	b.startDaemon()
	b.StartService()
	return b
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Poll waits until a condition holds.
func Poll(t testing.TB, what string, ok func() bool) {
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

func (b *Bus) path(name string) string { return filepath.Join(b.dir, name) }

func (b *Bus) write(name, text string, mode os.FileMode) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
}

func (b *Bus) startDaemon() {
	b.t.Helper()
	b.daemon = exec.Command("dbus-daemon", "--config-file="+b.path("bus.conf"), "--nofork", "--nopidfile")
	if err := b.daemon.Start(); err != nil {
		b.t.Fatal(err)
	}
	Poll(b.t, "dbus-daemon to listen", func() bool {
		conn, err := net.Dial("unix", b.path("bus"))
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
}

// StartService starts the service, after KillService or StopService, and returns
// when it answers.
func (b *Bus) StartService() {
	b.t.Helper()
	log, err := os.OpenFile(b.path("rauc.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer log.Close()
	b.service = exec.Command("rauc", "service", "--conf="+b.path("system.conf"), "--override-boot-slot="+b.booted)
	b.service.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+b.Address)
	b.service.Stdout, b.service.Stderr = log, log
	// What it mounts is gone with it, also when it is killed.
	b.service.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := b.service.Start(); err != nil {
		b.t.Fatal(err)
	}
	Poll(b.t, "rauc to answer; log:\n"+b.Log(), func() bool {
		return exec.Command("dbus-send", "--bus="+b.Address, "--print-reply", "--dest=de.pengutronix.rauc", "/",
			"de.pengutronix.rauc.Installer.GetPrimary").Run() == nil
	})
}

// KillService ends the service at once.
func (b *Bus) KillService() { b.end(&b.service, syscall.SIGKILL) }

// StopService ends the service in an orderly way.
func (b *Bus) StopService() { b.end(&b.service, syscall.SIGTERM) }

// KillBus ends the D-Bus at once; the service follows by itself.
func (b *Bus) KillBus() { b.end(&b.daemon, syscall.SIGKILL) }

// Reboot is what a restart of the device is for the service: a new life, with
// the slot booted that the boot loader has as primary.
func (b *Bus) Reboot() {
	b.t.Helper()
	b.KillService()
	b.booted = b.BootName()
	b.StartService()
}

func (b *Bus) end(cmd **exec.Cmd, signal syscall.Signal) {
	if *cmd == nil {
		return
	}
	_ = (*cmd).Process.Signal(signal)
	_ = (*cmd).Wait() // says only that it was killed
	*cmd = nil
}

func (b *Bus) remove() {
	b.Release()
	b.KillService()
	b.KillBus()
	if b.t.Failed() {
		b.t.Logf("rauc says:\n%s", b.Log())
	}
	_ = os.RemoveAll(b.dir)
}

// Log returns what the service has written.
func (b *Bus) Log() string {
	text, _ := os.ReadFile(b.path("rauc.log")) // nothing, if it has not
	return string(text)
}

// Slot returns the path of a slot's file, by its name in the boot loader, A or B.
func (b *Bus) Slot(bootName string) string { return b.path("slot" + bootName) }

// BootName returns the slot that the boot loader would boot, A or B.
func (b *Bus) BootName() string {
	b.t.Helper()
	text, err := os.ReadFile(b.path("boot/primary"))
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// Hold makes installations wait in the handler pre-install, before a slot is
// written, or post-install, after it was written and activated. The function
// that it returns waits until one does.
func (b *Bus) Hold(handler string) (held func()) {
	b.t.Helper()
	_ = os.Remove(b.path("held"))
	b.write("hold-"+handler, "", 0o600)
	return func() {
		b.t.Helper()
		Poll(b.t, "rauc to be in "+handler, func() bool {
			_, err := os.Stat(b.path("held"))
			return err == nil
		})
	}
}

// Release lets installations go on.
func (b *Bus) Release() {
	for _, handler := range []string{"pre-install", "post-install"} {
		_ = os.Remove(b.path("hold-" + handler))
	}
}

func (b *Bus) run(name string, args ...string) {
	b.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		b.t.Fatal(fmt.Errorf("%s: %w: %s", name, err, out))
	}
}
