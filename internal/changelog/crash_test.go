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
