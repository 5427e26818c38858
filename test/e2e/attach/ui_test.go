package attach

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

const app = `<!doctype html><title>Shop</title><body><main id=main><ul id=list></ul><p id=text>one</p></main>
<script>
class Box extends HTMLElement { connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = '<i>in</i>'; } }
customElements.define('x-box', Box);
function buy() { throw new TypeError('no such item'); }
</script>`

// TestUIEvents has a page do what pages do, and expects each of the five kinds of
// events of it.
func TestUIEvents(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.call("Page.enable", nil)
	home := s.put("/home", app)
	x.visit(home)
	a := attachTo(t, b)
	events := a.dial("/ws/v1/ui/events")
	state := func(want string) {
		t.Helper()
		find(events, "state "+want, func(e *event) bool { return e.Type == "lifecycle" && e.Data.State == want })
	}
	going := func(to, route string) *event {
		t.Helper()
		return find(events, "navigation to "+to, func(e *event) bool {
			return e.Type == "navigation" && deref(e.Data.To) == to && deref(e.Data.Route) == route
		})
	}
	state("started")
	going(home, "/home")

	t.Run("navigation", func(t *testing.T) {
		x.eval(`history.pushState({}, '', '/cart?item=1')`)
		if e := going(s.URL+"/cart?item=1", "/cart"); deref(e.Data.From) != home {
			t.Errorf("from %q", deref(e.Data.From))
		}
		x.eval(`location.hash = '#/pay/card'`)
		going(s.URL+"/cart?item=1#/pay/card", "/cart#/pay/card")
		x.visit(s.put("/other", "<!doctype html><title>Other</title>"))
		going(s.URL+"/other", "/other")
		x.eval(`history.back()`)
		going(s.URL+"/cart?item=1#/pay/card", "/cart#/pay/card")
		x.visit(home)
	})
	t.Run("tree", func(t *testing.T) { treeChanges(t, x, events) })
	t.Run("alert", func(t *testing.T) {
		x.send("Runtime.evaluate", map[string]any{"expression": `setTimeout(() => { globalThis.answer = confirm('Really buy?') })`})
		e := find(events, "a dialog", func(e *event) bool { return e.Type == "alert" })
		if deref(e.Data.Message) != "Really buy?" || !slices.Equal(e.Data.Buttons, []string{"OK", "Cancel"}) ||
			!strings.HasPrefix(deref(e.Data.Title), "127.0.0.1:") {
			t.Errorf("dialog: %+v", e.Data)
		}
		x.call("Page.handleJavaScriptDialog", map[string]any{"accept": true}) // nobody else has
		device.Poll(t, "the page to go on", func() bool { return x.eval(`globalThis.answer === true`) == "true" })
	})
	t.Run("error", func(t *testing.T) {
		logs := a.dial("/ws/v1/logs?level=error")
		x.eval(`setTimeout(buy)`)
		e := find(events, "an error", func(e *event) bool { return e.Type == "error" })
		if deref(e.Data.Message) != "Uncaught TypeError: no such item" || !strings.Contains(deref(e.Data.StackTrace), "at buy (") {
			t.Errorf("error: %q %q", deref(e.Data.Message), deref(e.Data.StackTrace))
		}
		entry := logEntry(logs, "the error", func(e *wire.LogEntry) bool { return e.Category == "exception" })
		if entry.Source != "webview" || entry.Level != "error" || !strings.Contains(entry.Exception, "at buy (") {
			t.Errorf("log entry: %+v", entry)
		}
		x.eval(`void Promise.reject(new Error('nobody cares'))`)
		find(events, "a rejection", func(e *event) bool {
			return e.Type == "error" && deref(e.Data.Message) == "Uncaught (in promise) Error: nobody cares"
		})
	})
	t.Run("lifecycle", func(t *testing.T) {
		x.call("Page.setWebLifecycleState", map[string]any{"state": "frozen"})
		state("backgrounded")
		state("paused")
		x.call("Page.setWebLifecycleState", map[string]any{"state": "active"})
		state("resumed")
		x.call("Page.bringToFront", nil)
		x.send("Page.crash", nil)
		state("stopped")
		find(events, "the crash", func(e *event) bool { return e.Type == "error" && deref(e.Data.Message) == "the page has crashed" })
		x.send("Page.navigate", map[string]any{"url": home})
		find(events, "the page to live again", func() func(e *event) bool {
			stopped := false
			return func(e *event) bool {
				stopped = stopped || e.Data.State == "stopped"
				return stopped && e.Data.State == "started"
			}
		}())
	})
}

// treeChanges changes elements of the page.
func treeChanges(t *testing.T, x *tab, events *stream) {
	change := func(what, kind string, want func(*event) bool) *event {
		t.Helper()
		return find(events, what+" "+kind, func(e *event) bool {
			return e.Type == "treeChange" && e.Data.ChangeType == what && e.Data.ElementType == kind && (want == nil || want(e))
		})
	}
	device.Poll(t, "elements to be watched", func() bool { // which begins a moment after the client has come
		x.eval(`document.getElementById('main').toggleAttribute('data-tick')`)
		return slices.ContainsFunc(events.all(), func(m json.RawMessage) bool { return strings.Contains(string(m), `"elementType":"main"`) })
	})
	x.eval(`{ const li = document.createElement('li'); li.className = 'new'; list.append(li); globalThis.li = li }`)
	added := change("added", "li", nil)
	list := deref(added.Data.ParentID)
	x.eval(`li.setAttribute('data-n', '2')`)
	if e := change("modified", "li", nil); e.Data.ElementID != added.Data.ElementID || deref(e.Data.ParentID) != list {
		t.Errorf("added %+v, then modified %+v", added.Data, e.Data)
	}
	x.eval(`list.style.color = 'red'`)
	if e := change("modified", "ul", nil); e.Data.ElementID != list {
		t.Errorf("the list is %s, its item said %s", e.Data.ElementID, list)
	}
	x.eval(`text.firstChild.data = 'two'`)
	change("modified", "p", nil)
	x.eval(`li.remove()`)
	if e := change("removed", "li", nil); e.Data.ElementID != added.Data.ElementID {
		t.Errorf("added %+v, then removed %+v", added.Data, e.Data)
	}
	x.eval(`{ const box = document.createElement('x-box'); main.append(box); globalThis.box = box }`)
	box := change("added", "x-box", nil)
	device.Poll(t, "a change in a shadow tree", func() bool {
		x.eval(`box.shadowRoot.firstChild.toggleAttribute('data-tick')`)
		return slices.ContainsFunc(events.all(), func(m json.RawMessage) bool {
			return strings.Contains(string(m), `"elementType":"i"`) && strings.Contains(string(m), `"parentId":"`+box.Data.ElementID+`"`)
		})
	})
}

// TestBusyPage changes more elements than are told, and expects to be told that.
func TestBusyPage(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/", app))
	a := attachTo(t, b)
	events, logs := a.dial("/ws/v1/ui/events?events=treeChange"), a.dial("/ws/v1/logs?source=framework")
	device.Poll(t, "elements to be watched", func() bool {
		x.eval(`main.toggleAttribute('data-tick')`)
		return len(events.all()) > 0
	})
	const many = 20000
	x.eval(`(async () => { for (let i = 0; i < 20; i++) {
		for (let n = 0; n < 1000; n++) list.append(document.createElement('li'));
		await new Promise(done => setTimeout(done, 10));
	} })()`)
	logEntry(logs, "what was left out", func(e *wire.LogEntry) bool { return strings.Contains(e.Message, "changes of the page were left out") })
	if n := len(events.all()); n > many/4 {
		t.Errorf("%d of %d changes were told", n, many)
	}
}
