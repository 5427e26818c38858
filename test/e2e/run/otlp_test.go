package run

import (
	"os/exec"
	"path/filepath"
	"slices"
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

// OpenTelemetry's own SDK for Go finds where to export by its environment alone.
func TestOpenTelemetrySDK(t *testing.T) {
	app := filepath.Join(t.TempDir(), "otelapp")
	build := exec.CommandContext(t.Context(), need(t, "go"), "build", "-o", app, ".")
	build.Dir = "testdata/otelapp"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	w := newWorld(t)
	line := "(while [ ! -e " + w.ca + ".go ]; do sleep 0.02; done; echo go) | " + app
	a := start(t, w, []string{"bash", "-c", line}, "--stay")
	a.wait("ready")
	var session wire.ProfilerSession
	a.JSON(a.Post("/api/v1/profiler/sessions", "{}"), &session)
	writeFile(t, w.ca+".go")
	a.wait("exported all")
	wantEntry(t, a.wait("charged twice"), "warning", "shop.cash", "")
	var spans []wire.ProfilerSpan
	device.Poll(t, "the spans", func() bool {
		a.get("/api/v1/profiler/spans", &spans)
		return len(spans) == 2
	})
	if spans[0].Name != "charge" {
		spans[0], spans[1] = spans[1], spans[0]
	}
	charge, order := spans[0], spans[1]
	if charge.Name != "charge" || charge.Kind != "otel.client" || charge.Status != "error" || order.Name != "order" || order.Kind != "otel.server" {
		t.Errorf("spans %+v", spans)
	}
	if charge.ParentSpanID != order.SpanID {
		t.Errorf("the parent of %+v is not %+v", charge, order)
	}
	var markers []wire.ProfilerMarker
	a.get("/api/v1/profiler/markers", &markers)
	if !slices.ContainsFunc(markers, func(m wire.ProfilerMarker) bool { return m.Name == "declined" }) {
		t.Errorf("markers %+v", markers)
	}
}
