// Package fakehelios is a scriptable HeliOS server on a loopback port, for
// tests of clients. A test says for each path what its sockets do; connections
// can be cut off as a broken network would.
package fakehelios

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"
)

// A Server is the fake. Handlers may be set while it runs.
type Server struct {
	*httptest.Server
	// Opened counts the WebSockets that were accepted.
	Opened atomic.Int64

	mu      sync.Mutex
	token   string
	sockets map[string]func(*Conn)
	http    map[string]http.HandlerFunc
	tcp     map[net.Conn]struct{}
	refuse  int
	life    context.Context
	running sync.WaitGroup
}

// New starts a server that knows nothing but its health. It ends with the test.
func New(tb testing.TB) *Server {
	life, end := context.WithCancel(context.Background())
	s := &Server{
		sockets: make(map[string]func(*Conn)),
		http:    make(map[string]http.HandlerFunc),
		tcp:     make(map[net.Conn]struct{}),
		life:    life,
	}
	s.JSON("GET /v1/health", map[string]any{"ok": true, "version": "fake", "uptime_ms": 1, "server_time_ms": 1})
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.Config.ConnState = s.track
	s.Start()
	tb.Cleanup(func() { end(); s.CutAll(); s.running.Wait(); s.Close() })
	return s
}

// RequireToken makes every request without this bearer token a 401.
func (s *Server) RequireToken(token string) { s.mu.Lock(); s.token = token; s.mu.Unlock() }

// Refuse answers WebSocket handshakes with this status; 0 ends that.
func (s *Server) Refuse(status int) { s.mu.Lock(); s.refuse = status; s.mu.Unlock() }

// Socket says what a WebSocket at path does. The socket ends with code 1000 when
// handle returns.
func (s *Server) Socket(path string, handle func(*Conn)) {
	s.mu.Lock()
	s.sockets[path] = handle
	s.mu.Unlock()
}

// HTTP says what a request such as "GET /v1/health" is answered.
func (s *Server) HTTP(request string, handle http.HandlerFunc) {
	s.mu.Lock()
	s.http[request] = handle
	s.mu.Unlock()
}

// JSON answers a request with a document.
func (s *Server) JSON(request string, document any) {
	s.HTTP(request, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document)
	})
}

// CutAll closes every TCP connection without a word.
func (s *Server) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.tcp {
		_ = c.Close()
		delete(s.tcp, c)
	}
}

func (s *Server) track(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.tcp[c] = struct{}{}
	case http.StateClosed:
		delete(s.tcp, c)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	token, refuse := s.token, s.refuse
	socket, document := s.sockets[r.URL.Path], s.http[r.Method+" "+r.URL.Path]
	s.mu.Unlock()
	upgrade := r.Header.Get("Upgrade") != ""
	switch {
	case token != "" && r.Header.Get("Authorization") != "Bearer "+token:
		fail(w, r, http.StatusUnauthorized, "unauthorized", "a token is required")
	case upgrade && refuse != 0:
		fail(w, r, refuse, "service_unavailable", "refused by the test")
	case upgrade && socket != nil:
		s.upgrade(w, r, socket)
	case !upgrade && document != nil:
		document(w, r)
	default:
		fail(w, r, http.StatusNotFound, "not_found", "no such endpoint")
	}
}

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, handle func(*Conn)) {
	s.running.Add(1)
	defer s.running.Done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true, CompressionMode: websocket.CompressionNoContextTakeover})
	if err != nil {
		return
	}
	s.Opened.Add(1)
	ctx, cancel := context.WithCancel(s.life)
	defer cancel()
	c := &Conn{WS: ws, Request: r, Ctx: ctx}
	handle(c)
	_ = ws.Close(websocket.StatusNormalClosure, "")
}

// Fail answers with an error body.
func Fail(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	fail(w, r, status, code, message)
}

func fail(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"code": code, "error": message, "timestamp_ms": 1, "operation": r.Method + " " + r.URL.Path, "request_id": "r-1",
	})
}
