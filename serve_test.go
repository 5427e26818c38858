package heliograph

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/coder/websocket"
)

func TestWhoMayLook(t *testing.T) {
	a := New(&Options{Pprof: true, AllowHosts: []string{"device.test"}})
	defer a.Close()
	open := New(&Options{AllowRemote: true})
	defer open.Close()
	for _, test := range []struct {
		name   string
		agent  *Agent
		path   string
		from   string
		header []string
		status int
	}{
		{"this machine", a, "/api/v1/agent/status", "127.0.0.1:1", nil, 200},
		{"this machine, IPv6", a, "/api/v1/agent/status", "[::1]:1", nil, 200},
		{"another machine", a, "/api/v1/agent/status", "192.0.2.1:1", nil, 403},
		{"another machine, allowed", open, "/api/v1/agent/status", "192.0.2.1:1", nil, 200},
		{"passed on", a, "/api/v1/agent/status", "127.0.0.1:1", []string{"X-Forwarded-For", "192.0.2.1"}, 403},
		{"no address", a, "/api/v1/agent/status", "@", nil, 403},
		{"another name", a, "/api/v1/agent/status", "127.0.0.1:1", []string{"Host", "evil.test"}, 403},
		{"configured name", a, "/api/v1/agent/status", "127.0.0.1:1", []string{"Host", "device.test"}, 200},
		{"another page", a, "/api/v1/agent/status", "127.0.0.1:1", []string{"Origin", "https://evil.test"}, 403},
		{"profiles", a, "/debug/pprof/", "127.0.0.1:1", nil, 200},
		{"profiles for another machine", a, "/debug/pprof/", "192.0.2.1:1", nil, 403},
		{"profiles under another name", a, "/debug/pprof/heap", "127.0.0.1:1", []string{"Host", "evil.test"}, 403},
		{"profiles for another page", a, "/debug/pprof/heap", "127.0.0.1:1", []string{"Origin", "https://evil.test"}, 403},
		{"profiles that were not asked for", open, "/debug/pprof/", "127.0.0.1:1", nil, 404},
	} {
		r := httptest.NewRequest("GET", "http://localhost"+test.path, nil)
		r.RemoteAddr = test.from
		for i := 0; i < len(test.header); i += 2 {
			if test.header[i] == "Host" {
				r.Host = test.header[i+1]
				continue
			}
			r.Header.Set(test.header[i], test.header[i+1])
		}
		w := httptest.NewRecorder()
		test.agent.Handler().ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%s: status %d, want %d: %s", test.name, w.Code, test.status, w.Body)
		}
	}
}

// TestOtherUsersAreKeptOut has a program of another user ask.
func TestOtherUsersAreKeptOut(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	v := serving(t, Options{})
	if status, _ := v.do("GET", "/api/v1/agent/status", ""); status != 200 {
		t.Errorf("the own user got %d", status)
	}
	const script = `exec 3<>/dev/tcp/127.0.0.1/$1; printf 'GET /api/v1/agent/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3; head -1 <&3`
	_, port, _ := net.SplitHostPort(v.agent.Addr())
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script, "bash", port)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65533, Gid: 65533}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "HTTP/1.1 403") {
		t.Errorf("another user got %s, %v", out, err)
	}
}

func TestPorts(t *testing.T) {
	a := New(&Options{Addr: "0.0.0.0:0"})
	defer a.Close()
	if err := a.ListenAndServe(t.Context()); !errors.Is(err, errRemote) {
		t.Errorf("all interfaces: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := New(&Options{Addr: l.Addr().String()})
	defer taken.Close()
	if err := taken.ListenAndServe(t.Context()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a taken port: %v", err)
	}

	// Whoever has the default port here, two agents find two ports.
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	agents := [2]*Agent{New(nil), New(nil)}
	for _, a := range agents {
		defer a.Close()
		wg.Go(func() {
			if err := a.ListenAndServe(ctx); err != nil {
				t.Error(err)
			}
		})
		poll(t, "the agent to listen", func() bool { return a.Addr() != "" })
	}
	if one, two := agents[0].Addr(), agents[1].Addr(); one == two || !strings.HasPrefix(two, "127.0.0.1:102") {
		t.Errorf("%s and %s", one, two)
	}
	cancel()
	wg.Wait()
}

// TestBroker: a broker is told where the agent listens, for as long as it does.
func TestBroker(t *testing.T) {
	hello, gone := make(chan map[string]any, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		_, text, err := c.Read(r.Context())
		if err != nil {
			return
		}
		var m map[string]any
		_ = json.Unmarshal(text, &m)
		hello <- m
		_, _, _ = c.Read(r.Context())
		close(gone)
	}))
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	v := serving(t, Options{Name: "orders", Project: "/src/orders", SessionID: "s1", Brokers: []int{port}})
	got := <-hello
	_, own, _ := net.SplitHostPort(v.agent.Addr())
	if got["type"] != "register" || got["appName"] != "orders" || got["project"] != "/src/orders" || got["platform"] != "linux" ||
		fmt.Sprint(got["currentPort"]) != own || got["sessionId"] != "s1" {
		t.Errorf("%v, the port is %s", got, own)
	}
	_ = v.agent.Close()
	<-gone
}

func TestProfiles(t *testing.T) {
	v := newViewer(t, &Options{Pprof: true})
	for path, want := range map[string]string{
		"/debug/pprof/":                     "/debug/pprof/goroutine?debug=1\n",
		"/debug/pprof/goroutine?debug=1":    "goroutine profile: total ",
		"/debug/pprof/cmdline":              os.Args[0],
		"/debug/pprof/trace?seconds=0.01":   "go 1.",
		"/debug/pprof/heap?gc=1":            "sampleType",
		"/debug/pprof/profile?seconds=0.01": "",
	} {
		status, text := v.do("GET", path, "")
		if z, err := gzip.NewReader(strings.NewReader(text)); err == nil {
			data, err := io.ReadAll(z)
			if err != nil || len(data) < 50 {
				t.Errorf("%s: %d bytes, %v", path, len(data), err)
			}
			if bytes.Contains(data, []byte("alloc_objects")) {
				text = "sampleType"
			}
		}
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s: %d %.200q", path, status, text)
		}
	}
	if status, _ := v.do("GET", "/debug/pprof/nothing", ""); status != 404 {
		t.Errorf("no such profile: %d", status)
	}
	if status, _ := v.do("POST", "/debug/pprof/heap", ""); status != 405 {
		t.Errorf("POST: %d", status)
	}
}
