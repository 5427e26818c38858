package helios

import (
	"errors"
	"net/http"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/console"
)

func (a *API) consoleRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/console/sessions", a.console(a.listSessions))
	mux.Handle("POST /v1/console/sessions", a.console(a.createSession))
	mux.Handle("DELETE /v1/console/sessions/{session_id}", a.console(a.deleteSession))
}

func (a *API) consoleManager() (*console.Manager, error) {
	if a.deps.Console == nil {
		return nil, failure(http.StatusServiceUnavailable, "the console is switched off on this device")
	}
	return a.deps.Console, nil
}

func (a *API) listSessions(w http.ResponseWriter, _ *http.Request) error {
	m, err := a.consoleManager()
	if err != nil {
		return err
	}
	answer := wire.ConsoleSessions{Sessions: []wire.ConsoleSessionSummary{}}
	for _, info := range m.List() {
		answer.Sessions = append(answer.Sessions, sessionSummary(info))
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func sessionSummary(info console.Info) wire.ConsoleSessionSummary {
	return wire.ConsoleSessionSummary{
		SessionID:    info.ID.String(),
		Shell:        info.Shell,
		CreatedAt:    info.Created.UTC(),
		LastActivity: info.LastActivity.UTC(),
		ExitCode:     exitEvent(info).Code,
		ClientCount:  uint32(info.Clients),
		Cols:         info.Size.Cols,
		Rows:         info.Size.Rows,
		Closed:       info.Closed,
	}
}

func (a *API) createSession(w http.ResponseWriter, r *http.Request) error {
	m, err := a.consoleManager()
	if err != nil {
		return err
	}
	var body wire.ConsoleCreate
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	size := console.DefaultSize()
	if body.Cols != nil {
		size.Cols = uint16(min(*body.Cols, 1<<16-1))
	}
	if body.Rows != nil {
		size.Rows = uint16(min(*body.Rows, 1<<16-1))
	}
	s, err := m.Create(console.ClampSize(int(size.Cols), int(size.Rows)))
	switch {
	case errors.Is(err, console.ErrTooManySessions):
		return failure(http.StatusServiceUnavailable, "%s", err)
	case err != nil:
		return failure(http.StatusInternalServerError, "%s", err)
	}
	writeJSON(w, http.StatusOK, sessionSummary(s.Info()))
	return nil
}

func (a *API) deleteSession(w http.ResponseWriter, r *http.Request) error {
	m, err := a.consoleManager()
	if err != nil {
		return err
	}
	id, err := parseUUID(r.PathValue("session_id"))
	if err != nil {
		return failure(http.StatusBadRequest, "invalid session_id: %s", err)
	}
	if err := m.Delete(id); errors.Is(err, console.ErrNotFound) {
		return failure(http.StatusNotFound, "%s", err)
	} else if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
