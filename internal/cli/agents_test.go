package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

func portOf(t *testing.T, s *httptest.Server) int {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func serving(t *testing.T, path, body string) int {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || r.Header.Get("Authorization") != "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	return portOf(t, s)
}

// nobody returns a port at which nobody listens.
func nobody(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestAgents(t *testing.T) {
	const status = `{"agent":{"name":"devflow-go","version":"0.1.0","framework":"go","frameworkVersion":"1.26"},"platform":"linux",
		"device":{"model":"unknown","manufacturer":"unknown","osVersion":"6.8","idiom":"desktop"},
		"app":{"name":"orders","version":"2.4.0","packageId":"x","processId":4711},"running":true,"uptime":"PT5M30S"}`
	agent, other, gone, none := serving(t, "/api/v1/agent/status", status), serving(t, "/", "hello"), nobody(t), nobody(t)
	brokers := serving(t, "/api/agents", fmt.Sprintf(`[{"id":"7ff0e6fd13d9","appName":"lost","port":%d},{"appName":"orders","port":%d},{"port":-1}]`, gone, agent))
	run := func(more ...string) string {
		var out, errs bytes.Buffer
		root := New(BuildInfo{}, Deps{}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
		list := append([]string{"agents", "--port", fmt.Sprintf("%d,%d,%d", agent, other, none)}, more...)
		if code := Execute(t.Context(), root, list); code != 0 {
			t.Fatalf("%v ended with %d: %s", list, code, errs.String())
		}
		return out.String()
	}
	text := run("--broker", fmt.Sprintf("%d,%d", brokers, none))
	for _, want := range []string{
		fmt.Sprintf("http://127.0.0.1:%d", agent), "orders 2.4.0", "running", "4711", "devflow-go 0.1.0",
		fmt.Sprintf("http://127.0.0.1:%d", gone), "lost", "silent: ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	var only localAgent
	if err := json.Unmarshal([]byte(run("--json", "--broker", strconv.Itoa(none))), &only); err != nil {
		t.Fatal(err)
	}
	if only.App != "orders" || only.ProcessID != 4711 || !only.Running || only.Broker {
		t.Errorf("got %+v", only)
	}
}
