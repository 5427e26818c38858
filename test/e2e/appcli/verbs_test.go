package appcli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

const clock = `\d\d:\d\d:\d\d\.\d{3} `

func fits(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("%q does not fit %s", text, pattern)
	}
}

func TestLogs(t *testing.T) {
	d := start(t)
	f := followed(t, d.URL, "logs", "--level", "debug")
	f.sees("round 5\n")
	f.stop(syscall.SIGINT)
	out := f.out.String()
	fits(t, out, `(?m)^`+clock+`INFO  round 1$`)
	fits(t, out, `(?m)^`+clock+`DEBUG shop detail 1$`)
	fits(t, out, `(?m)^`+clock+`ERROR shop no such item\n    Traceback .*\n(      .*\n)+    IndexError: `)
	for _, text := range []string{"round 1\n", "round 5\n", "detail 3\n"} {
		if strings.Count(out, text) != 1 {
			t.Errorf("%q is not there once: %s", text, out)
		}
	}
	for _, o := range objects(t, ok(t, d.URL, "logs", "--level", "error", "--follow=false", "--json")) {
		if o["level"] != "error" || o["source"] != "native" || !strings.Contains(o["exception"].(string), "IndexError") {
			t.Errorf("got %v", o)
		}
	}
}

func TestNetwork(t *testing.T) {
	d := start(t)
	f := followed(t, d.URL, "network", "--json", "--method", "post")
	f.sees("\n")
	f.stop(syscall.SIGTERM)
	first := objects(t, f.out.String())[0]
	id := first["id"].(string)
	fits(t, ok(t, d.URL, "network", "--follow=false"), `(?m)^`+id+` `+clock+`POST   201 +\d+ms    20B http://127\.0\.0\.1:\d+/orders\?token=\*\*\*$`)
	show := ok(t, d.URL, "network", "show", id)
	for _, text := range []string{"\n{\n  \"sku\": \"A-1\"\n}\n", "\n201 Created (20B in ", "Content-Type: application/json\n", "  \"accepted\": [\n    1,\n    2\n  ]\n}\n"} {
		if !strings.Contains(show, text) {
			t.Errorf("%q lacks %q", show, text)
		}
	}
	file := filepath.Join(t.TempDir(), "session.har")
	if r := app(t, d.URL, "network", "har", "-o", file); r.code != 0 {
		t.Fatal(r.err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var har struct {
		Log struct {
			Version string
			Entries []struct{ Request struct{ Method string } }
		}
	}
	if err := json.Unmarshal(data, &har); err != nil || har.Log.Version != "1.2" || len(har.Log.Entries) == 0 || har.Log.Entries[0].Request.Method != "POST" {
		t.Errorf("%v: %.200s", err, data)
	}
	ok(t, d.URL, "network", "clear")
	if r := app(t, d.URL, "network", "show", id); r.code != 5 {
		t.Errorf("after the clear: %+v", r)
	}
}

func TestProfileAndTheRest(t *testing.T) {
	d := start(t)
	out := ok(t, d.URL, "profile", "--interval", "100ms", "--duration", "1500ms")
	fits(t, out, `(?m)^`+clock+`sample  cpu +\d+\.\d%  resident +[\d.]+[KM]  threads \d+`)
	fits(t, out, `(?m)^\d+ samples, \d+ markers, \d+ spans`)
	if !strings.Contains(out, "network.request.start") {
		t.Errorf("no exchange among the markers: %s", out)
	}
	var sessions []struct{ IsActive bool }
	d.JSON(d.Get("/api/v1/profiler/sessions"), &sessions)
	if len(sessions) != 1 || sessions[0].IsActive {
		t.Errorf("the session goes on: %v", sessions)
	}
	fits(t, ok(t, d.URL, "status"), `(?m)^STATE +running, process \d+$`)
	fits(t, ok(t, d.URL, "sensors"), `(?m)^compass +no +no$`)
	ui := followed(t, d.URL, "ui")
	ui.sees("lifecycle  started\n")
	ui.stop(syscall.SIGINT)
	if r := app(t, d.URL, "ble", "--scan"); r.code != 1 || !strings.Contains(r.err, "not supported") {
		t.Errorf("got %+v", r)
	}
}

func TestAgentThatComesBack(t *testing.T) {
	d := start(t)
	f := followed(t, d.URL, "logs")
	f.sees("round 2\n")
	d.Terminate()
	d.Wait()
	before := f.out.String()
	again := start(t, d.Addr())
	device.Poll(t, "the log of the new program", func() bool { return strings.Contains(f.out.String()[len(before):], "round 1\n") })
	f.stop(syscall.SIGINT)
	errs := f.errs.String()
	if again.URL != d.URL || !strings.Contains(errs, "connection lost") || !strings.Contains(errs, "connection is back") {
		t.Errorf("stderr %q", errs)
	}
}

func TestPipes(t *testing.T) {
	d := start(t)
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", `"$0" app logs --agent "$1" | head -n 1; echo "code ${PIPESTATUS[0]}"`, path, d.URL)
	var errs output
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil || errs.String() != "" {
		t.Errorf("%v, stderr %q", err, errs.String())
	}
	fits(t, string(out), `^`+clock+`.*\ncode 0\n$`)
	if r := app(t, "127.0.0.1:1", "logs"); r.code != 3 {
		t.Errorf("got %+v", r)
	}
}
