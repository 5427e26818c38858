package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

// profiled is an agent whose application has figures.
func profiled(t *testing.T) *agent {
	cpu, rss, threads := 12.5, int64(20<<20), int64(7)
	return newAgent(t, recorder.Options{Profiler: recorder.ProfilerOptions{
		Sampler: recorder.SamplerFunc(func() func(context.Context) (recorder.Sample, error) {
			return func(context.Context) (recorder.Sample, error) {
				return recorder.Sample{CPUPercent: &cpu, NativeBytes: &rss, NativeKind: "resident", Threads: &threads, GC0: 1}, nil
			}
		}),
	}})
}

// work records a marker and two spans, of which one fails, once a session is active.
func (a *agent) work() {
	a.t.Helper()
	until(a.t, "a session", a.rec.Profiler.Active)
	now := time.Now()
	a.rec.Profiler.Marker(recorder.Marker{Name: "tapped", Payload: `{"x":1}`})
	a.rec.Profiler.Span(recorder.Span{Kind: "sql", Name: "insert", Start: now.Add(-40 * time.Millisecond), End: now})
	a.rec.Profiler.Span(recorder.Span{Kind: "sql", Name: "insert", Start: now.Add(-20 * time.Millisecond), End: now, Status: "error", Error: "locked", Screen: "Cart"})
}

func TestAppProfile(t *testing.T) {
	a := profiled(t)
	r := a.start("profile", "--interval", "50ms", "--duration", "0")
	a.work()
	r.sees("marker user.action tapped {\"x\":1}\n", "    40ms sql insert\n", "    20ms sql insert on Cart error locked\n", "sample  cpu  12.5%  resident  20.0M  threads 7\n")
	a.cut()
	until(t, "the connection", func() bool { return strings.Contains(r.errs.String(), "connection is back") })
	r.ends()
	if a.rec.Profiler.Active() {
		t.Error("the session goes on")
	}
	out := r.out.String()
	for _, text := range []string{"1 markers, 2 spans (1 failed)", "cpu       12.5%  12.5%  12.5%\n", "insert          sql   1      0       40ms  ", "insert on Cart  sql   1      1       20ms"} {
		if !strings.Contains(out, text) {
			t.Errorf("lacks %q: %s", text, out)
		}
	}
	if strings.Count(out, "tapped") != 1 {
		t.Errorf("repeated after the loss: %s", out)
	}
}

func TestAppProfileJoins(t *testing.T) {
	a := profiled(t)
	session, err := a.rec.Profiler.Start(50 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	a.work()
	r := a.start("profile", "--duration", "300ms", "--json")
	if code := <-r.code; code != ExitOK {
		t.Errorf("exit code %d, stderr %q", code, r.errs.String())
	}
	if !a.rec.Profiler.Active() {
		t.Error("the session of somebody else was stopped")
	}
	o := lines(t, r.out.String())
	first, last := o[0]["session"].(map[string]any), o[len(o)-1]["hotspot"].(map[string]any)
	if first["sessionId"] != session.ID || last["name"] != "insert" {
		t.Errorf("first %v, last %v", first, last)
	}
	if o[1]["type"] != devflow.TypeBatch || len(o[1]["data"].(map[string]any)["markers"].([]any)) != 0 {
		t.Errorf("not from now on: %v", o[1])
	}
	human := a.start("profile", "--duration", "0")
	human.sees("sample")
	if _, err := a.rec.Profiler.Stop(recorder.Current); err != nil {
		t.Fatal(err)
	}
	if code := <-human.code; code != ExitOK || !strings.Contains(human.errs.String(), "joined the session") {
		t.Errorf("exit code %d, stderr %q", code, human.errs.String())
	}
}

func TestAppProfileOnATerminal(t *testing.T) {
	a := profiled(t)
	x := openTTY(t, "app", "profile", "--interval", "50ms", "--duration", "500ms", "--agent", a.URL)
	x.sees("\r\x1b[K")
	x.sees("no hotspots")
	if code := <-x.code; code != ExitOK {
		t.Errorf("exit code %d, stderr %q", code, x.errs.String())
	}
}

func TestAppProfileRefusals(t *testing.T) {
	off := newAgent(t, recorder.Options{Profiler: recorder.ProfilerOptions{Disabled: true}})
	off.app("profile").want(t, ExitFailure, "switched off")
	off.app("profile", "--interval", "10ms").want(t, ExitUsage, "10ms")
	off.app("profile", "--duration", "-1s").want(t, ExitUsage, "negative")
}
