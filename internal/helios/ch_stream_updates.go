package helios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/changelog"
	"github.com/heliograph/heliograph/internal/source/video"
)

// serveStreamUpdates changes the pipeline of a stream.
func (a *API) serveStreamUpdates(ctx context.Context, s *Session, _ any) error {
	id := streamIDFrom(ctx).String()
	if _, err := a.deps.Streams.Get(id); err != nil {
		if err := s.answer(ctx, nil, err); err != nil {
			return err
		}
		return errTold
	}
	for {
		m, err := s.Receive(ctx)
		if err != nil {
			return err
		}
		var r wire.StreamUpdate
		requestID, err := readRequest(m, &r)
		if err == nil && r.Type != wire.StreamPing {
			err = a.updateStreamGraph(id, r)
			a.recordStreamUpdate(ctx, id, r.Type, requestID, err)
		}
		if err := s.answer(ctx, requestID, err); err != nil {
			return err
		}
	}
}

// updateStreamGraph carries out a change of a stream's pipeline.
func (a *API) updateStreamGraph(id string, r wire.StreamUpdate) error {
	pipeline, err := pipelineIDOf(r)
	if err != nil {
		return err
	}
	switch r.Type {
	case wire.StreamSetGraph:
		if !isObject(r.Graph) {
			return invalidRequest("graph is missing or no object")
		}
		var output string
		if r.Output != nil {
			output = *r.Output
		}
		return a.deps.Streams.SetPipeline(id, video.PipelineConfig{ID: pipeline, Graph: r.Graph}, output, nil)
	case wire.StreamSetGraphPatch:
		if len(r.Patch) == 0 {
			return invalidRequest("patch is missing")
		}
		return a.deps.Streams.PatchPipeline(id, pipeline, r.Patch)
	case wire.StreamSetInputs:
		if r.Inputs == nil {
			return invalidRequest("inputs is missing")
		}
		return a.deps.Streams.SetInputs(id, pipeline, video.Inputs(r.Inputs))
	}
	return unknownType(r.Type)
}

// pipelineIDOf returns the pipeline that a request names, "" for the active one.
func pipelineIDOf(r wire.StreamUpdate) (string, error) {
	if r.PipelineID == nil {
		return "", nil
	}
	id, err := parseUUID(*r.PipelineID)
	if err != nil {
		return "", invalidRequest("pipeline_id: %v", err)
	}
	return id.String(), nil
}

// isObject tells whether valid JSON is an object.
func isObject(raw json.RawMessage) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == '{'
}

// recordStreamUpdate enters what a client has asked for into the change journal, where
// clients see it if it has taken effect.
func (a *API) recordStreamUpdate(ctx context.Context, id, operation string, requestID *string, result error) {
	if errors.Is(result, errInvalidRequest) {
		return // nothing was asked for that has a name
	}
	client, _ := access.From(ctx)
	c := changelog.Change{
		Origin: changelog.OriginWS, Method: operation, Path: "/v1/ws/streams/" + id + "/updates",
		Who: client.Name, Remote: client.Remote,
	}
	if requestID != nil {
		c.RequestID = *requestID
	}
	if result != nil {
		c.Result = changelog.ResultFailed
	}
	a.deps.Changes.Record(c)
}
