package agent

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestStatusAndCapabilities(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{})
	s := get[wire.AgentStatus](t, d, "/api/v1/agent/status")
	if s.App.Name != "heliograph" || s.App.ProcessID != d.Pid() || s.Agent.Name != "heliograph" || s.Agent.Framework != "go" ||
		!s.Running || s.Platform != "linux" || !s.Capabilities.Logs || !s.Capabilities.Profiler || !s.Capabilities.Sensors {
		t.Errorf("%+v", s)
	}
	c := get[wire.AgentCapabilities](t, d, "/api/v1/agent/capabilities")
	for _, name := range []string{"logs", "network", "profiler", "device.info", "device.sensors", "device.ble", "ui.events"} {
		if c.Capabilities[name].Version != 1 {
			t.Errorf("%s: %+v", name, c.Capabilities[name])
		}
	}
	info := get[wire.DeviceInfo](t, d, "/api/v1/device/info")
	if host, _ := os.Hostname(); info.Name != host || info.OSVersion == "unknown" || info.Platform != "linux" {
		t.Errorf("%+v", info)
	}
	if n := get[wire.DeviceConnectivity](t, d, "/api/v1/device/connectivity"); n.NetworkAccess == "" {
		t.Errorf("%+v", n)
	}
	// Both protocols are there, and each answers in its own form.
	if r := d.Get("/v1/health"); r.Status != 200 {
		t.Errorf("the device: %d", r.Status)
	}
	if r := d.Get("/api/v1/nothing"); r.Status != 404 || !strings.Contains(string(r.Body), `"type":"urn:devflow:error:not-found"`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}

// TestOwnLog: the daemon's log can be followed, and who follows it is not in it.
func TestOwnLog(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{})
	s := d.Dial("/ws/v1/logs?level=debug&source=framework")
	s.Expect("replay")
	other := d.Dial("/ws/v1/logs?level=debug")
	other.Expect("replay")
	_ = other.Close()
	d.Get("/api/v1/logs")
	d.Get("/v1/health?token=s3cr3t-in-a-query")
	line := s.Find("the request in the log", func(m device.Message) bool { return strings.Contains(string(m.Data), "path=/v1/health") })
	entry := line.Map()["data"].(map[string]any)["entry"].(map[string]any)
	if entry["source"] != "framework" || entry["level"] != "debug" || !strings.HasPrefix(entry["message"].(string), "request method=GET path=/v1/health status=200") {
		t.Errorf("%+v", entry)
	}
	for _, e := range get[[]wire.LogEntry](t, d, "/api/v1/logs?level=trace&limit=1000") {
		if strings.Contains(e.Message, "/ws/v1/") || strings.Contains(e.Message, "/api/v1/") || strings.Contains(e.Message, "s3cr3t") {
			t.Errorf("in the log: %s", e.Message)
		}
	}
	if strings.Contains(d.Log(), "s3cr3t") {
		t.Error("a secret is on standard error")
	}
}

func TestOwnProfile(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{})
	caps := get[wire.ProfilerCapabilities](t, d, "/api/v1/profiler/capabilities")
	if !caps.Available || !caps.ManagedMemorySupported || !caps.GCSupported || !caps.CPUPercentSupported || !caps.ThreadCountSupported || caps.FPSSupported {
		t.Errorf("%+v", caps)
	}
	if r := d.Post("/api/v1/profiler/sessions", `{"sampleIntervalMs":50}`); r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	s := d.Dial("/ws/v1/profiler?sessionId=current")
	figures, markers := 0, 0
	s.Find("samples of the daemon", func(m device.Message) bool {
		data, _ := m.Map()["data"].(map[string]any)
		for _, sample := range data["samples"].([]any) {
			v := sample.(map[string]any)
			if v["managedBytes"].(float64) > 1<<18 && v["threadCount"].(float64) >= 1 && v["nativeMemoryBytes"].(float64) > 1<<20 &&
				v["nativeMemoryKind"] == "resident" && v["cpuPercent"] != nil && v["frameSource"] == "none" {
				figures++
			}
		}
		for _, marker := range data["markers"].([]any) {
			if v := marker.(map[string]any); v["type"] == "runtime.go" && strings.Contains(v["payloadJson"].(string), `"goroutines":`) {
				markers++
			}
		}
		return figures >= 3 && markers >= 3
	})
	if r := d.Ask("DELETE", "/api/v1/profiler/sessions/current", ""); r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	s.Find("the end", func(m device.Message) bool { return m.Type() == "stopped" })
	if code, _ := s.WaitClose(); code != 1000 {
		t.Errorf("closed with %d", code)
	}
}

// TestOwnEnd: clients are told of the end before they are disconnected.
func TestOwnEnd(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{})
	s := d.Dial("/ws/v1/ui/events")
	if m := s.Expect("lifecycle").Map(); m["data"].(map[string]any)["state"] != "started" {
		t.Errorf("%v", m)
	}
	d.Terminate()
	if m := s.Expect("lifecycle").Map(); m["data"].(map[string]any)["state"] != "stopped" {
		t.Errorf("%v", m)
	}
	if code, _ := s.WaitClose(); code != 1001 {
		t.Errorf("closed with %d", code)
	}
	d.Wait()
}

// TestScopes: another user needs a token, which lets him do what its scope says.
func TestScopes(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("there is no curl")
	}
	d := device.Start(t, device.Options{})
	binary, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	token := func(scope string) string {
		out, err := exec.Command(binary, "--state-dir", d.StateDir, "token", "create", "for-"+scope, "--scope", scope).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	view, control := token("view"), token("control")
	for _, test := range []struct {
		method, path, token, status string
	}{
		{"GET", "/api/v1/agent/status", "", "401"},
		{"GET", "/api/v1/logs", "", "401"},
		{"GET", "/api/v1/agent/status", view, "200"},
		{"GET", "/api/v1/logs", view, "200"},
		{"POST", "/api/v1/profiler/sessions", view, "403"},
		{"DELETE", "/api/v1/network/requests", view, "403"},
		{"POST", "/api/v1/device/sensors/accelerometer/stop", view, "403"},
		{"DELETE", "/api/v1/network/requests", control, "200"},
		{"POST", "/api/v1/device/sensors/accelerometer/stop", control, "200"},
	} {
		args := []string{"-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", test.method, d.URL + test.path}
		if test.token != "" {
			args = append(args, "-H", "Authorization: Bearer "+test.token)
		}
		cmd := exec.CommandContext(t.Context(), curl, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if out, err := cmd.Output(); err != nil || string(out) != test.status {
			t.Errorf("%s %s: %s, want %s (%v)", test.method, test.path, out, test.status, err)
		}
	}
}
