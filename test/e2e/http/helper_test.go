package http

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

const (
	someID   = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
	uuidForm = `^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`
)

func start(t *testing.T, args ...string) *device.Device {
	t.Helper()
	return device.Start(t, device.Options{Args: args})
}

// read decodes a body that must be JSON of status 200 with no member but those
// of v.
func read[T any](t *testing.T, r device.Response) (v T) {
	t.Helper()
	if r.Status != 200 || r.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, %s: %s", r.Status, r.Header.Get("Content-Type"), r.Body)
	}
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s: %v", r.Body, err)
	}
	return v
}

// keys checks that an object has exactly the members; a trailing ? marks those
// that may be absent.
func keys(t *testing.T, what string, object map[string]any, names ...string) {
	t.Helper()
	known := map[string]bool{}
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		known[name] = true
		if _, has := object[name]; !has && !optional {
			t.Errorf("%s: %s is missing in %v", what, name, object)
		}
	}
	for name := range object {
		if !known[name] {
			t.Errorf("%s: %s is too much", what, name)
		}
	}
}

// errorBody is ErrorBody of 7.1.
type errorBody struct {
	Code, Error, Operation string
	TimestampMS            int64  `json:"timestamp_ms"`
	RequestID              string `json:"request_id"`
	TraceID                string `json:"trace_id"`
	ReportedBy             string `json:"reported_by"`
	Retryable              *bool
}

// wantError checks status and body of a failure.
func wantError(t *testing.T, what string, r device.Response, status int, code string) errorBody {
	t.Helper()
	var body errorBody
	if r.Status != status || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.Unmarshal(r.Body, &body) != nil {
		t.Errorf("%s: status %d, want %d; %s: %.300s", what, r.Status, status, r.Header.Get("Content-Type"), r.Body)
		return body
	}
	age := time.Since(time.UnixMilli(body.TimestampMS))
	if body.Code != code || body.Error == "" || age < -time.Second || age > time.Minute || body.Operation == "" || body.ReportedBy == "" {
		t.Errorf("%s: want code %s: %s", what, code, r.Body)
	}
	if body.RequestID != r.Header.Get("x-request-id") || body.TraceID != r.Header.Get("x-trace-id") || body.RequestID == "" {
		t.Errorf("%s: ids of body and headers differ: %s, %v", what, r.Body, r.Header)
	}
	return body
}

func isUUID(s string) bool { return regexp.MustCompile(uuidForm).MatchString(s) }

// command runs the binary with arguments and returns what it prints.
func command(t *testing.T, args ...string) string {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// makeToken makes a token, as its owner does on the command line.
func makeToken(t *testing.T, d *device.Device, name, scope string) string {
	t.Helper()
	return command(t, "token", "create", name, "--scope", scope, "--state-dir", d.StateDir)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
