package agent

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// until waits for an entry of the log that contains a text.
func until(t *testing.T, d *device.Device, text string) (found wire.LogEntry) {
	t.Helper()
	device.Poll(t, "an entry with "+text, func() bool {
		for _, e := range get[[]wire.LogEntry](t, d, "/api/v1/logs?level=trace&limit=1000") {
			if strings.Contains(e.Message, text) {
				found = e
				return true
			}
		}
		return false
	})
	return found
}

// state waits for the next event of the application's life.
func state(s *device.Socket) string {
	return s.Expect("lifecycle").Map()["data"].(map[string]any)["state"].(string)
}

// TestServeProgram: the program is what the App part shows, with the sensors of the
// device, and its end is not the daemon's.
func TestServeProgram(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	t.Cleanup(web.Close)
	end := filepath.Join(t.TempDir(), "end")
	d := device.Start(t, device.Options{Args: []string{"--simulate", "imu", "--name", "the app", "--", "sh", "-c",
		`echo "up as $$"; curl -s "$0/asked?token=s3cr3t"; echo; echo oh no >&2; while [ ! -e "$1" ]; do sleep 0.02; done; exit 7`, web.URL, end}})
	up := until(t, d, "up as ")
	until(t, d, "oh no")
	s := get[wire.AgentStatus](t, d, "/api/v1/agent/status")
	if s.App.Name != "the app" || s.App.ProcessID == d.Pid() || up.Message != fmt.Sprintf("up as %d", s.App.ProcessID) || s.Agent.Framework != "native" {
		t.Errorf("%+v, but %s", s, up.Message)
	}
	if r := d.Get("/v1/health"); r.Status != 200 {
		t.Errorf("the device: %d", r.Status)
	}
	list := get[[]wire.NetworkRequestSummary](t, d, "/api/v1/network/requests")
	if len(list) != 1 || !strings.Contains(list[0].URL, "/asked?token=") || strings.Contains(list[0].URL, "s3cr3t") {
		t.Errorf("captured: %+v", list)
	}
	first, rest, _ := strings.Cut(d.Output(), "\n")
	if !strings.HasPrefix(first, "listening on ") || !strings.Contains(rest, "up as ") {
		t.Errorf("it prints %q", d.Output())
	}
	sensor := d.Dial("/ws/v1/device/sensors?sensor=accelerometer")
	sensor.Expect("subscribed")
	sensor.Expect("reading")

	ui := d.Dial("/ws/v1/ui/events")
	if got := state(ui); got != "started" {
		t.Errorf("it has %s", got)
	}
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := state(ui); got != "stopped" {
		t.Errorf("it has %s", got)
	}
	if e := until(t, d, "exit code 7"); !strings.EqualFold(string(e.Level), "error") || e.Message != "the app has ended with exit code 7" {
		t.Errorf("%+v", e)
	}
	if r := d.Get("/v1/health"); r.Status != 200 {
		t.Errorf("after the end of the program: %d", r.Status)
	}
}

// TestServeProgramEnd: the signal that ends the daemon ends the program before, and
// clients are told. The check for what is left behind is in Wait.
func TestServeProgramEnd(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Args: []string{"--", "bash", "-c", `trap 'echo got it; exit 0' TERM; echo up; while :; do sleep 0.02; done`}})
	until(t, d, "up")
	ui, logs := d.Dial("/ws/v1/ui/events"), d.Dial("/ws/v1/logs?level=trace")
	state(ui)
	logs.Expect("replay")
	d.Terminate()
	logs.Find("its last words", func(m device.Message) bool { return strings.Contains(string(m.Data), "got it") })
	logs.Find("how it ended", func(m device.Message) bool { return strings.Contains(string(m.Data), "has ended with exit code 0") })
	if got := state(ui); got != "stopped" {
		t.Errorf("it has %s", got)
	}
	if code, _ := ui.WaitClose(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	d.Wait()
	if n := strings.Count(d.Output(), "got it"); n != 1 {
		t.Errorf("the program got %d signals", n)
	}
}

// TestServeStubbornProgram: a program that ignores signals does not outlive the daemon.
func TestServeStubbornProgram(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Args: []string{"--", "sh", "-c", `trap '' TERM; echo up; while :; do sleep 0.1; done`}})
	until(t, d, "up")
	d.Terminate()
	d.Wait()
	if !strings.Contains(d.Log(), "sent=SIGKILL") {
		t.Errorf("log:\n%s", d.Log())
	}
}

// TestServePage: the page is looked for from the beginning; there is no browser yet.
func TestServePage(t *testing.T) {
	t.Parallel()
	browser := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch w.Header().Set("Content-Type", "application/json"); r.URL.Path {
		case "/json/version":
			fmt.Fprint(w, `{"Browser":"Chrome/1.2.3.4"}`)
		default:
			fmt.Fprint(w, `[]`)
		}
	}))
	t.Cleanup(browser.Close)
	d := device.Start(t, device.Options{Args: []string{"--simulate", "imu", "--cdp", browser.URL, "--target", "panel", "--name", "the page"}})
	device.Poll(t, "it to look for the page", func() bool { return strings.Contains(d.Log(), "waiting for a page") })
	s := get[wire.AgentStatus](t, d, "/api/v1/agent/status")
	if s.App.Name != "the page" || s.Agent.Framework != "Chrome" || s.Agent.FrameworkVersion != "1.2.3.4" {
		t.Errorf("%+v", s)
	}
	sensor := d.Dial("/ws/v1/device/sensors?sensor=accelerometer")
	sensor.Expect("subscribed")
	sensor.Expect("reading")
	if got := state(d.Dial("/ws/v1/ui/events")); got != "stopped" {
		t.Errorf("it has %s", got)
	}
}

// TestServeUsage: what does not fit together is refused before anything is opened.
func TestServeUsage(t *testing.T) {
	t.Parallel()
	binary, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	const page = "--cdp http://127.0.0.1:1"
	for _, c := range []struct {
		args, says string
		code       int
	}{
		{page + " -- true", "not both", 2}, {"--", "what is to be run", 2}, {"true", "after --", 2}, {"true -- true", "after --", 2},
		{"--opaque x", "--opaque is for a program", 2}, {page + " --no-proxy", "--no-proxy is for a program", 2},
		{"--target x -- true", "--target is for a page", 2}, {"--reveal", "--reveal is for a program or a page", 2},
		{"--body-limit -1 -- true", "below 0", 2}, {"--cdp http://192.0.2.1:1", "not this machine", 2}, {"--cdp nonsense", "is not like", 2},
		{"-- no-such-program-here", "command not found", 127}, {"-- /etc/passwd", "cannot be executed", 126},
	} {
		args := append([]string{"serve", "--listen", "127.0.0.1:0", "--state-dir", filepath.Join(t.TempDir(), "state")}, strings.Fields(c.args)...)
		cmd := exec.Command(binary, args...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("%s: exit code %d: %s", c.args, code, out)
		}
	}
}
