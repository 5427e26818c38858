package server

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/heliograph/heliograph/internal/access"
)

const (
	headerRequestID = "X-Request-Id"
	headerTraceID   = "X-Trace-Id"
	maxID           = 128
)

// traceOf takes the ids of the request or makes them. An id that is too long or
// holds anything but letters, digits and a few signs is replaced: it would end
// up in logs, in the journal and in answers. The headers of the request are set
// to what counts, so that handlers may read them there.
func traceOf(r *http.Request) access.Trace {
	t := access.Trace{RequestID: r.Header.Get(headerRequestID), TraceID: r.Header.Get(headerTraceID)}
	if !validID(t.RequestID) {
		t.RequestID = uuid.NewString()
	}
	if !validID(t.TraceID) {
		t.TraceID = t.RequestID
	}
	r.Header.Set(headerRequestID, t.RequestID)
	r.Header.Set(headerTraceID, t.TraceID)
	return t
}

func validID(s string) bool {
	if s == "" || len(s) > maxID {
		return false
	}
	for _, c := range []byte(s) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("-_.:/+=@", rune(c)) {
			return false
		}
	}
	return true
}
