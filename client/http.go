package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxErrorBody bounds how much of an error answer is read.
const maxErrorBody = 64 << 10

// Do sends one request and gives the body of a 2xx answer, which is bounded by
// Options.MaxMessage. path begins with "/v1/". body, if not nil, is sent as
// JSON. Any other status is an *Error; no answer is ErrUnreachable.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, body any) ([]byte, error) {
	resp, err := c.send(ctx, method, path, query, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, c.opts.MaxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	if int64(len(data)) > c.opts.MaxMessage {
		return nil, fmt.Errorf("%s %s: %w: more than %d bytes", method, path, ErrTooLarge, c.opts.MaxMessage)
	}
	return data, nil
}

// Open sends a GET request and gives the body of a 2xx answer as a stream of any
// length, which the caller closes, with the answer's header.
func (c *Client) Open(ctx context.Context, path string, query url.Values) (io.ReadCloser, http.Header, error) {
	resp, err := c.send(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return nil, nil, err
	}
	return resp.Body, resp.Header, nil
}

// Get asks for a document and decodes it into T.
func Get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	return request[T](ctx, c, http.MethodGet, path, query, nil)
}

// Post sends body as JSON and decodes the answer into T. An empty answer leaves
// T zero.
func Post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	return request[T](ctx, c, http.MethodPost, path, nil, body)
}

// Delete deletes what is at path.
func (c *Client) Delete(ctx context.Context, path string) error {
	_, err := c.Do(ctx, http.MethodDelete, path, nil, nil)
	return err
}

func request[T any](ctx context.Context, c *Client, method, path string, query url.Values, body any) (T, error) {
	var out T
	data, err := c.Do(ctx, method, path, query, body)
	if err != nil || len(data) == 0 {
		return out, err
	}
	if err := json.Unmarshal(data, &out); err != nil {
		return out, fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return out, nil
}

// send gives the answer if its status is 2xx.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	op := method + " " + path
	req, err := c.request(ctx, method, path, query, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(ctx, op, err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return nil, decodeError(op, resp.StatusCode, resp.Header, data)
}

func (c *Client) request(ctx context.Context, method, path string, query url.Values, body any) (*http.Request, error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.endpoint(path, query), reader)
	if err != nil {
		return nil, err
	}
	req.Header = c.header()
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// unreachable wraps the error of a request that got no answer. What the caller
// itself cancelled is not the server's fault.
func (c *Client) unreachable(ctx context.Context, op string, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, context.Canceled) {
		return fmt.Errorf("%s: %w", op, cause)
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // without the URL, which c.base names already
	}
	return fmt.Errorf("%w at %s: %w", ErrUnreachable, c.base, err)
}
