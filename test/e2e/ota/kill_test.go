package ota

import (
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

const (
	// The slots package has its fifty kills always; here a machine that is very busy
	// gets by with fewer.
	kills      = 50
	killsLeast = 20
	killTime   = 50 * time.Second
	killsFew   = 5 // with -short
	killImage  = 4 << 20
	// seedEnv repeats a run.
	seedEnv = "HELIOGRAPH_TEST_SEED"
)

// field is a board whose server is killed again and again, at random points of
// staging and applying. It goes on with what is there, as a device in the field
// does.
type field struct {
	*board
	random  *rand.Rand
	runs    string            // version that runs
	before  string            // the last update that has ended
	known   map[string]string // version by SHA-256 of the image
	stages  map[string]int    // in which the server died
	endings map[string]int    // what became of the updates
}

func newField(t *testing.T) *field {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d", seedEnv, seed)
	f := &field{
		random: rand.New(rand.NewPCG(seed, 0)), runs: "0", stages: map[string]int{}, endings: map[string]int{},
		known: map[string]string{sumOf(image("0", imageBytes)): "0"},
	}
	f.board = newBoardIn(t, memoryDir(t), setup{ota: "  max_uploads: 100"})
	return f
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

// bundle makes the update to a version.
func (f *field) bundle(version string) []byte {
	f.t.Helper()
	f.known[sumOf(image(version, killImage))] = version
	return bundle{version: version, size: killImage}.make(f.t)
}

// bootState reads the file that the boot loader reads.
func (f *field) bootState(name string) map[string]string {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.bootDir(), name))
	if err != nil {
		f.t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		values[key] = value
	}
	return values
}

// checkDisk looks at the disk as the killed server left it: what can be booted is
// whole, and what was confirmed is still there.
func (f *field) checkDisk(want string) {
	f.t.Helper()
	s := f.bootState("boot")
	if got := f.known[f.holds(s["active"])]; got != f.runs {
		f.t.Errorf("the active slot %s holds %q instead of %s", s["active"], got, f.runs)
	}
	if trial := s["trial"]; trial != "" && f.known[f.holds(trial)] != want {
		f.t.Errorf("slot %s, which is booted next, holds %q instead of %s", trial, f.known[f.holds(trial)], want)
	}
	if old := f.bootState("boot.bak")["active"]; f.known[f.holds(old)] != f.runs {
		f.t.Errorf("the backup of the boot state names slot %s, which does not hold %s", old, f.runs)
	}
}

// attempt uploads a version and orders it to be applied. The server is killed
// after a time, wherever it is then; 0 means when it is done. It returns how long
// the server had.
func (f *field) attempt(version string, after time.Duration) time.Duration {
	f.t.Helper()
	data := f.bundle(version)
	f.clearUploads()
	up := uploaded(f.t, f.Device, data)
	began := time.Now()
	killed := make(chan struct{})
	if after > 0 {
		pid := f.Pid()
		time.AfterFunc(after, func() {
			defer close(killed)
			_ = syscall.Kill(pid, syscall.SIGKILL)
		})
	}
	r, err := f.TryAsk(http.MethodPost, "/v1/ota/apply", encode(f.t, object{"image_url": up.ImageURL}), "Content-Type", "application/json")
	if err == nil && r.Status != http.StatusOK {
		f.t.Errorf("apply: %d %s", r.Status, r.Body)
	}
	if after == 0 {
		until(f.t, f.Device, wire.StageRebooting)
	} else {
		<-killed
	}
	lived := time.Since(began)
	f.Kill() // also waits for one that is dead
	return lived
}

// clearUploads removes what is left of the attempts before.
func (f *field) clearUploads() {
	list, _ := filepath.Glob(filepath.Join(f.StateDir, "ota/uploads/*")) // the pattern is a good one
	for _, path := range list {
		_ = os.Remove(path)
	}
}

// aftermath starts the device again, after the server was killed on its way to a
// version, and compares what is claimed with what is true. powerLoss tells that
// the device was restarted as well.
func (f *field) aftermath(want string, powerLoss bool) {
	f.t.Helper()
	f.stages[f.stageOnDisk()]++
	f.checkDisk(want)
	if powerLoss {
		f.boot()
	}
	f.start()
	ending := f.settle(want)
	if ending == wire.StageRebooting { // somebody restarts the device
		f.checkDisk(want)
		f.reboot()
		if ending = f.settle(want); ending != wire.StageComplete {
			f.t.Errorf("after the restart that was waited for, %s is %s", want, ending)
		}
	}
	f.endings[ending]++
	f.checkDisk(want)
}

// settle waits until the server has taken up what it found, and checks what it
// says of the update. It returns that, or "not begun".
func (f *field) settle(want string) string {
	f.t.Helper()
	var now *wire.OtaState
	defer func() {
		if f.t.Failed() {
			f.t.Logf("boot state %v, running %q, update %+v", f.bootState("boot"), f.runs, now)
		}
	}()
	device.Poll(f.t, "the update to end", func() bool {
		now = state(f.t, f.Device).State
		if now == nil || now.UpdateID == f.before {
			return true
		}
		switch now.Stage {
		case wire.StageAwaitingWindow: // the order had not been stored, or it goes on at once
			f.decide(now.UpdateID)
		case wire.StageRebooting: // or the new system, which runs, is being confirmed
			return f.booted() == f.runs
		}
		return now.Stage == wire.StageComplete || now.Stage == wire.StageRolledBack
	})
	booted, boot := f.booted(), f.bootState("boot")
	if now == nil || now.UpdateID == f.before {
		if booted != f.runs || boot["trial"] != "" {
			f.t.Errorf("no update to %s has begun, and %q runs instead of %s: %v", want, booted, f.runs, boot)
		}
		return "not begun"
	}
	switch {
	case now.Stage == wire.StageComplete && booted != want:
		f.t.Errorf("%s is said to be complete, and %q runs", want, booted)
	case now.Stage == wire.StageRolledBack && (booted != f.runs || boot["trial"] != ""):
		f.t.Errorf("%s is said to be rolled back (%s), and %q runs: %v", want, *now.LastError, booted, boot)
	case now.Stage == wire.StageRebooting && (boot["trial"] == "" || f.known[f.holds(boot["trial"])] != want):
		f.t.Errorf("the device is to be restarted, and would not boot %s: %v", want, boot)
	}
	if now.Stage != wire.StageRebooting {
		f.before, f.runs = now.UpdateID, booted
	}
	return now.Stage
}

// decide goes on with an update that is staged, or gives it up. Either may come
// too late.
func (f *field) decide(id string) {
	path := "cancel"
	if f.random.IntN(2) == 0 {
		path = "apply"
	}
	f.Post("/v1/ota/"+path, encode(f.t, object{"update_id": id}))
}

// booted returns the version that runs.
func (f *field) booted() string {
	f.t.Helper()
	return f.known[f.holds(f.bootState("boot")["booted"])]
}

// The server is killed with SIGKILL at random points of staging and applying, and
// restarted each time: never a half-written active slot, never a false complete,
// and in the end an update comes through.
func TestKilledAtRandomPoints(t *testing.T) {
	t.Parallel()
	f := newField(t)
	f.attempt("first", 0)
	f.aftermath("first", true)
	if f.runs != "first" {
		t.Fatal("an undisturbed update does not come through")
	}
	n, began, hits := kills, time.Now(), 0
	if testing.Short() {
		n = killsFew
	}
	life := f.attempt("second", 0)
	f.aftermath("second", true)
	for i := 1; hits < n && (hits < killsLeast || time.Since(began) < killTime); i++ {
		after := time.Duration(f.random.Int64N(int64(life))) + 1
		want := strconv.Itoa(i)
		f.attempt(want, after)
		// The machine is not equally busy all the time.
		if f.underWay() {
			hits++
			life += life / 50
		} else {
			life -= life / 10
		}
		f.aftermath(want, f.random.IntN(2) == 0)
		if t.Failed() {
			t.Fatalf("kill %d, after %v", i, after)
		}
	}
	f.attempt("last", 0)
	f.aftermath("last", true)
	if f.runs != "last" {
		t.Error("after all kills, an undisturbed update does not come through")
	}
	t.Logf("%d kills while an update was under way, the server died in %v, the updates ended as %v", hits, f.stages, f.endings)
}

// underWay tells whether the server has died while it was staging or applying.
func (f *field) underWay() bool {
	switch f.stageOnDisk() {
	case wire.StageDownloading, wire.StageVerifying, wire.StageAwaitingWindow, wire.StageApplying:
		return true
	}
	return false
}

// stageOnDisk is what the server stored last.
func (f *field) stageOnDisk() string {
	data, _ := os.ReadFile(filepath.Join(f.StateDir, "ota/state")) // nothing, if no update has begun
	_, after, _ := strings.Cut(string(data), `"stage":"`)
	stage, _, _ := strings.Cut(after, `"`)
	return stage
}
