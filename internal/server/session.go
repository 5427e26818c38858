package server

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/token"
)

// maxLogin bounds the body of a login.
const maxLogin = 4 << 10

// loginBody is the body of POST /auth/session.
type loginBody struct {
	Token string `json:"token"`
}

// whoBody is the answer of GET and POST /auth/session.
type whoBody struct {
	Authenticated bool           `json:"authenticated"`
	Name          string         `json:"name"`
	Via           access.Via     `json:"via"`
	Scopes        []access.Scope `json:"scopes"` // with the implied ones
	Remote        string         `json:"remote"`
	Limited       string         `json:"limited,omitempty"`
}

// serveSession is the login of browsers: GET tells who asks, POST trades a token
// for a cookie, DELETE gives it back. Cross-site requests do not get here.
func (s *Server) serveSession(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		id, _ := access.From(r.Context())
		s.answer(w, r, http.StatusOK, who(id))
	case http.MethodPost:
		s.openSession(w, r)
	case http.MethodDelete:
		s.endSession(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST, DELETE")
		s.fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", "a session is read with GET, opened with POST, ended with DELETE")
	}
}

func who(id access.Identity) whoBody {
	body := whoBody{Name: id.Name, Via: id.Via, Remote: id.Remote, Limited: id.Limited, Scopes: []access.Scope{}}
	for _, scope := range access.Scopes() {
		if id.Can(scope) {
			body.Scopes = append(body.Scopes, scope)
		}
	}
	body.Authenticated = len(body.Scopes) > 0
	return body
}

func (s *Server) openSession(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		s.fail(w, r, http.StatusUnsupportedMediaType, "unsupported_media_type", `the body must be application/json: {"token":"…"}`)
		return
	}
	var body loginBody
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			s.fail(w, r, http.StatusRequestEntityTooLarge, "payload_too_large", "the body of a login is at most 4 KiB")
			return
		}
		s.fail(w, r, http.StatusBadRequest, "bad_request", `the body must be {"token":"…"}`)
		return
	}
	v, no := s.verify(r, body.Token)
	if no != nil {
		s.refuse(w, r, no)
		return
	}
	if old, err := r.Cookie(s.cookieName(r)); err == nil {
		s.forget(r, old.Value)
	}
	secret, err := s.sessions.Start(v, s.place(r))
	if err != nil {
		s.log.WarnContext(r.Context(), "a session will not survive a restart", "err", err)
	}
	http.SetCookie(w, s.cookie(r, secret, int(token.SessionLife.Seconds())))
	s.answer(w, r, http.StatusOK, who(access.Identity{Name: v.Name, Scopes: v.Scopes, Via: access.ViaCookie, Remote: r.RemoteAddr}))
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) {
	if old, err := r.Cookie(s.cookieName(r)); err == nil {
		s.forget(r, old.Value)
	}
	http.SetCookie(w, s.cookie(r, "", -1))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) forget(r *http.Request, secret string) {
	if err := s.sessions.End(secret); err != nil {
		s.log.WarnContext(r.Context(), "an ended session may return after a restart", "err", err)
	}
}

// cookieName holds the port: browsers send cookies to all ports of a host, and
// two servers on one host must not overwrite each other's.
func (s *Server) cookieName(r *http.Request) string {
	port := stateOf(r).host.Port
	if port == "" {
		port = "default"
	}
	return "heliograph_" + port
}

func (s *Server) cookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name:     s.cookieName(r),
		Value:    value,
		Path:     "/",
		MaxAge:   maxAge,
		HttpOnly: true,
		Secure:   r.TLS != nil,
		SameSite: http.SameSiteStrictMode,
	}
}
