package slots

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/ota"
)

func TestUpdate(t *testing.T) {
	d := newBoard(t)
	ctx := t.Context()
	if got := d.boot(); got != "a" {
		t.Fatalf("booted %s", got)
	}
	img := d.image(bundle(t, manifest("1"), content("1", 1<<20+5)))
	m, err := d.Verify(ctx, img, nobody)
	if err != nil || m != (ota.Manifest{Version: "1", BuildID: "1", Compatible: "test-device"}) {
		t.Fatalf("Verify: %+v, %v", m, err)
	}
	r, err := d.Preflight(ctx, img)
	if err != nil || r.Verdict != ota.VerdictReady || r.TargetDevice != filepath.Join(d.dir, "slot-b") || *r.ImageSizeBytes != 1<<20+5 {
		t.Fatalf("Preflight: %+v, %v", r, err)
	}
	a, err := d.Begin(ctx, img)
	if err != nil {
		t.Fatal(err)
	}
	percent := 0
	in, err := d.Install(ctx, img, a, func(p int, _ string) {
		if p < percent {
			t.Errorf("progress falls from %d to %d", percent, p)
		}
		percent = p
	})
	if err != nil || in.Slot != "b" || !in.RebootRequired || percent != 100 {
		t.Fatalf("Install: %+v, %d %%, %v", in, percent, err)
	}
	if !d.holds("b", content("1", 1<<20+5)) || !d.holds("a", content("0", 1<<20)) {
		t.Error("the slots hold something else")
	}
	d.expect(in, ota.BootPending)
	if err := d.Confirm(ctx, in); !errors.Is(err, ota.ErrNotInstalled) {
		t.Errorf("confirmed a system that does not run: %v", err)
	}
	if got := d.boot(); got != "b" {
		t.Fatalf("booted %s", got)
	}
	d.expect(in, ota.BootNew)
	if _, err := d.Begin(ctx, img); !errors.Is(err, ota.ErrBusy) {
		t.Errorf("the old system would be overwritten before the new one is confirmed: %v", err)
	}
	for range 2 {
		if err := d.Confirm(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	d.expect(in, ota.BootNew)
	for range 10 {
		if got := d.boot(); got != "b" {
			t.Fatalf("booted %s after it was confirmed", got)
		}
	}
	if err := d.Reject(ctx, in); err == nil {
		t.Error("a confirmed system was rejected")
	}
	d.checkSlots()
}

func (d *board) expect(in ota.Installed, want ota.Boot) {
	d.t.Helper()
	if got, err := d.Booted(d.t.Context(), in); err != nil || got != want {
		d.t.Errorf("booted %v, %v; want %v", got, err, want)
	}
}

func (d *board) checkSlots() {
	d.t.Helper()
	slots, err := d.Slots(d.t.Context())
	if err != nil || len(slots) != 2 {
		d.t.Fatalf("%+v, %v", slots, err)
	}
	if a := slots[0]; a.Name != "a" || a.Booted || a.Primary || a.Health != "good" {
		d.t.Errorf("slot a is %+v", a)
	}
	if b := slots[1]; b.Name != "b" || !b.Booted || !b.Primary || b.Health != "good" || b.Version != "1" || b.SizeBytes != 1<<20+5 || b.InstalledAt.IsZero() {
		d.t.Errorf("slot b is %+v", b)
	}
}

// TestRollback boots a new system in vain, until the old one is back.
func TestRollback(t *testing.T) {
	d := newBoard(t)
	a, in, err := d.install(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	for range DefaultTries {
		if got := d.boot(); got != "b" {
			t.Fatalf("booted %s", got)
		}
	}
	if got := d.boot(); got != "a" {
		t.Fatalf("booted %s after %d boots in vain", got, DefaultTries)
	}
	d.expect(in, ota.BootOld)
	if _, err := d.Resume(t.Context(), a, nobody); !errors.Is(err, ota.ErrNotInstalled) {
		t.Errorf("Resume: %v", err)
	}
	if err := d.Confirm(t.Context(), in); !errors.Is(err, ota.ErrNotInstalled) {
		t.Errorf("Confirm: %v", err)
	}
	if _, _, err := d.install(t.Context(), "2"); err != nil || d.boot() != "b" || !d.holds("b", content("2", 1<<20)) {
		t.Errorf("the next update: %v", err)
	}
}

func TestReject(t *testing.T) {
	d := newBoard(t)
	_, in, err := d.install(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	d.boot()
	if err := d.Reject(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if got := d.boot(); got != "a" {
		t.Errorf("booted %s", got)
	}
	d.expect(in, ota.BootOld)
}

// TestOverwriteTrial installs another image before the device was restarted.
func TestOverwriteTrial(t *testing.T) {
	d := newBoard(t)
	old, _, err := d.install(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.install(t.Context(), "2"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Resume(t.Context(), old, nobody); !errors.Is(err, ota.ErrNotInstalled) {
		t.Errorf("Resume of the first: %v", err)
	}
	if d.boot() != "b" || !d.holds("b", content("2", 1<<20)) {
		t.Error("the second is not booted")
	}
}

func TestCancel(t *testing.T) {
	d := newBoard(t)
	img := d.image(bundle(t, manifest("1"), content("1", 2<<20)))
	a, err := d.Begin(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("not today")
	for _, at := range []int{0, 40, 80} {
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err = d.Install(ctx, img, a, func(p int, _ string) {
			if p >= at {
				cancel(why)
			}
		})
		cancel(nil)
		if !errors.Is(err, why) {
			t.Errorf("at %d: %v", at, err)
		}
		if got := d.boot(); got != "a" {
			t.Errorf("booted %s", got)
		}
	}
}

// interrupt begins to install a version, and stops half way.
func (d *board) interrupt(version string) {
	d.t.Helper()
	img := d.image(bundle(d.t, manifest(version), content(version, 2<<20)))
	a, err := d.Begin(d.t.Context(), img)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	_, err = d.Install(ctx, img, a, func(p int, _ string) {
		if p > 30 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		d.t.Fatal(err)
	}
}

// TestInterruptedOverTrial overwrites a slot that was to be booted next, in part.
func TestInterruptedOverTrial(t *testing.T) {
	d := newBoard(t)
	_, in, err := d.install(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	d.interrupt("2")
	if got := d.boot(); got != "a" {
		t.Errorf("booted %s, which was written in part", got)
	}
	d.expect(in, ota.BootOld)
}

// TestBackupIsRenewed has a backup that names the old system, as after a crash
// while the new one is confirmed, and then the old one is overwritten in part.
func TestBackupIsRenewed(t *testing.T) {
	d := newBoard(t)
	at := func(name string) string { return filepath.Join(d.dir, "boot", name) }
	old, err := os.ReadFile(at(backupFile))
	if err != nil {
		t.Fatal(err)
	}
	_, in, err := d.install(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	d.boot()
	if err := errors.Join(d.Confirm(t.Context(), in), os.WriteFile(at(backupFile), old, 0o600)); err != nil {
		t.Fatal(err)
	}
	d.interrupt("2")
	if err := os.WriteFile(at(stateFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := d.boot(); got != "b" {
		t.Errorf("booted %s, which was written in part", got)
	}
}

// TestRefused has bundles that must not touch a slot.
func TestRefused(t *testing.T) {
	d := newBoard(t)
	image := content("1", 300_000)
	good := bundle(t, manifest("1"), image)
	other := manifest("1")
	other.Compatible = "toaster"
	flip := func(i int) []byte {
		b := bytes.Clone(good)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
	for name, test := range map[string]struct {
		bundle []byte
		text   string
	}{
		"empty":              {nil, "ends too early"},
		"no bundle":          {image, "not a bundle"},
		"wrong compatible":   {bundle(t, other, image), `it is for "toaster", and this device is "test-device"`},
		"manifest changed":   {flip(40), "signature verification failed"},
		"length changed":     {flip(8), "signature verification failed"},
		"signature changed":  {flip(len(good) - len(image) - 1), "signature verification failed"},
		"image changed":      {flip(-1), "and " + sumOf(image) + " was signed"},
		"cut off":            {good[:len(good)-1], "holds 299999 bytes of an image of 300000"},
		"something appended": {append(bytes.Clone(good), 0), "holds 300001 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			img := d.image(test.bundle)
			for what, err := range map[string]error{
				"Verify":  second(d.Verify(t.Context(), img, nobody)),
				"Install": second(d.Install(t.Context(), img, ota.Attempt{UpdateID: img.UpdateID, Slot: "b"}, nobody)),
			} {
				if !errors.Is(err, ota.ErrInvalid) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if got := d.boot(); got != "a" {
				t.Errorf("booted %s", got)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestOtherKey(t *testing.T) {
	d := newBoard(t)
	d.opts.Keys[0] = bytes.Repeat([]byte{1}, 32)
	if _, err := d.Peek(t.Context(), d.image(bundle(t, manifest("1"), []byte("x"))).Path); !errors.Is(err, ota.ErrInvalid) {
		t.Errorf("Peek: %v", err)
	}
	d.opts.Keys = append(d.opts.Keys, options("").Keys...) // during a change of keys
	if _, err := d.Peek(t.Context(), filepath.Join(d.dir, "bundle")); err != nil {
		t.Errorf("Peek with both keys: %v", err)
	}
}

func TestSingleSlot(t *testing.T) {
	d := newBoard(t)
	d.opts.Slots[1].Path = ""
	img := d.image(bundle(t, manifest("1"), []byte("x")))
	if r, err := d.Preflight(t.Context(), img); err != nil || r.Verdict != ota.VerdictSingleSlotDisabled || !r.SingleSlot {
		t.Errorf("Preflight: %+v, %v", r, err)
	}
	if _, err := d.Begin(t.Context(), img); err == nil {
		t.Error("an update has begun")
	}
}

// TestFullDisk has a slot on a file system of 1 MiB.
func TestFullDisk(t *testing.T) {
	d := newBoard(t)
	disk := filepath.Join(d.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mounting a file system needs root: %v", err)
		}
		t.Skipf("mounting a file system needs root: %v", err)
	}
	defer func() { _ = unix.Unmount(disk, unix.MNT_DETACH) }()
	d.opts.Slots[1].Path = filepath.Join(disk, "slot-b")
	img := d.image(bundle(t, manifest("1"), content("1", 2<<20)))
	if r, err := d.Preflight(t.Context(), img); err != nil || r.Verdict != ota.VerdictTargetTooSmall || *r.TargetSizeBytes > 1<<20 {
		t.Errorf("Preflight: %+v, %v", r, err)
	}
	a, err := d.Begin(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Install(t.Context(), img, a, nobody); !errors.Is(err, ota.ErrNoSpace) || !errors.Is(err, unix.ENOSPC) {
		t.Errorf("Install: %v", err)
	}
	if got := d.boot(); got != "a" {
		t.Errorf("booted %s", got)
	}
}

// TestDamagedSlot changes the slot while it is being read back.
func TestDamagedSlot(t *testing.T) {
	d := newBoard(t)
	img := d.image(bundle(t, manifest("1"), content("1", 1<<20)))
	a, err := d.Begin(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	d.step = func(name string) {
		if name != "read back" {
			return
		}
		f, err := os.OpenFile(d.path("b"), os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteAt([]byte("oops"), 500_000)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Install(t.Context(), img, a, nobody); err == nil || !strings.Contains(err.Error(), "does not hold what was written") {
		t.Errorf("Install: %v", err)
	}
	if got := d.boot(); got != "a" {
		t.Errorf("booted %s", got)
	}
}

// TestBlockDevice installs on a loop device.
func TestBlockDevice(t *testing.T) {
	d := newBoard(t)
	backing := filepath.Join(d.dir, "backing")
	if err := os.WriteFile(backing, make([]byte, 4<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	d.opts.Slots[1].Path = loop(t, backing)
	image := content("1", 3<<20)
	img := d.image(bundle(t, manifest("1"), image))
	if r, err := d.Preflight(t.Context(), img); err != nil || r.Verdict != ota.VerdictReady || *r.TargetSizeBytes != 4<<20 {
		t.Errorf("Preflight: %+v, %v", r, err)
	}
	a, err := d.Begin(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Install(t.Context(), img, a, nobody); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(backing); err != nil || !bytes.Equal(got[:len(image)], image) || len(got) != 4<<20 {
		t.Errorf("the device holds something else, %v", err)
	}
	large := d.image(bundle(t, manifest("2"), content("2", 5<<20)))
	if r, err := d.Preflight(t.Context(), large); err != nil || r.Verdict != ota.VerdictTargetTooSmall {
		t.Errorf("Preflight of a large image: %+v, %v", r, err)
	}
}

// loop makes a block device of a file.
func loop(t *testing.T, backing string) string {
	t.Helper()
	missing := func(err error) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatalf("no loop device: %v", err)
		}
		t.Skipf("no loop device: %v", err)
	}
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		missing(err)
	}
	defer control.Close()
	file, err := os.OpenFile(backing, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for range 20 { // somebody else may take a free one
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			missing(err)
		}
		path := "/dev/loop" + strconv.Itoa(n)
		dev, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			missing(err)
		}
		if unix.IoctlSetInt(int(dev.Fd()), unix.LOOP_SET_FD, int(file.Fd())) != nil {
			dev.Close()
			continue
		}
		t.Cleanup(func() {
			_ = unix.IoctlSetInt(int(dev.Fd()), unix.LOOP_CLR_FD, 0)
			dev.Close()
		})
		return path
	}
	missing(errors.New("all are taken"))
	return ""
}

func TestOptions(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"names":      func(o *Options) { o.Slots[0].Name = "B!" },
		"same names": func(o *Options) { o.Slots[0].Name = "b" },
		"same paths": func(o *Options) { o.Slots[0].Path = o.Slots[1].Path },
		"state":      func(o *Options) { o.StateDir = "" },
		"compatible": func(o *Options) { o.Compatible = "" },
		"keys":       func(o *Options) { o.Keys = nil },
		"short key":  func(o *Options) { o.Keys[0] = o.Keys[0][1:] },
		"tries":      func(o *Options) { o.Tries = 100 },
		"same file": func(o *Options) {
			if err := errors.Join(os.WriteFile(o.Slots[0].Path, nil, 0o600), os.Link(o.Slots[0].Path, o.Slots[1].Path)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		o := options(t.TempDir())
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	d := newBoard(t)
	o := options(d.dir)
	o.Slots[1].Name = "c"
	if _, err := New(o); err == nil {
		t.Error("the names of slots were changed without an error")
	}
}

func TestBootedByOthers(t *testing.T) {
	d := newBoard(t)
	booted := "a"
	d.opts.Booted = func() (string, error) { return booted, nil }
	_, in, err := d.install(t.Context(), "1")
	if err != nil {
		t.Fatal(err)
	}
	d.expect(in, ota.BootPending)
	d.boot()
	d.expect(in, ota.BootOld)
	booted = "b"
	d.expect(in, ota.BootNew)
	booted = "x"
	if err := d.Present(t.Context()); err == nil {
		t.Error("an unknown slot runs without an error")
	}
}
