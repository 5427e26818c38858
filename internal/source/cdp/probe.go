package cdp

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Names that the probe knows.
const (
	worldName   = "heliograph"
	bindingName = "heliographSend"
)

const (
	maxDocuments = 256
	maxSaid      = 1 << 20         // bytes of what the probe says at a time
	renewEvery   = 5 * time.Second // a third of what the probe waits
	tellLostMost = 5 * time.Second
)

// probeScript is the probe.
//
//go:embed probe.js
var probeScript string

// probes are the scripts in the documents of a page.
type probes struct {
	contexts map[contextKey]*document
	scripts  map[string]string // by session: the id under which the browser keeps the script
	wanted   wish
	renewed  time.Time
	lost     int
	toldLost time.Time
}

// contextKey names a world of a document.
type contextKey struct {
	session string
	id      runtime.ExecutionContextID
}

// document is where a probe runs.
type document struct {
	number int
	unique string
}

// wish is what the probes are to do.
type wish struct {
	Elements bool  `json:"elements,omitempty"`
	Profile  bool  `json:"profile,omitempty"`
	Every    int64 `json:"every,omitempty"` // ms between samples
}

func (b *probes) init() {
	b.contexts, b.scripts = map[contextKey]*document{}, map[string]string{}
}

// install puts the probe into the documents of a session, those of today and of the
// future.
func (b *probes) install(p *page, session string) {
	p.call(session, cdppage.CommandAddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{
		Source: probeScript, WorldName: worldName, RunImmediately: ref(true),
	}, func(result json.RawMessage, err error) {
		var r cdppage.AddScriptToEvaluateOnNewDocumentResult
		if err != nil || json.Unmarshal(result, &r) != nil {
			return
		}
		b.scripts[session] = string(r.Identifier)
	})
}

// contextCreated notes a world of ours.
func (p *page) contextCreated(session string, e *runtime.EventExecutionContextCreated) {
	c := e.Context
	if c == nil || c.Name != worldName || len(p.probe.contexts) >= maxDocuments {
		return
	}
	p.src.documents++
	key := contextKey{session, c.ID}
	p.probe.contexts[key] = &document{number: p.src.documents, unique: c.UniqueID}
	if p.probe.wanted != (wish{}) {
		p.probe.configure(p, key, p.probe.wanted)
	}
}

// gone is an event of both the present and older browsers.
type gone struct {
	ID     runtime.ExecutionContextID `json:"executionContextId"`
	Unique string                     `json:"executionContextUniqueId"`
}

func (p *page) contextDestroyed(session string, e *gone) {
	for key, d := range p.probe.contexts {
		if key.session == session && (d.unique == e.Unique && e.Unique != "" || key.id == e.ID) {
			delete(p.probe.contexts, key)
		}
	}
}

func (p *page) contextsCleared(session string, _ *runtime.EventExecutionContextsCleared) {
	p.probe.drop(session)
}

// drop forgets the documents of a session.
func (b *probes) drop(session string) {
	for key := range b.contexts {
		if key.session == session {
			delete(b.contexts, key)
		}
	}
}

// forget forgets a session.
func (b *probes) forget(session string) {
	b.drop(session)
	delete(b.scripts, session)
}

// tick tells the probes what is wanted, when that changes and from time to time, and
// the log what they have left out.
func (b *probes) tick(p *page, now time.Time) {
	wanted := wish{Elements: p.rec.UI.Wants()}
	if p.rec.Profiler.Active() {
		wanted.Profile, wanted.Every = true, p.measure.interval(p.rec)
	}
	if wanted != b.wanted || wanted != (wish{}) && now.Sub(b.renewed) > renewEvery {
		if wanted.Profile != b.wanted.Profile {
			p.measure.enable(p, wanted.Profile)
		}
		b.wanted, b.renewed = wanted, now
		for key := range b.contexts {
			b.configure(p, key, wanted)
		}
	}
	if b.lost > 0 && now.Sub(b.toldLost) > tellLostMost {
		p.tell(recorder.Info, fmt.Sprintf("%d changes of the page were left out, of elements or profiler entries: there were too many at a time", b.lost))
		b.lost, b.toldLost = 0, now
	}
}

func (b *probes) configure(p *page, key contextKey, w wish) {
	text, err := json.Marshal(w)
	if err != nil {
		return
	}
	b.run(p, key, "globalThis.heliographProbe?.configure("+string(text)+")")
}

// run runs a script in a world of ours.
func (b *probes) run(p *page, key contextKey, script string) {
	p.call(key.session, runtime.CommandEvaluate, runtime.EvaluateParams{
		Expression: script, ContextID: key.id, Silent: ref(true), ReturnByValue: ref(true),
	}, nil)
}

// remove takes the probes out of the page.
func (b *probes) remove(p *page) {
	for key := range b.contexts {
		b.run(p, key, "globalThis.heliographProbe?.end()")
	}
	for session, id := range b.scripts {
		p.call(session, cdppage.CommandRemoveScriptToEvaluateOnNewDocument,
			cdppage.RemoveScriptToEvaluateOnNewDocumentParams{Identifier: cdppage.ScriptIdentifier(id)}, nil)
		p.call(session, runtime.CommandRemoveBinding, runtime.RemoveBindingParams{Name: bindingName}, nil)
	}
	if b.wanted.Profile {
		p.measure.enable(p, false)
	}
}

// said is what a probe says.
type said struct {
	Kind  string    `json:"kind"`
	Word  string    `json:"word"`  // life
	Title string    `json:"title"` // about
	Theme string    `json:"theme"`
	Cores int       `json:"cores"`
	List  []item    `json:"list"` // batch
	Lost  int       `json:"lost"`
	Times []float64 `json:"times"` // frames, in ms
}

// item is a change of an element, or an entry of the performance timeline.
type item struct {
	Change string `json:"change"`
	ID     int    `json:"id"`
	Type   string `json:"type"`
	Parent int    `json:"parent"` // 0: none

	Entry    string   `json:"entry"`
	Name     string   `json:"name"`
	Start    float64  `json:"start"`    // ms since 1970
	Duration float64  `json:"duration"` // ms
	Detail   string   `json:"detail"`
	Scripts  []script `json:"scripts"`
}

// script is what has kept a frame long.
type script struct {
	Invoker  string  `json:"invoker"`
	URL      string  `json:"url"`
	Name     string  `json:"name"`
	Duration float64 `json:"duration"`
}

// called takes what a probe says. What is not as the probe would say it is left out.
func (p *page) called(session string, e *runtime.EventBindingCalled) {
	doc := p.probe.contexts[contextKey{session, e.ExecutionContextID}]
	var s said
	if doc == nil || e.Name != bindingName || len(e.Payload) > maxSaid || json.Unmarshal([]byte(e.Payload), &s) != nil {
		return
	}
	switch s.Kind {
	case "life":
		if session == "" {
			p.lived(s.Word)
		}
	case "about":
		if session == "" {
			p.describe(s.Title, "", s.Theme)
			p.measure.setCores(s.Cores)
		}
	case "frames":
		p.measure.addFrames(s.Times)
	case "batch":
		p.probe.lost += max(s.Lost, 0)
		for i := range s.List {
			if s.List[i].Entry != "" {
				p.timed(&s.List[i])
			} else {
				p.changed(doc, &s.List[i])
			}
		}
	}
}

// changed tells of a change of an element.
func (p *page) changed(d *document, c *item) {
	if c.ID <= 0 || c.Change != "added" && c.Change != "removed" && c.Change != "modified" {
		return
	}
	t := recorder.TreeChange{Change: c.Change, ElementID: d.element(c.ID), ElementType: c.Type}
	if c.Parent > 0 {
		t.ParentID = d.element(c.Parent)
	}
	p.rec.UI.TreeChange(t, time.Now())
}

// element returns the id of an element of a document.
func (d *document) element(n int) string { return "d" + strconv.Itoa(d.number) + "e" + strconv.Itoa(n) }

// timed tells of an entry of the performance timeline.
func (p *page) timed(e *item) {
	start := millis(e.Start)
	end := start.Add(time.Duration(max(min(e.Duration, 1e9), 0) * float64(time.Millisecond)))
	name := p.src.text(e.Name)
	switch e.Entry {
	case "mark":
		p.rec.Profiler.Marker(recorder.Marker{Time: start, Type: "user.mark", Name: name, Payload: e.Detail})
	case "measure":
		p.rec.Profiler.Span(recorder.Span{Start: start, End: end, Kind: "ui.operation", Name: name, Screen: p.screen(), Tags: e.Detail})
	case "longtask":
		p.measure.stall()
		p.rec.Profiler.Span(recorder.Span{Start: start, End: end, Kind: "ui.stall", Name: "long task", Screen: p.screen()})
	case "long-animation-frame":
		p.measure.jank(e.Duration)
		p.rec.Profiler.Span(p.slowFrame(e, start, end))
	case "paint", "largest-contentful-paint":
		if name == "" {
			name = e.Entry
		}
		p.rec.Profiler.Marker(recorder.Marker{Time: start, Type: "render.paint", Name: name})
	}
}

// slowFrame describes a frame that took long, by the script that took most of it.
func (p *page) slowFrame(e *item, start, end time.Time) recorder.Span {
	s := recorder.Span{Start: start, End: end, Kind: "render", Name: "long animation frame", Screen: p.screen()}
	longest := 0.0
	for i := range e.Scripts {
		x := &e.Scripts[i]
		x.URL = p.src.address(x.URL)
		if x.Duration > longest {
			longest = x.Duration
			s.Path = strings.TrimSpace(x.Name + " " + x.URL)
		}
	}
	if tags, err := json.Marshal(map[string]any{"scripts": e.Scripts}); err == nil && len(e.Scripts) > 0 {
		s.Tags = string(tags)
	}
	return s
}

// screen returns the route that the page is at.
func (p *page) screen() string { return p.ui.route }
