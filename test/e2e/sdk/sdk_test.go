package sdk

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestStatus(t *testing.T) {
	s := start(t)
	var status wire.AgentStatus
	s.JSON(s.Get("/api/v1/agent/status"), &status)
	if status.App.Name != "orders" || status.App.Version != "2.4.0" || status.App.ProcessID != s.Pid() ||
		status.App.PackageID != "github.com/heliograph/heliograph/test/e2e/sdk/app" || status.Agent.Name != "heliograph-go" || !status.Running {
		t.Errorf("%+v", status)
	}
	if code, text := s.do("GET", "/devflow/api/v1/agent/status", ""); code != 200 || !strings.Contains(text, `"orders"`) {
		t.Errorf("mounted: %d %s", code, text)
	}
}

// TestLogs: what was told before anybody looked is there from warnings on, and what
// follows on every level.
func TestLogs(t *testing.T) {
	s := start(t)
	s.do("GET", "/log", "")
	logs := s.Dial("/ws/v1/logs?level=debug")
	entries := data(logs.Expect("replay"))["entries"].([]any)
	if len(entries) != 1 || entries[0].(map[string]any)["message"] != `upload failed err="upload: unexpected EOF"` {
		t.Errorf("%v", entries)
	}
	s.do("GET", "/log", "")
	for _, want := range []string{"debug store details password=***", "info store stored n=3", `error sync upload failed err="upload: unexpected EOF"`} {
		e := data(logs.Expect("log"))["entry"].(map[string]any)
		if got := e["level"].(string) + " " + e["category"].(string) + " " + e["message"].(string); got != want || e["source"] != "native" {
			t.Errorf("got %s, want %s", got, want)
		}
		if exception, _ := e["exception"].(string); e["level"] == "error" && !strings.Contains(exception, "*fmt.wrapError: upload: unexpected EOF\n*errors.errorString: unexpected EOF") {
			t.Errorf("exception %q", exception)
		}
	}
	// The program's own log is as it was.
	if text := s.Log(); !strings.Contains(text, "msg=stored component=store n=3") || strings.Contains(text, "details") {
		t.Errorf("the program wrote %s", text)
	}
}

func TestNetwork(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/here", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("hello " + r.Header.Get("X-Loyalty")))
	}))
	defer upstream.Close()
	s := start(t)
	stream := s.Dial("/ws/v1/network")
	stream.Expect("replay")
	code, text := s.do("GET", "/fetch?url="+upstream.URL+"/moved", "")
	if code != 200 || text != "hello s3cr3t-loyalty" {
		t.Errorf("the program's client got %d %q", code, text)
	}
	// Both steps of the redirect, and the exchange that was served with it.
	ids := map[string]string{}
	for range 3 {
		e := data(stream.Expect("request"))["entry"].(map[string]any)
		ids[e["path"].(string)] = e["id"].(string)
	}
	if ids["/moved"] == "" || ids["/here"] == "" || ids["/fetch"] == "" {
		t.Errorf("%v", ids)
	}
	var x wire.NetworkRequestDetail
	r := s.Get("/api/v1/network/requests/" + ids["/here"])
	s.JSON(r, &x)
	if !slices.Equal(x.RequestHeaders["X-Loyalty"], []string{"***"}) || x.ResponseContentType != "text/plain" || bytes.Contains(r.Body, []byte("s3cr3t-loyalty\"]")) {
		t.Errorf("%s", r.Body)
	}
	sent := `{"sku":"A-1","password":"s3cr3t-body"}`
	if code, text := s.do("POST", "/orders?token=s3cr3t-query", sent); code != 201 || text != sent {
		t.Errorf("%d %q", code, text)
	}
	e := data(stream.Expect("request"))["entry"].(map[string]any)
	if e["statusCode"] != 201.0 || e["requestSize"] != float64(len(sent)) || e["responseSize"] != float64(len(sent)) || e["path"] != "/orders" {
		t.Errorf("%v", e)
	}
	detail := s.Get("/api/v1/network/requests/" + e["id"].(string))
	if !strings.Contains(string(detail.Body), "A-1") || strings.Contains(string(detail.Body), "s3cr3t") {
		t.Errorf("%s", detail.Body)
	}
}

// TestStreamingServer: what a handler flushes arrives at once, also while it is
// watched, and a client that goes away is told.
func TestStreamingServer(t *testing.T) {
	s := start(t)
	stream := s.Dial("/ws/v1/network")
	stream.Expect("replay")
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.orders+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line := make([]byte, 6)
	if n, err := resp.Body.Read(line); string(line[:n]) != "first\n" {
		t.Errorf("%q, %v", line[:n], err)
	}
	cancel()
	e := data(stream.Expect("request"))["entry"].(map[string]any)
	if e["path"] != "/stream" || !strings.HasPrefix(e["error"].(string), "the client went away") || e["responseSize"] != 6.0 {
		t.Errorf("%v", e)
	}
}

func TestProfiler(t *testing.T) {
	s := start(t)
	s.do("GET", "/orders/1", "") // without a session nothing is recorded
	if r := s.Post("/api/v1/profiler/sessions", `{"sampleIntervalMs":50}`); r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	s.do("GET", "/orders/7", "")
	seen := map[string]bool{}
	stream := s.Dial("/ws/v1/profiler?sessionId=current")
	stream.Find("samples, markers and spans", func(m device.Message) bool {
		for _, item := range data(m)["samples"].([]any) {
			v := item.(map[string]any)
			seen["sample"] = seen["sample"] || v["managedBytes"].(float64) > 0 && v["threadCount"].(float64) > 0
		}
		for _, item := range data(m)["markers"].([]any) {
			seen[item.(map[string]any)["type"].(string)] = true
		}
		for _, item := range data(m)["spans"].([]any) {
			v := item.(map[string]any)
			seen[v["kind"].(string)+" "+v["name"].(string)+" "+v["tagsJson"].(string)] = true
		}
		return seen["sample"] && seen["runtime.go"] && seen["cache"] && seen["network.request.end"] && seen[`db.query order by id {"id":"7"}`]
	})
	if seen[`db.query order by id {"id":"1"}`] {
		t.Error("a span from before the session")
	}
	var hot []wire.ProfilerHotspot
	s.JSON(s.Get("/api/v1/profiler/hotspots?minDurationMs=0&kind=db.query"), &hot)
	if len(hot) != 1 || hot[0].Count != 1 {
		t.Errorf("%+v", hot)
	}
}

func TestUserInterfaceAndPanic(t *testing.T) {
	s := start(t)
	ui := s.Dial("/ws/v1/ui/events")
	ui.Expect("lifecycle")
	s.do("GET", "/screen", "")
	for _, want := range []string{"navigation", "treeChange", "alert", "lifecycle"} {
		ui.Expect(want)
	}
	if code, _ := s.do("GET", "/crash", ""); code != 200 {
		t.Errorf("the program did not survive: %d", code)
	}
	e := data(ui.Expect("error"))
	if e["message"] != "no more paper" || !strings.Contains(e["stackTrace"].(string), "main.(*shop).crash") {
		t.Errorf("%v", e)
	}
	if r := s.Get("/api/v1/device/ble/events"); !strings.Contains(string(r.Body), `"data":"064B"`) {
		t.Errorf("%s", r.Body)
	}
}

func TestSensor(t *testing.T) {
	s := start(t)
	sensor := s.Dial("/ws/v1/device/sensors?sensor=queue&throttleMs=0")
	sensor.Expect("subscribed")
	for range 2 {
		if v := data(sensor.Expect("reading"))["values"].(map[string]any); v["depth"] != 3.0 || v["oldest"] != 1.5 {
			t.Errorf("%v", v)
		}
	}
}

// TestPprof: the usual tool reads the profiles.
func TestPprof(t *testing.T) {
	s := start(t)
	for _, path := range []string{"heap", "goroutine", "profile?seconds=1"} {
		out, err := exec.CommandContext(t.Context(), "go", "tool", "pprof", "-top", "-output="+filepath.Join(t.TempDir(), "top"),
			s.URL+"/debug/pprof/"+path).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", path, err, out)
		}
	}
}

// TestEveryExchangeOnce: what clients see is what was served, one for one.
func TestEveryExchangeOnce(t *testing.T) {
	s := start(t)
	stream := s.Dial("/ws/v1/network?replay=0")
	s.Get("/api/v1/network/requests") // the stream is open by then
	const n = 200
	for range n {
		s.do("GET", "/orders/9", "")
	}
	seen := map[string]bool{}
	for range n {
		seen[data(stream.Expect("request"))["entry"].(map[string]any)["id"].(string)] = true
	}
	if len(seen) != n {
		t.Errorf("%d of %d", len(seen), n)
	}
}
