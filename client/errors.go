package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Classes of errors, for errors.Is.
var (
	// ErrUnreachable: no answer came from the server at all, or not one of
	// HTTP. The cause is wrapped.
	ErrUnreachable = errors.New("server cannot be reached")
	// ErrNotAllowed: the server wants a token, or the token does not suffice.
	ErrNotAllowed = errors.New("not allowed")
	// ErrNotFound: the server has no such endpoint, session, source or stream.
	ErrNotFound = errors.New("not found")
	// ErrDisconnected: the connection is down at the moment and the message was
	// neither sent nor kept.
	ErrDisconnected = errors.New("not connected")
	// ErrTooLarge: the server sent a message above Options.MaxMessage.
	ErrTooLarge = errors.New("message too large")
)

// An Error is what a server said when it refused or failed, in the body of an
// HTTP answer or in an error message of a channel. Only the members that were
// told are set.
type Error struct {
	// Status is the HTTP status; 0 for an error told on a socket.
	Status int
	// Channel is the channel that told the error; empty for HTTP.
	Channel string
	// Op is what was asked for: "GET /v1/health", or the operation that the
	// channel named.
	Op string
	// Code is the machine-readable code, such as "not_found".
	Code string
	// Message is the text for people.
	Message string
	// RequestID is the server's id of the request, for its logs.
	RequestID string
	// Remediation is the server's advice.
	Remediation string
	// Retryable tells whether the same request may succeed later; nil when the
	// server did not say.
	Retryable *bool
}

// Error is one sentence: what was asked for and what was answered.
func (e *Error) Error() string {
	var b strings.Builder
	switch {
	case e.Channel != "":
		b.WriteString(e.Channel + ": ")
	case e.Op != "":
		b.WriteString(e.Op + ": ")
	}
	switch {
	case e.Message != "":
		b.WriteString(e.Message)
	case e.Code != "":
		b.WriteString(e.Code)
	default:
		b.WriteString("refused by the server")
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, " (HTTP %d)", e.Status)
	}
	return b.String()
}

// Is places the error into the classes of this package.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotAllowed:
		return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden || e.Code == "unauthorized" || e.Code == "forbidden"
	case ErrNotFound:
		return e.Status == http.StatusNotFound || e.Code == "not_found" || e.Code == "stream_not_found" || e.Code == "unknown_cmd"
	}
	return false
}

// temporary tells whether asking again later may help.
func (e *Error) temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// errorBody holds the members that the error bodies of the API have in common.
type errorBody struct {
	Code        string `json:"code"`
	ErrorCode   string `json:"errorCode"` // of agents
	Error       string `json:"error"`
	Message     string `json:"message"`
	Reason      string `json:"reason"`
	Operation   string `json:"operation"`
	RequestID   string `json:"request_id"`
	Remediation string `json:"remediation"`
	Retryable   *bool  `json:"retryable"`
}

// decodeError makes an Error of an HTTP answer. A body that is no error body,
// of a proxy for example, is used as text up to its first line.
func decodeError(op string, status int, header http.Header, body []byte) *Error {
	e := &Error{Status: status, Op: op, RequestID: header.Get("x-request-id")}
	var b errorBody
	if json.Unmarshal(body, &b) == nil {
		e.Code, e.Message, e.Remediation, e.Retryable = firstOf(b.Code, b.ErrorCode), firstOf(b.Error, b.Message, b.Reason), b.Remediation, b.Retryable
		e.RequestID = firstOf(b.RequestID, e.RequestID)
	} else if !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
		e.Message = firstLine(string(body))
	}
	if e.Message == "" {
		e.Message = strings.ToLower(http.StatusText(status))
	}
	return e
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// firstLine cuts s at its first line end and at 200 bytes.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.ToValidUTF8(strings.TrimSpace(s), "\uFFFD")
}
