package helios

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/heliograph/heliograph/internal/topic"
)

// defaultLog is the source that is read when a client names none.
const defaultLog = "journal"

func (a *API) logRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/device/logs/sources", a.view(a.getLogSources))
	mux.Handle("GET /v1/device/logs", a.view(a.getLog))
	mux.Handle("GET /v1/device/logs/download", a.view(a.downloadLog))
}

func (a *API) getLogSources(w http.ResponseWriter, r *http.Request) error {
	answer := a.logs.list(r.Context())
	return a.writeRevisioned(w, r, answer, answer.Sources)
}

// logFromQuery returns the source that a request names.
func (a *API) logFromQuery(r *http.Request) (*logTopic, error) {
	given := r.URL.Query()["source"]
	id := defaultLog
	switch len(given) {
	case 0:
	case 1:
		id = given[0]
	default:
		return nil, failure(http.StatusBadRequest, "parameter source is given %d times", len(given))
	}
	if src, ok := a.logs.find(id); ok {
		return src, nil
	}
	return nil, failure(http.StatusBadRequest, "unknown log source: %s", id)
}

func (a *API) getLog(w http.ResponseWriter, r *http.Request) error {
	src, err := a.logFromQuery(r)
	if err != nil {
		return err
	}
	n, err := queryInt(r, "lines", 250, 1, 10000)
	if err != nil {
		return err
	}
	lines, err := src.Reader.Tail(r.Context(), n)
	switch {
	case errors.Is(err, topic.ErrNotPresent):
		return failure(http.StatusServiceUnavailable, "%s", err)
	case err != nil:
		return failure(http.StatusBadGateway, "%s", err)
	}
	if lines == nil {
		lines = []string{}
	}
	writeJSON(w, http.StatusOK, lines)
	return nil
}

// downloadLog streams a log as text. Its errors are plain text, too.
func (a *API) downloadLog(w http.ResponseWriter, r *http.Request) error {
	src, err := a.logFromQuery(r)
	if err != nil {
		http.Error(w, "unknown log source", http.StatusBadRequest)
		return nil
	}
	n, err := queryInt(r, "lines", 0, 1, 200000)
	if err != nil {
		return err
	}
	body := &lateHeader{w: w, header: func() {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.log"`, fileName(src.Label)))
	}}
	err = src.Reader.Dump(r.Context(), body, n)
	switch {
	case err == nil:
		_, err = body.Write(nil) // an empty log has headers as well
		return err
	case !body.begun:
		http.Error(w, err.Error(), http.StatusBadGateway)
		return nil
	}
	// The status has gone out. Cutting the connection is what tells the client
	// that the file is not whole.
	a.log.Warn("log download failed", "source", src.ID, "err", err)
	panic(http.ErrAbortHandler)
}

// lateHeader sets the headers with the first byte, so that a failure before it
// can still be told by a status.
type lateHeader struct {
	w      http.ResponseWriter
	header func()
	begun  bool
}

func (l *lateHeader) Write(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		l.header()
	}
	return l.w.Write(p)
}

// fileName replaces what is unsafe in the name of a file.
func fileName(label string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, label)
}
