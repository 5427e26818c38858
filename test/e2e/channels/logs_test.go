package channels

import (
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
