package run

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// The exit code is the program's, or 128 and its signal, or says why there was none.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"0", []string{"--", "true"}, 0}, {"3", []string{"--", "sh", "-c", "exit 3"}, 3}, {"255", []string{"--", "sh", "-c", "exit 255"}, 255},
		{"SIGTERM", []string{"--", "sh", "-c", "kill -TERM $$"}, 143}, {"SIGKILL", []string{"--", "sh", "-c", "kill -KILL $$"}, 137},
		{"SIGINT", []string{"--", "sh", "-c", "kill -INT $$"}, 130}, {"SIGABRT", []string{"--", "sh", "-c", "kill -ABRT $$"}, 134},
		{"node", []string{"--", "node", "-e", "process.exit(5)"}, 5}, {"node that throws", []string{"--", "node", "-e", "throw new Error('x')"}, 1},
		{"python", []string{"--", "python3", "-c", "import sys; sys.exit(6)"}, 6},
		{"without dashes", []string{"sh", "-c", "exit 4"}, 4},
		{"not there", []string{"--", "no-such-program-here"}, 127}, {"no program", []string{"--", plain}, 126},
		{"no command", nil, 2}, {"announce", []string{"--announce", "nowhere", "--", "true"}, 2}, {"compat", []string{"--compat", "x", "--", "true"}, 2},
		{"body limit", []string{"--body-limit", "-1", "--", "true"}, 2}, {"wrong flag", []string{"--nonsense", "--", "true"}, 2}, {"no authority", []string{"--upstream-ca", plain, "--", "true"}, 125},
		{"address in use by nobody's leave", []string{"--listen", "203.0.113.1:1", "--", "true"}, 125},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := launch(t, nil, c.args...).wait()
			if r.code != c.code || r.out != "" {
				t.Errorf("exit code %d, want %d; it printed %q and %q", r.code, c.code, r.out, r.err)
			}
			if c.code > 2 && c.code < 125 && strings.Contains(r.err, "heliograph") {
				t.Errorf("it speaks of itself: %s", r.err)
			}
		})
	}
}

// trap is a program that says which signals it gets, and ends after SIGTERM.
const trap = `for s in INT HUP QUIT USR1 USR2; do trap "echo got $s" $s; done; trap 'echo got TERM; exit 0' TERM; echo up $$; while :; do sleep 0.01; done`

// A signal to heliograph alone is passed on once, each of those that are.
func TestSignalsArePassedOn(t *testing.T) {
	l := launch(t, nil, "--", "bash", "-c", trap)
	l.says("up ")
	for i, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGINT, syscall.SIGTERM} {
		if err := l.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		device.Poll(t, s.String(), func() bool { return strings.Count(l.out.String(), "got ") == i+1 })
	}
	r := l.wait()
	_, got, _ := strings.Cut(r.out, "\n")
	if r.code != 0 || got != "got INT\ngot HUP\ngot QUIT\ngot USR1\ngot USR2\ngot INT\ngot TERM\n" {
		t.Errorf("exit code %d, output %q, %q", r.code, r.out, r.err)
	}
}

// A signal that comes as soon as the address is told, perhaps before the program is
// there, ends both.
func TestSignalWhileStarting(t *testing.T) {
	for range 10 {
		l := launch(t, nil, "--announce", "stderr", "--", "sleep", "3600")
		device.Poll(t, "the address", func() bool { return strings.Contains(l.err.String(), "listening on ") })
		_ = l.cmd.Process.Signal(syscall.SIGTERM)
		if r := l.wait(); r.code != 143 {
			t.Errorf("exit code %d, it printed %q and %q", r.code, r.out, r.err)
		}
	}
}

// A signal to the process group has reached the program: it gets it once.
func TestSignalsToTheGroupArriveOnce(t *testing.T) {
	l := launch(t, nil, "--", "bash", "-c", trap)
	l.says("up ")
	for i := range 5 {
		if err := syscall.Kill(-l.cmd.Process.Pid, syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		device.Poll(t, "the signal", func() bool { return strings.Count(l.out.String(), "got INT") > i })
		// Whatever may come twice comes before this, which is for heliograph alone.
		if err := l.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		device.Poll(t, "the other signal", func() bool { return strings.Count(l.out.String(), "got USR1") > i })
	}
	_ = l.cmd.Process.Signal(syscall.SIGTERM)
	if r := l.wait(); r.code != 0 || strings.Count(r.out, "got INT") != 5 {
		t.Errorf("exit code %d, output %q", r.code, r.out)
	}
}

// What is ignored when heliograph starts is ignored by the program.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `trap '' HUP INT; exec "$0" run --listen 127.0.0.1:0 --announce none -- sh -c 'grep SigIgn /proc/self/status'`, path)
	out, err := cmd.CombinedOutput()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) != 2 {
		t.Fatalf("%s: %v", out, err)
	}
	mask, err := strconv.ParseUint(fields[1], 16, 64)
	if err != nil || mask&1 == 0 || mask&2 == 0 {
		t.Errorf("ignored are %s", out)
	}
}

// Standard input is the program's own, and what is printed is byte for byte.
func TestStreams(t *testing.T) {
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(i * 7 >> 3)
	}
	r := launch(t, strings.NewReader(string(data)), "--", "sh", "-c", "cat; printf 'to the \\033[31merror' >&2").wait()
	if r.code != 0 || r.out != string(data) || r.err != "to the \x1b[31merror" {
		t.Errorf("exit code %d, %d bytes of output, %q", r.code, len(r.out), r.err)
	}
	// The address is a line of its own, before.
	path, _ := device.Binary()
	out, err := exec.Command(path, "run", "--listen", "127.0.0.1:0", "--", "printf", "x").Output()
	first, rest, _ := strings.Cut(string(out), "\n")
	if err != nil || !strings.HasPrefix(first, "listening on http://127.0.0.1:") || rest != "x" {
		t.Errorf("it printed %q, %v", out, err)
	}
}

// When heliograph is killed, the program gets SIGTERM, and nothing of it is left.
func TestKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "last")
	l := launch(t, nil, "--", "bash", "-c", fmt.Sprintf(`trap 'echo ended > %s; exit 0' TERM; echo up $$; while :; do sleep 0.01; done`, file))
	l.says("up ")
	var pid int
	if _, err := fmt.Sscanf(l.out.String(), "up %d", &pid); err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = l.cmd.Wait()
	device.Poll(t, "the program to end", func() bool { return syscall.Kill(pid, 0) != nil })
	if text, _ := os.ReadFile(file); string(text) != "ended\n" {
		t.Errorf("it did not get SIGTERM: %q", text)
	}
	device.Poll(t, "the witness to end", func() bool {
		return len(group(t, l.cmd.Process.Pid)) == 0
	})
}

// group lists the processes of a process group that live.
func group(t *testing.T, id int) (pids []string) {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 2 && f[2] == strconv.Itoa(id) && f[0] != "Z" {
			pids = append(pids, path)
		}
	}
	return pids
}

// Nothing is left behind in the folder for temporary files.
func TestNothingIsLeft(t *testing.T) {
	l := launch(t, nil, "--", "sh", "-c", `test -s "$SSL_CERT_FILE" && test "$(stat -c %a "$SSL_CERT_FILE" "$(dirname "$SSL_CERT_FILE")" | tr '\n' ' ')" = "600 700 " && echo right`)
	if r := l.wait(); r.code != 0 || r.out != "right\n" {
		t.Errorf("exit code %d: %q %q", r.code, r.out, r.err)
	}
	dir := l.cmd.Env[len(l.cmd.Env)-1]
	left, _ := filepath.Glob(strings.TrimPrefix(dir, "TMPDIR=") + "/*")
	if len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// In a terminal: the program has one, Ctrl-C reaches it once, Ctrl-Z stops and fg
// continues it, and the size is passed on.
func TestTerminal(t *testing.T) {
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "--norc", "-i")
	cmd.Env = append(os.Environ(), "PS1=prompt> ", "TMPDIR="+t.TempDir(), "RUN="+path+" run --listen 127.0.0.1:0 --announce none --")
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: 90})
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	var screen safe
	go func() { // ends with the terminal
		buf := make([]byte, 4096)
		for {
			n, err := terminal.Read(buf)
			_, _ = screen.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	seen := func(text string, times int) {
		t.Helper()
		device.Poll(quietly{t, &screen}, fmt.Sprintf("%q, %d times", text, times), func() bool { return strings.Count(screen.String(), text) >= times })
	}
	send := func(text string) {
		t.Helper()
		if _, err := terminal.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	seen("prompt> ", 1)
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte(`test -t 0 && test -t 1 && test -t 2 && echo "all-"terminals
trap 'echo got-"INT"' INT
trap 'echo "size "$(stty size <&2)' WINCH
trap 'exit 7' TERM
echo "up-"now
n=0; while [ ! -e "$0.end" ]; do sleep 0.05; done
read -r line; echo "read-$line"; exit 7
`), 0o700); err != nil {
		t.Fatal(err)
	}
	send("$RUN bash " + script + "\n")
	seen("all-terminals", 1)
	seen("up-now", 1)
	send("\x03")
	seen("got-INT", 1)
	if err := pty.Setsize(terminal, &pty.Winsize{Rows: 40, Cols: 120}); err != nil {
		t.Fatal(err)
	}
	seen("size 40 120", 1)
	send("\x1a")
	seen("Stopped", 1)
	send("fg\n")
	seen("$RUN bash", 3)
	send("\x03")
	seen("got-INT", 2)
	if err := os.WriteFile(script+".end", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	send("typed\n")
	seen("read-typed", 1)
	send("echo \"code=\"$?\n")
	seen("code=7", 1)
	if n := strings.Count(screen.String(), "got-INT"); n != 2 {
		t.Errorf("two times Ctrl-C were %d:\n%s", n, screen.String())
	}
}

// quietly shows the screen when a wait fails.
type quietly struct {
	testing.TB
	screen *safe
}

func (q quietly) Fatalf(format string, args ...any) {
	q.Helper()
	q.TB.Fatalf(format+"\n%s", append(slices.Clone(args), q.screen.String())...)
}

// A supervisor that ends all processes with one signal each does not make the program
// get it twice; and a program that takes its time is waited for.
func TestOrderlyEnd(t *testing.T) {
	l := launch(t, nil, "--", "bash", "-c", `n=0; trap 'n=$((n+1)); echo "term $n"' TERM; echo up; while [ $n -eq 0 ]; do sleep 0.01; done; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 0.01; done; exit 4`)
	l.says("up")
	if err := syscall.Kill(-l.cmd.Process.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if r := l.wait(); r.code != 4 || r.out != "up\nterm 1\n" {
		t.Errorf("after %v: exit code %d: %q", time.Since(begin), r.code, r.out)
	}
}
