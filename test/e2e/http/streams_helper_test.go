package http

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/http"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video/testpattern"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// object is a JSON object.
type object = map[string]any

// pattern is the manifest of a stream of the test pattern, with other members over
// what it says.
func pattern(more object) object {
	m := object{
		"schema_version": 1,
		"capture": object{
			"backend": "Virtual", "handle": "Virtual",
			"mode": object{
				"format":   object{"code": "MJPG", "resolution": object{"width": 320, "height": 240}, "color": "Srgb"},
				"interval": object{"numerator": 1, "denominator": 30},
			},
			"controls": []any{}, "device_keys": []any{}, "enable_tdn_output": false,
		},
	}
	for key, value := range more {
		m[key] = value
	}
	return m
}

// captured is the manifest of a stream with that backend and handle.
func captured(backend string, handle any, more object) object {
	m := object{"capture": object{"backend": backend, "handle": handle}}
	for key, value := range more {
		m[key] = value
	}
	return m
}

// h264 is an encoder with so many frames from key frame to key frame.
func h264(gop int) object {
	return object{"state": "enabled", "id": "ffmpeg_h264", "settings": object{"kind": "ffmpeg_h264", "gop": gop}}
}

func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// create makes a stream and returns its id.
func create(t *testing.T, d *device.Device, manifest object) string {
	t.Helper()
	made := read[wire.StreamCreated](t, d.Post("/v1/streams", text(t, manifest)))
	if !isUUID(made.StreamID) || made.Action != "" {
		t.Fatalf("%+v", made)
	}
	return made.StreamID
}

func infoOf(t *testing.T, d *device.Device, id string) wire.StreamInfo {
	t.Helper()
	return read[wire.StreamInfo](t, d.Get("/v1/streams/"+id))
}

// wantEngine checks an EngineErrorBody of 7.1.
func wantEngine(t *testing.T, what string, r device.Response, status int, code, camel string) {
	t.Helper()
	var body object
	if r.Status != status || json.Unmarshal(r.Body, &body) != nil {
		t.Errorf("%s: status %d, want %d: %.300s", what, r.Status, status, r.Body)
		return
	}
	keys(t, what, body, "code", "engine_code", "error", "retryable?")
	if body["code"] != code || body["engine_code"] != camel || body["error"] == "" {
		t.Errorf("%s: want %s: %s", what, code, r.Body)
	}
}

// wantIssue checks a ValidationErrorBody of 7.1 that has an issue with the path.
func wantIssue(t *testing.T, what string, r device.Response, path string) {
	t.Helper()
	var body wire.ValidationErrorBody
	var raw object
	if r.Status != 422 || json.Unmarshal(r.Body, &body) != nil || json.Unmarshal(r.Body, &raw) != nil {
		t.Errorf("%s: status %d, want 422: %.300s", what, r.Status, r.Body)
		return
	}
	keys(t, what, raw, "code", "error", "issues", "timestampMs", "warnings")
	if body.Code != "validation_failed" || body.Error == "" || body.TimestampMS == 0 || raw["warnings"] == nil {
		t.Errorf("%s: %s", what, r.Body)
	}
	found := false
	for i, issue := range body.Issues {
		keys(t, what, raw["issues"].([]any)[i].(object), "path", "code", "message", "remediation?")
		found = found || issue.Path == path && issue.Code != "" && issue.Message != ""
	}
	if !found {
		t.Errorf("%s: no issue at %s: %s", what, path, r.Body)
	}
}

// open makes a request and returns the answer with its body still to be read. It is
// closed at the end of the test.
func open(t *testing.T, d *device.Device, path string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// numberOf reads the number that the test pattern has drawn into a picture.
func numberOf(t *testing.T, data []byte, width, height int) uint32 {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("a picture of %d bytes: %v", len(data), err)
	}
	if size := img.Bounds().Size(); size.X != width || size.Y != height {
		t.Fatalf("the picture is %v", size)
	}
	n, ok := testpattern.ReadBar(img)
	if !ok {
		t.Fatal("the picture has no number")
	}
	return n
}

// viewers returns how many read a stream's frames.
func viewers(t *testing.T, d *device.Device, id string) int {
	t.Helper()
	return int(infoOf(t, d, id).Runtime.Demand.Viewers.HostReceiverCount)
}

func streamPath(id, rest string) string { return fmt.Sprintf("/v1/streams/%s/%s", id, rest) }
