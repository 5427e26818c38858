package devflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/access"
)

// errTold ends a channel normally after its own last message.
var errTold = errors.New("the client was told")

// errRefused ends a channel whose parameters were refused, after the client was told.
var errRefused = errors.New("a parameter was refused")

// failure is an error of a request, as the client sees it.
type failure struct {
	status  int
	detail  string
	reason  string
	details map[string]any
}

// Error returns the detail.
func (f *failure) Error() string { return f.detail }

func fail(status int, reason, format string, args ...any) *failure {
	return &failure{status: status, reason: reason, detail: fmt.Sprintf(format, args...)}
}

// problem returns the type, title and error code of a status.
func problem(status int) (typ, title, code string) {
	switch status {
	case http.StatusBadRequest:
		return wire.CodeInvalidArgument, "Invalid argument", wire.CodeInvalidArgument
	case http.StatusUnauthorized:
		return "unauthorized", "Unauthorized", ""
	case http.StatusForbidden:
		return "forbidden", "Forbidden", ""
	case http.StatusNotFound:
		return "not-found", "Not found", ""
	case http.StatusMethodNotAllowed:
		return "method-not-allowed", "Method not allowed", ""
	case http.StatusRequestTimeout:
		return wire.CodeTimeout, "Timeout", wire.CodeTimeout
	case http.StatusRequestEntityTooLarge:
		return "payload-too-large", "Payload too large", ""
	case http.StatusUpgradeRequired:
		return "upgrade-required", "Upgrade required", ""
	case http.StatusTooManyRequests:
		return "too-many-requests", "Too many requests", ""
	case http.StatusNotImplemented:
		return wire.CodeUnsupportedCapability, "Unsupported capability", wire.CodeUnsupportedCapability
	default:
		return wire.CodeInternalError, "Internal error", wire.CodeInternalError
	}
}

// toFailure finds out what to tell about an error of a handler.
func toFailure(err error) *failure {
	var known *failure
	var large *http.MaxBytesError
	var parameter *parameterError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &large):
		return fail(http.StatusRequestEntityTooLarge, "payload_too_large", "the body is larger than %d bytes", large.Limit)
	case errors.As(err, &parameter):
		f := fail(http.StatusBadRequest, "invalid_"+parameter.name, "%s", parameter.Error())
		f.details = map[string]any{parameter.name: parameter.value}
		return f
	case access.Status(err) != 0:
		return fail(access.Status(err), "forbidden", "%s", err.Error())
	}
	return nil
}

// fail answers with an error body.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := toFailure(err)
	if f == nil {
		a.log.Error("request failed", "path", r.URL.Path, "err", err)
		f = fail(http.StatusInternalServerError, "internal_error", "%s", err.Error())
	}
	respond(w, r, f)
}

// Refuse answers a request that a server before the API has refused: with a status,
// a short word and a sentence for people.
func Refuse(w http.ResponseWriter, r *http.Request, status int, reason, text string) {
	respond(w, r, &failure{status: status, detail: text, reason: reason})
}

// respond answers with the error body of a failure.
func respond(w http.ResponseWriter, r *http.Request, f *failure) {
	typ, title, code := problem(f.status)
	body := wire.ErrorBody{
		Type: wire.ErrorTypePrefix + typ, Title: title, Status: f.status, Detail: f.detail, Instance: bounded(r.URL.EscapedPath()),
		ErrorCode: code, Error: f.detail, Reason: f.reason, Details: f.details,
	}
	if body.Error == "" {
		body.Error = title
	}
	writeJSON(w, f.status, body)
}

// bounded cuts what came from a client.
func bounded(s string) string {
	const most = 256
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// marshal is json.Marshal without the escapes that are for HTML.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// writeJSON answers with a JSON body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeRaw(w, status, data)
}

func writeRaw(w http.ResponseWriter, status int, data []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may have gone
}
