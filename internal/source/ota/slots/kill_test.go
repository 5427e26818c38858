package slots

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// What the victim is told in its environment.
const (
	victimDir  = "HELIOGRAPH_TEST_OTA_DIR"
	victimURL  = "HELIOGRAPH_TEST_OTA_URL"
	victimStep = "HELIOGRAPH_TEST_OTA_STEP" // kill yourself at the step of this number; 0: never
)

const (
	killImage = 2 << 20
	kills     = 50
	killsFew  = 8 // with -short
)

// victim is the process that is killed: it stages and applies one image.
func victim() {
	e, err := New(options(os.Getenv(victimDir)))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	steps := 0
	last, _ := strconv.Atoi(os.Getenv(victimStep)) // empty means never
	e.step = func(string) {
		if steps++; steps == last {
			_ = unix.Kill(os.Getpid(), unix.SIGKILL)
			select {}
		}
	}
	u, err := ota.Open(ota.Options{Engine: e, Dir: filepath.Join(os.Getenv(victimDir), "ota")})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer u.Close()
	_, events, err := u.Subscribe(nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // the killer says when
	if _, err := u.ApplyImage(context.Background(), ota.ImageRequest{URL: os.Getenv(victimURL)}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		item, err := events.Next(context.Background())
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		if snapshot, ok := item.Event.Value.(ota.Snapshot); ok && snapshot.State.Stage == ota.Rebooting {
			break
		}
	}
	fmt.Println("done after", steps, "steps")
}

// field is a device whose updating process is killed again and again. It goes on
// with what is there, as a device in the field does.
type field struct {
	t       *testing.T
	dir     string
	version string            // that runs
	known   map[string]string // version by SHA-256 of the image
	stages  map[ota.Stage]int // in which the victims died
	new     int               // updates that came through
}

func newField(t *testing.T) *field {
	t.Helper()
	d := newBoardIn(t, memoryDir(t))
	if err := os.WriteFile(filepath.Join(d.dir, "slot-a"), content("0", killImage), 0o600); err != nil {
		t.Fatal(err)
	}
	d.boot()
	return &field{
		t: t, dir: d.dir, version: "0", stages: map[ota.Stage]int{},
		known: map[string]string{sumOf(content("0", killImage)): "0"},
	}
}

// memoryDir is a folder in memory where there is one: a process that is killed
// leaves the same there as on a disk, in a fraction of the time.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "heliograph-ota")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (f *field) updater() *ota.Updater {
	f.t.Helper()
	e, err := New(options(f.dir))
	if err != nil {
		f.t.Fatal(err)
	}
	u, err := ota.Open(ota.Options{Engine: e, Dir: filepath.Join(f.dir, "ota"), ConfirmAfter: -1, MaxUploads: 1000})
	if err != nil {
		f.t.Fatal(err)
	}
	return u
}

// upload makes the bundle of a version and returns its URL.
func (f *field) upload(version string) string {
	f.t.Helper()
	image := content(version, killImage)
	f.known[sumOf(image)] = version
	u := f.updater()
	defer u.Close()
	for _, old := range u.Uploads() {
		if err := u.RemoveUpload(old.URL); err != nil {
			f.t.Fatal(err)
		}
	}
	up, err := u.Upload(f.t.Context(), bytes.NewReader(bundle(f.t, manifest(version), image)), ota.UploadRequest{SizeBytes: -1})
	if err != nil {
		f.t.Fatal(err)
	}
	return up.URL
}

// run lets a victim work, and kills it after a time, or never if that is 0. It
// returns how long it lived and the last line that it wrote.
func (f *field) run(url string, step int, after time.Duration) (time.Duration, string) {
	f.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+f.dir, victimURL+"="+url, victimStep+"="+strconv.Itoa(step),
		"GORACE=atexit_sleep_ms=0") // the race detector takes a second to end otherwise
	in, err := cmd.StdinPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "ready\n" {
		_ = cmd.Wait()
		f.t.Fatalf("the victim says %q, %v", line, err)
	}
	began := time.Now()
	_, _ = io.WriteString(in, "go\n") // it may be dead already
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	rest, _ := io.ReadAll(lines) // until it is dead
	_ = cmd.Wait()               // says how it died
	return time.Since(began), strings.TrimSpace(string(rest))
}

// slotVersion returns the version that is whole in a slot, or nothing.
func (f *field) slotVersion(name string) string {
	f.t.Helper()
	b, err := os.ReadFile(filepath.Join(f.dir, "slot-"+name))
	if err != nil && !os.IsNotExist(err) {
		f.t.Fatal(err)
	}
	return f.known[sumOf(b)]
}

// checkDisk looks at the disk as the victim left it: whatever the boot state says
// can be booted must be whole.
func (f *field) checkDisk(want string) {
	f.t.Helper()
	dir := filepath.Join(f.dir, "boot")
	s, backup, err := readState(dir)
	if err != nil || backup {
		f.t.Fatalf("boot state: %v, from backup %v", err, backup)
	}
	if got := f.slotVersion(s.Active); got != f.version {
		f.t.Errorf("the active slot %s holds %q instead of %s", s.Active, got, f.version)
	}
	if s.Trial != "" && f.slotVersion(s.Trial) != want {
		f.t.Errorf("slot %s on trial holds %q instead of %s", s.Trial, f.slotVersion(s.Trial), want)
	}
	if b, err := readStateFile(filepath.Join(dir, backupFile)); err != nil || f.slotVersion(b.Active) != f.version {
		f.t.Errorf("the backup has slot %s active, with version %q, %v", b.Active, f.slotVersion(b.Active), err)
	}
}

// onTrial tells whether a version is in a slot that is booted next.
func (f *field) onTrial(version string) bool {
	s, _, err := readState(filepath.Join(f.dir, "boot"))
	return err == nil && s.Trial != "" && s.Tries > 0 && f.slotVersion(s.Trial) == version
}

// settle opens the updater as after a restart, and waits until it has taken up
// what it found.
func (f *field) settle(final func(ota.Stage) bool) *ota.State {
	f.t.Helper()
	u := f.updater()
	defer u.Close()
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		s := u.Snapshot().State
		if s == nil || final(s.Stage) {
			return s
		}
		if s.Stage == ota.AwaitingWindow && s.ApplyAt.IsZero() { // killed before the order to apply was stored
			if err := u.Cancel(f.t.Context(), s.UpdateID, "the test"); err != nil {
				f.t.Fatal(err)
			}
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("the update stays %+v", s)
		}
		<-tick.C
	}
}

// aftermath restarts the process, and then the device, after a victim has died on
// its way to a version, and checks what is claimed and what is true.
func (f *field) aftermath(want string, restartFirst bool) {
	f.t.Helper()
	f.stages[f.stageOnDisk()]++
	f.checkDisk(want)
	if restartFirst {
		// A scheduled update goes on, and may come through here.
		s := f.settle(func(s ota.Stage) bool {
			return s == ota.RolledBack || s == ota.Rebooting || s == ota.Complete
		})
		if s != nil && s.Stage == ota.Complete && s.Version != f.version {
			f.t.Error("complete without a restart of the device")
		}
		if s != nil && s.Stage == ota.Rebooting && !f.onTrial(want) {
			f.t.Error("the device is to be restarted, and would not boot the new system")
		}
		f.checkDisk(want)
	}
	booted, err := Select(filepath.Join(f.dir, "boot"))
	if err != nil {
		f.t.Fatal(err)
	}
	got := f.slotVersion(booted)
	if got != f.version && got != want {
		f.t.Fatalf("slot %s was booted, and holds %q", booted, got)
	}
	s := f.settle(func(s ota.Stage) bool { return s.Final() || s == ota.Rebooting })
	for s != nil && s.Stage == ota.Rebooting { // the new system is being confirmed, or was written just now
		if booted, err = Select(filepath.Join(f.dir, "boot")); err != nil {
			f.t.Fatal(err)
		}
		s = f.settle(ota.Stage.Final)
	}
	f.conclude(s, f.slotVersion(booted), want)
}

// conclude compares what the updater says of the update with what runs.
func (f *field) conclude(s *ota.State, runs, want string) {
	f.t.Helper()
	switch {
	case s == nil || s.Version != want && s.Stage == ota.Complete:
		if runs != f.version { // the update had not begun
			f.t.Errorf("nothing is known of an update, and %s runs instead of %s", runs, f.version)
		}
	case s.Stage == ota.Complete:
		if runs != want {
			f.t.Errorf("%s is said to be complete, and %s runs", want, runs)
		}
		f.new++
	default:
		if runs != f.version {
			f.t.Errorf("%s is said to be %s (%s), and %s runs", want, s.Stage, s.LastError, runs)
		}
	}
	f.version = runs
	f.checkDisk(want)
}

// stageOnDisk is what the victim stored last.
func (f *field) stageOnDisk() ota.Stage {
	text, _ := os.ReadFile(filepath.Join(f.dir, "ota", "state")) // nothing, if it had not begun
	_, after, _ := strings.Cut(string(text), `"stage":"`)
	stage, _, _ := strings.Cut(after, `"`)
	return ota.Stage(stage)
}

// TestKillAtRandom kills the process at random points of staging and applying.
func TestKillAtRandom(t *testing.T) {
	f := newField(t)
	life, said := f.run(f.upload("1"), 0, 0)
	if !strings.HasPrefix(said, "done") {
		t.Fatalf("an undisturbed update says %q", said)
	}
	f.aftermath("1", false)
	if f.version != "1" {
		t.Fatal("an undisturbed update does not come through")
	}
	n := kills
	if testing.Short() {
		n = killsFew
	}
	for i := range n {
		want := strconv.Itoa(i + 2)
		f.run(f.upload(want), 0, time.Duration(rand.Int64N(int64(life)*11/10))+1)
		f.aftermath(want, i%2 == 0)
		if t.Failed() {
			t.Fatalf("after kill %d", i+1)
		}
	}
	t.Logf("an update takes %v; %d kills, %d of the updates came through in the end; stages on disk: %v", life, n, f.new-1, f.stages)
}

// TestKillAtEachStep kills the process at each change of the disk that the
// engine makes.
func TestKillAtEachStep(t *testing.T) {
	f := newField(t)
	for step := 1; ; step++ {
		want := strconv.Itoa(step)
		_, said := f.run(f.upload(want), step, 0)
		f.aftermath(want, step%2 == 0)
		if t.Failed() {
			t.Fatalf("killed at step %d", step)
		}
		if strings.HasPrefix(said, "done") {
			t.Logf("%d steps; stages on disk: %v", step-1, f.stages)
			return
		}
		if said != "" || step > 100 {
			t.Fatalf("at step %d: %q", step, said)
		}
	}
}
