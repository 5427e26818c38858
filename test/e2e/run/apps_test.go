package run

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// wantEntry compares an entry but for its time.
func wantEntry(t *testing.T, e wire.LogEntry, level, category, exception string) {
	t.Helper()
	if e.Level != level || e.Category != category || (e.Exception == "") != (exception == "") || !strings.Contains(e.Exception, exception) || e.Source != "native" {
		t.Errorf("%q is %s of %q with the exception %q; want %s, %q, %q", e.Message, e.Level, e.Category, e.Exception, level, category, exception)
	}
}

// wantJSON compares an exchange of JSON with what the server saw.
func wantJSON(t *testing.T, w *world, x wire.NetworkRequestDetail, scheme, path, body string) {
	t.Helper()
	answer := fmt.Sprintf(`{"path":%q,"got":%q}`, path, body)
	if !strings.HasPrefix(x.URL, scheme+"://127.0.0.1:") || x.StatusCode != 200 || x.RequestBody != body || x.ResponseBody != answer {
		t.Errorf("%s was captured as %s %s %d %q %q, want %q %q", path, x.Method, x.URL, x.StatusCode, x.RequestBody, x.ResponseBody, body, answer)
	}
	if x.ResponseSize == nil || *x.ResponseSize != int64(len(answer)) {
		t.Errorf("%s: the size of the answer is %v", path, x.ResponseSize)
	}
	if want := strings.TrimSpace(x.Method + " " + path + " " + body); !slices.Contains(w.requests(), want) {
		t.Errorf("the server did not see %q", want)
	}
}

// wantSamples runs a profiler session until it has figures.
func wantSamples(t *testing.T, a *agent) {
	t.Helper()
	var session wire.ProfilerSession
	r := a.Post("/api/v1/profiler/sessions", `{"sampleIntervalMs":50}`)
	a.JSON(r, &session)
	device.Poll(t, "samples", func() bool {
		var b wire.ProfilerBatch
		a.get("/api/v1/profiler/sessions/current/samples", &b)
		if len(b.Samples) < 3 {
			return false
		}
		s := b.Samples[len(b.Samples)-1]
		return s.CPUPercent != nil && *s.CPUPercent > 0 && *s.CPUPercent <= 100 && s.ThreadCount != nil && *s.ThreadCount > 0 &&
			s.NativeMemoryBytes != nil && *s.NativeMemoryBytes > 1<<20 && s.NativeMemoryKind == "resident" &&
			slices.ContainsFunc(b.Markers, func(m wire.ProfilerMarker) bool { return m.Type == "process.files" })
	})
}

// wantLife stops and continues the program and ends it.
func wantLife(t *testing.T, a *agent) {
	t.Helper()
	var status wire.AgentStatus
	a.get("/api/v1/agent/status", &status)
	pid := status.App.ProcessID
	s := a.Dial("/ws/v1/ui/events")
	state := func(want string) {
		t.Helper()
		var m wire.LifecycleMessage
		decode(t, s.Expect("lifecycle").Data, &m)
		if m.Data.State != want {
			t.Fatalf("the state is %s, want %s", m.Data.State, want)
		}
	}
	state("started")
	for range 3 {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		state("paused")
		if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		state("resumed")
	}
	logs := a.Dial("/ws/v1/logs?replay=0")
	a.Terminate()
	state("stopped")
	if code, _ := s.WaitClose(); code != 1001 {
		t.Errorf("the channel ended with %d", code)
	}
	logs.Find("the program's last words", func(m device.Message) bool { return strings.Contains(string(m.Data), `"bye"`) })
	logs.Find("the end", func(m device.Message) bool { return strings.Contains(string(m.Data), "has ended with exit code 0") })
	a.Wait()
}

func TestNode(t *testing.T) {
	w := newWorld(t)
	app, _ := filepath.Abs("testdata/app.js")
	a := start(t, w, []string{need(t, "node"), app})
	a.wait("ready")
	wantEntry(t, a.wait("hello from node"), "info", "", "")
	wantEntry(t, a.wait("careful"), "warning", "", "")
	wantEntry(t, a.wait("as pino code=7"), "error", "api", "")
	wantEntry(t, a.wait("TypeError: printed, not thrown"), "error", "", "    at main")
	wantJSON(t, w, a.exchange("/fetch"), "https", "/fetch", `{"by":"fetch"}`)
	wantJSON(t, w, a.exchange("/fetch-plain"), "http", "/fetch-plain", "")
	wantJSON(t, w, a.exchange("/https"), "https", "/https", `{"by":"https"}`)
	wantJSON(t, w, a.exchange("/http"), "http", "/http", `{"by":"http"}`)
	for i := range 3 {
		path := "/agent/" + strconv.Itoa(i)
		wantJSON(t, w, a.exchange(path), "https", path, "")
	}
	wantAbout(t, a, "app.js", "node")
	wantSamples(t, a)
	wantLife(t, a)
}

func TestPython(t *testing.T) {
	w := newWorld(t)
	app, _ := filepath.Abs("testdata/app.py")
	a := start(t, w, []string{need(t, "python3"), app})
	a.wait("ready")
	wantEntry(t, a.wait("hello from python"), "info", "app.main", "")
	wantEntry(t, a.wait("careful"), "warning", "app.main", "")
	wantEntry(t, a.wait("it failed"), "error", "app.main", "KeyError: 'missing'")
	wantJSON(t, w, a.exchange("/urllib"), "https", "/urllib", `{"by":"urllib"}`)
	wantJSON(t, w, a.exchange("/urllib-plain"), "http", "/urllib-plain", "{}")
	if !slices.ContainsFunc(a.logs(), func(e wire.LogEntry) bool { return e.Message == "no requests" }) {
		wantJSON(t, w, a.exchange("/requests"), "https", "/requests", `{"by": "requests"}`)
		wantJSON(t, w, a.exchange("/requests-plain"), "http", "/requests-plain", "")
	}
	wantAbout(t, a, "app.py", "python")
	wantSamples(t, a)
	wantLife(t, a)
}

func wantAbout(t *testing.T, a *agent, name, framework string) {
	t.Helper()
	var status wire.AgentStatus
	a.get("/api/v1/agent/status", &status)
	if status.App.Name != name || status.Agent.Framework != framework || !status.Running || status.App.ProcessID == a.Pid() {
		t.Errorf("the status is %+v", status)
	}
}

func TestCurl(t *testing.T) {
	w := newWorld(t)
	script := `curl -sS --data '{"by":"curl"}' -H 'Content-Type: application/json' "$SECURE/curl"; echo; curl -sS --http2 "$SECURE/curl2" >/dev/null; echo "code $?"`
	a := start(t, w, []string{"sh", "-c", script}, "--stay", "--name", "two curls")
	need(t, "curl")
	a.wait("code 0")
	wantJSON(t, w, a.exchange("/curl"), "https", "/curl", `{"by":"curl"}`)
	wantJSON(t, w, a.exchange("/curl2"), "https", "/curl2", "")
	a.ended()
	var status wire.AgentStatus
	if a.get("/api/v1/agent/status", &status); status.App.Name != "two curls" {
		t.Errorf("the status is %+v", status)
	}
}

// Go's client uses no proxy for loopback addresses; another address of this machine is
// none.
func TestGo(t *testing.T) {
	w := newWorldAt(t, ownAddress(t))
	app := filepath.Join(t.TempDir(), "goapp")
	if err := device.Build("github.com/heliograph/heliograph/test/e2e/run/goapp", app); err != nil {
		t.Fatal(err)
	}
	a := start(t, w, []string{app, w.plain.URL + "/unseen", w.secure.URL + "/go"}, "--stay")
	device.Poll(t, "two answers", func() bool {
		n := 0
		for _, e := range a.logs() {
			if e.Message == "asked status=200 err=null" {
				n++
			}
		}
		return n == 2
	})
	a.ended()
	var list []wire.NetworkRequestSummary
	a.get("/api/v1/network/requests", &list)
	if len(list) != 1 {
		t.Errorf("captured %v", list)
	}
	x := a.exchange("/go")
	x.URL = strings.Replace(x.URL, x.Host, "127.0.0.1", 1)
	wantJSON(t, w, x, "https", "/go", `{"by":"go"}`)
}

// ownAddress returns an address of this machine that is not loopback.
func ownAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

func TestOpaqueAndNoProxy(t *testing.T) {
	w := newWorld(t)
	need(t, "curl")
	a := start(t, w, []string{"sh", "-c", `curl -sS "$SECURE/opaque"; echo; echo "code $?"`}, "--stay", "--opaque", "127.0.0.1")
	a.wait("code 0")
	a.ended()
	var list []wire.NetworkRequestSummary
	a.get("/api/v1/network/requests", &list)
	if len(list) != 1 || list[0].Method != "CONNECT" || list[0].StatusCode != 200 {
		t.Errorf("captured %+v", list)
	}
	b := start(t, w, []string{"sh", "-c", `curl -sS "$PLAIN/direct"; echo; echo "code $? ${HTTP_PROXY-none} ${OTEL_EXPORTER_OTLP_ENDPOINT-none}"`}, "--stay", "--no-proxy", "--no-otlp")
	b.wait("code 0 none none")
	b.ended()
	b.get("/api/v1/network/requests", &list)
	if len(list) != 0 {
		t.Errorf("captured %+v", list)
	}
}

// The proxy and the receiver of telemetry are for the own user only.
func TestOtherUsersAreRefused(t *testing.T) {
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") != "":
		t.Fatal("this test must run as root: it starts a process of another user")
	default:
		t.Skip("this test must run as root: it starts a process of another user")
	}
	w := newWorld(t)
	curl := need(t, "curl")
	a := start(t, w, []string{"sh", "-c", `echo "at $HTTP_PROXY $OTEL_EXPORTER_OTLP_ENDPOINT"`}, "--stay")
	var proxy, otlp string
	device.Poll(t, "the addresses", func() bool {
		for _, e := range a.logs() {
			if n, _ := fmt.Sscanf(e.Message, "at %s %s", &proxy, &otlp); n == 2 {
				return true
			}
		}
		return false
	})
	a.ended()
	ask := func(uid uint32, args ...string) string {
		cmd := exec.Command(curl, append([]string{"-sS", "-o", "/dev/null", "-w", "%{http_code}"}, args...)...)
		cmd.Env, cmd.Dir = []string{"PATH=/usr/bin:/bin"}, "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		out, _ := cmd.CombinedOutput()
		return string(out)
	}
	for _, c := range []struct {
		uid  uint32
		want [2]string
	}{{0, [2]string{"200", "200"}}, {4711, [2]string{"403", "403"}}} {
		if got := ask(c.uid, "-x", proxy, w.plain.URL+"/x"); got != c.want[0] {
			t.Errorf("the proxy answers uid %d with %s", c.uid, got)
		}
		if got := ask(c.uid, "-H", "Content-Type: application/json", "--data", "{}", otlp+"/v1/metrics"); got != c.want[1] {
			t.Errorf("the receiver answers uid %d with %s", c.uid, got)
		}
	}
}
