package devflow

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/wsconn"
)

func TestHandshake(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	upgrade := []string{"Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="}
	with := func(name, value string) []string {
		h := append([]string(nil), upgrade...)
		for i := 0; i < len(h); i += 2 {
			if h[i] == name {
				h[i+1] = value
			}
		}
		return h
	}
	for _, ch := range Channels() {
		r := a.do("GET", ch.Path, "")
		r.fails(426, "websocket_expected")
		if r.header.Get("Upgrade") != "websocket" {
			t.Errorf("%s: header %v", ch.Path, r.header)
		}
	}
	for _, test := range []struct {
		path   string
		header []string
		status int
	}{
		{"/ws/v1/logs", with("Sec-WebSocket-Version", "12"), 426},
		{"/ws/v1/logs", with("Sec-WebSocket-Key", "short"), 400},
		{"/ws/v1/logs", with("Connection", "close"), 400},
		{"/ws/v1/nothing", upgrade, 404},
		{"/ws/v1/logs/more", upgrade, 404},
		{"/ws/v1%2Flogs", upgrade, 404},
		{"/ws/logs", upgrade, 404},
		{"/ws/v1/LOGS", upgrade, 404},
	} {
		if r := a.do("GET", test.path, "", test.header...); r.status != test.status {
			t.Errorf("%s %v: status %d, want %d", test.path, test.header, r.status, test.status)
		}
	}
	s := a.dial("/ws/v1/logs/?replay=1")
	s.next("replay")
	if got := s.ws.Subprotocol(); got != "" {
		t.Errorf("subprotocol %q", got)
	}
}

func TestCompressionWhenOffered(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	for range 100 {
		a.log(recorder.Info, "the same again and again")
	}
	for mode, want := range map[websocket.CompressionMode]string{
		websocket.CompressionDisabled: "", websocket.CompressionNoContextTakeover: "permessage-deflate",
	} {
		c, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(a.server.URL, "http")+"/ws/v1/logs", &websocket.DialOptions{CompressionMode: mode})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		if got := res.Header.Get("Sec-WebSocket-Extensions"); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("extensions %q, want %q", got, want)
		}
		if _, data, err := c.Read(t.Context()); err != nil || !strings.Contains(string(data), "the same again") {
			t.Errorf("replay %.80s, %v", data, err)
		}
	}
}

func TestOriginAndHost(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{AllowOrigins: []string{"https://tools.test"}, AllowHosts: []string{"Board.test"}})
	for _, test := range []struct {
		name, value string
		ok          bool
	}{
		{"Origin", "http://localhost", true}, {"Origin", "http://localhost:3000", true}, {"Origin", "https://127.0.0.1:8443", true},
		{"Origin", "http://[::1]:9223", true}, {"Origin", "https://tools.test", true}, {"Origin", "vscode-webview://localhost", true},
		{"Origin", "null", false}, {"Origin", "http://evil.test", false}, {"Origin", "http://localhost.evil.test", false},
		{"Origin", "http://localhost@evil.test", false}, {"Origin", "http://127.0.0.1.evil.test", false}, {"Origin", "http://tools.test", false},
		{"Origin", "file://", false},
		{"Host", "localhost:9223", true}, {"Host", "127.0.0.1", true}, {"Host", "[::1]:1", true}, {"Host", "board.test:80", true},
		{"Host", "evil.test", false}, {"Host", "localhost.evil.test", false},
	} {
		want := 200
		if !test.ok {
			want = 403
		}
		r := a.do("GET", "/api/v1/agent/status", "", test.name, test.value)
		if r.status != want {
			t.Errorf("%s %s: status %d, want %d", test.name, test.value, r.status, want)
		}
		if got := r.header.Get("Access-Control-Allow-Origin"); test.name == "Origin" && (got == test.value) != test.ok {
			t.Errorf("%s: Access-Control-Allow-Origin %q", test.value, got)
		}
		header := http.Header{}
		options := &websocket.DialOptions{HTTPHeader: header}
		if test.name == "Host" {
			options.Host = test.value
		} else {
			header.Set(test.name, test.value)
		}
		c, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(a.server.URL, "http")+"/ws/v1/logs", options)
		if (err == nil) != test.ok || !test.ok && res.StatusCode != 403 {
			t.Errorf("%s %s: WebSocket %v", test.name, test.value, err)
		}
		if c != nil {
			_ = c.CloseNow()
		}
	}
	r := a.do("OPTIONS", "/api/v1/network/requests", "", "Origin", "http://localhost:3000", "Access-Control-Request-Method", "DELETE")
	if r.ok(); !strings.Contains(r.header.Get("Access-Control-Allow-Methods"), "DELETE") {
		t.Errorf("preflight answers %v", r.header)
	}
}

func TestBadFrames(t *testing.T) {
	for _, path := range []string{"/ws/v1/logs?replay=0", "/ws/v1/network?replay=0", "/ws/v1/ble?replay=0"} {
		a := newAgent(t, recorder.Options{}, Deps{})
		for name, test := range map[string]struct {
			frame ws.Frame
			code  ws.StatusCode
		}{
			"binary":    {ws.NewBinaryFrame([]byte("{}")), ws.StatusUnsupportedData},
			"not UTF-8": {ws.NewTextFrame([]byte{0xff}), ws.StatusInvalidFramePayloadData},
			"too large": {ws.NewTextFrame([]byte(strings.Repeat("x", 1<<20+1))), ws.StatusMessageTooBig},
		} {
			conn, r := a.rawDial(path, 0)
			if err := ws.WriteFrame(conn, ws.MaskFrame(test.frame)); err != nil && name != "too large" {
				t.Fatal(err)
			}
			if code := closeCode(t, r); code != test.code {
				t.Errorf("%s, %s: close code %d, want %d", path, name, code, test.code)
			}
		}
	}
}

// closeCode reads until the close frame.
func closeCode(t *testing.T, r *bufio.Reader) ws.StatusCode {
	t.Helper()
	for {
		f, err := ws.ReadFrame(r)
		if err != nil {
			t.Errorf("no close frame: %v", err)
			return 0
		}
		if f.Header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return code
		}
	}
}

func TestFragmentsPingAndClose(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	id := a.fetch("GET", "http://a.test/", 200)
	conn, r := a.rawDial("/ws/v1/network?replay=0", 0)
	command := []byte(`{"type":"get_details","data":{"id":"` + id + `"}}`)
	for i, f := range []ws.Frame{
		ws.NewFrame(ws.OpText, false, command[:10]), ws.NewPingFrame([]byte("now")),
		ws.NewFrame(ws.OpContinuation, false, command[10:20]), ws.NewFrame(ws.OpContinuation, true, command[20:]),
	} {
		if err := ws.WriteFrame(conn, ws.MaskFrame(f)); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	pong, err := ws.ReadFrame(r)
	if err != nil || pong.Header.OpCode != ws.OpPong || string(pong.Payload) != "now" {
		t.Errorf("answer to a ping: %v, %v", pong, err)
	}
	details, err := ws.ReadFrame(r)
	if err != nil || !strings.Contains(string(details.Payload), `"details"`) {
		t.Errorf("answer to fragments: %s, %v", details.Payload, err)
	}
	if err := ws.WriteFrame(conn, ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))); err != nil {
		t.Fatal(err)
	}
	if code := closeCode(t, r); code != ws.StatusNormalClosure {
		t.Errorf("a close is answered with %d", code)
	}
	eventually(t, "everything is freed", func() bool {
		return a.api.Stats().Open == 0 && a.rec.Network.Position() > 0 && !watching(a)
	})
}

func watching(a *agent) bool {
	a.api.watch.mu.Lock()
	defer a.api.watch.mu.Unlock()
	return len(a.api.watch.feeds) > 0
}

func TestMalformedCommandsAreIgnored(t *testing.T) {
	for _, path := range []string{"/ws/v1/network?replay=0", "/ws/v1/ui/events", "/ws/v1/logs?replay=0", "/ws/v1/ble?replay=0"} {
		a := newAgent(t, recorder.Options{}, Deps{})
		s := a.dial(path)
		for _, text := range []string{
			"", "nonsense", "7", "null", "[]", `"clear"`, "{}", `{"type":null}`, `{"type":7}`, `{"Type":"clear"}`, `{"type":"mystery"}`,
			`{"type":"get_details"}`, `{"type":"get_details","data":null}`, `{"type":"get_details","data":{"id":7}}`, `{"type":"get_details","data":[]}`,
			`{"type":"subscribe","data":7}`, `{"type":"unsubscribe","data":{}}`, `{"type":"clear"`,
		} {
			s.write(text)
		}
		if strings.Contains(path, "ui") {
			s.next("lifecycle")
			a.settle(s)
			a.rec.UI.Alert(recorder.Alert{}, time.Time{})
			s.next("alert")
			continue
		}
		waitReaders(t, a, 1)
		a.log(recorder.Info, "x")
		a.fetch("GET", "http://a.test/", 200)
		a.rec.BLE.Record(recorder.BLEEvent{Kind: "connected"})
		s.next(map[string]string{"network": "request", "logs": "log", "ble": "ble_event"}[s.channel])
	}
}

func TestShutdownGoesAway(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	a.gauge("compass")
	a.session(t)
	var all []*socket
	for _, path := range []string{
		"/ws/v1/logs", "/ws/v1/network", "/ws/v1/ble", "/ws/v1/ui/events", "/ws/v1/profiler?sessionId=current", "/ws/v1/sensors?sensor=compass",
	} {
		s := a.dial(path)
		if _, err := s.raw(); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	ended := make(chan error, len(all))
	for _, s := range all {
		go func() { _, err := s.raw(); ended <- err }()
	}
	a.shutdown()
	for range all {
		if code := websocket.CloseStatus(<-ended); code != websocket.StatusGoingAway {
			t.Errorf("close code %d", code)
		}
	}
}

// TestSlowReader: a client that reads nothing is ended with 1013, another one on the
// same channel gets everything, and recording does not wait.
func TestSlowReader(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	conn, r := a.rawDial("/ws/v1/logs?replay=0", 256<<10)
	fast := a.dial("/ws/v1/logs?replay=0")
	fast.sparse = true
	waitReaders(t, a, 2)
	text := strings.Repeat("x", 8<<10)
	for i := 0; a.api.Stats().Open == 2 && a.slowIsWatched(); i++ {
		for range 64 {
			a.log(recorder.Info, text)
		}
		for range 64 {
			fast.next("log")
		}
		if i > 4096 {
			t.Fatal("a client that reads nothing is not ended")
		}
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if code := closeCode(t, r); code != ws.StatusCode(wsconn.CodeTryLater) {
		t.Errorf("close code %d", code)
	}
	a.log(recorder.Info, "goes on")
	fast.next("log")
}

// slowIsWatched tells that no reader was ended yet.
func (a *agent) slowIsWatched() bool {
	a.api.watch.mu.Lock()
	defer a.api.watch.mu.Unlock()
	return len(a.api.watch.feeds) == 2
}

// TestKeepAlive: pings within 15 s, the end after 60 s of silence. Time is virtual.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := recorder.New(recorder.Options{})
		api := New(Deps{Recorder: rec})
		server, client := net.Pipe()
		srv := &http.Server{Handler: api.Handler()}
		l := &oneConn{conn: server, done: make(chan struct{})}
		go func() { _ = srv.Serve(l) }()
		go func() {
			_, _ = io.WriteString(client, "GET /ws/v1/ble?replay=0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
				"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
		}()
		r := bufio.NewReader(client)
		if res, err := http.ReadResponse(r, nil); err != nil || res.StatusCode != 101 {
			t.Fatalf("handshake: %v, %v", res, err)
		}
		start, last, pings := time.Now(), time.Now(), 0
		for {
			f, err := ws.ReadFrame(r)
			if err != nil {
				break
			}
			if f.Header.OpCode == ws.OpPing {
				if d := time.Since(last); d > 15*time.Second {
					t.Errorf("%v between pings", d)
				}
				last = time.Now()
				pings++
			}
		}
		if d := time.Since(start); pings < 3 || d < 59*time.Second || d > 76*time.Second {
			t.Errorf("ended after %v and %d pings", d, pings)
		}
		client.Close()
		if err := api.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		_ = srv.Close()
		rec.Close()
	})
}

// oneConn is a listener of one connection.
type oneConn struct {
	conn net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, errors.New("closed")
}

func (l *oneConn) Close() error   { close(l.done); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }
