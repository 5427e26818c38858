package console

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/internal/topic"
)

// pidIn returns the process number that a shell printed as "pid=N.".
func pidIn(t *testing.T, text string) int {
	t.Helper()
	match := regexp.MustCompile(`pid=(\d+)\.`).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no process number in %q", text)
	}
	pid, err := strconv.Atoi(match[1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	state, _, _ := parseStat(stat)
	return state != 'Z' && state != 'X'
}

// TestDeleteEndsEveryProcess: jobs in the background, in process groups of
// their own, that ignore every signal which can be ignored.
func TestDeleteEndsEveryProcess(t *testing.T) {
	for _, shell := range []string{"/bin/bash", "/bin/sh"} {
		m := newManager(t, Options{Shell: shell})
		s := create(t, m)
		v := attach(t, s)
		id := s.proc.cmd.Process.Pid
		send(t, s, `stubborn() { trap '' HUP TERM INT; sleep 1000 & exec sleep 1000; }`+"\n")
		send(t, s, "stubborn & stubborn & sh -c 'trap \"\" HUP TERM; sleep 1001; sleep 1002' & echo start''ed\n")
		v.until(t, "started\r\n")
		eventually(t, "jobs started", func() bool { return signalSession(id, 0) >= 7 })
		if err := m.Delete(s.ID()); err != nil {
			t.Fatal(err)
		}
		if n := signalSession(id, 0); n != 0 {
			t.Errorf("%s: %d processes are left", shell, n)
		}
		if _, err := os.Stat("/proc/" + strconv.Itoa(id)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the shell was not reaped: %v", shell, err)
		}
		// A shell that ignores SIGTERM may end by itself when its terminal closes,
		// and then has an exit code.
		if info := wait(t, s); !info.Deleted || !info.Closed {
			t.Errorf("%s: got %+v", shell, info)
		}
		v.rest(t)
		if err := m.Delete(s.ID()); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: second delete: %v", shell, err)
		}
		if _, err := s.Attach(nil); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: attach after delete: %v", shell, err)
		}
	}
}

// TestDeleteSparesOtherSessions: what has called setsid is on its own.
func TestDeleteSparesOtherSessions(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/sh"})
	s := create(t, m)
	v := attach(t, s)
	send(t, s, "setsid sh -c 'echo pid=$$.; exec sleep 1000' & \n")
	daemon := pidIn(t, v.until(t, ".\r\n"))
	defer func() { _ = syscall.Kill(daemon, syscall.SIGKILL) }()
	if err := m.Delete(s.ID()); err != nil {
		t.Fatal(err)
	}
	if !alive(daemon) {
		t.Error("the daemon was ended")
	}
}

// TestExitEndsSessionBesideBackgroundJob: a job that keeps the terminal open
// does not keep the session.
func TestExitEndsSessionBesideBackgroundJob(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	send(t, s, "sh -c \"trap '' HUP; echo pid=\\$\\$.; exec sleep 1000\" &\n")
	job := pidIn(t, v.until(t, ".\r\n"))
	defer func() { _ = syscall.Kill(job, syscall.SIGKILL) }()
	send(t, s, "echo last''words; exit 3\n")
	if text := v.rest(t); !strings.Contains(text, "lastwords\r\n") {
		t.Errorf("got %q", text)
	}
	if info := wait(t, s); info.ExitCode == nil || *info.ExitCode != 3 {
		t.Errorf("got %+v", info)
	}
	if !alive(job) {
		t.Error("the job that asked to stay was ended")
	}
}

// TestShellThatClosesItsTerminalForAWhile: the end of the terminal is not the
// end of the shell.
func TestShellThatClosesItsTerminalForAWhile(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	dir := t.TempDir()
	send(t, s, "exec 2>&1; tty=$(tty); sh -c '"+
		"exec <&- >&- 2>&-; while ! [ -e "+dir+"/go ]; do sleep 0.02; done; exec >'$tty'; echo ba\"\"ck' & "+
		"pid=$!; exec <&- >&- 2>&-; wait $pid; exit 4\n")
	eventually(t, "terminal closed", func() bool {
		held, _ := os.ReadDir("/proc/" + strconv.Itoa(s.proc.cmd.Process.Pid) + "/fd")
		for _, fd := range held {
			target, _ := os.Readlink("/proc/" + strconv.Itoa(s.proc.cmd.Process.Pid) + "/fd/" + fd.Name())
			if strings.HasPrefix(target, "/dev/pts") {
				return false
			}
		}
		return true
	})
	if err := os.WriteFile(dir+"/go", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if text := v.rest(t); !strings.Contains(text, "back") {
		t.Errorf("got %q", text)
	}
	if info := wait(t, s); info.ExitCode == nil || *info.ExitCode != 4 {
		t.Errorf("got %+v", info)
	}
}

// TestLateAttachment gets the replay, then nothing, and the end on deletion.
func TestLateAttachment(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/sh"})
	s := create(t, m)
	send(t, s, "echo re''play; exit\n")
	wait(t, s)
	v := attach(t, s)
	if v.Live() {
		t.Error("attachment is live")
	}
	v.until(t, "replay\r\n")
	for v.Lag() > 0 {
		if _, err := v.next(1); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := v.Fill(v.items[:]); n != 0 || err != nil {
		t.Fatalf("got %d, %v, want silence", n, err)
	}
	if infos := m.List(); len(infos) != 1 || !infos[0].Closed || infos[0].Clients != 1 {
		t.Errorf("got %+v", infos)
	}
	if err := m.Delete(s.ID()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.next(1); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end", err)
	}
	v.Close()
	v.Close()
	if _, err := v.Fill(v.items[:]); !errors.Is(err, topic.ErrClosed) {
		t.Errorf("got %v after Close", err)
	}
	if n := s.Info().Clients; n != 0 {
		t.Errorf("%d clients", n)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (a) b) S 1 2 3 34816 4"))
	f.Add([]byte(")"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, stat []byte) {
		if state, session, ok := parseStat(stat); !ok && session != 0 && state == 0 {
			t.Errorf("half a result: %d", session)
		}
	})
}

func TestParseStat(t *testing.T) {
	state, session, ok := parseStat([]byte("12 (a) b) S 1 2 3 34816 4"))
	if state != 'S' || session != 3 || !ok {
		t.Errorf("got %c %d %v", state, session, ok)
	}
	for _, bad := range []string{"", "12 (a) S 1 2", "12 (a) SS 1 2 3", "12 (a) S 1 2 x"} {
		if _, _, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q was accepted", bad)
		}
	}
}
