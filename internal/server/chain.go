package server

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/origin"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// chain is the way of every request, outermost step first.
func (s *Server) chain() http.Handler {
	steps := []func(http.Handler) http.Handler{
		s.begin,      // ids, counting, the state that the steps share
		s.accessLog,  // one line per request, without secrets
		s.guard,      // a panic becomes a 500
		s.headers,    // what browsers must not do with our answers
		s.limit,      // methods, time for bodies
		s.checkHost,  // DNS rebinding
		s.checkSite,  // foreign pages, CORS
		s.identify,   // who asks
		s.checkScope, // never let a handler run without an identity
	}
	s.routes = s.mux()
	h := http.Handler(s.routes)
	for _, step := range slices.Backward(steps) {
		h = step(h)
	}
	return h
}

// mux is the routing table: our own few addresses and those of the caller.
func (s *Server) mux() *http.ServeMux {
	mux := http.NewServeMux()
	s.mount(mux, Route{Pattern: "/auth/session", Handler: http.HandlerFunc(s.serveSession), Public: true, MaxBody: maxLogin})
	s.mount(mux, Route{Pattern: "/healthz", Handler: http.HandlerFunc(s.serveHealth), Public: true})
	if s.opts.Registry != nil {
		handler := promhttp.HandlerFor(s.opts.Registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
		s.mount(mux, Route{Pattern: "GET /metrics", Handler: handler, Scope: access.View})
	}
	for _, r := range s.opts.Routes {
		s.mount(mux, r)
	}
	return mux
}

// mount adds a route with its scope and its bound for bodies.
func (s *Server) mount(mux *http.ServeMux, route Route) {
	if route.Fail != nil {
		s.failers[route.Pattern] = route.Fail
	}
	maxBody := route.MaxBody
	if maxBody == 0 {
		maxBody = s.opts.Limits.MaxBody
	}
	mux.HandleFunc(route.Pattern, func(w http.ResponseWriter, r *http.Request) {
		stateOf(r).route = route.Pattern
		if !route.Public {
			if err := access.Require(r.Context(), route.Scope); err != nil {
				s.deny(w, r, err)
				return
			}
		}
		if maxBody > 0 && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		route.Handler.ServeHTTP(w, r)
	})
}

// request is what the steps of one request share.
type request struct {
	start    time.Time
	rec      *recorder
	conn     *connInfo
	route    string // pattern of the route, empty before it is known
	host     origin.Host
	relation origin.Relation
	identity access.Identity
}

// connInfo belongs to one connection.
type connInfo struct {
	conn net.Conn
	once sync.Once
	uid  uint32
	err  error
}

// peerUID returns the user behind the connection. It is looked up once per
// connection: the owner of a socket does not change.
func (c *connInfo) peerUID(lookup func(net.Conn) (uint32, error)) (uint32, error) {
	c.once.Do(func() { c.uid, c.err = lookup(c.conn) })
	return c.uid, c.err
}

type (
	requestKey struct{}
	connKey    struct{}
)

func (s *Server) connContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, &connInfo{conn: conn})
}

// stateOf returns what begin put into the request.
func stateOf(r *http.Request) *request {
	return r.Context().Value(requestKey{}).(*request)
}

// begin gives the request its ids and its shared state, and counts it.
func (s *Server) begin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := r.Context().Value(connKey{}).(*connInfo)
		if !ok {
			http.Error(w, "the request did not come through a listener", http.StatusInternalServerError)
			return
		}
		s.busy.enter()
		defer s.busy.leave()
		state := &request{start: time.Now(), conn: info}
		state.rec = newRecorder(w, s.opts.Limits.StallTimeout)
		defer func() {
			if state.rec.hijacked {
				s.gate.leave(info.conn.RemoteAddr())
			}
		}()
		trace := traceOf(r)
		w.Header().Set(headerRequestID, trace.RequestID)
		w.Header().Set(headerTraceID, trace.TraceID)
		ctx := access.WithTrace(context.WithValue(r.Context(), requestKey{}, state), trace)
		next.ServeHTTP(state.rec, r.WithContext(ctx))
		state.rec.finish()
	})
}
