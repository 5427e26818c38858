package helios

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
)

// errorHistorySize is the number of errors that GET /v1/errors remembers.
const errorHistorySize = 500

// errorHistory remembers the newest errors that clients were told.
type errorHistory struct {
	mu    sync.Mutex
	items []wire.ErrorHistoryEntry // oldest first
}

func (h *errorHistory) add(e wire.ErrorHistoryEntry) {
	e.ID = uuid.NewString()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.items) == errorHistorySize {
		h.items = slices.Delete(h.items, 0, 1)
	}
	h.items = append(h.items, e)
}

// list returns at most limit entries that are not older than since, newest
// first.
func (h *errorHistory) list(limit int, since uint64) []wire.ErrorHistoryEntry {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := []wire.ErrorHistoryEntry{}
	for _, e := range slices.Backward(h.items) {
		if len(found) == limit || e.TimestampMS < since {
			break
		}
		found = append(found, e)
	}
	return found
}

func (h *errorHistory) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.items = nil
}

// errorCode returns the protocol's word for an HTTP status.
func errorCode(status int) string {
	switch status {
	case http.StatusNotFound:
		return wire.CodeNotFound
	case http.StatusUnauthorized:
		return wire.CodeUnauthorized
	case http.StatusForbidden:
		return wire.CodeForbidden
	case http.StatusMethodNotAllowed:
		return wire.CodeMethodNotAllowed
	case http.StatusUpgradeRequired:
		return wire.CodeUpgradeRequired
	case http.StatusRequestEntityTooLarge:
		return wire.CodePayloadTooLarge
	case http.StatusInternalServerError:
		return wire.CodeInternal
	case http.StatusBadGateway:
		return wire.CodeBadGateway
	case http.StatusServiceUnavailable:
		return wire.CodeServiceUnavailable
	case http.StatusGatewayTimeout:
		return wire.CodeTimeout
	default:
		return wire.CodeBadRequest
	}
}

// fail answers a request with an error body and remembers it.
func (a *API) fail(w http.ResponseWriter, r *http.Request, status int, problem string) {
	trace := access.TraceFrom(r.Context())
	body := wire.ErrorBody{
		Code:        errorCode(status),
		Error:       problem,
		TimestampMS: nowMS(),
		Operation:   r.Method + " " + r.URL.Path,
		RequestID:   trace.RequestID,
		TraceID:     trace.TraceID,
		ReportedBy:  reporter,
	}
	if status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout {
		yes := true
		body.Retryable = &yes
	}
	a.errors.add(wire.ErrorHistoryEntry{Status: uint16(status), ErrorBody: body, Transport: "http"})
	writeJSON(w, status, body)
}

// reporter is what the protocol calls the program that made an error.
const reporter = "helios-api"

// writeJSON answers with a JSON body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "encode the answer: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client may have gone
}

func nowMS() uint64 { return millis(time.Now()) }

// millis returns t as Unix milliseconds.
func millis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }
