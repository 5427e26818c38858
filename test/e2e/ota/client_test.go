package ota

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

const (
	boundary = "e2e-boundary"
	// someID is the id of no update.
	someID = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
)

// part is one part of a form.
type part struct{ name, filename, data string }

// form makes the body of a form.
func form(parts ...part) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q; filename=%q\r\nContent-Type: application/octet-stream\r\n\r\n%s\r\n",
			boundary, p.name, p.filename, p.data)
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.String()
}

// postForm sends a body as a form.
func postForm(d *device.Device, body string, headers ...string) device.Response {
	return d.Ask(http.MethodPost, "/v1/ota/upload", body, append([]string{"Content-Type", "multipart/form-data; boundary=" + boundary}, headers...)...)
}

func upload(d *device.Device, data []byte, headers ...string) device.Response {
	return postForm(d, form(part{"file", "image.bin", string(data)}), headers...)
}

// uploaded uploads an image and returns the answer.
func uploaded(t *testing.T, d *device.Device, data []byte) wire.OtaUploadResult {
	t.Helper()
	return read[wire.OtaUploadResult](t, upload(d, data), http.StatusCreated)
}

// read decodes a body that must be JSON of a status, with no member but those of
// T.
func read[T any](t *testing.T, r device.Response, status int) (v T) {
	t.Helper()
	if r.Status != status || r.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, want %d; %s: %.1000s", r.Status, status, r.Header.Get("Content-Type"), r.Body)
	}
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	return v
}

// members checks that a JSON object has exactly the members.
func members(t *testing.T, what string, raw []byte, names ...string) map[string]json.RawMessage {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		t.Fatalf("%s: %v: %s", what, err, raw)
	}
	var got []string
	for name := range object {
		got = append(got, name)
	}
	slices.Sort(got)
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("%s has the members %v, want %v", what, got, names)
	}
	return object
}

// refused checks status and text of a failure; 7.10: body {error}.
func refused(t *testing.T, what string, r device.Response, status int, text string) {
	t.Helper()
	var body struct{ Error string }
	if err := json.Unmarshal(r.Body, &body); err != nil || r.Status != status || !strings.Contains(body.Error, text) {
		t.Errorf("%s: status %d, want %d with %q: %.1000s", what, r.Status, status, text, r.Body)
	}
}

func post[T any](t *testing.T, d *device.Device, path string, body any, status int) T {
	t.Helper()
	return read[T](t, d.Post("/v1/ota/"+path, encode(t, body)), status)
}

func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// object is a JSON body.
type object = map[string]any

// stage stages an uploaded image and returns the id of the update.
func stage(t *testing.T, d *device.Device, url string) string {
	t.Helper()
	return post[wire.OtaAnswer](t, d, "stage", object{"image_url": url}, http.StatusOK).UpdateID
}

// apply orders a staged update to be applied.
func apply(t *testing.T, d *device.Device, id string) {
	t.Helper()
	if a := post[wire.OtaAnswer](t, d, "apply", object{"update_id": id}, http.StatusOK); a.UpdateID != id || a.Message != "apply scheduled" {
		t.Fatalf("apply: %+v", a)
	}
}

func state(t *testing.T, d *device.Device) wire.OtaStateAnswer {
	t.Helper()
	return read[wire.OtaStateAnswer](t, d.Get("/v1/ota/state"), http.StatusOK)
}

// until waits for a stage of the newest update.
func until(t *testing.T, d *device.Device, stages ...string) *wire.OtaState {
	t.Helper()
	var last *wire.OtaState
	device.Poll(t, "the update to be "+strings.Join(stages, " or "), func() bool {
		last = state(t, d).State
		return last != nil && slices.Contains(stages, last.Stage)
	})
	return last
}
