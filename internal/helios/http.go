package helios

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/changelog"
)

// handler answers a request, or returns why it cannot. The server has bounded
// the body already.
type handler func(w http.ResponseWriter, r *http.Request) error

// httpError is an error with a status of its own.
type httpError struct {
	status int
	text   string
}

func (e *httpError) Error() string { return e.text }

func failure(status int, format string, args ...any) error {
	return &httpError{status, fmt.Sprintf(format, args...)}
}

// view and control make handlers that need a scope; console likewise.
func (a *API) view(h handler) http.Handler    { return a.handle(access.View, h) }
func (a *API) control(h handler) http.Handler { return a.handle(access.Control, h) }
func (a *API) console(h handler) http.Handler { return a.handle(access.Console, h) }

func (a *API) handle(need access.Scope, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := access.Require(r.Context(), need)
		if err == nil {
			err = h(w, r)
		} else {
			err = &httpError{access.Status(err), err.Error()}
		}
		if err == nil {
			return
		}
		var known *httpError
		var large *http.MaxBytesError
		var own answerer
		switch {
		case errors.As(err, &own):
			own.answer(a, w, r)
		case errors.As(err, &large):
			a.fail(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", large.Limit))
		case errors.As(err, &known):
			a.fail(w, r, known.status, known.text)
		default:
			a.log.Error("request failed", "path", r.URL.Path, "err", err)
			a.fail(w, r, http.StatusInternalServerError, err.Error())
		}
	})
}

// restHandler routes everything below /v1 that is no socket, and records what
// changes something.
func (a *API) restHandler() http.Handler {
	mux := http.NewServeMux()
	a.routes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.noRoute(mux, w, r) })
	return a.recordChanges(mux)
}

// noRoute answers requests that no endpoint takes.
func (a *API) noRoute(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := mux.Handler(probe); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		a.fail(w, r, http.StatusMethodNotAllowed, r.Method+" is not possible here")
		return
	}
	a.fail(w, r, http.StatusNotFound, "no such endpoint: "+r.URL.Path)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recordChanges enters every request that may change something into the change
// journal, after it has taken effect.
func (a *API) recordChanges(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !changelog.Mutates(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		sw := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(sw, r)
		if sw.status == 0 {
			sw.status = http.StatusOK
		}
		client, _ := access.From(r.Context())
		a.deps.Changes.Record(changelog.Change{
			Origin:    changelog.OriginHTTP,
			Method:    r.Method,
			Path:      r.URL.EscapedPath(),
			RequestID: access.TraceFrom(r.Context()).RequestID,
			Who:       client.Name,
			Remote:    client.Remote,
			Status:    sw.status,
		})
	})
}

// decodeBody reads a JSON object. An empty body counts as an empty object.
func decodeBody(r *http.Request, v any) error {
	err := json.NewDecoder(r.Body).Decode(v)
	var large *http.MaxBytesError
	switch {
	case err == nil, err.Error() == "EOF":
		return nil
	case errors.As(err, &large):
		return err
	}
	return failure(http.StatusBadRequest, "the body is not the expected JSON object: %s", strings.TrimPrefix(err.Error(), "json: "))
}

// queryInt reads an integer of the query and clamps it.
func queryInt[T int | uint64](r *http.Request, name string, fallback, lo, hi T) (T, error) {
	given := r.URL.Query()[name]
	if len(given) == 0 {
		return fallback, nil
	}
	if len(given) > 1 {
		return 0, failure(http.StatusBadRequest, "parameter %s is given %d times", name, len(given))
	}
	n, err := strconv.ParseUint(given[0], 10, 64)
	if err != nil {
		return 0, failure(http.StatusBadRequest, "parameter %s: %q is not a non-negative integer", name, given[0])
	}
	return T(min(max(n, uint64(lo)), uint64(hi))), nil
}

// revisions numbers the bodies of the lists that carry an ETag.
type revisions struct {
	mu   sync.Mutex
	list map[string]revision
}

type revision struct {
	sum [sha256.Size]byte
	n   uint64
}

// number returns the revision of a body: it grows whenever the body differs
// from the last one.
func (r *revisions) number(name string, body []byte) uint64 {
	sum := sha256.Sum256(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list == nil {
		r.list = make(map[string]revision)
	}
	last := r.list[name]
	if last.n == 0 || last.sum != sum {
		last = revision{sum, last.n + 1}
		r.list[name] = last
	}
	return last.n
}

// writeRevisioned answers with a list and its ETag, or with 304. identity is the
// part of the body that makes it a new revision.
func (a *API) writeRevisioned(w http.ResponseWriter, r *http.Request, body, identity any) error {
	data, err := json.Marshal(identity)
	if err != nil {
		return err
	}
	n := a.revisions.number(r.URL.Path, data)
	tag := fmt.Sprintf(`W/"rev-%d"`, n)
	w.Header().Set("ETag", tag)
	w.Header().Set("X-Helios-Revision", strconv.FormatUint(n, 10))
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeJSON(w, http.StatusOK, body)
	return nil
}

func matches(headers []string, tag string) bool {
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			part = strings.TrimSpace(part)
			if part == "*" || part == tag || "W/"+part == tag {
				return true
			}
		}
	}
	return false
}
