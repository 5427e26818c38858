package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a broker as the contract describes it.
type fake struct {
	*httptest.Server
	port  int
	hello chan map[string]any
	end   chan websocket.StatusCode
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{hello: make(chan map[string]any), end: make(chan websocket.StatusCode)}
	mux := http.NewServeMux()
	mux.HandleFunc("/ws/agent", f.agent)
	mux.HandleFunc("/api/agents", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`[{"id":"7ff0e6fd13d9","project":"/src/app","tfm":"go1.26-linux","platform":"linux","appName":"app","port":10223,"connectedAt":"2026-03-04T09:15:30.125Z","more":1}]`))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.port = l.Addr().(*net.TCPAddr).Port
	f.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: mux}}
	f.Start()
	t.Cleanup(f.Close)
	return f
}

func (f *fake) agent(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer c.CloseNow()
	_, text, err := c.Read(r.Context())
	if err != nil {
		return
	}
	var hello map[string]any
	_ = json.Unmarshal(text, &hello)
	_ = c.Write(r.Context(), websocket.MessageText, []byte(`not JSON`))
	_ = c.Write(r.Context(), websocket.MessageText, []byte(`{"type":"registered","id":"7ff0e6fd13d9","port":10223}`))
	ctx := c.CloseRead(r.Context())
	if err := c.Ping(ctx); err != nil { // answered by a pong
		hello["ping"] = err.Error()
	}
	f.hello <- hello
	select {
	case code := <-f.end:
		_ = c.Close(code, "")
	case <-ctx.Done():
	}
}

func TestRegister(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		Register(ctx, []int{f.port}, Registration{
			Project: "/src/app", Target: Target(), Platform: "linux", AppName: "app", Port: 9224, Version: "1.2.3", SessionID: "s",
		}, nil)
	})
	for again := range 2 { // after the broker went away it comes back, two seconds later
		hello := <-f.hello
		for name, want := range map[string]any{
			"type": "register", "project": "/src/app", "tfm": Target(), "platform": "linux", "appName": "app", "currentPort": 9224.0,
			"version": "1.2.3", "sessionId": "s", "ping": nil,
		} {
			if hello[name] != want {
				t.Errorf("%s is %v, want %v", name, hello[name], want)
			}
		}
		if again == 0 {
			f.end <- websocket.StatusGoingAway
		}
	}
	cancel()
	wg.Wait()
}

func TestAgents(t *testing.T) {
	f := newFake(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	list, err := Agents(t.Context(), client, f.port)
	if err != nil || len(list) != 1 || list[0].Port != 10223 || list[0].AppName != "app" || list[0].Since().Year() != 2026 {
		t.Errorf("%+v, %v", list, err)
	}
	f.Close()
	if _, err := Agents(t.Context(), client, f.port); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("no broker: %v", err)
	}
}

func TestPauses(t *testing.T) {
	for failures, want := range []time.Duration{2, 5, 10, 15, 15, 15} {
		if got := pause(failures); got != want*time.Second {
			t.Errorf("pause after %d failures: %v", failures, got)
		}
	}
}

func TestTarget(t *testing.T) {
	if got := Target(); !strings.HasPrefix(got, "go1.") || !strings.HasSuffix(got, "-linux") || strings.Count(got, ".") != 1 {
		t.Error(got)
	}
}

func FuzzListen(f *testing.F) {
	f.Add([]byte{0x81, 2, '{', '}'})
	f.Add([]byte{0x89, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := listen(bytes.NewReader(data), func(ws.OpCode, []byte) error { return nil }, func(string) {}); err == nil {
			t.Error("it ended without an error")
		}
	})
}
