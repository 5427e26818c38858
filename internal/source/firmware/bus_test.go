package firmware_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long anything real may take.
const patience = 30 * time.Second

// need skips the test where a program is missing, and fails it in CI.
func need(t *testing.T, path, pkg string) string {
	t.Helper()
	found, err := exec.LookPath(path)
	if err == nil {
		return found
	}
	if _, err = os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("package %s is missing: %v", pkg, err)
	}
	t.Skipf("package %s is missing: %v", pkg, err)
	return ""
}

// start starts a program that is ended when the test ends, and returns what ends
// it sooner.
func start(t *testing.T, cmd *exec.Cmd) (kill func()) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	kill = func() {
		if !done {
			done = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(kill)
	return kill
}

// folder makes a folder with a name that is short enough for a socket.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// privateBus starts a message bus of its own and returns its address and what
// ends it.
func privateBus(t *testing.T) (address string, kill func()) {
	t.Helper()
	daemon := need(t, "dbus-daemon", "dbus-daemon")
	dir := folder(t)
	address = "unix:path=" + filepath.Join(dir, "bus")
	conf := filepath.Join(dir, "bus.conf")
	text := `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>` + address + `</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kill = start(t, exec.Command(daemon, "--config-file="+conf, "--nofork"))
	eventually(t, "the bus", func() bool {
		conn, err := dbus.Connect(address)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return address, kill
}

// eventually waits until ok says so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
		<-ticker.C
	}
}

// follow subscribes to the news of a bus and waits until the source listens.
func follow(t *testing.T, address string) (*firmware.Watcher, *topic.Subscription[firmware.Update]) {
	t.Helper()
	w := firmware.New(firmware.Options{Address: address})
	t.Cleanup(w.Close)
	sub, err := w.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := sub.WaitReady(ctx); err != nil {
		t.Fatal(err)
	}
	return w, sub
}

// next returns the next news.
func next(t *testing.T, sub *topic.Subscription[firmware.Update]) firmware.Update {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	item, err := sub.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return item.Event.Value
}
