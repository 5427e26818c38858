package server

import (
	"net/http"
	"strings"

	"github.com/heliograph/heliograph/internal/server/origin"
)

const (
	allowedMethods = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
	exposedHeaders = "x-request-id, x-trace-id, etag, x-helios-revision, content-disposition, retry-after"
)

// headers sets what keeps a browser from doing with our answers what it should
// not.
//
// The policy allows the user interface its own scripts, styles, pictures and
// sockets and nothing from elsewhere. 'unsafe-inline' for styles, and only for
// styles, is there because xterm.js makes style elements and style attributes
// for its rows. The sockets are named beside 'self' because older browsers do
// not count ws: and wss: as 'self'.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy(r))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-site")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), usb=(), serial=()")
		next.ServeHTTP(w, r)
	})
}

func contentSecurityPolicy(r *http.Request) string {
	sockets := ""
	if _, err := origin.ParseHost(r.Host); err == nil { // it is safe to be repeated
		scheme := "ws://"
		if r.TLS != nil {
			scheme = "wss://"
		}
		sockets = " " + scheme + r.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
		"img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; " +
		"connect-src 'self'" + sockets + "; worker-src 'self'; manifest-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// checkHost refuses names that are not the device's.
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, err := s.policy.CheckHost(r.Host)
		if err != nil {
			s.metrics.refused("host")
			s.fail(w, r, http.StatusForbidden, "host_not_allowed", err.Error())
			return
		}
		stateOf(r).host = host
		next.ServeHTTP(w, r)
	})
}

// checkSite refuses requests of foreign pages before anything else looks at
// them, also WebSockets, and tells browsers what accepted pages may do.
func (s *Server) checkSite(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state := stateOf(r)
		w.Header().Add("Vary", "Origin")
		relation, err := s.policy.CheckOrigin(r, state.host, r.TLS != nil)
		if err != nil {
			s.metrics.refused("origin")
			s.fail(w, r, http.StatusForbidden, "origin_not_allowed", err.Error())
			return
		}
		state.relation = relation
		if from := r.Header.Get("Origin"); from != "" {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", from)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", exposedHeaders)
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				preflight(h, r)
				w.WriteHeader(http.StatusNoContent)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// preflight answers the question that a browser asks before a request.
func preflight(h http.Header, r *http.Request) {
	h.Set("Access-Control-Allow-Methods", allowedMethods)
	h.Set("Access-Control-Max-Age", "600")
	if want := r.Header.Get("Access-Control-Request-Headers"); headerNames(want) {
		h.Set("Access-Control-Allow-Headers", want)
	}
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
}

// headerNames reports whether s is a list of header names of a sane length. A
// star would not do: it covers neither Authorization nor requests with cookies.
func headerNames(s string) bool {
	if s == "" || len(s) > 1024 {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_, ") == ""
}
