package server

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/heliograph/heliograph/internal/access"
)

// accessLog writes one line per request when it has ended, and counts it. It
// writes the path but neither query nor headers, where secrets might be. Reads
// that went well are on the level debug: user interfaces poll.
func (s *Server) accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		state := stateOf(r)
		status := state.rec.status
		if status == 0 {
			status = http.StatusOK
		}
		s.metrics.request(state.route, status)
		s.log.LogAttrs(r.Context(), levelOf(r, status), "request",
			slog.String("method", r.Method),
			slog.String("path", bounded(r.URL.EscapedPath())),
			slog.Int("status", status),
			slog.Int64("bytes", state.rec.bytes),
			slog.Duration("took", time.Since(state.start)),
			slog.String("client", r.RemoteAddr),
			slog.String("who", state.identity.Name),
			slog.String("via", string(state.identity.Via)),
			slog.String("request_id", access.TraceFrom(r.Context()).RequestID),
		)
	})
}

func levelOf(r *http.Request, status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case status >= http.StatusBadRequest, status == http.StatusSwitchingProtocols:
		return slog.LevelInfo
	case r.Method == http.MethodGet, r.Method == http.MethodHead, r.Method == http.MethodOptions:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// guard turns a panic of a handler into an answer of 500, or into a cut
// connection when the answer has begun: the client must not take a part for the
// whole.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // it is a sentinel that is never wrapped
				panic(v)
			}
			s.metrics.panics.Inc()
			s.log.ErrorContext(r.Context(), "a handler panicked",
				"value", v, "path", bounded(r.URL.EscapedPath()), "stack", string(debug.Stack()))
			switch rec := stateOf(r).rec; {
			case rec.hijacked:
			case rec.started():
				panic(http.ErrAbortHandler)
			default:
				s.fail(w, r, http.StatusInternalServerError, "internal", "an internal error; the log of the server holds the details")
			}
		}()
		next.ServeHTTP(w, r)
	})
}
