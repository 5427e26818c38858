package devflow

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/recorder"
)

// patience bounds everything that a test waits for.
const patience = 20 * time.Second

// schema reads the document once for all tests.
var schema = sync.OnceValues(func() (*asyncapi.Validator, error) { return asyncapi.NewValidator(api.DevFlow("", false)) })

// httpSchema likewise.
var httpSchema = sync.OnceValues(func() (*asyncapi.HTTPValidator, error) {
	return asyncapi.NewHTTPValidator(api.DevFlowOpenAPI("", false))
})

// agent is an API behind a real listener, with a recorder that tests feed.
type agent struct {
	t      *testing.T
	api    *API
	rec    *recorder.Recorder
	server *httptest.Server
	schema *asyncapi.Validator
}

func newAgent(t *testing.T, opts recorder.Options, deps Deps) *agent {
	t.Helper()
	validator, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{t: t, rec: recorder.New(opts), schema: validator}
	deps.Recorder = a.rec
	a.api = New(deps)
	a.server = httptest.NewServer(a.api.Handler())
	t.Cleanup(func() {
		a.shutdown()
		a.server.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		a.rec.Close()
	})
	return a
}

func (a *agent) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := a.api.Shutdown(ctx); err != nil {
		a.t.Errorf("shut down: %v", err)
	}
}

// socket is a client of one channel. Everything it reads is checked against the
// AsyncAPI document.
type socket struct {
	t       *testing.T
	agent   *agent
	channel string
	mirror  bool
	ws      *websocket.Conn
	// sparse checks one in 32 messages only, where there are thousands.
	sparse bool
	seen   int
	sent   int
}

// channelOf finds the channel of a path.
func (a *agent) channelOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if ch := a.api.channels[strings.TrimSuffix(path, "/")]; ch != nil {
		return ch.Name
	}
	a.t.Fatalf("no channel at %s", path)
	return ""
}

func (a *agent) dial(path string) *socket {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	ws, res, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(a.server.URL, "http")+path, nil)
	if err != nil {
		a.t.Fatalf("dial %s: %v", path, err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		a.t.Fatalf("dial %s: status %d", path, res.StatusCode)
	}
	ws.SetReadLimit(1 << 26)
	a.t.Cleanup(func() { _ = ws.CloseNow() })
	mirror := a.api.deps.Mirror && !strings.Contains(path, "compat=none") || strings.Contains(strings.ToLower(path), "compat=mirror")
	return &socket{t: a.t, agent: a, channel: a.channelOf(path), mirror: mirror, ws: ws}
}

// message is what a client reads.
type message map[string]any

func (m message) typ() string          { s, _ := m["type"].(string); return s }
func (m message) data() message        { d, _ := m["data"].(map[string]any); return d }
func (m message) text(k string) string { s, _ := m[k].(string); return s }
func (m message) number(k string) int  { n, _ := m[k].(float64); return int(n) }
func (m message) list(k string) []message {
	items, _ := m[k].([]any)
	list := make([]message, len(items))
	for i := range items {
		list[i], _ = items[i].(map[string]any)
	}
	return list
}

// texts returns one member of each of a list's objects.
func (m message) texts(list, member string) string {
	var all []string
	for _, one := range m.list(list) {
		all = append(all, one.text(member))
	}
	return strings.Join(all, " ")
}

// raw reads one message.
func (s *socket) raw() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	kind, data, err := s.ws.Read(ctx)
	if err == nil && kind != websocket.MessageText {
		s.t.Errorf("a message of kind %v", kind)
	}
	return data, err
}

// next reads a message, which must be of the type.
func (s *socket) next(typ string) message {
	s.t.Helper()
	data, err := s.raw()
	if err != nil {
		s.t.Fatalf("waiting for %s: %v", typ, err)
	}
	m := s.check(data)
	if m.typ() != typ {
		s.t.Fatalf("got %s, want %s", data, typ)
	}
	return m
}

// check validates a message and its mirror members.
func (s *socket) check(data []byte) message {
	s.t.Helper()
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		s.t.Fatalf("%s: %v", data, err)
	}
	if s.seen++; s.sparse && s.seen%32 != 2 {
		return m
	}
	if err := s.agent.schema.Message(s.channel, asyncapi.Receive, data); err != nil {
		s.t.Errorf("%s is not in the document: %v", data, err)
	}
	checkTimestamp(s.t, m.text("timestamp"))
	if has := hasMirror(m); has != s.mirror && hasMirrorForm(s.channel, m.typ()) {
		s.t.Errorf("mirror %v in %s", has, data)
	}
	return m
}

func checkTimestamp(t *testing.T, text string) {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.999999999Z", text)
	if err != nil || !strings.Contains(text, ".") {
		t.Errorf("timestamp %q: %v", text, err)
	}
	if d := time.Since(at); d > time.Hour || d < -time.Hour {
		t.Errorf("timestamp %q is not now", text)
	}
}

// hasMirrorForm tells whether a message is another one in the mirror.
func hasMirrorForm(channel, typ string) bool {
	switch channel {
	case "ui":
		return false
	case "profiler":
		return typ == "error"
	}
	return typ != "stopped" && typ != "cleared"
}

// hasMirror tells whether a message has members beside type, timestamp and data.
func hasMirror(m message) bool {
	for name := range m {
		if name != "type" && name != "timestamp" && name != "data" {
			return true
		}
	}
	return false
}

// closed reads until the end and returns the close code.
func (s *socket) closed() websocket.StatusCode {
	s.t.Helper()
	for {
		data, err := s.raw()
		if err != nil {
			code := websocket.CloseStatus(err)
			if code == -1 {
				s.t.Fatalf("no close code: %v", err)
			}
			return code
		}
		s.t.Errorf("unexpected before the end: %s", data)
	}
}

func (s *socket) write(text string) {
	s.t.Helper()
	s.sent++
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		s.t.Fatalf("write: %v", err)
	}
}

// answer is what an HTTP request got.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
}

func (a *agent) do(method, path, body string, header ...string) answer {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.server.URL+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	got := answer{a.t, res.StatusCode, res.Header, data}
	if ct := res.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		a.t.Errorf("%s %s: content type %q", method, path, ct)
	}
	if res.StatusCode >= 400 {
		got.checkError(path)
	}
	got.checkDocument(method, path)
	return got
}

// checkDocument validates an answer against the OpenAPI document, unless it is about
// something that is in no document.
func (r answer) checkDocument(method, path string) {
	r.t.Helper()
	v, err := httpSchema()
	if err != nil {
		r.t.Fatal(err)
	}
	plain, _, _ := strings.Cut(path, "?")
	err = v.Answer(method, plain, r.status, r.body)
	if errors.Is(err, asyncapi.ErrUnknownChannel) && (r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed ||
		strings.HasPrefix(plain, "/ws/") || method == http.MethodOptions || r.status == http.StatusUnauthorized) {
		return
	}
	if err != nil {
		r.t.Errorf("%s %s answers %s, which is not in the document: %v", method, path, r.body, err)
	}
}

func (r answer) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal(r.body, v); err != nil {
		r.t.Fatalf("%s: %v", r.body, err)
	}
}

func (r answer) object() message {
	r.t.Helper()
	var m message
	r.into(&m)
	return m
}

func (r answer) array() []message {
	r.t.Helper()
	var m []message
	r.into(&m)
	if m == nil {
		r.t.Errorf("%s is no array", r.body)
	}
	return m
}

// ok wants 200.
func (r answer) ok() answer {
	r.t.Helper()
	if r.status != http.StatusOK {
		r.t.Errorf("status %d: %s", r.status, r.body)
	}
	return r
}

// done wants the body of a change.
func (r answer) done() answer {
	r.t.Helper()
	if m := r.ok().object(); m["success"] != true || m.text("message") == "" {
		r.t.Errorf("action body %s", r.body)
	}
	return r
}

// fails wants a status and perhaps a reason.
func (r answer) fails(status int, reason string) {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
	if got := r.object().text("reason"); reason != "" && got != reason {
		r.t.Errorf("reason %q, want %q", got, reason)
	}
}

func (r answer) checkError(path string) {
	r.t.Helper()
	m := r.object()
	typ, _, _ := strings.Cut(path, "?")
	if m.number("status") != r.status || m["success"] != false || m.text("error") == "" || m.text("title") == "" ||
		!strings.HasPrefix(m.text("type"), "urn:devflow:error:") || m.text("instance") != typ {
		r.t.Errorf("error body %s", r.body)
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("waited too long: %s", what)
		}
	}
}

// modes runs a test in both modes.
func modes(t *testing.T, test func(t *testing.T, compat string)) {
	for _, compat := range []string{"none", "mirror"} {
		t.Run(compat, func(t *testing.T) { test(t, compat) })
	}
}

// rawDial makes a handshake by hand and returns the connection behind it.
func (a *agent) rawDial(path string, size int) (net.Conn, *bufio.Reader) {
	a.t.Helper()
	addr := strings.TrimPrefix(a.server.URL, "http://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { conn.Close() })
	if size > 0 {
		if err := conn.(*net.TCPConn).SetReadBuffer(size); err != nil {
			a.t.Fatal(err)
		}
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", path, addr)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		a.t.Fatalf("handshake of %s: %v, %v", path, res, err)
	}
	return conn, r
}

// indented writes JSON for golden files.
func indented(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func compareGolden(t *testing.T, name string, got []byte, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("%s is not what was made:\n%s", name, got)
	}
}
