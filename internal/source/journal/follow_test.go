package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/source/journal"
	"github.com/heliograph/heliograph/internal/testkit/journald"
	"github.com/heliograph/heliograph/internal/topic"
)

// followed is a journal that is being followed.
type followed struct {
	t   *testing.T
	tp  *topic.Topic[logline.Line]
	sub *topic.Subscription[logline.Line]
}

func follow(t *testing.T, opts journal.Options) *followed {
	t.Helper()
	opts.Logger = testLogger(t)
	tp := newTopic(journal.New(opts))
	t.Cleanup(tp.Close)
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub.Rewind(-1)
	return &followed{t: t, tp: tp, sub: sub}
}

// expect takes the next lines of the test's own program.
func (f *followed) expect(want ...string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	for len(want) > 0 {
		item, err := f.sub.Next(ctx)
		if err != nil {
			f.t.Fatalf("waiting for %q: %v", want[0], err)
		}
		got := messages(f.t, []string{item.Event.Value.Text})
		if len(got) == 0 {
			continue
		}
		if got[0] != want[0] {
			f.t.Fatalf("got %q, want %q", got[0], want[0])
		}
		want = want[1:]
	}
}

// children returns the processes that this process has started with arg among
// their arguments.
func children(t *testing.T, arg string) []int {
	t.Helper()
	var pids []int
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range found {
		cmdline, err := os.ReadFile(path)
		if err != nil || !strings.Contains("\x00"+string(cmdline), "\x00"+arg+"\x00") {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
		if err == nil && strings.Contains(string(stat), fmt.Sprintf(") S %d ", os.Getpid())) || strings.Contains(string(stat), fmt.Sprintf(") R %d ", os.Getpid())) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestFollow(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	j.Log(3, "before")
	f := follow(t, journal.Options{Args: j.Args()})
	f.expect("before")
	for p := range 8 {
		j.SendAsync("MESSAGE", fmt.Sprint("live ", p), "PRIORITY", strconv.Itoa(p), "SYSLOG_IDENTIFIER", "heliotest")
		f.expect(fmt.Sprint("live ", p))
		if line := f.tp.Newest().Value; line.Priority != p || line.Read.IsZero() {
			t.Errorf("line %+v, want priority %d", line, p)
		}
	}
}

func TestFollowUnitThatIsQuietAtFirst(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	j.LogUnit("other.service", "other")
	f := follow(t, journal.Options{Args: j.Args(), Unit: "demo.service"})
	j.LogUnit("other.service", "other")
	j.LogUnit("demo.service", "first")
	f.expect("first")
	j.LogUnit("other.service", "other")
	j.LogUnit("demo.service", "second\nthird")
	f.expect("second", "third")
}

// Whatever happens to journalctl, journald and the files, each entry comes
// exactly once.
func TestFollowFaults(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	f := follow(t, journal.Options{Args: j.Args()})
	kill := func() {
		var pids []int
		journald.Poll(t, "journalctl to run", func() bool {
			pids = children(t, j.Args()[0])
			return len(pids) == 1
		})
		if err := unix.Kill(pids[0], unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	faults := []func(){
		kill,
		j.Rotate,
		func() { j.Stop(); j.Resume() },
		func() { j.Kill(); j.Resume() },
		func() { j.Rotate(); kill() },
		func() { kill(); j.Rotate() },
	}
	for round := range 2 {
		for i, fault := range faults {
			var want []string
			send := func(when string) {
				for k := range 20 {
					want = append(want, fmt.Sprint(round, i, when, k))
					j.SendAsync("MESSAGE", want[len(want)-1], "SYSLOG_IDENTIFIER", "heliotest")
				}
			}
			send("before")
			j.Sync() // a journald that is killed may lose what it has not taken in
			fault()
			send("after")
			f.expect(want...)
		}
	}
}

// The entry at the cursor and many others are gone when journalctl is started
// again: all that is still there comes.
func TestFollowVacuumed(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	j.Log(6, "one")
	// The first journalctl to follow waits until it is told.
	gate := filepath.Join(t.TempDir(), "gate")
	command := script(t, `case "$*" in *--follow*) until [ -e `+gate+` ]; do :; done;; esac; exec journalctl "$@"`)
	f := follow(t, journal.Options{Args: j.Args(), Command: command})
	f.expect("one")
	j.Rotate()
	j.Vacuum()
	j.Log(6, "two")
	j.Log(6, "three")
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.expect("two", "three")
}

func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	j.Log(6, "one")
	f := follow(t, journal.Options{Args: j.Args()})
	journald.Poll(t, "journalctl to run", func() bool { return len(children(t, j.Args()[0])) == 1 })
	f.tp.Close()
	if left := anyState(t, j.Args()[0]); left != "" {
		t.Errorf("processes left: %s", left)
	}
}

// A program that ignores everything and has children of its own goes, too.
func TestStubbornProgram(t *testing.T) {
	t.Parallel()
	pidFile := filepath.Join(t.TempDir(), "pid")
	command := script(t, `case "$*" in
*--follow*) trap '' TERM INT HUP; sleep 1000 & echo $! > `+pidFile+`; while :; do wait; done;;
*) echo '{"__CURSOR":"c","MESSAGE":"one","SYSLOG_IDENTIFIER":"heliotest","_PID":"1"}';;
esac`)
	f := follow(t, journal.Options{Command: command})
	f.expect("one")
	var pid int
	journald.Poll(t, "the program's child", func() bool {
		text, _ := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	})
	f.tp.Close()
	// It is init's to reap now, who may take its time.
	journald.Poll(t, "the program's child to end", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

// A journalctl that does not get anywhere is given up, with what it said.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	count := filepath.Join(t.TempDir(), "count")
	command := script(t, `case "$*" in
*--follow*) echo x >> `+count+`; echo "disk on fire" >&2; exit 3;;
*) echo '{"__CURSOR":"c","MESSAGE":"one"}';;
esac`)
	err := runError(t, journal.New(journal.Options{Command: command, Logger: testLogger(t)}))
	if err == nil || !strings.Contains(err.Error(), "disk on fire") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(count); len(text) != 2*6 {
		t.Errorf("started %d times, want 6", len(text)/2)
	}
}

// Output that is no journal at all neither stops nor swells the source.
func TestStrangeOutput(t *testing.T) {
	t.Parallel()
	command := script(t, `case "$*" in
*--follow*) exec sleep 1000;;
esac
echo 'this is not JSON'
echo
head -c 20000000 /dev/zero | tr '\0' 'x'; echo
echo '{"__CURSOR":"c","MESSAGE":"one","SYSLOG_IDENTIFIER":"heliotest","_PID":"1"}'
printf '{"__CURSOR":"d","MESSAGE":"cut o'`)
	f := follow(t, journal.Options{Command: command})
	f.expect("one")
	var texts []string
	for _, e := range f.tp.Snapshot() {
		texts = append(texts, e.Value.Text)
	}
	if len(texts) != 3 || !strings.Contains(texts[0], "entry of 16 bytes") || !strings.Contains(texts[1], "entry of 20000000 bytes") {
		t.Errorf("got %.300q", texts)
	}
}

// A burst beyond any buffer reaches a reader that keeps up.
func TestFollowBurst(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	f := follow(t, journal.Options{Args: j.Args()})
	text := strings.Repeat("x", 500)
	for i := range 20 {
		var want []string
		for k := range 500 {
			want = append(want, fmt.Sprint(text, i, " ", k))
			j.SendAsync("MESSAGE", want[k], "SYSLOG_IDENTIFIER", "heliotest")
		}
		f.expect(want...)
	}
}

// anyState describes all children of this process, zombies too, that belong to
// arg.
func anyState(t *testing.T, arg string) string {
	t.Helper()
	if pids := children(t, arg); len(pids) > 0 {
		return fmt.Sprint(pids)
	}
	// A zombie has no command line any more, but still a parent.
	var left []string
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range found {
		stat, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(stat), fmt.Sprintf("(journalctl) Z %d ", os.Getpid())) {
			left = append(left, string(stat))
		}
	}
	return strings.Join(left, "; ")
}
