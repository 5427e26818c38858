package helios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
)

const (
	// maxLayout bounds the cells of a layout.
	maxLayout = 256
	// sampleAge is how old the value of an output may be to be given.
	sampleAge = time.Second
	// sampleLook is how often it is looked for a value.
	sampleLook = 20 * time.Millisecond
)

func (a *API) streamPipelineRoutes(mux *http.ServeMux) {
	mux.Handle("POST /v1/streams/{id}/pipeline/output", a.control(a.selectOutput))
	mux.Handle("POST /v1/streams/{id}/pipeline/graph", a.control(a.setGraph))
	mux.Handle("POST /v1/streams/{id}/pipeline/layout", a.control(a.setLayout))
	mux.Handle("GET /v1/streams/{id}/pipeline/outputs", a.view(a.getOutputs))
	mux.Handle("GET /v1/streams/{id}/pipeline/outputs/{port}/sample", a.view(a.getSample))
}

// badInput is the error of a body that does not have the right form.
func badInput(format string, args ...any) error {
	return &engineError{status: http.StatusBadRequest, code: wire.EngineInvalidInput, text: fmt.Sprintf(format, args...)}
}

// readBody decodes a body; an empty one counts as an empty object.
func readBody(r *http.Request, v any) error {
	err := decodeBody(r, v)
	var bad *httpError
	if errors.As(err, &bad) {
		return badInput("%s", bad.text)
	}
	return err
}

// selectOutput shows an output to all viewers; none given is the plain frames.
func (a *API) selectOutput(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	var body struct {
		Output string `json:"output"`
	}
	if err := readBody(r, &body); err != nil {
		return err
	}
	if body.Output == outputRaw {
		body.Output = rawOutput(s)
	}
	if err := a.deps.Streams.Select(s.ID(), body.Output); err != nil {
		return streamFailure(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// setGraph replaces the graph of a pipeline and makes it the active one.
func (a *API) setGraph(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	var body struct {
		Graph      json.RawMessage `json:"graph"`
		PipelineID string          `json:"pipeline_id"`
		Output     string          `json:"output"`
	}
	if err := readBody(r, &body); err != nil {
		return err
	}
	if !bytes.HasPrefix(bytes.TrimSpace(body.Graph), []byte("{")) {
		return &invalidManifest{issues: []video.Issue{{Path: "graph", Code: video.IssueRequired, Message: "must be an object"}}}
	}
	if id, err := parseUUID(body.PipelineID); err == nil {
		body.PipelineID = id.String()
	}
	p := video.PipelineConfig{ID: body.PipelineID, Graph: body.Graph, Output: body.Output}
	if err := a.deps.Streams.SetPipeline(s.ID(), p, body.Output, nil); err != nil {
		return streamFailure(graphPaths(err))
	}
	writeJSON(w, http.StatusOK, map[string]any{"pipeline_id": s.Config().ActivePipeline, "outputs": streamOutputs(s.Outputs())})
	return nil
}

// graphPaths makes the paths of issues refer to a body that has one pipeline alone.
func graphPaths(err error) error {
	var invalid *video.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	out := &video.ValidationError{}
	for _, i := range invalid.Issues {
		if before, after, ok := strings.Cut(i.Path, "].pipeline_"); ok && strings.HasPrefix(before, "pipelines[") {
			if i.Path = after; !strings.HasPrefix(after, "graph") {
				i.Path = "pipeline_" + after
			}
		}
		out.Issues = append(out.Issues, i)
	}
	return out
}

// setLayout keeps how outputs are laid out, which is for user interfaces; null
// removes it.
func (a *API) setLayout(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	var layout *wire.PipelineLayout
	if err := readBody(r, &layout); err != nil {
		return err
	}
	if layout != nil {
		if l := layoutIssues("", *layout); len(l) > 0 {
			return &invalidManifest{issues: l}
		}
	}
	err = a.deps.Streams.SetExtra(s.ID(), func(c video.Config) (json.RawMessage, error) {
		m := streamManifest(c)
		m.PipelineLayout = layout
		return json.Marshal(m)
	})
	if err != nil {
		return streamFailure(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// layoutIssues tells what is wrong with a layout.
func layoutIssues(path string, l wire.PipelineLayout) (list manifestIssues) {
	if l.Rows < 1 || l.Columns < 1 || uint64(l.Rows)*uint64(l.Columns) > maxLayout {
		list.add(path+"rows", video.IssueRange, fmt.Sprintf("%d x %d is not within 1 to %d cells", l.Rows, l.Columns, maxLayout), "")
		return list
	}
	if len(l.Slots) > maxLayout {
		list.add(path+"slots", video.IssueRange, fmt.Sprintf("more than %d", maxLayout), "")
		return list
	}
	for i, slot := range l.Slots {
		if slot.Row >= l.Rows || slot.Column >= l.Columns {
			list.add(fmt.Sprintf("%sslots[%d]", path, i), video.IssueRange,
				fmt.Sprintf("row %d, column %d is outside of %d x %d", slot.Row, slot.Column, l.Rows, l.Columns), "rows and columns begin with 0")
		}
	}
	return list
}

// getOutputs lists what a stream offers, in the form of the socket outputs.
func (a *API) getOutputs(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, wire.StreamOutputs{Outputs: streamOutputs(s.Outputs()), TimestampMS: nowMS()})
	return nil
}

// getSample answers with the newest value of a data output, which is computed now if
// there is no fresh one, or with the picture of the image output that is shown.
func (a *API) getSample(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	port := r.PathValue("port")
	for _, o := range s.Outputs() {
		switch {
		case o.Name != port:
		case !o.Image:
			return a.dataSample(w, r, s, port)
		case port == s.Selected():
			return a.getFrame(w, r)
		default:
			return &engineError{
				status: http.StatusConflict, code: wire.EngineInvalidState,
				text: fmt.Sprintf("output %s is not shown, %s is", port, s.Selected()),
			}
		}
	}
	return streamFailure(fmt.Errorf("output %.100q: %w", port, video.ErrNoOutput))
}

func (a *API) dataSample(w http.ResponseWriter, r *http.Request, s *video.Stream, port string) error {
	asked := time.Now()
	watch, err := s.WatchValues([]string{port})
	if err != nil {
		return streamFailure(err)
	}
	defer watch.Close()
	stopped, cancel := a.untilStop(r.Context())
	defer cancel()
	ctx, done := a.untilFailure(stopped, s)
	defer done()
	tick := time.NewTicker(sampleLook)
	defer tick.Stop()
	for {
		if list := watch.Newest(); len(list) > 0 && asked.Sub(list[0].At) < sampleAge {
			body, _ := streamSample(list[0])
			writeJSON(w, http.StatusOK, body)
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return noSample(context.Cause(ctx))
		}
	}
}

// noSample is how it is told that an output has no value.
func noSample(err error) error {
	if errors.Is(err, topic.ErrClosed) || errors.Is(err, video.ErrDeleted) {
		return streamFailure(err)
	}
	return &engineError{status: http.StatusServiceUnavailable, code: wire.EngineInvalidState, retryable: true, text: err.Error()}
}
