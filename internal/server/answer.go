package server

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/heliograph/heliograph/internal/access"
)

// errorBody is the answer to a request that did not reach a handler. Its form
// is that of the HeliOS contract, section 7.1.
type errorBody struct {
	Code        string `json:"code"`
	Error       string `json:"error"`
	TimestampMS int64  `json:"timestamp_ms"`
	Operation   string `json:"operation"`
	RequestID   string `json:"request_id"`
	TraceID     string `json:"trace_id"`
	ReportedBy  string `json:"reported_by"`
}

// fail answers with an error body. Requests are refused also before they are
// routed: the form is that of the route which they would have taken.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, code, text string) {
	_, pattern := s.routes.Handler(r)
	if fail := s.failers[pattern]; fail != nil {
		fail(w, r, status, code, text)
		return
	}
	trace := access.TraceFrom(r.Context())
	s.answer(w, r, status, errorBody{
		Code:        code,
		Error:       text,
		TimestampMS: time.Now().UnixMilli(),
		Operation:   r.Method + " " + bounded(r.URL.EscapedPath()),
		RequestID:   trace.RequestID,
		TraceID:     trace.TraceID,
		ReportedBy:  "heliograph",
	})
}

// answer sends v as JSON that nothing on the way may keep.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.log.ErrorContext(r.Context(), "encode an answer", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n'))
	}
}

// deny answers an error of access.Require.
func (s *Server) deny(w http.ResponseWriter, r *http.Request, err error) {
	status := access.Status(err)
	if status == http.StatusUnauthorized {
		s.challenge(w, r, err.Error())
		return
	}
	s.fail(w, r, status, "forbidden", err.Error())
}

// challenge answers 401 and says how to come in.
func (s *Server) challenge(w http.ResponseWriter, r *http.Request, text string) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="heliograph"`)
	s.fail(w, r, http.StatusUnauthorized, "unauthorized", text)
}

// bounded cuts what came from a client to a length that is fit for logs.
func bounded(s string) string {
	const most = 256
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
