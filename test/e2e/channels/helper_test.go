package channels

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// start starts a server without special settings.
func start(t *testing.T) *device.Device {
	t.Helper()
	return device.Start(t, device.Options{})
}

// number returns a member of an object that must be a number.
func number(t *testing.T, object map[string]any, key string) float64 {
	t.Helper()
	n, ok := object[key].(float64)
	if !ok {
		t.Fatalf("%s is %v in %v", key, object[key], object)
	}
	return n
}

// decode reads a message into a value.
func decode[T any](t *testing.T, m device.Message) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(m.Data, &v); err != nil {
		t.Fatalf("%s: %v", m.Data, err)
	}
	return v
}

// wantClose checks the server's close frame.
func wantClose(t *testing.T, s *device.Socket, want int) {
	t.Helper()
	if code, reason := s.WaitClose(); code != want {
		t.Errorf("closed with %d %q, want %d", code, reason, want)
	}
}

// wantText checks one member of a message.
func wantText(t *testing.T, m device.Message, key, want string) {
	t.Helper()
	if got := m.Map()[key]; got != want {
		t.Errorf("%s is %v, want %q, in %s", key, got, want, m.Data)
	}
}

// mutate makes a request that enters the change journal and changes nothing
// else.
func mutate(d *device.Device, headers ...string) {
	d.Ask("DELETE", "/v1/errors", "", headers...)
}

const someStream = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"

func streamSocket(kind string) string { return fmt.Sprintf("/v1/ws/streams/%s/%s", someStream, kind) }
