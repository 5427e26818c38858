package helios

import (
	"context"
	"errors"
	"net/http"
	"strings"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
)

// answerer is an error that answers the request itself.
type answerer interface {
	error
	answer(a *API, w http.ResponseWriter, r *http.Request)
}

// engineError is an error of a stream endpoint.
type engineError struct {
	status    int
	code      string
	text      string
	retryable bool
}

func (e *engineError) Error() string { return e.text }

func (e *engineError) answer(a *API, w http.ResponseWriter, r *http.Request) {
	body := wire.EngineErrorBody{Code: e.code, EngineCode: engineCode(e.code), Error: e.text, Retryable: &e.retryable}
	a.remember(r, e.status, wire.ErrorBody{Code: e.code, Error: e.text, Retryable: &e.retryable})
	writeJSON(w, e.status, body)
}

// engineCode returns a code in camel case; the general one has none.
func engineCode(code string) string {
	if code == wire.EngineFailure {
		return ""
	}
	var out strings.Builder
	for word := range strings.SplitSeq(code, "_") {
		out.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return out.String()
}

// remember enters an error that has a body of its own into the history.
func (a *API) remember(r *http.Request, status int, e wire.ErrorBody) {
	trace := access.TraceFrom(r.Context())
	e.TimestampMS, e.Operation = nowMS(), r.Method+" "+r.URL.Path
	e.RequestID, e.TraceID, e.ReportedBy = trace.RequestID, trace.TraceID, reporter
	a.errors.add(wire.ErrorHistoryEntry{Status: uint16(status), ErrorBody: e, Transport: "http"})
}

// invalidManifest is the error of a manifest that cannot be used.
type invalidManifest struct {
	issues   []video.Issue
	warnings []wire.ValidationWarning
}

func (e *invalidManifest) Error() string {
	return (&video.ValidationError{Issues: e.issues}).Error()
}

func (e *invalidManifest) answer(a *API, w http.ResponseWriter, r *http.Request) {
	body := wire.ValidationErrorBody{
		Code: wire.CodeValidationFailed, Error: e.Error(), Issues: make([]wire.ValidationIssue, 0, len(e.issues)),
		TimestampMS: nowMS(), Warnings: e.warnings,
	}
	if body.Warnings == nil {
		body.Warnings = []wire.ValidationWarning{}
	}
	for _, i := range e.issues {
		body.Issues = append(body.Issues, wire.ValidationIssue(i))
	}
	a.remember(r, http.StatusUnprocessableEntity, wire.ErrorBody{Code: body.Code, Error: body.Error})
	writeJSON(w, http.StatusUnprocessableEntity, body)
}

// streamFailure is how an error of the streams is told.
func streamFailure(err error) error {
	var invalid *video.ValidationError
	if errors.As(err, &invalid) {
		return &invalidManifest{issues: invalid.Issues}
	}
	e := &engineError{status: http.StatusInternalServerError, code: wire.EngineInternal, text: err.Error()}
	set := func(status int, code string, retryable bool) {
		e.status, e.code, e.retryable = status, code, retryable
	}
	switch {
	case errors.Is(err, video.ErrNotFound), errors.Is(err, video.ErrDeleted), errors.Is(err, video.ErrNoControl), errors.Is(err, video.ErrNoOutput):
		set(http.StatusNotFound, wire.EngineNotFound, false)
	case errors.Is(err, video.ErrControlValue), errors.Is(err, video.ErrReadOnly):
		set(http.StatusBadRequest, wire.EngineInvalidInput, false)
	case errors.Is(err, video.ErrConflict):
		set(http.StatusConflict, wire.EngineConflict, false)
	case errors.Is(err, video.ErrBusy):
		set(http.StatusConflict, wire.EngineBusy, true)
	case errors.Is(err, video.ErrFull):
		set(http.StatusServiceUnavailable, wire.EngineBusy, true)
	case errors.Is(err, topic.ErrClosed), errors.Is(err, video.ErrAbsent), errors.Is(err, video.ErrStalled):
		set(http.StatusServiceUnavailable, wire.EngineInvalidState, true)
	case errors.Is(err, video.ErrNotInstalled), errors.Is(err, video.ErrUnsupported):
		set(http.StatusServiceUnavailable, wire.EngineUnimplemented, false)
	case errors.Is(err, context.DeadlineExceeded):
		set(http.StatusGatewayTimeout, wire.EngineTimeout, true)
	}
	return e
}
