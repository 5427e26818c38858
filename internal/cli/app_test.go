package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
	"github.com/heliograph/heliograph/internal/recorder"
)

// fits checks a text against a regular expression for the whole of it.
func fits(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(`^(?s:` + pattern + `)$`).MatchString(text) {
		t.Errorf("got %q, want %s", text, pattern)
	}
}

const clockForm = `\d\d:\d\d:\d\d\.\d{3}`

func (a *agent) log(level recorder.Level, message string) {
	a.rec.Logs.Record(recorder.LogEntry{Level: level, Category: "store", Message: message})
}

func TestAppStatus(t *testing.T) {
	a := newAgent(t, recorder.Options{App: recorder.App{Name: "orders", Version: "2.4.0", PackageID: "test.orders", ProcessID: 42}})
	a.rec.UI.Lifecycle(recorder.StateStarted, time.Time{})
	r := a.app("status")
	r.want(t, ExitOK)
	for _, text := range []string{"APPLICATION  orders 2.4.0\n", "running, process 42", "test.orders", "heliograph 1.2.3", "logs, network"} {
		if !strings.Contains(r.out, text) {
			t.Errorf("%q lacks %q", r.out, text)
		}
	}
	if o := lines(t, a.app("status", "--json").out); len(o) != 1 || o[0]["platform"] != "linux" {
		t.Errorf("got %v", o)
	}
}

func TestAppAgentIsNamed(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	address := strings.TrimPrefix(a.URL, "http://")
	line{}.run(t, "app", "status", "--agent", address).want(t, ExitOK)
	line{}.run(t, "app", "status", "--server", address).want(t, ExitOK)
	line{}.run(t, "app", "status", "--agent", "ftp://x").want(t, ExitUsage, "scheme")
	line{}.run(t, "app", "status", "--agent", "127.0.0.1:1").want(t, ExitUnreachable, "cannot be reached", "heliograph run", "--agent")
	line{}.run(t, "app", "nope").want(t, ExitUsage, "nope")
	help := line{}.run(t, "app", "logs", "-h").out
	if !strings.Contains(help, "--agent URL") || strings.Contains(help, "--server") || !strings.Contains(help, "--token-file") {
		t.Errorf("help: %s", help)
	}
	s := fakehelios.New(t)
	line{}.run(t, "app", "logs", "--agent", s.URL).want(t, ExitNotFound, "there is no agent at "+s.URL, "--agent")
	s.RequireToken("secret")
	s.JSON("GET /api/v1/agent/status", map[string]any{"app": map[string]any{"name": "orders"}})
	line{}.run(t, "app", "status", "--agent", s.URL).want(t, ExitNotAllowed, "token")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	line{}.run(t, "app", "status", "--agent", s.URL, "--token-file", file).want(t, ExitOK)
}

func TestAppLogsForPeople(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	a.log(recorder.Debug, "quiet")
	a.log(recorder.Info, "one\nmore of it")
	a.rec.Logs.Record(recorder.LogEntry{Level: recorder.Error, Message: "failed", Exception: "cause\n  at x\n", Source: recorder.SourceWebView})
	r := a.app("logs", "--follow=false")
	r.want(t, ExitOK)
	fits(t, r.out, clockForm+` INFO  store one\n    more of it\n`+clockForm+` ERROR \[webview\] failed\n    cause\n      at x\n`)
	if r := a.app("logs", "--follow=false", "--level", "DEBUG", "--source", "native"); strings.Count(r.out, "store") != 2 || strings.Contains(r.out, "webview") {
		t.Errorf("got %q", r.out)
	}
	o := lines(t, a.app("logs", "--follow=false", "--level=err", "--json").out)
	if len(o) != 1 || o[0]["level"] != "error" || o[0]["exception"] != "cause\n  at x\n" {
		t.Errorf("got %v", o)
	}
	if r := a.app("logs", "--follow=false", "--replay", "0"); r.out != "" || r.code != ExitOK {
		t.Errorf("got %+v", r)
	}
	a.app("logs", "--level", "loud").want(t, ExitUsage, "loud", "critical")
	a.app("logs", "--replay", "-1").want(t, ExitUsage, "negative")
	a.app("logs", "--replay", "1001").want(t, ExitUsage, "above 1000")
}

func TestAppLogsFollow(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	a.log(recorder.Info, "before")
	r := a.start("logs", "--json")
	r.sees(`"message":"before"`)
	a.log(recorder.Info, "live")
	r.sees(`"message":"live"`)
	a.cut()
	a.log(recorder.Info, "meanwhile")
	r.sees(`"message":"meanwhile"`)
	a.log(recorder.Info, "again")
	r.sees(`"message":"again"`)
	r.ends()
	var got []string
	for _, o := range lines(t, r.out.String()) {
		switch gap, isGap := o["gap"].(map[string]any); {
		case isGap && gap["until"] == nil:
			got = append(got, "lost")
		case isGap:
			got = append(got, "back")
		default:
			got = append(got, o["message"].(string))
		}
	}
	// Each entry once, in order, and the gap told.
	if text := strings.Join(got, " "); text != "before live lost back meanwhile again" || r.errs.String() != "" {
		t.Errorf("got %s, stderr %q", text, r.errs.String())
	}
}

func TestAppLogsOnATerminal(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	a.log(recorder.Warning, "evil\x1b[2J\nline")
	x := openTTY(t, "app", "logs", "--agent", a.URL)
	x.sees("evil\uFFFD[2J\r\n    line")
	x.sees(styleAmber + "WARN " + styleOff)
	a.cut()
	until(t, "the gap", func() bool { return strings.Contains(x.errs.String(), "connection is back") })
	x.stop()
	if code := <-x.code; code != ExitOK {
		t.Errorf("exit code %d", code)
	}
}

func TestAppEndsWithItsReader(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	a.log(recorder.Info, "one")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	var errs buffer
	root := New(BuildInfo{}, Deps{}, Streams{Out: w, Err: &errs})
	if code := Execute(t.Context(), root, []string{"app", "logs", "--agent", a.URL}); code != ExitOK || errs.String() != "" {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
}

func TestAppNetwork(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	id := a.rec.Network.Record(ordered("api.example.test"))
	failed := recorder.Exchange{Summary: recorder.Summary{Start: time.Now(), Method: "GET", URL: "http://other.test/", Error: "no route", RequestSize: -1, ResponseSize: -1}}
	a.rec.Network.Record(failed)
	r := a.app("network", "--follow=false")
	r.want(t, ExitOK)
	fits(t, r.out, id+` `+clockForm+` POST   201   291ms   300B https://api\.example\.test/v2/orders\?dry=1\n`+
		`[0-9a-f]{12} `+clockForm+` GET    ---     0ms      - http://other\.test/  no route\n`)
	o := lines(t, a.app("network", "--follow=false", "--host", "EXAMPLE", "--method", "post", "--json").out)
	if len(o) != 1 || o[0]["id"] != id || o[0]["durationMs"] != 291.0 {
		t.Errorf("got %v", o)
	}
	live := a.start("network", "--host", "example", "--json", "--replay", "0")
	live.stopWhen(func() { a.rec.Network.Record(failed); a.rec.Network.Record(ordered("late.example.test")) }, "late.example.test")
	if strings.Contains(live.out.String(), "other.test") || strings.Contains(live.out.String(), id) {
		t.Errorf("got %s", live.out.String())
	}
	text := a.start("network")
	text.sees(id)
	if o := lines(t, a.app("network", "clear", "--json").out); len(o) != 1 || o[0]["success"] != true {
		t.Errorf("got %v", o)
	}
	text.sees("forgotten all exchanges")
	text.ends()
	if r := a.app("network", "--follow=false"); r.out != "" || r.code != ExitOK {
		t.Errorf("got %+v", r)
	}
}

// stopWhen does something once and again until a text is there, then stops.
func (r *running) stopWhen(do func(), text string) {
	r.t.Helper()
	until(r.t, text, func() bool { do(); return strings.Contains(r.out.String(), text) })
	r.ends()
}

func TestAppNetworkShow(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	id := a.rec.Network.Record(ordered("api.example.test"))
	r := a.app("network", "show", id)
	r.want(t, ExitOK)
	fits(t, r.out, `POST https://api\.example\.test/v2/orders\?dry=1
Accept: a
Accept: b
Content-Type: application/json

\{
  "sku": "A-1"
\}

201 Created \(300B in 291ms, begun at `+clockForm+`\)
X-Id: 7

00000000  00 ff 01 62 .*\|\.\.\.binary\|
\[cut: the whole body has 300 bytes\]
`)
	o := lines(t, a.app("network", "show", id, "--json").out)
	if len(o) != 1 || o[0]["responseBodyEncoding"] != "base64" || o[0]["requestBody"] != `{"sku":"A-1"}` {
		t.Errorf("got %v", o)
	}
	a.app("network", "show", "nope/../x").want(t, ExitNotFound, "not found")
	a.app("network", "show").want(t, ExitUsage)
}

func TestReadableBody(t *testing.T) {
	for _, test := range []struct{ body, encoding, mediaType, want string }{
		{`{"a":[1]}`, "utf-8", "application/problem+json", "{\n  \"a\": [\n    1\n  ]\n}"},
		{`{"a":`, "utf-8", "application/json", `{"a":`},
		{"b=2+3&a=%31&b=4", "utf-8", "application/x-www-form-urlencoded", "a = 1\nb = 2 3\nb = 4"},
		{"plain\r\n", "utf-8", "text/plain", "plain"},
		{"!", "base64", "", "!"},
		{"QUI=", "base64", "image/png", "00000000  41 42                                             |AB|"},
	} {
		if got := readableBody(test.body, test.encoding, test.mediaType); got != test.want {
			t.Errorf("%q: got %q, want %q", test.body, got, test.want)
		}
	}
}

func TestAppNetworkHAR(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	a.rec.Network.Record(ordered("api.example.test"))
	a.rec.Network.Record(ordered("other.test"))
	file := filepath.Join(t.TempDir(), "x.har")
	a.app("network", "har", "-o", file, "--host", "example").want(t, ExitOK, "wrote", file)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(data), a.app("network", "har", "--host", "example").out} {
		var har struct{ Log struct{ Entries []any } }
		if err := json.Unmarshal([]byte(text), &har); err != nil || len(har.Log.Entries) != 1 {
			t.Errorf("%v: %s", err, text)
		}
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestAppUI(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	a.rec.UI.Lifecycle(recorder.StateStarted, time.Time{})
	a.rec.UI.Navigate(recorder.Navigation{To: "/home"}, time.Time{})
	r, filtered := a.start("ui"), a.start("ui", "--events", "Alert,error", "--json")
	r.sees("lifecycle  started", "navigation /home")
	fail := func() {
		a.rec.UI.Navigate(recorder.Navigation{To: "/cart/7", Route: "/cart/:id"}, time.Time{})
		a.rec.UI.TreeChange(recorder.TreeChange{Change: "added", ElementID: "e-1", ElementType: "Row", ParentID: "e-0"}, time.Time{})
		a.rec.UI.Alert(recorder.Alert{Title: "Delete?", Message: "all", Buttons: []string{"OK", "Cancel"}}, time.Time{})
		a.rec.UI.Failure(recorder.Failure{Message: "boom", Stack: "at f"}, time.Time{})
	}
	filtered.stopWhen(fail, "boom")
	r.sees("navigation /home -> /cart/7 (/cart/:id)\n", "treeChange added Row e-1 in e-0\n", "alert      Delete?: all [OK] [Cancel]\n", "error      boom\n    at f\n")
	r.ends()
	for _, o := range lines(t, filtered.out.String()) {
		if o["type"] != "alert" && o["type"] != "error" || o["data"] == nil {
			t.Errorf("got %v", o)
		}
	}
	a.app("ui", "--events", "alert,x").want(t, ExitUsage, `"x"`, devflow.UITreeChange)
}

func TestAppBLE(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	rssi := -60
	a.rec.BLE.Record(recorder.BLEEvent{Kind: "scan_result", DeviceID: "C4:7C", DeviceName: "HRM-7", RSSI: &rssi, Data: "tx=4"})
	a.rec.BLE.Record(recorder.BLEEvent{Kind: "notification", DeviceID: "C4:7C", Service: "180D", Char: "2A37", Data: "064B"})
	r := a.app("ble", "--follow=false")
	r.want(t, ExitOK)
	fits(t, r.out, clockForm+` scan_result        C4:7C HRM-7 -60 dBm tx=4\n`+clockForm+` notification       C4:7C 180D/2A37 064B\n`)
	live := a.start("ble", "--type", "notification", "--json")
	live.sees("064B")
	a.rec.BLE.Record(recorder.BLEEvent{Kind: "notification", Data: "FF"})
	live.sees(`"data":"FF"`)
	a.rec.BLE.Fail(errors.New("the adapter is gone"))
	until(t, "the failure", func() bool { return strings.Contains(live.errs.String(), "the adapter is gone") })
	live.ends()
	if strings.Contains(live.out.String(), "scan_result") {
		t.Errorf("got %s", live.out.String())
	}
	a.app("ble", "--scan").want(t, ExitFailure, "BLE scanning not supported")
	a.app("ble", "--scan", "--follow=false").want(t, ExitUsage, "--scan")
}

func TestAppSensors(t *testing.T) {
	a := newAgent(t, recorder.Options{})
	a.compass()
	r := a.app("sensors")
	r.want(t, ExitOK)
	if !strings.Contains(r.out, "compass        yes        no\n") || !strings.Contains(r.out, "barometer      no         no\n") {
		t.Errorf("got %q", r.out)
	}
	if o := lines(t, a.app("sensors", "--json").out); len(o) < 6 || o[0]["name"] == nil {
		t.Errorf("got %v", o)
	}
	live := a.start("sensors", "Compass", "compass", "--speed", "fastest", "--throttle", "0")
	live.sees("compass       accuracy=2.0000    heading=3.0000")
	a.cut()
	until(t, "the gap", func() bool { return strings.Contains(live.errs.String(), "connection is back") })
	if _, err := a.rec.Sensors.Stop("compass"); err != nil {
		t.Fatal(err)
	}
	until(t, "the end", func() bool { _, _ = a.rec.Sensors.Stop("compass"); return len(live.code) == 1 })
	if code := <-live.code; code != ExitOK || !strings.Contains(live.errs.String(), "were stopped") {
		t.Errorf("exit code %d, stderr %q", code, live.errs.String())
	}
	a.app("sensors", "compas").want(t, ExitNotFound, `"compas"`, "app sensors")
	a.app("sensors", "compass", "barometer").want(t, ExitFailure, "no barometer")
	a.app("sensors", "compass", "--speed", "warp").want(t, ExitUsage, "warp")
	a.app("sensors", "compass", "--throttle", "-1s").want(t, ExitUsage, "negative")
}
