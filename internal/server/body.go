package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// limit refuses methods that nothing here serves and gives the body of a
// request time only while it makes progress.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
			http.MethodDelete, http.MethodOptions:
		default:
			w.Header().Set("Allow", allowedMethods)
			s.fail(w, r, http.StatusMethodNotAllowed, "method_not_allowed", "this method is not served here")
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			body := &timedBody{ReadCloser: r.Body, control: stateOf(r).rec.control, stall: s.opts.Limits.StallTimeout}
			body.extend()
			r.Body = body
		}
		next.ServeHTTP(w, r)
	})
}

// timedBody gives each read its own deadline. The first one starts with the
// request, so that a handler that does not read cannot be made to wait either;
// after the end there is none, because the server then watches the connection
// for the client going away.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
	stall   time.Duration
}

// Read reads the body.
func (b *timedBody) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

func (b *timedBody) extend() {
	_ = b.control.SetReadDeadline(time.Now().Add(b.stall))
}
