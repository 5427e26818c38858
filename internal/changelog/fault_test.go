package changelog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// The journal is cut after each of its bytes, as a crash may leave it. All whole
// entries must be there, the revisions must go on, and what is recorded then must
// not be spoilt by the torn line.
func TestReopenAtEveryByte(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir, Now: at(50_000)})
	var all []Event
	for i := range 5 {
		all = append(all, l.Record(put(fmt.Sprint("\u20ac", i%2))))
	}
	all = append(all, l.Record(denied("\u20ac")))
	mustClose(t, l)
	whole, err := os.ReadFile(filepath.Join(dir, currentFile))
	if err != nil {
		t.Fatal(err)
	}
	scratch := memoryDir(t)
	for cut := range len(whole) + 1 {
		for _, tail := range []string{"", "\x00\x00\x00\x00"} {
			reopenTorn(t, filepath.Join(scratch, fmt.Sprint(cut, len(tail))), whole[:cut], tail, all)
		}
	}
}

func reopenTorn(t *testing.T, dir string, part []byte, tail string, all []Event) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, currentFile), append(bytes.Clone(part), tail...), 0o600); err != nil {
		t.Fatal(err)
	}
	// A line that is whole but for its end counts, unless rubbish follows it.
	want := bytes.Count(part, []byte("\n"))
	if tail == "" && bytes.HasSuffix(part, []byte(`"}`)) {
		want++
	}
	highest := uint64(0)
	for _, e := range all[:want] {
		highest = max(highest, e.Revision)
	}
	l := mustOpen(t, Options{Dir: dir, Now: at(1)})
	if got := l.Recent(-1); len(got) != want || want > 0 && !reflect.DeepEqual(got, all[:want]) {
		t.Fatalf("cut at %d: %d entries, want %d", len(part), len(got), want)
	}
	e := l.Record(put("\u20ac0"))
	if e.Revision <= highest {
		t.Fatalf("cut at %d: revision %d after %d", len(part), e.Revision, highest)
	}
	mustClose(t, l)
	l = mustOpen(t, Options{Dir: dir})
	if got := l.Recent(-1); len(got) != want+1 || !reflect.DeepEqual(got[want], e) {
		t.Fatalf("cut at %d: %d entries at the second start, want %d", len(part), len(got), want+1)
	}
	mustClose(t, l)
}

// Many restarts, with a clock that stands, jumps and goes back, and with the
// journal or the mark lost now and then (never both).
func TestRevisionsOverManyRestarts(t *testing.T) {
	t.Parallel()
	restarts := 10_000
	if testing.Short() {
		restarts = 500
	}
	dir := memoryDir(t)
	last := map[string]uint64{}
	now := int64(1_000_000)
	for i := range restarts {
		switch i % 5 {
		case 1:
			now += 10_000_000
		case 2:
			now -= 9_999_990
		case 3:
			_ = os.Remove(filepath.Join(dir, []string{markFile, currentFile}[i/5%2]))
		}
		l, err := Open(Options{Dir: dir, Now: at(now), MaxSubjects: 2, Keep: 8})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"a", "b", "c", "a"} {
			e := l.Record(put(id))
			if e.Revision <= last[id] {
				t.Fatalf("restart %d: revision %d of %s after %d", i, e.Revision, id, last[id])
			}
			last[id] = e.Revision
		}
		if h := l.Health(); !h.Durable {
			t.Fatalf("restart %d: %+v", i, h)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if last["a"] > maxRevision/1000 {
		t.Errorf("restarts use up the numbers: %d", last["a"])
	}
}

// memoryDir is a directory in memory if there is one: tens of thousands of syncs
// to a disk prove nothing more.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "changelog")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// childMain is the process that the tests below kill or restrict.
func childMain(mode string) {
	dir := os.Getenv("CHANGELOG_TEST_DIR")
	if mode == "limited" {
		signal.Ignore(syscall.SIGXFSZ)
		limit := unix.Rlimit{Cur: 8 << 10, Max: 8 << 10}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	l, err := Open(Options{Dir: dir, Keep: 100_000})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for i := 0; mode == "killed" || i < 100; i++ {
		e := l.Record(put(fmt.Sprint(i % 4)))
		fmt.Println(e.Seq, e.Revision, *e.ResourceID)
	}
	fmt.Printf("health %v %v %d\n", l.Health().Durable, errors.Is(l.Health().Err, unix.EFBIG), l.Health().Unsaved)
	_ = l.Close()
}

func child(t *testing.T, mode, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHANGELOG_TEST_CHILD="+mode, "CHANGELOG_TEST_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// A process that is killed loses no entry whose Record had returned.
func TestKilledProcessLosesNothing(t *testing.T) {
	dir := t.TempDir()
	last := map[string]uint64{}
	for round := range 6 {
		cmd := child(t, "killed", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		told := 0
		for told < 200+100*round && lines.Scan() {
			told += checkChildLine(t, lines.Text(), last)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // what it had said before it was killed counts too
			if strings.Count(lines.Text(), " ") == 2 {
				told += checkChildLine(t, lines.Text(), last)
			}
		}
		_ = cmd.Wait()
		l := mustOpen(t, Options{Dir: dir, Keep: 100_000})
		recent := l.Recent(-1)
		if newest := recent[len(recent)-1]; newest.Seq < uint64(told) {
			t.Fatalf("round %d: entry %d of %d is the last in the file", round, newest.Seq, told)
		}
		if h := l.Health(); h.Skipped > round+1 {
			t.Errorf("%d lines are spoilt", h.Skipped)
		}
		mustClose(t, l)
	}
}

func checkChildLine(t *testing.T, line string, last map[string]uint64) int {
	t.Helper()
	var seq, revision uint64
	var id string
	if n, _ := fmt.Sscan(line, &seq, &revision, &id); n < 3 {
		return 0 // cut by the kill
	}
	if revision <= last[id] {
		t.Fatalf("revision %d of %s after %d", revision, id, last[id])
	}
	last[id] = revision
	return 1
}

// A limit of the file size stands for a disk that is full for this file only; it
// needs no rights to set up.
func TestFileSizeLimit(t *testing.T) {
	dir := t.TempDir()
	out, err := child(t, "limited", dir).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	last := map[string]uint64{}
	for i, line := range lines[:len(lines)-1] {
		if checkChildLine(t, line, last) != 1 || !strings.HasPrefix(line, fmt.Sprint(i+1, " ")) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	var durable, tooBig bool
	var unsaved int
	if _, err := fmt.Sscanf(lines[len(lines)-1], "health %t %t %d", &durable, &tooBig, &unsaved); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, Options{Dir: dir})
	saved := len(l.Recent(-1))
	if durable || !tooBig || len(lines) != 101 || unsaved < 50 || saved < 5 || saved+unsaved != 100 {
		t.Errorf("durable %v, told %v, %d lines, %d unsaved, %d saved", durable, tooBig, len(lines), unsaved, saved)
	}
	if e := l.Record(put("1")); e.Revision <= last["1"] {
		t.Errorf("revision %d after %d", e.Revision, last["1"])
	}
}

// fullDisk mounts a disk of 64 KiB and returns its directory and how to fill
// and free it.
func fullDisk(t *testing.T) (dir string, fill, free func()) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=700"); err != nil {
		t.Skipf("mounting needs root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	fill = func() {
		f, err := os.OpenFile(ballast, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		for err == nil {
			_, err = f.Write(make([]byte, 512))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
	}
	return dir, fill, func() { _ = os.Remove(ballast) }
}

func TestFullDiskAndRecovery(t *testing.T) {
	dir, fill, free := fullDisk(t)
	synctest.Test(t, func(t *testing.T) {
		l := mustOpen(t, Options{Dir: dir})
		want := []Event{l.Record(put("a"))}
		fill()
		for range 100 { // the last block has room for a few
			want = append(want, l.Record(put("a")))
		}
		h := l.Health()
		if h.Durable || !errors.Is(h.Err, unix.ENOSPC) || h.Unsaved < 50 || h.Since.IsZero() || h.Lost != 0 {
			t.Fatalf("health %+v", h)
		}
		<-time.After(2 * retryDelay) // attempts that fail
		if now := l.Health(); now.Durable || now.Unsaved != h.Unsaved || !now.Since.Equal(h.Since) {
			t.Fatalf("health %+v, then %+v", h, now)
		}
		free()
		<-time.After(2 * retryDelay)
		if h := l.Health(); !h.Durable || h.Err != nil || h.Unsaved != 0 || !h.Since.IsZero() {
			t.Fatalf("health after there is room %+v", h)
		}
		want = append(want, l.Record(put("a")))
		checkOrder(t, want)
		mustClose(t, l)
		l = mustOpen(t, Options{Dir: dir})
		if got := l.Recent(-1); !reflect.DeepEqual(got, want) {
			t.Errorf("%d entries in the file, want %d", len(got), len(want))
		}
		mustClose(t, l)
	})
}

func TestFullDiskAcrossRestarts(t *testing.T) {
	dir, fill, free := fullDisk(t)
	l := mustOpen(t, Options{Dir: dir, Now: at(10_000)})
	last := l.Record(put("a"))
	mustClose(t, l)
	fill()
	// The clock stands still, the journal takes nothing, and still no revision
	// repeats: the mark is written in place.
	for i := range 5 {
		l := mustOpen(t, Options{Dir: dir, Now: at(10_000)})
		for range 50 {
			e := l.Record(put("a"))
			if e.Revision <= last.Revision {
				t.Fatalf("restart %d: revision %d after %d", i, e.Revision, last.Revision)
			}
			last = e
		}
		if err := l.Close(); !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("close: %v", err)
		}
	}
	free()
	l = mustOpen(t, Options{Dir: dir, Now: at(10_000)})
	if e := l.Record(put("a")); e.Revision <= last.Revision || !l.Health().Durable {
		t.Errorf("revision %d after %d, health %+v", e.Revision, last.Revision, l.Health())
	}
}

func TestFirstStartOnAFullDisk(t *testing.T) {
	dir, fill, _ := fullDisk(t)
	fill()
	began := time.Now().UnixMilli()
	l := mustOpen(t, Options{Dir: dir})
	if e := l.Record(put("a")); e.Seq != 1 || e.Revision < uint64(began) {
		t.Errorf("got %+v", e)
	}
	if h := l.Health(); h.Durable || !errors.Is(h.Err, unix.ENOSPC) || h.Unsaved != 1 {
		t.Errorf("health %+v", h)
	}
}

func TestWaitingEntriesAreBounded(t *testing.T) {
	dir, fill, _ := fullDisk(t)
	fill()
	l := mustOpen(t, Options{Dir: dir, Keep: 10})
	for range 35 {
		l.Record(put("a"))
	}
	if h := l.Health(); h.Unsaved != 10 || h.Lost != 25 || len(l.Recent(-1)) != 10 {
		t.Errorf("health %+v, %d held", h, len(l.Recent(-1)))
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	dir, _, _ := fullDisk(t)
	l := mustOpen(t, Options{Dir: dir, Now: at(80_000)})
	first := l.Record(put("a"))
	mustClose(t, l)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, Options{Dir: dir, Now: at(80_000)})
	if h := l.Health(); h.Durable || !errors.Is(h.Err, unix.EROFS) {
		t.Errorf("health %+v", h)
	}
	second := l.Record(put("a"))
	if got := l.Recent(-1); !reflect.DeepEqual(got, []Event{first, second}) || second.Revision <= first.Revision {
		t.Errorf("got %+v", got)
	}
	if err := l.Close(); !errors.Is(err, unix.EROFS) {
		t.Errorf("close: %v", err)
	}
}

func TestSecondProcessTakesOver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := mustOpen(t, Options{Dir: dir})
		one := first.Record(put("a"))
		second := mustOpen(t, Options{Dir: dir})
		if h := second.Health(); h.Durable || !errors.Is(h.Err, ErrInUse) {
			t.Errorf("health %+v", h)
		}
		two := second.Record(put("a"))
		if events := fileEvents(t, dir); !reflect.DeepEqual(events, []Event{one}) {
			t.Errorf("file %+v", events)
		}
		mustClose(t, first)
		<-time.After(2 * retryDelay)
		if h := second.Health(); !h.Durable {
			t.Errorf("health %+v", h)
		}
		if events := fileEvents(t, dir); !reflect.DeepEqual(events, []Event{one, two}) {
			t.Errorf("file %+v", events)
		}
		mustClose(t, second)
	})
}

func TestDirectoryThatIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: path}); err == nil {
		t.Error("a file was accepted as a directory")
	}
}

func TestOddFilesInTheDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, currentFile), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "target")
	if err := os.Symlink(secret, filepath.Join(dir, olderFile)); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, Options{Dir: dir})
	l.Record(put("a"))
	if h := l.Health(); h.Durable || h.Err == nil {
		t.Errorf("health %+v", h)
	}
	if _, err := os.Lstat(secret); !errors.Is(err, os.ErrNotExist) {
		t.Error("a symbolic link was followed")
	}
}

func TestWiderModesAreNarrowed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, currentFile)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, Options{Dir: dir})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestUnreadableLines(t *testing.T) {
	good := `{"seq":1,"epoch":"e","timestamp_ms":1,"origin":"http","domain":"api","kind":"api","entity":"api","revision":9,"path":"/v1/x","result":"ok"}`
	lines := []string{
		good, "", "   ", "rubbish", `{}`, `null`, `[1]`, good, `{"seq":1,"kind":"api","result":"ok"}`,
		strings.Replace(good, `"revision":9`, `"revision":18446744073709551615`, 1),
		strings.Repeat("x", 3*maxLine), good, string(make([]byte, 100)), good + good, good,
	}
	var kept int
	skipped, err := readLines(strings.NewReader(strings.Join(lines, "\n")), func(Event) { kept++ })
	if err != nil || kept != 4 || skipped != 9 {
		t.Errorf("kept %d, skipped %d, %v", kept, skipped, err)
	}
}

func FuzzReadLines(f *testing.F) {
	f.Add([]byte(`{"seq":1,"epoch":"e","kind":"api","revision":9,"path":"/v1/x","result":"ok"}` + "\n{\"seq\":"))
	f.Add([]byte("\n\n\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := 0
		skipped, err := readLines(bytes.NewReader(b), func(e Event) {
			kept++
			if e.Kind == "" || e.Revision > maxRevision {
				t.Fatalf("kept %+v", e)
			}
		})
		if err != nil || kept+skipped > bytes.Count(b, []byte("\n"))+1 {
			t.Fatalf("kept %d, skipped %d, %v", kept, skipped, err)
		}
	})
}
