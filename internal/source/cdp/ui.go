package cdp

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/inspector"
	cdppage "github.com/chromedp/cdproto/page"

	"github.com/heliograph/heliograph/internal/recorder"
)

// uiState is what is known of the page's life.
type uiState struct {
	frame   string // id of the main frame; empty: not known yet
	state   string // last one told
	route   string
	hidden  bool
	frozen  bool
	crashed bool
}

// located takes the main frame and the address that the page has at the beginning.
func (p *page) located(session string) answer {
	if session != "" {
		return nil
	}
	return func(json.RawMessage, error) {
		p.call("", cdppage.CommandGetFrameTree, nil, func(result json.RawMessage, err error) {
			var tree cdppage.GetFrameTreeResult
			if err != nil || json.Unmarshal(result, &tree) != nil || tree.FrameTree == nil || tree.FrameTree.Frame == nil {
				return
			}
			f := tree.FrameTree.Frame
			if p.ui.frame == "" {
				p.ui.frame = string(f.ID)
				p.navigate(f.URL + f.URLFragment)
			}
		})
	}
}

// navigated takes a new document. Those of iframes are no navigation of the page.
func (p *page) navigated(session string, e *cdppage.EventFrameNavigated) {
	if session != "" || e.Frame == nil || e.Frame.ParentID != "" {
		return
	}
	p.ui.frame = string(e.Frame.ID)
	p.revive()
	p.navigate(e.Frame.URL + e.Frame.URLFragment)
}

// moved takes a navigation without a new document, such as by the history API.
func (p *page) moved(session string, e *cdppage.EventNavigatedWithinDocument) {
	if session == "" && (p.ui.frame == "" || string(e.FrameID) == p.ui.frame) {
		p.navigate(e.URL)
	}
}

func (p *page) navigate(address string) {
	address = p.src.address(address)
	now := time.Now()
	p.ui.route = route(address)
	p.rec.UI.Navigate(recorder.Navigation{To: address, Route: p.ui.route}, now)
	p.rec.Profiler.Marker(recorder.Marker{Time: now, Type: "navigation", Name: address})
	p.describe("", address, "")
}

// route returns the part of an address that routers of pages look at: the path, and
// a fragment that is one.
func route(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if strings.HasPrefix(u.Fragment, "/") || strings.HasPrefix(u.Fragment, "!/") {
		return u.EscapedPath() + "#" + u.EscapedFragment()
	}
	return u.EscapedPath()
}

// dialog tells of a dialog. Whoever sees it answers it.
func (p *page) dialog(_ string, e *cdppage.EventJavascriptDialogOpening) {
	title := ""
	if h := host(e.URL); h != "" {
		title = h + " says"
	}
	buttons := []string{"OK", "Cancel"}
	switch e.Type {
	case cdppage.DialogTypeAlert:
		buttons = buttons[:1]
	case cdppage.DialogTypeBeforeunload:
		title, buttons = "Leave site?", []string{"Leave", "Cancel"}
	}
	p.rec.UI.Alert(recorder.Alert{Title: title, Message: p.src.text(e.Message), Buttons: buttons}, time.Now())
	if !e.HasBrowserHandler {
		p.tell(recorder.Warning, "the page waits at a dialog that this browser cannot show; another client has to answer it")
	}
}

// crashed tells that the page's process has ended.
func (p *page) crashed(session string, _ *inspector.EventTargetCrashed) {
	if session != "" {
		return
	}
	now := time.Now()
	p.ui.crashed = true
	p.rec.Logs.Record(recorder.LogEntry{
		Time: now, Level: recorder.Critical, Category: "page", Message: "the page has crashed", Source: recorder.SourceFramework,
	})
	p.rec.UI.Failure(recorder.Failure{Message: "the page has crashed"}, now)
	p.become(recorder.StateStopped)
	p.net.abandon()
	p.probe.contexts = map[contextKey]*document{}
}

func (p *page) reloaded(session string, _ *inspector.EventTargetReloadedAfterCrash) {
	if session == "" {
		p.revive()
	}
}

// revive tells that a crashed page lives again.
func (p *page) revive() {
	if !p.ui.crashed {
		return
	}
	p.ui = uiState{frame: p.ui.frame, state: p.ui.state, route: p.ui.route}
	p.become(recorder.StateStarted)
}

// sayGoodbye notes why the target is gone.
func (p *page) sayGoodbye(session string, e *inspector.EventDetached) {
	if session == "" && string(e.Reason) == "replaced_with_devtools" {
		p.ended = &takenOver{reason: string(e.Reason)}
	}
}

// become tells a state of life, if it is another one.
func (p *page) become(state string) {
	if p.ui.state != state {
		p.ui.state = state
		p.rec.UI.Lifecycle(state, time.Now())
	}
}

// lived takes what the probe says of the main document.
func (p *page) lived(word string) {
	switch word {
	case "visible", "hidden":
		p.see(word == "hidden")
	case "freeze":
		p.ui.frozen = true
		p.become(recorder.StatePaused)
	case "resume":
		if p.ui.frozen {
			p.ui.frozen = false
			p.become(recorder.StateResumed)
		}
	}
}

// see tells of the page's coming and going. A page that is visible at the beginning
// has just been started.
func (p *page) see(hidden bool) {
	if hidden == p.ui.hidden {
		return
	}
	p.ui.hidden = hidden
	if hidden {
		p.become(recorder.StateBackgrounded)
	} else {
		p.become(recorder.StateForegrounded)
	}
}

// describe updates what is known of the application.
func (p *page) describe(title, address, theme string) {
	app := p.rec.App()
	if title != "" {
		app.Name = title
	}
	if p.src.opts.Name != "" {
		app.Name = p.src.opts.Name
	}
	if theme != "" {
		app.Theme = theme
	}
	if u, err := url.Parse(address); err == nil && address != "" {
		app.PackageID, app.Project = u.Hostname(), ""
		if u.Host != "" {
			app.Project = u.Scheme + "://" + u.Host
		}
	}
	p.rec.SetApp(app)
}
