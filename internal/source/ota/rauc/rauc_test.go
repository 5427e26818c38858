package rauc

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/testkit/raucbus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// device is a RAUC on a bus of its own, and the engine that talks to it.
type device struct {
	*raucbus.Bus
	*Engine
	t    *testing.T
	boot string
}

func newDevice(t *testing.T) *device {
	d := &device{Bus: raucbus.Start(t), t: t, boot: "first"}
	d.Engine = New(Options{Address: d.Address, BootID: func() (string, error) { return d.boot, nil }})
	return d
}

// restart is a restart of the device.
func (d *device) restart() {
	d.t.Helper()
	d.Reboot()
	d.boot += " and another"
}

func image(path string) ota.Image {
	return ota.Image{UpdateID: uuid.New(), Path: path, Kind: ota.KindDiskImage}
}

func random(t *testing.T) []byte {
	b := make([]byte, 1<<20)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// steps records the progress of an engine.
type steps struct {
	mu    sync.Mutex
	texts []string
	most  int
}

func (s *steps) report(percent int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts, s.most = append(s.texts, text), max(s.most, percent)
}

func (d *device) install(path string) (ota.Installed, error) {
	d.t.Helper()
	img := image(path)
	a, err := d.Begin(d.t.Context(), img)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.Install(d.t.Context(), img, a, func(int, string) {})
}

func (d *device) holds(bootName string, want []byte) bool {
	d.t.Helper()
	got, err := os.ReadFile(d.Slot(bootName))
	if err != nil {
		d.t.Fatal(err)
	}
	return bytes.Equal(got[:len(want)], want)
}

func TestGoodBundle(t *testing.T) {
	d, content := newDevice(t), random(t)
	ctx, img := t.Context(), image(d.Make(raucbus.Bundle{Version: "2.5", Image: content}))
	m, err := d.Verify(ctx, img, func(int, string) {})
	if err != nil || m != (ota.Manifest{Version: "2.5", Compatible: raucbus.Compatible}) {
		t.Fatalf("Verify: %+v, %v", m, err)
	}
	r, err := d.Preflight(ctx, img)
	if err != nil || r.Verdict != ota.VerdictReady || r.TargetDevice != d.Slot("B") || *r.TargetSizeBytes != raucbus.SlotBytes {
		t.Fatalf("Preflight: %+v, %v", r, err)
	}
	a, err := d.Begin(ctx, img)
	if err != nil {
		t.Fatal(err)
	}
	var s steps
	in, err := d.Install(ctx, img, a, s.report)
	if err != nil {
		t.Fatal(err)
	}
	if in.Slot != "rootfs.1" || !in.RebootRequired || in.UpdateID != img.UpdateID || in.Version != "2.5" {
		t.Errorf("installed %+v", in)
	}
	if !d.holds("B", content) || d.BootName() != "B" {
		t.Error("slot B does not hold the image, or is not the one to be booted")
	}
	if all := strings.Join(s.texts, "\n"); !strings.Contains(all, "Copying image to rootfs.1") || s.most != 99 {
		t.Errorf("progress up to %d: %s", s.most, all)
	}
	d.checkSlots(in)
	d.checkBoot(in)
}

func (d *device) checkSlots(in ota.Installed) {
	d.t.Helper()
	slots, err := d.Slots(d.t.Context())
	if err != nil || len(slots) != 2 {
		d.t.Fatalf("Slots: %+v, %v", slots, err)
	}
	a, b := slots[0], slots[1]
	if a.Name != "rootfs.0" || !a.Booted || a.Primary || a.BootName != "A" || a.Health != "good" {
		d.t.Errorf("slot A is %+v", a)
	}
	if b.Name != in.Slot || b.Booted || !b.Primary || b.Version != "2.5" || b.SizeBytes != 1<<20 || b.InstalledAt.IsZero() || len(b.SHA256) != 64 {
		d.t.Errorf("slot B is %+v", b)
	}
}

// checkBoot restarts the device and confirms the new system.
func (d *device) checkBoot(in ota.Installed) {
	d.t.Helper()
	ctx := d.t.Context()
	if boot, err := d.Booted(ctx, in); err != nil || boot != ota.BootPending {
		d.t.Errorf("before the restart: %v, %v", boot, err)
	}
	if err := d.Confirm(ctx, in); !errors.Is(err, ota.ErrNotInstalled) {
		d.t.Errorf("confirmed a system that does not run: %v", err)
	}
	d.restart()
	if boot, err := d.Booted(ctx, in); err != nil || boot != ota.BootNew {
		d.t.Errorf("after the restart: %v, %v", boot, err)
	}
	if err := d.Confirm(ctx, in); err != nil {
		d.t.Error(err)
	}
}

func TestFallback(t *testing.T) {
	d := newDevice(t)
	in, err := d.install(d.Make(raucbus.Bundle{}))
	if err != nil {
		t.Fatal(err)
	}
	d.restart()
	if err := d.Reject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if d.BootName() != "A" {
		t.Errorf("%s is to be booted after the new system was rejected", d.BootName())
	}
	d.restart()
	if boot, err := d.Booted(t.Context(), in); err != nil || boot != ota.BootOld {
		t.Errorf("after the restart: %v, %v", boot, err)
	}
}

// TestRefused has RAUC itself refuse bundles: Install, without the checks that
// come before.
func TestRefused(t *testing.T) {
	d := newDevice(t)
	for _, test := range []struct {
		name   string
		bundle raucbus.Bundle
		text   string
	}{
		{"bad signature", raucbus.Bundle{Untrusted: true}, "signature verification failed"},
		{"changed content", raucbus.Bundle{Flipped: true}, "signature verification failed"},
		{"wrong compatible", raucbus.Bundle{Compatible: "toaster"}, "Compatible mismatch: Expected '" + raucbus.Compatible + "' but bundle manifest has 'toaster'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			img := image(d.Make(test.bundle))
			if _, err := d.Verify(t.Context(), img, func(int, string) {}); !errors.Is(err, ota.ErrInvalid) {
				t.Errorf("Verify: %v", err)
			}
			a := d.baseline(t)
			var s steps
			_, err := d.Install(t.Context(), img, a, s.report)
			if err == nil || !strings.Contains(err.Error(), test.text) {
				t.Fatalf("Install: %v", err)
			}
			if s.most == 100 || d.BootName() != "A" {
				t.Errorf("progress %d, %s to be booted", s.most, d.BootName())
			}
		})
	}
}

// baseline is an attempt with a bundle that Begin would refuse.
func (d *device) baseline(t *testing.T) ota.Attempt {
	t.Helper()
	a, err := d.Begin(t.Context(), image(d.Make(raucbus.Bundle{})))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestBusy(t *testing.T) {
	d := newDevice(t)
	img := image(d.Make(raucbus.Bundle{}))
	a, err := d.Begin(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	held := d.Hold("pre-install")
	first := make(chan error)
	go func() {
		_, err := d.Install(t.Context(), img, a, func(int, string) {})
		first <- err
	}()
	held()
	if _, err := d.Install(t.Context(), img, a, func(int, string) {}); !errors.Is(err, ota.ErrBusy) || !strings.Contains(err.Error(), "lready processing a different method") {
		t.Errorf("Install while busy: %v", err)
	}
	if _, err := d.Verify(t.Context(), img, func(int, string) {}); !errors.Is(err, ota.ErrBusy) {
		t.Errorf("Verify while busy: %v", err)
	}
	d.Release()
	if err := <-first; err != nil {
		t.Errorf("the first installation: %v", err)
	}
}

func TestKilledBeforeWriting(t *testing.T) {
	d := newDevice(t)
	held := d.Hold("pre-install")
	result := d.begin(d.Make(raucbus.Bundle{}))
	held()
	d.KillService()
	d.StartService()
	if r := <-result; r.err == nil || !strings.Contains(r.err.Error(), "vanished") || errors.Is(r.err, ota.ErrUncertain) {
		t.Errorf("Install: %v", r.err)
	}
	if d.BootName() != "A" {
		t.Errorf("%s is to be booted", d.BootName())
	}
}

// TestKilledAfterActivating kills the service when slot B is written, has the
// status ok, and is to be booted next, but success was not reported.
func TestKilledAfterActivating(t *testing.T) {
	d := newDevice(t)
	held := d.Hold("post-install")
	result := d.begin(d.Make(raucbus.Bundle{}))
	held()
	if d.BootName() != "B" {
		t.Fatal("RAUC activates later than this test believes")
	}
	d.KillService()
	d.StartService()
	r := <-result
	if r.err == nil || !strings.Contains(r.err.Error(), "vanished") || errors.Is(r.err, ota.ErrUncertain) {
		t.Errorf("Install: %v", r.err)
	}
	if d.BootName() != "A" {
		t.Error("the device would boot a system that is not proven")
	}
	d.Release()
	if in, err := d.Resume(t.Context(), r.attempt, func(int, string) {}); !errors.Is(err, ota.ErrNotInstalled) {
		t.Errorf("Resume: %+v, %v", in, err)
	}
}

// ending is how an installation ended.
type ending struct {
	attempt ota.Attempt
	err     error
}

func (d *device) begin(path string) <-chan ending {
	d.t.Helper()
	img := image(path)
	a, err := d.Begin(d.t.Context(), img)
	if err != nil {
		d.t.Fatal(err)
	}
	done := make(chan ending, 1)
	go func() {
		_, err := d.Install(d.t.Context(), img, a, func(int, string) {})
		done <- ending{a, err}
	}()
	return done
}

func TestBusDies(t *testing.T) {
	d := newDevice(t)
	d.patience = time.Second
	held := d.Hold("pre-install")
	result := d.begin(d.Make(raucbus.Bundle{}))
	held()
	d.KillBus()
	if r := <-result; !errors.Is(r.err, ota.ErrUncertain) {
		t.Errorf("Install: %v", r.err)
	}
	if err := d.Present(t.Context()); !errors.Is(err, ota.ErrNotPresent) {
		t.Errorf("Present: %v", err)
	}
}

// TestRejoin lets go of an installation that the service goes on with, as when
// this process dies, and finds it again: while it runs, and when it is done.
func TestRejoin(t *testing.T) {
	d := newDevice(t)
	img := image(d.Make(raucbus.Bundle{Version: "3"}))
	a, err := d.Begin(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	held := d.Hold("post-install")
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := d.Install(ctx, img, a, func(int, string) {})
		gone <- err
	}()
	held()
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Fatalf("Install: %v", err)
	}
	type answer struct {
		in  ota.Installed
		err error
	}
	resumed, joined := make(chan answer), make(chan bool, 1)
	go func() {
		in, err := d.Resume(t.Context(), a, func(int, string) {
			select {
			case joined <- true:
			default:
			}
		})
		resumed <- answer{in, err}
	}()
	<-joined
	d.Release()
	if r := <-resumed; r.err != nil || r.in.Slot != "rootfs.1" || !r.in.RebootRequired {
		t.Errorf("Resume while it runs: %+v", r)
	}
	if in, err := d.Resume(t.Context(), a, func(int, string) {}); err != nil || in.Slot != "rootfs.1" {
		t.Errorf("Resume when it is done: %+v, %v", in, err)
	}
	d.restart()
	in, err := d.Resume(t.Context(), a, func(int, string) {})
	if err != nil || in.Slot != "rootfs.1" {
		t.Fatalf("Resume after a restart: %+v, %v", in, err)
	}
	if boot, err := d.Booted(t.Context(), in); err != nil || boot != ota.BootNew {
		t.Errorf("Booted: %v, %v", boot, err)
	}
}

func TestResumeOfAFailure(t *testing.T) {
	d := newDevice(t)
	a := d.baseline(t)
	bad := image(d.Make(raucbus.Bundle{Untrusted: true}))
	if _, err := d.Install(t.Context(), bad, a, func(int, string) {}); err == nil {
		t.Fatal("a bad bundle was installed")
	}
	if _, err := d.Resume(t.Context(), a, func(int, string) {}); !errors.Is(err, ota.ErrNotInstalled) || !strings.Contains(err.Error(), "signature") {
		t.Errorf("Resume: %v", err)
	}
	d.restart()
	if _, err := d.Resume(t.Context(), a, func(int, string) {}); !errors.Is(err, ota.ErrNotInstalled) {
		t.Errorf("Resume after a restart: %v", err)
	}
}

func TestAbsent(t *testing.T) {
	e := New(Options{Address: "unix:path=" + filepath.Join(t.TempDir(), "nothing")})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := e.Present(ctx); !errors.Is(err, ota.ErrNotPresent) {
		t.Errorf("without a bus: %v", err)
	}
	d := newDevice(t)
	d.StopService()
	if err := d.Present(ctx); !errors.Is(err, ota.ErrNotPresent) {
		t.Errorf("without the service: %v", err)
	}
}
