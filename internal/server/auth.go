package server

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/origin"
	"github.com/heliograph/heliograph/internal/server/token"
)

// refusal is an answer to bad credentials.
type refusal struct {
	status int
	text   string
	wait   time.Duration // for 429
}

// identify finds out who asks and puts it into the context. Credentials that
// are given and wrong are refused; none at all is nobody, who may still see what
// is public.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, no := s.whois(r)
		if no != nil {
			s.refuse(w, r, no)
			return
		}
		id.Remote = r.RemoteAddr
		stateOf(r).identity = id
		next.ServeHTTP(w, r.WithContext(access.WithIdentity(r.Context(), id)))
	})
}

// checkScope is a second lock: should somebody reorder the steps, requests
// without an identity end here and not in a handler.
func (s *Server) checkScope(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := access.From(r.Context()); !ok {
			s.fail(w, r, http.StatusInternalServerError, "internal", "the request was not authenticated")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, no *refusal) {
	switch no.status {
	case http.StatusUnauthorized:
		s.metrics.refused("credentials")
		s.challenge(w, r, no.text)
	case http.StatusTooManyRequests:
		s.metrics.refused("attempts")
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(no.wait.Seconds()))))
		s.fail(w, r, no.status, "too_many_requests", no.text)
	default:
		s.fail(w, r, no.status, "internal", no.text)
	}
}

// whois is the order in which the ways in are tried: a token that was shown, a
// session, the own user on this machine.
func (s *Server) whois(r *http.Request) (access.Identity, *refusal) {
	if s.opts.InsecureNoAuth {
		return access.Identity{Name: "everybody", Scopes: []access.Scope{access.Admin}, Via: access.ViaNone}, nil
	}
	if values := r.Header.Values("Authorization"); len(values) > 0 {
		return s.byHeader(r, values)
	}
	if id, ok := s.byCookie(r); ok {
		return id, nil
	}
	if uid, ok := s.ownUser(r); ok {
		return localIdentity(uid, stateOf(r).relation), nil
	}
	return access.Identity{Via: access.ViaNone}, nil
}

func (s *Server) byHeader(r *http.Request, values []string) (access.Identity, *refusal) {
	scheme, secret, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") {
		return access.Identity{}, &refusal{status: http.StatusUnauthorized, text: "the Authorization header must have the form: Bearer TOKEN"}
	}
	v, no := s.verify(r, strings.TrimSpace(secret))
	if no != nil {
		return access.Identity{}, no
	}
	return access.Identity{Name: v.Name, Scopes: v.Scopes, Via: access.ViaToken, Valid: func() bool { return s.tokens.Holds(v) }}, nil
}

// verify checks a token under the limit of attempts.
func (s *Server) verify(r *http.Request, secret string) (token.Verified, *refusal) {
	key := s.attemptKey(r)
	if wait := s.attempts.Begin(key); wait > 0 {
		return token.Verified{}, &refusal{
			status: http.StatusTooManyRequests,
			text:   fmt.Sprintf("too many wrong tokens from here: try again in %d s", int(math.Ceil(wait.Seconds()))),
			wait:   wait,
		}
	}
	v, ok, err := s.tokens.Verify(secret)
	if err != nil {
		s.attempts.Succeeded(key) // it was not the client's fault
		s.log.ErrorContext(r.Context(), "read the tokens", "err", err)
		return token.Verified{}, &refusal{status: http.StatusInternalServerError, text: "the tokens cannot be read; the log of the server holds the details"}
	}
	if !ok {
		s.log.WarnContext(r.Context(), "a wrong token was shown", "client", r.RemoteAddr)
		return token.Verified{}, &refusal{status: http.StatusUnauthorized, text: "this token is not valid"}
	}
	s.attempts.Succeeded(key)
	return v, nil
}

// attemptKey names who is limited: the remote address, or the user on this
// machine, so that one local user cannot lock out another.
func (s *Server) attemptKey(r *http.Request) string {
	if uid, ok := s.localPeer(r); ok {
		return "uid " + strconv.FormatUint(uint64(uid), 10)
	}
	return origin4or64(remoteIP(r)).String()
}

func (s *Server) byCookie(r *http.Request) (access.Identity, bool) {
	cookie, err := r.Cookie(s.cookieName(r))
	if err != nil {
		return access.Identity{}, false
	}
	secret, place := cookie.Value, s.place(r)
	info, ok, err := s.sessions.Find(secret, place)
	if err != nil {
		s.log.ErrorContext(r.Context(), "read the tokens", "err", err)
	}
	valid := func() bool {
		_, ok, err := s.sessions.Find(secret, place)
		return ok || err != nil
	}
	return access.Identity{Name: info.Name, Scopes: info.Scopes, Via: access.ViaCookie, Valid: valid}, ok
}

// place is where a session counts, see token.Place.
func (s *Server) place(r *http.Request) token.Place {
	if uid, ok := s.localPeer(r); ok {
		return token.LocalPlace(uid)
	}
	if remoteIP(r).IsLoopback() {
		return "unknown local user"
	}
	return token.Elsewhere
}

// localIdentity is what the own user may do. A page from another port of the
// same host may be anybody's: on a machine with several users each of them can
// open a port. Such a page may look; to do more it needs a login or a
// configured origin.
func localIdentity(uid uint32, relation origin.Relation) access.Identity {
	id := access.Identity{
		Name:   "uid " + strconv.FormatUint(uint64(uid), 10),
		Scopes: []access.Scope{access.Admin},
		Via:    access.ViaLocalUser,
	}
	if relation == origin.SameHost {
		id.Scopes = []access.Scope{access.View}
		id.Limited = "a page that another port delivered may only view without a token; log in or start the server with --allow-origin"
	}
	return id
}

// ownUser reports whether the request comes from a process of the server's own
// user on this machine. A forwarded request does not: whoever is behind the
// proxy is not that user. Root is no exception when the server is not root: the
// kernel says 0 also when it does not know.
func (s *Server) ownUser(r *http.Request) (uint32, bool) {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return 0, false
		}
	}
	uid, ok := s.localPeer(r)
	return uid, ok && int64(uid) == int64(os.Geteuid())
}

// localPeer returns the user behind a loopback connection.
func (s *Server) localPeer(r *http.Request) (uint32, bool) {
	info := stateOf(r).conn
	if !addrPort(info.conn.RemoteAddr()).Addr().IsLoopback() || !addrPort(info.conn.LocalAddr()).Addr().IsLoopback() {
		return 0, false
	}
	uid, err := info.peerUID(s.opts.peerUID)
	if err != nil {
		s.log.DebugContext(r.Context(), "find the user behind a local connection", "err", err)
		return 0, false
	}
	return uid, true
}

func remoteIP(r *http.Request) netip.Addr {
	return addrPort(stateOf(r).conn.conn.RemoteAddr()).Addr()
}
