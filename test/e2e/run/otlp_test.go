package run

import (
	"path/filepath"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// What a program exports with OpenTelemetry becomes spans and log entries, and is not
// among its requests.
func TestOpenTelemetry(t *testing.T) {
	w := newWorld(t)
	script, _ := filepath.Abs("testdata/otlp.py")
	// A pipe that the test writes to would have to be passed through the device.
	fifo := "trap 'exit 0' TERM; (while [ ! -e " + w.ca + ".go ]; do sleep 0.02; done; echo go) | " + need(t, "python3") + " " + script + "; while :; do sleep 0.05; done"
	a := start(t, w, []string{"bash", "-c", fifo})
	a.wait("protocol http/protobuf")
	var session wire.ProfilerSession
	a.JSON(a.Post("/api/v1/profiler/sessions", "{}"), &session)
	writeFile(t, w.ca+".go")
	a.wait("statuses 200 200 200")
	wantEntry(t, a.wait("exported"), "error", "my.scope", "")
	var spans []wire.ProfilerSpan
	device.Poll(t, "the span", func() bool {
		a.get("/api/v1/profiler/spans", &spans)
		return len(spans) > 0
	})
	if s := spans[0]; len(spans) != 1 || s.Name != "work" || s.Kind != "otel.client" || s.DurationMs != 5 || s.SpanID != "5353535353535353" || s.Status != "ok" {
		t.Errorf("spans %+v", spans)
	}
	var list []wire.NetworkRequestSummary
	a.get("/api/v1/network/requests", &list)
	if len(list) != 0 {
		t.Errorf("telemetry was captured: %+v", list)
	}
}
