package channels

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// appLog is a log file that a server offers.
type appLog struct {
	t    *testing.T
	path string
}

func newAppLog(t *testing.T, lines ...string) appLog {
	t.Helper()
	l := appLog{t, t.TempDir() + "/app.log"}
	l.create()
	l.write(lines...)
	return l
}

func (l appLog) start() *device.Device {
	return device.Start(l.t, device.Options{Args: []string{"--log-file", l.path}})
}

func (l appLog) create() {
	l.t.Helper()
	if err := os.WriteFile(l.path, nil, 0o600); err != nil {
		l.t.Fatal(err)
	}
}

// write appends lines, as a service would.
func (l appLog) write(lines ...string) {
	l.t.Helper()
	l.append(strings.Join(append(slices.Clone(lines), ""), "\n"))
}

func (l appLog) append(text string) {
	l.t.Helper()
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		l.t.Fatal(err)
	}
}

func (l appLog) url(query string) string {
	return "/v1/ws/logs?source=file:" + l.path + query
}

func numbered(from, to int) (lines []string) {
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprintf("line %d", i))
	}
	return lines
}

// wantLines takes as many lines as are given and compares them.
func wantLines(t *testing.T, s *device.Socket, want ...string) {
	t.Helper()
	for i, text := range want {
		m := s.Next()
		got := decode[wire.LogsLine](t, m)
		if m.Type() != "line" || got.Line != text {
			t.Fatalf("line %d is %.300s, want %.300q", i, m.Data, text)
		}
		if age := m.At.Sub(time.UnixMilli(int64(got.TimestampMS))); age < -time.Millisecond || age > time.Hour {
			t.Fatalf("line read %v before it was got", age)
		}
	}
}

func wantEOF(t *testing.T, s *device.Socket) {
	t.Helper()
	s.Expect("eof")
	if m, err := s.TryNext(device.Patience); err == nil {
		t.Errorf("after eof: %s", m.Data)
	}
	wantClose(t, s, 1000)
}

// 3.7, 9.1, 9.3: ready, the last lines, eof, close; how many lines.
func TestLogsBacklog(t *testing.T) {
	l := newAppLog(t, numbered(1, 5000)...)
	d := l.start()
	for _, c := range []struct {
		query string
		lines int
	}{{"", 200}, {"&lines=0", 0}, {"&lines=1", 1}, {"&lines=5", 5}, {"&lines=2000", 2000}, {"&lines=2001", 2000}, {"&lines=999999999", 2000}} {
		s := d.Dial(l.url("&follow=false" + c.query))
		ready := decode[wire.LogsReady](t, s.Expect("ready")).Source
		if ready.ID != "file:"+l.path || ready.Kind != "file" || ready.Path != l.path || ready.Label != "app.log" || ready.Group == "" || ready.Important {
			t.Errorf("source %+v", ready)
		}
		wantLines(t, s, numbered(5001-c.lines, 5000)...)
		wantEOF(t, s)
	}
	empty := newAppLog(t)
	d2 := empty.start()
	s := d2.Dial(empty.url("&follow=false"))
	s.Expect("ready")
	wantEOF(t, s)
}

// 3.7: with follow the socket stays and new lines come as they are written.
func TestLogsFollow(t *testing.T) {
	t.Parallel()
	l := newAppLog(t, numbered(1, 10)...)
	d := l.start()
	all, none := d.Dial(l.url("")), d.Dial(l.url("&lines=0&follow=true"))
	all.Expect("ready")
	none.Expect("ready")
	wantLines(t, all, numbered(1, 10)...)
	for i := 11; i <= 40; i++ {
		l.write(fmt.Sprintf("line %d", i))
		wantLines(t, all, fmt.Sprintf("line %d", i))
		wantLines(t, none, fmt.Sprintf("line %d", i))
	}
	l.write(numbered(41, 8000)...)
	wantLines(t, all, numbered(41, 8000)...)
	wantLines(t, none, numbered(41, 8000)...)
	l.append("begun ")
	l.append("and ended\n")
	wantLines(t, all, "begun and ended")
	l.append("without an end") // is shown all the same, after a while
	wantLines(t, all, "without an end")
	// Who comes later gets the last lines and what follows, without a gap or a
	// duplicate, whether the source still runs or has to begin anew.
	late := d.Dial(l.url("&lines=2"))
	late.Expect("ready")
	wantLines(t, late, "begun and ended", "without an end")
	for _, s := range []*device.Socket{all, none, late} {
		s.Drop()
	}
	device.Poll(t, "the file to be closed", func() bool { return !slices.Contains(d.Files(), l.path) })
	l.write("", "next")
	again := d.Dial(l.url("&lines=3"))
	again.Expect("ready")
	wantLines(t, again, "begun and ended", "without an end", "next")
	l.write("last")
	wantLines(t, again, "last")
}

// 3.7: a renamed, a truncated and a vanished file are followed by name, while
// lines are written all the time.
func TestLogsRotation(t *testing.T) {
	l := newAppLog(t, "line 1")
	d := l.start()
	s := d.Dial(l.url(""))
	s.Expect("ready")
	n := 1
	wantLines(t, s, "line 1")
	next := func(count int) {
		t.Helper()
		l.write(numbered(n+1, n+count)...)
		n += count
	}
	rename := func() {
		t.Helper()
		if err := os.Rename(l.path, fmt.Sprintf("%s.%d", l.path, n)); err != nil {
			t.Fatal(err)
		}
	}
	// Renamed and made anew in one go, with lines just before and after.
	for range 10 {
		from := n + 1
		next(500)
		rename()
		l.create()
		next(500)
		wantLines(t, s, numbered(from, n)...)
	}
	// A service that still writes into the renamed file.
	old, err := os.OpenFile(l.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	rename()
	l.create()
	if _, err := old.WriteString("late for the old file\n"); err != nil {
		t.Fatal(err)
	}
	wantLines(t, s, "late for the old file")
	// Truncated.
	for range 3 {
		from := n + 1
		next(50)
		wantLines(t, s, numbered(from, n)...)
		if err := os.Truncate(l.path, 0); err != nil {
			t.Fatal(err)
		}
		next(2)
		wantLines(t, s, numbered(n-1, n)...)
	}
	// Gone for a while, also as something that is no file.
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(l.path, 0o700); err != nil {
		t.Fatal(err)
	}
	s.Ping()
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	l.create()
	next(3)
	wantLines(t, s, numbered(n-2, n)...)
}

// 3.7: bytes that are no UTF-8, long lines, and other odd content.
func TestLogsOddLines(t *testing.T) {
	long := strings.Repeat("x", 70000)
	wide := strings.Repeat("€", 30000)
	l := newAppLog(t)
	l.append("a\xffb\xc3(\n\n\ttab \x1b[31mred\x1b[0m \"quoted\" \\\r\n" + long + "\n" + wide + "\nNUL \x00 \u2028 end\n")
	d := l.start()
	check := func(s *device.Socket) {
		t.Helper()
		wantLines(t, s, "a\uFFFDb\uFFFD(", "", "\ttab \x1b[31mred\x1b[0m \"quoted\" \\", long[:64<<10])
		got := decode[wire.LogsLine](t, s.Expect("line")).Line
		if len(got) > 64<<10 || len(got) < 64<<10-3 || !utf8.ValidString(got) || !strings.HasPrefix(wide, got) {
			t.Errorf("a wide line was cut to %d bytes", len(got))
		}
		wantLines(t, s, "NUL \x00 \u2028 end")
	}
	once := d.Dial(l.url("&follow=false"))
	once.Expect("ready")
	check(once)
	live := d.Dial(l.url(""))
	live.Expect("ready")
	check(live)
	l.append("a\xffb\xc3(\n\n\ttab \x1b[31mred\x1b[0m \"quoted\" \\\r\n" + long + "\n" + wide + "\nNUL \x00 \u2028 end\n")
	check(live)
}

// 3.7, 9.2: nothing outside the list can be opened, whatever its name.
func TestLogsUnknownSource(t *testing.T) {
	l := newAppLog(t, "x")
	d := l.start()
	for _, id := range []string{
		"", "Journal", "nothing", "file:/etc/passwd", "/etc/passwd", "file:" + l.path + "/../app.log", "file:" + l.path + "%00",
		"unit:ssh.service", "unit:--file=/etc/passwd", "unit:*", "journal%20--all", "dmesg%0a", "file:",
	} {
		s := d.Dial("/v1/ws/logs?source=" + id)
		m := s.Expect("error").Map()
		if text, _ := m["message"].(string); !strings.HasPrefix(text, "unknown log source: ") {
			t.Errorf("%q: %v", id, m)
		}
		wantClose(t, s, 1000)
	}
	s := d.Dial("/v1/ws/logs?source=nope")
	wantText(t, s.Expect("error"), "message", "unknown log source: nope")
}

// 3.7, 9.2: a source that cannot be opened: ready, error, close.
func TestLogsCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/folder", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir+"/loop", dir+"/loop"); err != nil {
		t.Fatal(err)
	}
	var args []string
	names := []string{"missing.log", "folder", "loop"}
	for _, name := range names {
		args = append(args, "--log-file", dir+"/"+name)
	}
	// Without a journalctl there is no journal.
	d := device.Start(t, device.Options{Args: args, Env: []string{"PATH=" + dir}})
	ids := []string{"journal", "unit:helios-api.service"}
	for _, name := range names {
		ids = append(ids, "file:"+dir+"/"+name)
	}
	for _, id := range ids {
		for _, follow := range []string{"true", "false"} {
			s := d.Dial("/v1/ws/logs?source=" + id + "&follow=" + follow)
			if got := decode[wire.LogsReady](t, s.Expect("ready")).Source.ID; got != id {
				t.Errorf("ready for %s", got)
			}
			if m := s.Expect("error").Map(); m["message"] == "" || m["message"] == "log process failed" {
				t.Errorf("%s: %v", id, m)
			}
			if m, err := s.TryNext(device.Patience); err == nil {
				t.Errorf("%s: after the error: %s", id, m.Data)
			}
			wantClose(t, s, 1000)
		}
	}
	// It can be opened as soon as it is there.
	if err := os.WriteFile(dir+"/missing.log", []byte("here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := d.Dial("/v1/ws/logs?source=file:" + dir + "/missing.log")
	s.Expect("ready")
	wantLines(t, s, "here")
}

// 3.7: at most 32 log sockets at a time.
func TestLogsLimit(t *testing.T) {
	l := newAppLog(t, "x")
	d := l.start()
	var open []*device.Socket
	for range 32 {
		s := d.Dial(l.url(""))
		s.Expect("ready")
		open = append(open, s)
	}
	for range 3 {
		s := d.Dial(l.url("&follow=false"))
		wantText(t, s.Expect("error"), "message", "too many log streams")
		wantClose(t, s, 1000)
	}
	l.write("for all")
	for _, s := range open {
		wantLines(t, s, "x", "for all")
	}
	open[0].Drop()
	open[1].Drop()
	device.Poll(t, "a place to be free", func() bool {
		s := d.Dial(l.url("&follow=false"))
		m, err := s.TryNext(device.Patience)
		return err == nil && m.Type() == "ready"
	})
}

// 3.7: the kernel's log.
func TestLogsKernel(t *testing.T) {
	kmsg, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	defer kmsg.Close()
	d := start(t)
	word := fmt.Sprintf("heliograph-e2e-%d", os.Getpid())
	say := func(text string) {
		t.Helper()
		if _, err := fmt.Fprintf(kmsg, "<6>%s: %s\n", word, text); err != nil {
			t.Fatal(err)
		}
	}
	say("before")
	s := d.Dial("/v1/ws/logs?source=dmesg")
	if src := decode[wire.LogsReady](t, s.Expect("ready")).Source; src.Kind != "dmesg" || src.Label != "Kernel (dmesg)" || src.Group != "System" || !src.Important {
		t.Errorf("source %+v", src)
	}
	has := func(text string) func(device.Message) bool {
		return func(m device.Message) bool {
			line, _ := m.Map()["line"].(string)
			return strings.HasSuffix(line, word+": "+text)
		}
	}
	s.Find("the line from before", has("before"))
	say("live")
	s.Find("the new line", has("live"))
	once := d.Dial("/v1/ws/logs?source=dmesg&follow=false&lines=2000")
	once.Find("the line", has("live"))
	once.Find("eof", func(m device.Message) bool { return m.Type() == "eof" })
	wantClose(t, once, 1000)
}

// 3.7, 7.5: the list of sources: the contract's own, in its order, then what is
// configured; no file twice.
func TestLogSources(t *testing.T) {
	l := newAppLog(t, "x")
	d := device.Start(t, device.Options{
		Args:   []string{"--log-file", l.path},
		Config: "logs:\n  extra_units: [my.service]\n  extra_files:\n    - {path: " + l.path + ", label: App, group: Mine, important: true}\n",
	})
	var list wire.LogSources
	d.JSON(d.Get("/v1/device/logs/sources"), &list)
	type entry struct {
		id, label, group, kind string
		important              bool
	}
	var got []entry
	for _, s := range list.Sources {
		if !strings.HasPrefix(s.ID, "file:/var/log/") { // those that exist
			got = append(got, entry{s.ID, s.Label, s.Group, s.Kind, s.Important})
		}
	}
	want := []entry{
		{"journal", "System journal", "System", "journal_system", true},
		{"dmesg", "Kernel (dmesg)", "System", "dmesg", true},
		{"unit:helios-api.service", "helios-api", "Helios", "journal_unit", true},
		{"unit:helios-engine.service", "helios-engine", "Helios", "journal_unit", true},
		{"unit:helios-peripherals.service", "helios-peripherals", "Helios", "journal_unit", true},
		{"unit:helios-updater.service", "helios-updater", "Helios", "journal_unit", false},
		{"unit:my.service", "my", "Units", "journal_unit", false},
		{"file:" + l.path, "App", "Mine", "file", true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("sources\n%v\nwant\n%v", got, want)
	}
	for _, path := range []string{"/var/log/syslog", "/var/log/messages", "/var/log/kern.log", "/var/log/daemon.log", "/var/log/auth.log"} {
		_, err := os.Stat(path)
		there := slices.ContainsFunc(list.Sources, func(s wire.LogSource) bool { return s.ID == "file:"+path })
		if there == errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: listed %v, %v", path, there, err)
		}
	}
}
