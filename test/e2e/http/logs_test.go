package http

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

type logSource struct {
	ID, Label, Group, Kind, Unit, Path string
	Important                          *bool
	Status                             map[string]any
}

type logSources struct {
	Freshness map[string]any
	Sources   []logSource
}

// 7.5, 3.7: the list of logs, in the order of the contract.
func TestLogSources(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.log"), filepath.Join(dir, "not there yet.log")
	write(t, one, "x\n")
	d := device.Start(t, device.Options{
		Args:   []string{"--log-file", one, "--log-file", two},
		Config: "logs:\n  extra_units: [ssh.service]\n  extra_files:\n    - {path: " + dir + "/three.log, label: Third, group: Mine, important: true}\n",
	})
	list := read[logSources](t, d.Get("/v1/device/logs/sources"))
	want := []string{
		"journal|System journal|System|journal_system|true", "dmesg|Kernel (dmesg)|System|dmesg|true",
		"unit:helios-api.service|helios-api|Helios|journal_unit|true", "unit:helios-engine.service|helios-engine|Helios|journal_unit|true",
		"unit:helios-peripherals.service|helios-peripherals|Helios|journal_unit|true", "unit:helios-updater.service|helios-updater|Helios|journal_unit|false",
		"unit:ssh.service|ssh|Units|journal_unit|false",
	}
	for _, path := range []string{"/var/log/syslog", "/var/log/messages", "/var/log/kern.log", "/var/log/daemon.log", "/var/log/auth.log"} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			group := map[bool]string{true: "Security", false: "System"}[path == "/var/log/auth.log"]
			want = append(want, "file:"+path+"|"+filepath.Base(path)+"|"+group+"|file|false")
		}
	}
	want = append(want, "file:"+dir+"/three.log|Third|Mine|file|true",
		"file:"+one+"|one.log|Files|file|false", "file:"+two+"|not there yet.log|Files|file|false")
	var got []string
	for _, s := range list.Sources {
		if s.Important == nil {
			t.Errorf("%+v", s)
			continue
		}
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%v", s.ID, s.Label, s.Group, s.Kind, *s.Important))
		if s.Unit != "" != (s.Kind == "journal_unit") || s.Path != "" != (s.Kind == "file") {
			t.Errorf("%+v", s)
		}
		if s.Status != nil {
			keys(t, s.ID, s.Status, "active_state", "sub_state", "unit_file_state", "description", "fragment_path", "main_pid", "exec_main_status")
		}
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	keys(t, "freshness", list.Freshness, "state", "reason", "observed_at_ms", "last_success_at_ms?")
	states := map[any]any{"live": "live", "stale": "refresh_", "unavailable": "refresh_"}
	if state := states[list.Freshness["state"]]; state == nil || !strings.HasPrefix(fmt.Sprint(list.Freshness["reason"]), state.(string)) {
		t.Errorf("freshness %v", list.Freshness)
	}
}

// logOf starts a server with a log of n lines and returns its source id.
func logOf(t *testing.T, n int) (*device.Device, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.log")
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	write(t, path, text.String())
	return start(t, "--log-file", path), "file:" + path
}

// 7.5: GET /device/logs: the last lines, 250 unless asked for more, at most 10000.
func TestLogTail(t *testing.T) {
	d, id := logOf(t, 10500)
	for query, want := range map[string]int{"": 250, "&lines=1": 1, "&lines=0": 1, "&lines=3": 3, "&lines=10000": 10000, "&lines=999999": 10000} {
		lines := read[[]string](t, d.Get("/v1/device/logs?source="+id+query))
		if len(lines) != want || lines[len(lines)-1] != "line 10499" || lines[0] != fmt.Sprintf("line %d", 10500-want) {
			t.Errorf("%q: %d lines, want %d", query, len(lines), want)
		}
	}
}

// 7.5: an empty log is an empty array.
func TestLogTailOfNothing(t *testing.T) {
	d, id := logOf(t, 0)
	if r := d.Get("/v1/device/logs?source=" + id); r.Status != 200 || string(r.Body) != "[]" {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	r := d.Get("/v1/device/logs/download?source=" + id)
	if r.Status != 200 || len(r.Body) != 0 || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("%d %v %q", r.Status, r.Header, r.Body)
	}
}

// 7.5: nothing outside the list can be read, and parameters are checked.
func TestLogTailErrors(t *testing.T) {
	d, id := logOf(t, 3)
	for _, source := range []string{"nosuch", "", "file:/etc/shadow", "/etc/shadow", id + "/../app.log", "unit:ssh.service", "unit:helios-api.service%20-u%20ssh"} {
		body := wantError(t, source, d.Get("/v1/device/logs?source="+source), 400, "bad_request")
		if !strings.HasPrefix(body.Error, "unknown log source") {
			t.Errorf("%s: %s", source, body.Error)
		}
	}
	for _, query := range []string{"source=" + id + "&lines=x", "source=" + id + "&lines=-1", "source=" + id + "&lines=", "source=" + id + "&source=" + id} {
		wantError(t, query, d.Get("/v1/device/logs?"+query), 400, "bad_request")
	}
}

// 7.5: a download is plain text with a file name, whole unless lines are asked.
func TestLogDownload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	var text strings.Builder
	for i := range 30000 {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	write(t, path, text.String())
	d := device.Start(t, device.Options{Config: "logs:\n  extra_files:\n    - {path: " + path + ", label: 'my app/2 \"beta\" ü'}\n"})
	for query, want := range map[string]string{
		"": text.String(), "&lines=2": "line 29998\nline 29999\n", "&lines=0": "line 29999\n", "&lines=200000": text.String(), "&lines=9999999": text.String(),
	} {
		r := d.Get("/v1/device/logs/download?source=file:" + path + query)
		if r.Status != 200 || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" ||
			r.Header.Get("Content-Disposition") != `attachment; filename="my_app_2__beta___.log"` {
			t.Errorf("%q: %d %v", query, r.Status, r.Header)
		}
		if string(r.Body) != want {
			t.Errorf("%q: %d bytes, want %d", query, len(r.Body), len(want))
		}
	}
}

// 7.5: the failures of a download are plain text, too.
func TestLogDownloadErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.log")
	d := start(t, "--log-file", missing)
	r := d.Get("/v1/device/logs/download?source=nosuch")
	if r.Status != 400 || strings.TrimSpace(string(r.Body)) != "unknown log source" || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("unknown: %d %v %s", r.Status, r.Header, r.Body)
	}
	r = d.Get("/v1/device/logs/download?source=file:" + missing)
	if r.Status != 502 || len(r.Body) == 0 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") || r.Header.Get("Content-Disposition") != "" {
		t.Errorf("missing: %d %v %s", r.Status, r.Header, r.Body)
	}
	if r := d.Get("/v1/device/logs?source=file:" + missing); r.Status != 502 && r.Status != 503 {
		t.Errorf("missing: %d %s", r.Status, r.Body)
	}
}
