package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/heliograph/heliograph/client/helios"
)

// Health asks how the server is.
func (c *Client) Health(ctx context.Context) (helios.Health, error) {
	return Get[helios.Health](ctx, c, "/v1/health", nil)
}

// LogSources lists the logs that can be read.
func (c *Client) LogSources(ctx context.Context) ([]helios.LogSource, error) {
	const path = "/v1/device/logs/sources"
	data, err := c.Do(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return nil, err
	}
	var list helios.LogSources
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) { // as very old servers answer
		err = json.Unmarshal(data, &list.Sources)
	} else {
		err = json.Unmarshal(data, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("GET %s: read the answer: %w", path, err)
	}
	return list.Sources, nil
}

// LogTail gives the last lines of a log. An empty source and lines 0 are left to
// the server.
func (c *Client) LogTail(ctx context.Context, source string, lines int) ([]string, error) {
	return Get[[]string](ctx, c, "/v1/device/logs", logLines(source, lines))
}

// DownloadLog gives a log as text: its last lines, or all of it when lines is 0.
// The caller closes it. Its length is not known beforehand.
func (c *Client) DownloadLog(ctx context.Context, source string, lines int) (io.ReadCloser, error) {
	body, _, err := c.Open(ctx, "/v1/device/logs/download", logLines(source, lines))
	var e *Error
	if errors.As(err, &e) && e.Code == "" {
		e.Code = codeOf(e.Message) // this endpoint tells errors as plain text
	}
	return body, err
}

// AsyncAPI gives the document in which the server describes its channels.
func (c *Client) AsyncAPI(ctx context.Context) (json.RawMessage, error) {
	data, err := c.Do(ctx, http.MethodGet, "/asyncapi.json", nil, nil)
	if err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		return nil, errors.New("GET /asyncapi.json: the answer is not JSON")
	}
	return data, nil
}
