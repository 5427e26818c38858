package helios

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/source/video"
)

// describeWait bounds how long an answer waits to hear what cameras can do.
const describeWait = 2 * time.Second

func (a *API) streamRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/streams", a.view(a.getStreams))
	mux.Handle("POST /v1/streams", a.control(a.createStream))
	mux.Handle("GET /v1/streams/{id}", a.view(a.getStream))
	mux.Handle("PUT /v1/streams/{id}", a.control(a.updateStream))
	mux.Handle("DELETE /v1/streams/{id}", a.control(a.deleteStream))
	mux.Handle("POST /v1/streams/validate", a.control(a.validateStream))
	mux.Handle("GET /v1/streams/{id}/metrics", a.view(a.getStreamMetrics))
	mux.Handle("GET /v1/streams/{id}/format", a.view(a.getFormat))
	mux.Handle("GET /v1/streams/{id}/preview", a.view(a.getPreview))
	mux.Handle("GET /v1/streams/{id}/frame", a.view(a.getFrame))
	a.streamInfoRoutes(mux)
	a.streamPipelineRoutes(mux)
}

// streamIDOf returns the id in a path, in lower case.
func streamIDOf(r *http.Request) (string, error) {
	id, err := parseUUID(r.PathValue("id"))
	if err != nil {
		return "", &engineError{status: http.StatusBadRequest, code: wire.EngineInvalidInput, text: "the stream id: " + err.Error()}
	}
	return id.String(), nil
}

// streamOf returns the stream that a path names.
func (a *API) streamOf(r *http.Request) (*video.Stream, error) {
	id, err := streamIDOf(r)
	if err != nil {
		return nil, err
	}
	s, err := a.deps.Streams.Get(id)
	if err != nil {
		return nil, streamFailure(err)
	}
	return s, nil
}

// describe tells what a camera can do; nothing if it does not tell in time.
func describe(ctx context.Context, s *video.Stream) video.Descriptor {
	ctx, cancel := context.WithTimeout(ctx, describeWait)
	defer cancel()
	d, err := s.Describe(ctx)
	if err != nil {
		return video.Descriptor{} // its state tells why
	}
	return d
}

// streamInfos describes all streams.
func (a *API) streamInfos(ctx context.Context) []wire.StreamInfo {
	streams := a.deps.Streams.List()
	list := make([]wire.StreamInfo, len(streams))
	var all sync.WaitGroup
	for i, s := range streams {
		all.Go(func() { list[i] = streamInfo(s, describe(ctx, s)) })
	}
	all.Wait()
	return list
}

// shownTo returns streams as somebody may see them: without the scope control, without
// the passwords that may be in URLs.
func shownTo(ctx context.Context, list []wire.StreamInfo) []wire.StreamInfo {
	if access.Require(ctx, access.Control) == nil {
		return list
	}
	list = slices.Clone(list)
	for i := range list {
		if h := list[i].Manifest.Capture.Handle.Netcam; h != nil {
			plain := *h
			plain.URL = withoutSecrets(h.URL)
			list[i].Manifest.Capture.Handle.Netcam = &plain
			list[i].Resolved.Capture.Handle.Netcam = &plain
		}
	}
	return list
}

// withoutSecrets leaves out of a URL what may be a name, a password or a key.
func withoutSecrets(text string) string {
	const hidden = "xxxxx"
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	if u.User != nil {
		u.User = url.User(hidden)
	}
	if u.RawQuery != "" {
		u.RawQuery = hidden
	}
	u.Fragment = ""
	return u.String()
}

func (a *API) getStreams(w http.ResponseWriter, r *http.Request) error {
	list := a.streamInfos(r.Context())
	return a.writeRevisioned(w, r, shownTo(r.Context(), list), list)
}

// getStream answers with a stream; there is no body if there is none.
func (a *API) getStream(w http.ResponseWriter, r *http.Request) error {
	id, err := streamIDOf(r)
	if err != nil {
		return err
	}
	s, err := a.deps.Streams.Get(id)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return nil
	}
	one := []wire.StreamInfo{streamInfo(s, describe(r.Context(), s))}
	writeJSON(w, http.StatusOK, shownTo(r.Context(), one)[0])
	return nil
}

// readManifest reads a manifest with its defaults and returns what it asks for. An id
// in the path is the stream's. A manifest that cannot be used is an error that tells
// all that is wrong with it.
func (a *API) readManifest(r *http.Request, id string) (streamRequest, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return streamRequest{}, err
	}
	req, err := parseManifest(data, id)
	if err != nil {
		return req, badInput("the body is not a stream manifest: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if req.complete {
		req.issues.merge(a.deps.Streams.Validate(req.config))
	}
	if len(req.issues) > 0 {
		return req, &invalidManifest{req.issues, req.warnings}
	}
	return req, nil
}

// streamRequest is what a manifest asks for.
type streamRequest struct {
	config   video.Config
	complete bool // config is what the manifest says
	issues   manifestIssues
	warnings []wire.ValidationWarning // never null
}

// parseManifest reads a manifest; an error is about the form of data.
func parseManifest(data []byte, id string) (streamRequest, error) {
	req := streamRequest{warnings: []wire.ValidationWarning{}}
	var has struct {
		Capture *json.RawMessage `json:"capture"`
	}
	if err := json.Unmarshal(data, &has); err != nil {
		return req, err
	}
	if has.Capture == nil {
		req.issues.add("capture", video.IssueRequired, "is missing", "")
		return req, nil
	}
	m := wire.DefaultStreamManifest()
	if err := json.Unmarshal(data, &m); err != nil {
		return req, err
	}
	lowerIDs(&m)
	if id != "" {
		if m.Identity.ID != "" && m.Identity.ID != id {
			req.issues.add("identity.id", video.IssueInvalid, "is not the id in the path", "leave it out")
		}
		m.Identity.ID = id
	}
	config, issues := streamConfig(m)
	req.config, req.complete = config, config.Capture.Backend != ""
	req.issues = append(req.issues, issues...)
	req.warnings = append(req.warnings, manifestWarnings(m)...)
	return req, nil
}

// lowerIDs writes UUIDs in the form that they are compared in.
func lowerIDs(m *wire.StreamManifest) {
	lower := func(text *string) {
		if id, err := parseUUID(*text); err == nil {
			*text = id.String()
		}
	}
	lower(&m.Identity.ID)
	lower(&m.ActivePipelineID)
	for i := range m.Pipelines {
		lower(&m.Pipelines[i].PipelineID)
	}
}

func (a *API) createStream(w http.ResponseWriter, r *http.Request) error {
	req, err := a.readManifest(r, "")
	if err != nil {
		return err
	}
	s, err := a.deps.Streams.Create(req.config)
	if err != nil {
		return streamFailure(err)
	}
	writeJSON(w, http.StatusOK, wire.StreamCreated{StreamID: s.ID(), Descriptor: captureDescriptor(describe(r.Context(), s))})
	return nil
}

func (a *API) updateStream(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	req, err := a.readManifest(r, s.ID())
	if err != nil {
		return err
	}
	restarted, err := a.deps.Streams.Update(s.ID(), req.config)
	if err != nil {
		return streamFailure(err)
	}
	answer := wire.StreamCreated{StreamID: s.ID(), Descriptor: captureDescriptor(describe(r.Context(), s)), Action: wire.ActionPersistedOnly}
	if restarted {
		answer.Action = wire.ActionRestarted
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

func (a *API) deleteStream(w http.ResponseWriter, r *http.Request) error {
	id, err := streamIDOf(r)
	if err != nil {
		return err
	}
	if err := a.deps.Streams.Delete(id); err != nil {
		return streamFailure(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// validateStream tells whether a manifest could be used.
func (a *API) validateStream(w http.ResponseWriter, r *http.Request) error {
	req, err := a.readManifest(r, "")
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"valid": true, "warnings": req.warnings})
	return nil
}

func (a *API) getStreamMetrics(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, a.metricsEvent(s, s.Metrics()).Metrics)
	return nil
}
