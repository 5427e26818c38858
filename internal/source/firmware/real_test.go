package firmware_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/topic"
)

// The real daemon with the device that it has for tests.
const (
	daemon  = "/usr/libexec/fwupd/fwupd"
	archive = "/usr/share/installed-tests/fwupd/fakedevice124.cab" // version 1.2.4
	webcam  = "08d460be0f1f9f128413f816022a6439e0078018"           // has 1.2.2
)

// startFwupd starts the daemon on a bus of its own; more is added to its settings
// of the device for tests.
func startFwupd(t *testing.T, more string) (address string, kill func()) {
	t.Helper()
	need(t, daemon, "fwupd")
	need(t, archive, "fwupd-tests")
	if os.Geteuid() != 0 {
		t.Skip("fwupd runs as root")
	}
	address, _ = privateBus(t)
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "etc/fwupd"), 0o755); err != nil {
		t.Fatal(err)
	}
	conf := "[fwupd]\nTestDevices=true\nOnlyTrusted=false\n[test]\n" + more
	if err := os.WriteFile(filepath.Join(dir, "etc/fwupd/fwupd.conf"), []byte(conf), 0o640); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon)
	cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+address,
		"FWUPD_SYSCONFDIR="+dir+"/etc", "FWUPD_LOCALSTATEDIR="+dir+"/var", "FWUPD_RUNDIR="+dir+"/run")
	return address, start(t, cmd)
}

// install installs the archive, as fwupdmgr does, and returns its error.
func install(address string) error {
	conn, err := dbus.Connect(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	options := map[string]dbus.Variant{"reason": dbus.MakeVariant("user-action"), "allow-reinstall": dbus.MakeVariant(true)}
	return conn.Object(fwupd, "/").Call(fwupd+".Install", 0, webcam, dbus.UnixFD(file.Fd()), options).Err
}

// followFwupd waits for the daemon and follows it.
func followFwupd(t *testing.T, address string) (*firmware.Watcher, *topic.Subscription[firmware.Update]) {
	t.Helper()
	probe := firmware.New(firmware.Options{Address: address})
	defer probe.Close()
	eventually(t, "fwupd", func() bool {
		devices, err := probe.Devices(t.Context())
		for _, d := range devices {
			if d.ID == webcam && d.Name == "Integrated Webcam™" && d.Version == "1.2.2" && d.Updatable {
				return true
			}
		}
		if err != nil && !errors.Is(err, topic.ErrNotPresent) {
			t.Log(err)
		}
		return false
	})
	return follow(t, address)
}

// last reads news until an update has ended, and checks them on the way.
func last(t *testing.T, sub *topic.Subscription[firmware.Update]) (u firmware.Update, flashing int) {
	t.Helper()
	percent := uint8(0)
	for {
		u = next(t, sub)
		if u.DeviceID != webcam || u.Firmware != "Integrated Webcam™" {
			t.Errorf("%+v", u)
		}
		if u.Status != firmware.Flashing {
			return u, flashing
		}
		if flashing++; u.Progress != nil {
			if *u.Progress < percent {
				t.Errorf("from %d %% to %d %%", percent, *u.Progress)
			}
			percent = *u.Progress
		}
	}
}

func TestRealUpdates(t *testing.T) {
	address, _ := startFwupd(t, "")
	_, sub := followFwupd(t, address)
	// The second time, the device has the version and the success of the first.
	for i := range 2 {
		if err := install(address); err != nil {
			t.Fatal(err)
		}
		u, flashing := last(t, sub)
		if u.Status != firmware.Complete || u.Active != "1.2.4" || *u.Progress != 100 || flashing < 3 {
			t.Errorf("update %d: %+v after %d news", i, u, flashing)
		}
	}
}

func TestRealFailure(t *testing.T) {
	address, _ := startFwupd(t, "WriteSupported=false\n")
	_, sub := followFwupd(t, address)
	if err := install(address); err == nil {
		t.Fatal("the daemon wrote to a device that cannot be written")
	}
	u, _ := last(t, sub)
	if u.Status != firmware.Failed || u.Error == "" || u.Active != "1.2.2" {
		t.Errorf("%+v", u)
	}
}

func TestRealDaemonKilledWhileItWrites(t *testing.T) {
	address, kill := startFwupd(t, "WriteDelay=60000\n")
	_, sub := followFwupd(t, address)
	done := make(chan error, 1)
	go func() { done <- install(address) }()
	if u := next(t, sub); u.Status != firmware.Flashing {
		t.Fatalf("%+v", u)
	}
	kill()
	if err := <-done; err == nil {
		t.Error("the daemon was killed too late")
	}
	if u, _ := last(t, sub); u.Status != firmware.Failed || u.Error == "" {
		t.Errorf("%+v", u)
	}
}
