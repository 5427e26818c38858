package helios

import (
	"net/http"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
)

// routes adds the HTTP endpoints.
func (a *API) routes(mux *http.ServeMux) {
	mux.Handle("GET /v1", a.view(a.getSummary))
	mux.Handle("GET /v1/health", a.view(a.getHealth))
	mux.Handle("GET /v1/errors", a.view(a.getErrors))
	mux.Handle("DELETE /v1/errors", a.control(a.deleteErrors))
	mux.Handle("GET /v1/errors/export", a.view(a.exportErrors))
	a.consoleRoutes(mux)
	a.logRoutes(mux)
	a.deviceRoutes(mux)
	a.peripheralRoutes(mux)
	a.otaRoutes(mux)
	a.streamRoutes(mux)
	a.pipelineRoutes(mux)
}

func (a *API) health() wire.Health {
	return wire.Health{
		OK:           true,
		ServerTimeMS: nowMS(),
		UptimeMS:     uint64(time.Since(a.started).Milliseconds()),
		Version:      a.deps.Version,
	}
}

func (a *API) getHealth(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, a.health())
	return nil
}

func (a *API) getSummary(w http.ResponseWriter, r *http.Request) error {
	streams, err := a.summaryStreams(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, wire.Summary{Health: a.health(), Streams: streams})
	return nil
}

func (a *API) getErrors(w http.ResponseWriter, r *http.Request) error {
	limit, err := queryInt(r, "limit", errorHistorySize, 0, errorHistorySize)
	if err != nil {
		return err
	}
	since, err := queryInt[uint64](r, "since_ms", 0, 0, 1<<53)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, wire.ErrorHistory{Items: a.errors.list(limit, since)})
	return nil
}

func (a *API) exportErrors(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Disposition", `attachment; filename="errors.json"`)
	return a.getErrors(w, r)
}

func (a *API) deleteErrors(w http.ResponseWriter, _ *http.Request) error {
	a.errors.clear()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// getDocument answers with the AsyncAPI document for the address that the
// client used. It is the published description and holds no data of the device,
// therefore everybody may read it.
func (a *API) getDocument(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET")
		a.fail(w, r, http.StatusMethodNotAllowed, r.Method+" is not possible here")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a.deps.Document(r.Host, r.TLS != nil)) // the client may have gone
}
