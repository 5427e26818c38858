package device

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Response is an answer with its whole body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON decodes the body; it fails the test if that is not possible.
func (d *Device) JSON(r Response, v any) {
	d.t.Helper()
	if err := json.Unmarshal(r.Body, v); err != nil {
		d.t.Fatalf("status %d, body %q: %v", r.Status, r.Body, err)
	}
}

// Get makes a GET request. Headers are pairs of name and value; Host sets the
// request's host.
func (d *Device) Get(path string, headers ...string) Response {
	d.t.Helper()
	return d.Ask(http.MethodGet, path, "", headers...)
}

// Post makes a POST request with a JSON body.
func (d *Device) Post(path, body string, headers ...string) Response {
	d.t.Helper()
	return d.Ask(http.MethodPost, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

// Ask makes a request and reads the answer. It fails the test if there is none.
// It may be called from several goroutines, where a failure is no fatal one.
func (d *Device) Ask(method, path, body string, headers ...string) Response {
	d.t.Helper()
	r, err := d.TryAsk(method, path, body, headers...)
	if err != nil {
		d.t.Errorf("%s %s: %v", method, path, err)
	}
	return r
}

// TryAsk is Ask for requests that may fail. Answers of the agent protocol are
// checked against the OpenAPI document.
func (d *Device) TryAsk(method, path, body string, headers ...string) (Response, error) {
	request, err := http.NewRequestWithContext(d.t.Context(), method, d.URL+path, strings.NewReader(body))
	if err != nil {
		return Response{}, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Add(headers[i], headers[i+1])
	}
	answer, err := d.client.Do(request)
	if err != nil {
		return Response{}, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	got := Response{answer.StatusCode, answer.Header, data}
	if err == nil && IsAgentPath(path) && request.Method != http.MethodOptions {
		if err := d.validate.checkAnswer(method, path, got); err != nil {
			d.t.Errorf("%s %s answers %.2000s, which is not as the document says: %v", method, path, data, err)
		}
	}
	return got, err
}
