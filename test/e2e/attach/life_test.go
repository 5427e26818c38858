package attach

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func decode[T any](t *testing.T, data json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %.300s", err, data)
	}
	return v
}

func titled(title string) string { return "<!doctype html><title>" + title + "</title>" }

// TestConsole logs in all the ways that there are.
func TestConsole(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/", titled("Console")+`<script>console.log('before anybody came')</script>`))
	a := attachTo(t, b)
	logs := a.dial("/ws/v1/logs?level=trace&replay=1000")
	device.Poll(t, "what was logged before", func() bool { return strings.Contains(fmt.Sprintf("%s", logs.all()), "before anybody came") })
	for _, c := range []struct{ script, level, message string }{
		{`console.log('plain', 1, true, null, undefined, -0, 10n)`, "info", "plain 1 true null undefined -0 10n"},
		{`console.debug('%s is %d years and %f, %o%%', 'Bo', 42.9, 1.5, {a: 1}, 'more')`, "debug", "Bo is 42 years and 1.5, {a: 1}% more"},
		{`console.log('%cred', 'color: red')`, "info", "red"},
		{`console.warn({a: 1, b: 'x', c: [1], d: {e: 2}, f() {}})`, "warning", "{a: 1, b: 'x', c: Array(1), d: {…}, f: ƒ}"},
		{`console.info([1, 'two', null], new Map([['k', 1]]), new Set([2]))`, "info", "(3) [1, 'two', null] Map(1) {'k' => 1} Set(1) {2}"},
		{`console.error('went', new RangeError('wrong'))`, "error", "went RangeError: wrong"},
		{`console.assert(false, 'sum is', 3)`, "error", "Assertion failed: sum is 3"},
		{`console.table([[1]])`, "info", "[Array(1)]"},
		{`console.count('hits')`, "info", "hits: 1"},
		{`console.trace('here')`, "info", "here"},
		{`console.log('Bearer abcdefghijklmnopqrstuvwxyz0123456789')`, "info", "Bearer ***"},
		{`console.log('\ud83d alone')`, "info", "\uFFFD alone"},
	} {
		x.eval(c.script)
		e := logEntry(logs, c.message, func(e *wire.LogEntry) bool { return strings.HasPrefix(e.Message, c.message) })
		if e.Level != c.level || e.Source != "webview" || e.Category != "console" {
			t.Errorf("%s: %+v", c.script, e)
		}
	}
	e := logEntry(logs, "the error", func(e *wire.LogEntry) bool { return strings.HasPrefix(e.Message, "went") })
	if !strings.HasPrefix(e.Exception, "RangeError: wrong\n    at ") || strings.Contains(e.Message, "\n") {
		t.Errorf("the error is %q with %q", e.Message, e.Exception)
	}
	x.eval(`fetch('/nowhere').then(r => r.text())`)
	e = logEntry(logs, "the browser's complaint", func(e *wire.LogEntry) bool { return strings.Contains(e.Message, "/nowhere") })
	if e.Level != "error" || e.Category != "browser.network" {
		t.Errorf("%+v", e)
	}
	s.put("/worker.js", `onmessage = () => { console.log('of a worker'); setTimeout(() => { throw new Error('broken worker') }); setTimeout(() => console.log('worker done'), 200) }`)
	x.eval(`{ globalThis.w = new Worker('/worker.js'); setTimeout(() => w.postMessage(1), 300) }`)
	logEntry(logs, "the worker's end", func(e *wire.LogEntry) bool { return e.Message == "worker done" })
	for _, once := range []string{"of a worker", "broken worker"} {
		n := 0
		for _, m := range logs.all() {
			if e := decode[wire.LogMessage](t, m); strings.Contains(e.Data.Entry.Message, once) {
				n++
				t.Logf("%+v", e.Data.Entry)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d entries", once, n)
		}
	}
	x.eval(`console.log('x'.repeat(30_000_000))`) // more than the agent reads at a time
	logEntry(logs, "what was left out", func(e *wire.LogEntry) bool {
		return e.Source == "framework" && strings.Contains(e.Message, "Runtime.consoleAPICalled")
	})
	x.eval(`console.log('still here')`)
	logEntry(logs, "what came after it", func(e *wire.LogEntry) bool { return e.Message == "still here" })
}

// TestFollow closes pages and kills browsers.
func TestFollow(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	first := b.first()
	first.visit(s.put("/one", titled("One")))
	a := attachTo(t, b)
	events := a.dial("/ws/v1/ui/events")
	arrived := func(path string) {
		t.Helper()
		find(events, "page "+path, func(e *event) bool { return e.Type == "navigation" && deref(e.Data.To) == s.URL+path })
	}
	arrived("/one")
	second := b.open(s.put("/two", titled("Two")))
	b.close(first)
	a.waitLogs("attached to a page", 2)
	arrived("/two")
	second.eval(`history.pushState({}, '', '/two/again')`)
	arrived("/two/again")

	b.kill()
	a.waitLogs("the page is gone", 2)
	find(events, "the end", func(e *event) bool { return e.Data.State == "stopped" })
	b = startBrowser(t, b.port)
	a.waitLogs("attached to a page", 3)
	b.first().visit(s.put("/three", titled("Three")))
	arrived("/three")
	states := ""
	for _, m := range events.all() {
		if e := decode[event](t, m); e.Type == "lifecycle" {
			states += e.Data.State + " "
		}
	}
	states = strings.ReplaceAll(strings.ReplaceAll(states, "backgrounded ", ""), "foregrounded ", "")
	if !strings.HasPrefix(states, "started stopped started stopped started ") {
		t.Errorf("states: %s", states)
	}
}

// TestTarget chooses pages by what they are called.
func TestTarget(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	b.first().visit(s.put("/shop", titled("The shop")))
	other := b.open(s.put("/admin", titled("Administration")))
	other.visit(s.URL + "/admin")
	route := func(args ...string) string {
		a := attachTo(t, b, args...)
		return deref(find(a.dial("/ws/v1/ui/events"), "the page", func(e *event) bool { return e.Type == "navigation" }).Data.Route)
	}
	for _, c := range []struct{ target, route string }{{"SHOP", "/shop"}, {"Administration", "/admin"}, {other.ID, "/admin"}} {
		if got := route("--target", c.target); got != c.route {
			t.Errorf("target %s is %s", c.target, got)
		}
	}
	waiting := startAgent(t, "--cdp", b.url(), "--target", "/later")
	waiting.waitLog("waiting for a page")
	b.open(s.put("/later", titled("Later")))
	waiting.waitLog("attached to a page")
}

// TestTwoViewers gives two clients the same, and a third that reads nothing none of
// their time.
func TestTwoViewers(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/", titled("Two viewers")))
	a := attachTo(t, b)
	one, two := a.dial("/ws/v1/network"), a.dial("/ws/v1/network")
	const n = 60
	x.eval(fmt.Sprintf("(%s)(0, %d)", load, n))
	some(t, one, "/api/items/", n)
	some(t, two, "/api/items/", n)
	for i, e := range exchanges(one, "/api/items/") {
		if other := exchanges(two, "/api/items/")[i]; other.ID != e.ID {
			t.Fatalf("exchange %d is %s for one and %s for the other", i, e.ID, other.ID)
		}
	}
	var status wire.AgentStatus
	a.ask("GET", "/api/v1/agent/status", &status)
	if status.App.Name != "Two viewers" || status.App.PackageID != "127.0.0.1" {
		t.Errorf("application %+v", status.App)
	}
}

// TestNoTrace looks for what an agent leaves in a page: nothing while it is there, as
// far as the page's scripts can see, and nothing after it has gone.
func TestNoTrace(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/", titled("Trace")+"<p id=p>text</p>"))
	const globals = `Object.getOwnPropertyNames(globalThis).sort().join()`
	before := x.eval(globals)
	x.call("Performance.enable", nil)
	listeners := func() float64 {
		var answer struct {
			Result struct {
				Metrics []struct {
					Name  string
					Value float64
				}
			}
		}
		x.call("HeapProfiler.collectGarbage", nil)
		if err := json.Unmarshal(x.call("Performance.getMetrics", nil), &answer); err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.Result.Metrics {
			if m.Name == "JSEventListeners" {
				return m.Value
			}
		}
		t.Fatal("no such figure")
		return 0
	}
	at := listeners()
	a := attachTo(t, b)
	events := a.dial("/ws/v1/ui/events")
	device.Poll(t, "elements to be watched", func() bool {
		x.eval(`p.toggleAttribute('data-tick')`)
		return strings.Contains(fmt.Sprintf("%s", events.all()), "treeChange")
	})
	if during := x.eval(globals); during != before {
		t.Errorf("the page sees %s, before it was %s", during, before)
	}
	if n := listeners(); n <= at {
		t.Errorf("%v listeners while the agent is there, %v before: the test sees nothing", n, at)
	}
	a.stop()
	device.Poll(t, "the listeners to go", func() bool { return listeners() == at })
	if after := x.eval(globals); after != before {
		t.Errorf("the page sees %s, before it was %s", after, before)
	}
}

// TestStopped checks that a page goes on while an agent is stopped or killed.
func TestStopped(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/", titled("Stopped")))
	a := attachTo(t, b)
	events := a.dial("/ws/v1/ui/events")
	find(events, "the page", func(e *event) bool { return e.Type == "navigation" })
	if err := a.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s.put("/w.js", `onmessage = async () => postMessage(await (await fetch('/api/w?n=1')).text())`)
	x.eval(`new Promise(done => { const w = new Worker('/w.js'); w.onmessage = done; w.postMessage(1) })`)
	x.visit(s.put("/next", titled("Next")))
	if got := x.eval(`(async () => { for (let i = 0; i < 200; i++) await (await fetch('/api/x?n=' + i)).text(); return 'done' })()`); got != `"done"` {
		t.Error(got)
	}
	if err := a.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = a.cmd.Wait()
	a.done = true
	x.eval(`fetch('/api/after?n=1').then(r => r.text())`)
	x.visit(s.URL + "/")
}
