package channels

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/testkit/journald"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// privateJournal is a journald of its own with a server that reads it: its
// journalctl is a script that names the namespace, and fails while the file
// broken exists.
type privateJournal struct {
	*journald.Journal
	d      *device.Device
	broken string
}

func startJournal(t *testing.T) privateJournal {
	t.Helper()
	j := journald.Start(t)
	real, err := exec.LookPath("journalctl")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken")
	script := fmt.Sprintf("#!/bin/sh\n[ -e %s ] && { echo no luck >&2; exit 1; }\nexec %s %s \"$@\"\n", broken, real, strings.Join(j.Args(), " "))
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	d := device.Start(t, device.Options{
		Env:    []string{"PATH=" + dir + ":" + os.Getenv("PATH")},
		Config: "logs:\n  extra_units: [my.service]\n",
	})
	return privateJournal{j, d, broken}
}

// journalLine is the short ISO form: time, host, program, message.
var journalLine = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} \S+ heliotest(\[\d+\])?: (.*)$`)

// wantMessage takes one line and compares its message.
func wantMessage(t *testing.T, s *device.Socket, want string) {
	t.Helper()
	line := decode[wire.LogsLine](t, s.Expect("line")).Line
	if parts := journalLine.FindStringSubmatch(line); parts == nil || parts[2] != want {
		t.Fatalf("line %q, want the message %q", line, want)
	}
}

// ours skips lines of journald itself.
func ours(m device.Message) bool {
	return m.Type() != "line" || strings.Contains(m.Map()["line"].(string), " heliotest")
}

// 3.7: the journal and one unit of it, on a real journald; it is the default.
func TestLogsJournal(t *testing.T) {
	j := startJournal(t)
	for i := range 5 {
		j.Log(6, fmt.Sprintf("entry %d", i))
	}
	j.LogUnit("my.service", "of the unit")
	j.Send("MESSAGE", "caf\xe9 \xff\n second line", "PRIORITY", "3", "SYSLOG_IDENTIFIER", "heliotest")

	s := j.d.Dial("/v1/ws/logs?lines=8&follow=false")
	if src := decode[wire.LogsReady](t, s.Expect("ready")).Source; src.ID != "journal" || src.Kind != "journal_system" {
		t.Errorf("default source %+v", src)
	}
	var lines []string
	s.Find("eof", func(m device.Message) bool {
		if m.Type() == "line" && ours(m) {
			lines = append(lines, m.Map()["line"].(string))
		}
		return m.Type() == "eof"
	})
	wantClose(t, s, 1000)
	want := []string{"entry 0", "entry 1", "entry 2", "entry 3", "entry 4", "of the unit", "caf\uFFFD \uFFFD", " second line"}
	if len(lines) != len(want) {
		t.Fatalf("lines %q, want the messages %q", lines, want)
	}
	for i, line := range lines {
		if parts := journalLine.FindStringSubmatch(line); parts == nil || parts[2] != want[i] {
			t.Errorf("line %q, want the message %q", line, want[i])
		}
	}

	unit := j.d.Dial("/v1/ws/logs?source=unit:my.service")
	unit.Expect("ready")
	wantMessage(t, unit, "of the unit")
	j.Log(6, "not of the unit")
	j.LogUnit("my.service", "live of the unit")
	wantMessage(t, unit, "live of the unit")
}

// 3.7: journald that is restarted, killed or made to rotate, and a journalctl
// that dies, are not noticed: no line is lost and none comes twice.
func TestLogsJournalSurvives(t *testing.T) {
	j := startJournal(t)
	s := j.d.Dial("/v1/ws/logs?lines=0")
	s.Expect("ready")
	say := func(text string) {
		t.Helper()
		j.Log(6, text)
		m := s.Find(text, ours)
		if parts := journalLine.FindStringSubmatch(m.Map()["line"].(string)); parts == nil || parts[2] != text {
			t.Fatalf("line %s, want the message %q", m.Data, text)
		}
	}
	say("first")
	j.Rotate()
	say("rotated")
	j.Stop()
	j.Resume()
	say("restarted")
	j.Kill()
	j.Resume()
	say("killed")
	for _, pid := range journalctls(t, j.d) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	say("another journalctl")
}

// journalctls returns the running journalctl processes of the server.
func journalctls(t *testing.T, d *device.Device) (pids []int) {
	t.Helper()
	device.Poll(t, "a journalctl", func() bool {
		pids = nil
		for _, pid := range d.Leftovers() {
			if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); strings.TrimSpace(string(name)) == "journalctl" {
				pids = append(pids, pid)
			}
		}
		return len(pids) > 0
	})
	return pids
}

// 3.7, 9.2: a source that fails for good: error, eof, close. Later it works
// again.
func TestLogsSourceFails(t *testing.T) {
	t.Parallel()
	j := startJournal(t)
	j.Log(6, "before")
	s := j.d.Dial("/v1/ws/logs?lines=1")
	s.Expect("ready")
	wantMessage(t, s, "before")
	running := journalctls(t, j.d)
	if err := os.WriteFile(j.broken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pid := range running {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	wantText(t, s.Expect("error"), "message", "log process failed")
	wantEOF(t, s)
	if err := os.Remove(j.broken); err != nil {
		t.Fatal(err)
	}
	again := j.d.Dial("/v1/ws/logs?lines=1&follow=false")
	again.Expect("ready")
	wantMessage(t, again, "before")
	wantEOF(t, again)
}
