package processing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/heliograph/heliograph/internal/imaging"
	"github.com/heliograph/heliograph/internal/source/video"
)

// graph is the form of a pipeline's graph.
type graph struct {
	Steps []imaging.Step `json:"steps"`
}

// New makes a pipeline of a graph. It is a video.NewPipeline.
func New(text json.RawMessage) (video.Pipeline, []video.Issue) {
	g, err := parse(text)
	if err != nil {
		return nil, []video.Issue{{Code: video.IssueInvalid, Message: err.Error()}}
	}
	steps, err := imaging.NewPipeline(g.Steps)
	if err != nil {
		return nil, stepIssues(err)
	}
	return newPipeline(g.Steps, steps), nil
}

// parse reads a graph. Nothing and null are an empty one.
func parse(text json.RawMessage) (graph, error) {
	var g graph
	if len(bytes.TrimSpace(text)) == 0 {
		return g, nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&g); err != nil {
		return g, fmt.Errorf("is not a graph: %w", err)
	}
	return g, nil
}

// stepIssues makes issues of what imaging.NewPipeline returns.
func stepIssues(err error) []video.Issue {
	var wrong imaging.StepErrors
	if !errors.As(err, &wrong) {
		return []video.Issue{{Code: video.IssueInvalid, Message: err.Error()}}
	}
	var list []video.Issue
	for _, e := range wrong {
		list = append(list, video.Issue{Path: e.Path(), Code: code(e), Message: e.Err.Error()})
	}
	return list
}

// code returns the kind of a fault.
func code(err error) string {
	switch {
	case errors.Is(err, imaging.ErrUnknown):
		return video.IssueUnknown
	case errors.Is(err, imaging.ErrRange), errors.Is(err, imaging.ErrTooMany):
		return video.IssueRange
	}
	return video.IssueInvalid
}
