package channels

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

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
