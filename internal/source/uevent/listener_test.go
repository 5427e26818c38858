package uevent

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopback is a device that every Linux machine has and whose uevent file makes
// the kernel broadcast an event about it.
const loopback = "/sys/class/net/lo/uevent"

// trigger makes the kernel broadcast an event with our mark in it. Writing needs
// root; without it the real tests cannot run.
func trigger(t *testing.T, action, mark string) {
	t.Helper()
	line := action + " 11111111-2222-3333-4444-555555555555 MARK=" + mark
	if err := os.WriteFile(loopback, []byte(line), 0o200); err != nil {
		if errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EROFS) {
			t.Skipf("making kernel events needs root: %v", err)
		}
		t.Fatal(err)
	}
}

// collect runs l and returns a channel of its events and a function that ends
// it and returns what Run returned.
func collect(t *testing.T, l *Listener) (<-chan Event, func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	events, done := make(chan Event, 1024), make(chan error, 1)
	go func() {
		done <- l.Run(ctx, func(e Event) { events <- e })
	}()
	return events, func() error { cancel(); return <-done }
}

// wait returns the first event that match likes.
func wait(t *testing.T, events <-chan Event, match func(Event) bool) Event {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case e := <-events:
			if match(e) {
				return e
			}
		case <-deadline:
			t.Fatal("the event did not come")
		}
	}
}

func listen(t *testing.T, opts Options) *Listener {
	t.Helper()
	l, err := Listen(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func TestRealEvents(t *testing.T) {
	l := listen(t, Options{Subsystems: []string{"net"}})
	trigger(t, "change", "before") // waits in the kernel until Run
	events, stop := collect(t, l)
	e := wait(t, events, func(e Event) bool { return e.Get("SYNTH_ARG_MARK") == "before" })
	if e.Action != "change" || e.Subsystem != "net" || e.Get("INTERFACE") != "lo" || e.Seq == 0 || !strings.HasSuffix(e.DevPath, "/net/lo") {
		t.Errorf("got %+v", e)
	}
	trigger(t, "add", "after")
	if later := wait(t, events, func(e Event) bool { return e.Get("SYNTH_ARG_MARK") == "after" }); later.Action != "add" || later.Seq <= e.Seq {
		t.Errorf("got %+v after number %d", later, e.Seq)
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestRealVethComesAndGoes(t *testing.T) {
	if out, err := exec.Command("ip", "link", "add", "hgue0", "type", "veth", "peer", "name", "hgue1").CombinedOutput(); err != nil {
		t.Skipf("no veth here: %v %s", err, out)
	}
	removed := false
	remove := func() {
		if !removed {
			removed = exec.Command("ip", "link", "del", "hgue0").Run() == nil
		}
	}
	t.Cleanup(remove)
	events, stop := collect(t, listen(t, Options{Subsystems: []string{"net"}}))
	remove()
	e := wait(t, events, func(e Event) bool { return e.Action == "remove" && e.Get("INTERFACE") == "hgue0" })
	if e.Get("IFINDEX") == "" {
		t.Errorf("got %+v", e)
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFilterBySubsystem(t *testing.T) {
	l := listen(t, Options{Subsystems: []string{"mem"}})
	trigger(t, "change", "filtered")
	if err := os.WriteFile("/sys/class/mem/null/uevent", []byte("change 11111111-2222-3333-4444-555555555555 MARK=wanted"), 0o200); err != nil {
		t.Fatal(err)
	}
	events, stop := collect(t, l)
	wait(t, events, func(e Event) bool {
		if e.Subsystem != "mem" {
			t.Errorf("got an event of %q", e.Subsystem)
		}
		return e.Get("SYNTH_ARG_MARK") == "wanted"
	})
	_ = stop()
}

// multicast sends a made-up event to the kernel's group, as only a process with
// CAP_NET_ADMIN can.
func multicast(t *testing.T, msg []byte) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.Sendto(fd, msg, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelGroup}); err != nil {
		t.Skipf("sending made-up events needs CAP_NET_ADMIN: %v", err)
	}
}

const madeUp = "add@/devices/fake/usb9/9-1\x00ACTION=add\x00SUBSYSTEM=hgfake\x00DEVTYPE=usb_device\x00SEQNUM=1\x00"

func TestEventsOfProcessesAreDropped(t *testing.T) {
	trusting := listen(t, Options{AcceptUserspace: true, Subsystems: []string{"hgfake"}})
	careful := listen(t, Options{})
	multicast(t, []byte(madeUp))
	trigger(t, "change", "end")
	events, stop := collect(t, careful)
	wait(t, events, func(e Event) bool {
		if e.Subsystem == "hgfake" {
			t.Error("a made-up event was accepted")
		}
		return e.Get("SYNTH_ARG_MARK") == "end"
	})
	_ = stop()
	// It had been delivered: the one who accepts such events has it.
	events, stop = collect(t, trusting)
	wait(t, events, func(e Event) bool { return e.DevPath == "/devices/fake/usb9/9-1" })
	_ = stop()
}

func TestMalformedAndTruncated(t *testing.T) {
	l := listen(t, Options{AcceptUserspace: true, Subsystems: []string{"hgfake"}})
	multicast(t, []byte("libudev\x00\xfe\xed\xca\xfe"))
	multicast(t, append([]byte(madeUp), bytes.Repeat([]byte("x"), maxMessage)...))
	multicast(t, []byte(madeUp))
	events, stop := collect(t, l)
	first := wait(t, events, func(Event) bool { return true })
	if !first.Overrun {
		t.Errorf("a message that does not fit gave %+v", first)
	}
	wait(t, events, func(e Event) bool { return e.Subsystem == "hgfake" && e.Action == "add" })
	_ = stop()
}

func TestOverrunIsTold(t *testing.T) {
	l := listen(t, Options{AcceptUserspace: true, Subsystems: []string{"none"}})
	ctl, err := l.file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := ctl.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4096) }); err != nil {
		t.Fatal(err)
	}
	big := append([]byte(madeUp), bytes.Repeat([]byte("K=v\x00"), 500)...)
	for range 64 {
		multicast(t, big)
	}
	events, stop := collect(t, l)
	wait(t, events, func(e Event) bool { return e.Overrun && e.Action == "" })
	_ = stop()
}

func TestWatchCallsWhenInForceAndForEachEvent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	calls, done := make(chan struct{}, 1024), make(chan error, 1)
	go func() { done <- Watch(Options{Subsystems: []string{"net"}})(ctx, func() { calls <- struct{}{} }) }()
	select {
	case <-calls:
	case err := <-done:
		t.Fatal(err)
	}
	trigger(t, "change", "watch")
	select {
	case <-calls:
	case <-time.After(20 * time.Second):
		t.Error("no call for an event")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestRunEndsWithCause(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := Run(ctx, Options{}, func(Event) {}); !errors.Is(err, why) {
		t.Errorf("Run returned %v", err)
	}
}
