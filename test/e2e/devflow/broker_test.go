package devflow

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestBroker: section 2.1: an agent registers, and again when the broker was lost.
func TestBroker(t *testing.T) {
	t.Parallel()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		project string
		start   func(t *testing.T, port string) *agent
	}{
		"run": {folder, func(t *testing.T, port string) *agent { return startRun(t, "--broker", port, "--name", "orders") }},
		"sdk": {"/src/orders", func(t *testing.T, port string) *agent { return startProgram(t, "none", "-broker", port) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			registered, port := brokerFor(t)
			a := c.start(t, port)
			ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
			defer cancel()
			for range 2 {
				select {
				case o := <-registered:
					if o.text("type") != "register" || o.text("project") != c.project || !strings.HasPrefix(o.text("tfm"), "go1.") || o.text("platform") != "linux" ||
						o.text("appName") != "orders" || a.URL != "http://127.0.0.1:"+strconv.Itoa(o.number("currentPort")) {
						t.Errorf("registered with %v at %s", o, a.URL)
					}
				case <-ctx.Done():
					t.Fatal("the agent does not register")
				}
			}
			if r := a.Get("/api/v1/agent/status"); r.Status != 200 {
				t.Errorf("status %d", r.Status)
			}
		})
	}
}

// brokerFor starts a broker that hands on each registration, and then hangs up.
func brokerFor(t *testing.T) (registered <-chan object, port string) {
	t.Helper()
	first := make(chan object)
	broker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ws/agent" {
			t.Errorf("the agent asks for %s", r.URL.Path)
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("accept: %v", err)
			return
		}
		defer conn.CloseNow()
		kind, data, err := conn.Read(r.Context())
		var o object
		if json.Unmarshal(data, &o) != nil || kind != websocket.MessageText {
			t.Errorf("the first message is %s, %v", data, err)
		}
		if err := conn.Write(r.Context(), websocket.MessageText, []byte(`{"type":"registered","id":"7ff0e6fd13d9","port":10223}`)); err != nil {
			t.Errorf("answer: %v", err)
		}
		select {
		case first <- o: // the socket ends when this returns
		case <-t.Context().Done():
		}
	}))
	t.Cleanup(broker.Close)
	return first, broker.URL[strings.LastIndexByte(broker.URL, ':')+1:]
}

// TestDefaultPort: section 2.1.
func TestDefaultPort(t *testing.T) {
	t.Parallel()
	binary, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, verb := range []string{"run", "attach"} {
		out, err := exec.CommandContext(ctx, binary, verb, "--help").Output()
		if err != nil || !strings.Contains(string(out), "127.0.0.1:9223") {
			t.Errorf("%s --help: %v\n%s", verb, err, out)
		}
	}
}

// TestNothingIsKept: section 2.6: with the capacity 0 there are streams only.
func TestNothingIsKept(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startProgram(t, compat, "-keep", "-1")
		url := site(t)
		logs, network, ble := a.open("/ws/v1/logs"), a.open("/ws/v1/network"), a.openBLE("")
		for _, s := range []*socket{logs, network, ble} {
			s.next("replay")
		}
		a.session(`{"sampleIntervalMs":60000}`)
		profiler := a.open("/ws/v1/profiler?sessionId=current")
		profiler.next("batch")
		a.log("error", "live")
		a.fetch("GET", url+"/live")
		a.ble("connected")
		a.tell("/profile", "kind", "span", "name", "live")
		if got := logs.next("log").data().object("entry").text("message"); got != "live" {
			t.Errorf("entry %q", got)
		}
		if got := network.next("request").data().object("entry").text("path"); got != "/live" {
			t.Errorf("exchange %q", got)
		}
		ble.next("ble_event")
		for path, member := range map[string]string{"/ws/v1/logs": "entries", "/ws/v1/network": "entries"} {
			if got := a.open(path).next("replay").data().list(member); len(got) != 0 {
				t.Errorf("%s replays %v", path, got)
			}
		}
		if got := a.openBLE("").next("replay").data().list("events"); len(got) != 0 {
			t.Errorf("events are replayed: %v", got)
		}
		for _, path := range []string{"/api/v1/logs", "/api/v1/network/requests", "/api/v1/profiler/spans"} {
			if list := a.array(path); len(list) != 0 {
				t.Errorf("%s: %v", path, list)
			}
		}
	})
}
