package attach

import (
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestProfiler runs a session while the page works, and expects figures, marks and
// slow frames of it.
func TestProfiler(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/work", `<!doctype html><title>Work</title><p id=p>0</p><script>
function work(ms) { const end = performance.now() + ms; while (performance.now() < end); p.textContent = ms; }
</script>`))
	a := attachTo(t, b)
	a.dial("/ws/v1/logs") // some client
	var started struct {
		Session wire.ProfilerSessionInfo `json:"session"`
	}
	a.post("POST", "/api/v1/profiler/sessions", `{"sampleIntervalMs":100}`, &started)
	batches := a.dial("/ws/v1/profiler?sessionId=current")
	var samples []wire.ProfilerSample
	var markers []wire.ProfilerMarker
	var spans []wire.ProfilerSpan
	seen := 0
	read := func() {
		for list := batches.all(); seen < len(list); seen++ {
			m := decode[wire.ProfilerBatchMessage](t, list[seen])
			samples, markers, spans = append(samples, m.Data.Samples...), append(markers, m.Data.Markers...), append(spans, m.Data.Spans...)
		}
	}
	device.Poll(t, "samples with all figures", func() bool {
		x.eval(`work(20)`)
		read()
		for _, v := range samples {
			if v.ManagedBytes > 100_000 && v.CPUPercent != nil && v.FPS != nil && *v.FPS > 1 && *v.FPS < 500 &&
				v.FrameTimeMsP50 != nil && v.FrameTimeMsP95 != nil && *v.FrameTimeMsP95 >= *v.FrameTimeMsP50 && v.FrameSource == "requestAnimationFrame" {
				return true
			}
		}
		return false
	})
	x.eval(`performance.mark('cart-opened', {detail: {items: 3}})`)
	x.eval(`performance.measure('checkout', {start: performance.now() - 40, end: performance.now()})`)
	x.eval(`new Promise(done => setTimeout(() => { work(200); done() }))`)
	x.eval(`fetch('/api/slow?n=1').then(r => r.text())`)
	has := func(what string, ok func() bool) {
		t.Helper()
		device.Poll(t, what, func() bool { read(); return ok() })
	}
	has("the mark", func() bool {
		for _, m := range markers {
			if m.Type == "user.mark" && m.Name == "cart-opened" && m.PayloadJSON == `{"items":3}` {
				return true
			}
		}
		return false
	})
	has("the measure", func() bool {
		for _, v := range spans {
			if v.Kind == "ui.operation" && v.Name == "checkout" && v.Screen == "/work" && v.DurationMs > 35 && v.DurationMs < 45 {
				return true
			}
		}
		return false
	})
	has("the long task, as a span and in a sample", func() bool {
		span, stalls, janks := false, int64(0), int64(0)
		for _, v := range spans {
			span = span || v.Kind == "ui.stall" && v.DurationMs >= 190
		}
		for _, v := range samples {
			stalls, janks = stalls+v.UIThreadStalls, janks+v.JankFrameCount
		}
		return span && stalls > 0 && janks > 0
	})
	has("the slow frame with its script", func() bool {
		for _, v := range spans {
			if v.Kind == "render" && v.DurationMs >= 190 && strings.Contains(v.TagsJSON, "scripts") {
				return true
			}
		}
		return false
	})
	has("the request's marker", func() bool {
		for _, m := range markers {
			if m.Type == "network.request.end" && strings.Contains(m.Name, "/api/slow") {
				return true
			}
		}
		return false
	})
	a.ask("DELETE", "/api/v1/profiler/sessions/"+started.Session.SessionID, nil)
	find(batches, "the end", func(m *wire.ProfilerStopped) bool { return m.Type == "stopped" })
	var can wire.ProfilerCapabilities
	a.ask("GET", "/api/v1/profiler/capabilities", &can)
	if !can.Available || !can.ManagedMemorySupported || !can.CPUPercentSupported || !can.FPSSupported || !can.FrameTimingsEstimated || can.GCSupported {
		t.Errorf("capabilities %+v", can)
	}
}
