package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/chromedp/cdproto/inspector"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/internal/recorder"
)

const (
	tickEvery   = 100 * time.Millisecond
	maxSessions = 64
	goodbye     = time.Second // for the browser to take notice that we leave
)

// takenOver says that another client, such as DevTools, has taken the target over.
type takenOver struct{ reason string }

// Error implements error.
func (t *takenOver) Error() string { return "another client has taken the page over: " + t.reason }

// handler takes an event of a session. One that is not what it should be is an error.
type handler func(session string, params json.RawMessage) error

// page is one target that is looked into. All of it but do and done belongs to the
// goroutine of run.
type page struct {
	src    *Source
	rec    *recorder.Recorder
	target Target
	*conn

	do   chan func() // run by the owner
	done chan struct{}

	handlers map[string]handler
	sessions map[string]string // type by id; "" is the target itself
	ended    error             // why the target said goodbye

	ui      uiState
	console consoleState
	net     exchanges
	probe   probes
	measure measures
}

func newPage(s *Source, rec *recorder.Recorder, t Target) *page {
	p := &page{
		src: s, rec: rec, target: t,
		do: make(chan func()), done: make(chan struct{}), sessions: map[string]string{},
	}
	p.console.since = s.seen[t.ID]
	p.net.init(p)
	p.probe.init()
	p.handlers = p.table()
	return p
}

// on makes a handler of a function for a type of event.
func on[T any](f func(session string, e *T)) handler {
	return func(session string, params json.RawMessage) error {
		e := new(T)
		if err := json.Unmarshal(params, e); err != nil {
			return err
		}
		f(session, e)
		return nil
	}
}

// table is the list of what is listened to.
func (p *page) table() map[string]handler {
	return map[string]handler{
		target.AttachedToTarget.Method:   on(p.attached),
		target.DetachedFromTarget.Method: on(p.detached),

		inspector.Detached.Method:                 on(p.sayGoodbye),
		inspector.TargetCrashed.Method:            on(p.crashed),
		inspector.TargetReloadedAfterCrash.Method: on(p.reloaded),

		cdppage.FrameNavigated.Method:          on(p.navigated),
		cdppage.NavigatedWithinDocument.Method: on(p.moved),
		cdppage.JavascriptDialogOpening.Method: on(p.dialog),

		runtime.ConsoleAPICalled.Method:          on(p.logged),
		runtime.ExceptionThrown.Method:           on(p.thrown),
		runtime.ExecutionContextCreated.Method:   on(p.contextCreated),
		runtime.ExecutionContextDestroyed.Method: on(p.contextDestroyed),
		runtime.ExecutionContextsCleared.Method:  on(p.contextsCleared),
		runtime.BindingCalled.Method:             on(p.called),
		cdplog.EntryAdded.Method:                 on(p.entry),

		network.RequestWillBeSent.Method:                  on(p.net.willBeSent),
		network.RequestWillBeSentExtraInfo.Method:         on(p.net.sentExtra),
		network.ResponseReceived.Method:                   on(p.net.received),
		network.ResponseReceivedExtraInfo.Method:          on(p.net.receivedExtra),
		network.RequestServedFromCache.Method:             on(p.net.fromCache),
		network.DataReceived.Method:                       on(p.net.data),
		network.LoadingFinished.Method:                    on(p.net.finished),
		network.LoadingFailed.Method:                      on(p.net.failed),
		network.WebSocketCreated.Method:                   on(p.net.socketCreated),
		network.WebSocketWillSendHandshakeRequest.Method:  on(p.net.socketRequest),
		network.WebSocketHandshakeResponseReceived.Method: on(p.net.socketResponse),
		network.WebSocketFrameSent.Method:                 on(p.net.socketSent),
		network.WebSocketFrameReceived.Method:             on(p.net.socketReceived),
		network.WebSocketFrameError.Method:                on(p.net.socketError),
		network.WebSocketClosed.Method:                    on(p.net.socketClosed),
	}
}

// run looks into the target until it is gone or ctx is done, and returns why.
func (p *page) run(ctx context.Context, ws *websocket.Conn) error {
	alive, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	p.conn = newConn(ws, alive.Done())
	var workers sync.WaitGroup
	workers.Go(func() { cancel(p.read(alive)) })
	workers.Go(func() { cancel(p.write(alive)) })
	p.begin()
	p.loop(ctx)
	cancel(errGone)
	_ = ws.CloseNow()
	for range p.in { // what read wants to hand on
	}
	workers.Wait()
	close(p.done)
	p.abandon(func(string) bool { return true })
	p.net.abandon()
	p.rec.UI.Lifecycle(recorder.StateStopped, time.Time{})
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case p.ended != nil:
		return p.ended
	}
	return context.Cause(alive)
}

// loop handles what happens until the connection ends or ctx is done.
func (p *page) loop(ctx context.Context) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		select {
		case m, ok := <-p.in:
			if !ok {
				return
			}
			p.handle(m)
		case f := <-p.do:
			f()
		case now := <-tick.C:
			p.tick(now)
		case <-ctx.Done():
			p.leave()
			return
		}
	}
}

func (p *page) handle(m message) {
	if p.answered(m) {
		return
	}
	if m.tooLong > 0 {
		p.tell(recorder.Warning, fmt.Sprintf("an event of %d bytes was left out: %s", m.tooLong, m.Method))
		return
	}
	if h := p.handlers[m.Method]; h != nil {
		if err := h(m.Session, m.Params); err != nil {
			p.src.log.Debug("an event was left out", "event", m.Method, "err", err)
		}
	}
}

// tick does what has to be done from time to time.
func (p *page) tick(now time.Time) {
	p.net.tick(now)
	p.console.tick(p)
	p.probe.tick(p, now)
}

// ask runs f in the goroutine that owns the page. It reports false if the page is
// gone or ctx is done first.
func (p *page) ask(ctx context.Context, f func()) bool {
	select {
	case p.do <- f:
		return true
	case <-p.done:
	case <-ctx.Done():
	}
	return false
}

// begin switches on what is needed of the target.
func (p *page) begin() {
	p.rec.UI.Lifecycle(recorder.StateStarted, time.Time{})
	p.ui.state = recorder.StateStarted
	p.describe(p.target.Title, p.target.URL, "")
	p.tell(recorder.Info, "attached to "+p.src.address(p.target.URL))
	p.call("", inspector.CommandEnable, nil, nil)
	p.enable("", p.target.Type, func(json.RawMessage, error) {
		p.src.log.Info("attached to a page", "target", p.target.ID, "type", p.target.Type) // from now on all is seen
	})
}

// enable switches on what is needed of a session. The answer to the last command, good
// or bad, goes to then, which may be nil.
func (p *page) enable(session, kind string, then answer) {
	p.sessions[session] = kind
	p.call(session, network.CommandEnable, p.net.enabling(), nil)
	if drawn(kind) {
		p.call(session, cdppage.CommandEnable, nil, p.located(session))
		p.call(session, runtime.CommandAddBinding, runtime.AddBindingParams{Name: bindingName, ExecutionContextName: worldName}, nil)
	}
	p.call(session, runtime.CommandEnable, nil, nil)
	p.call(session, cdplog.CommandEnable, nil, nil)
	if drawn(kind) {
		p.probe.install(p, session)
	}
	p.call(session, target.CommandSetAutoAttach, target.SetAutoAttachParams{AutoAttach: true, Flatten: ref(true)}, then)
}

// drawn tells whether targets of a kind have a document.
func drawn(kind string) bool {
	return kind == "page" || kind == "webview" || kind == "iframe" || kind == "other" || kind == "background_page" || kind == "app"
}

// attached takes a new iframe or worker.
func (p *page) attached(_ string, e *target.EventAttachedToTarget) {
	if e.TargetInfo == nil || len(p.sessions) >= maxSessions {
		return
	}
	p.enable(string(e.SessionID), e.TargetInfo.Type, nil)
	p.net.moved(string(e.TargetInfo.TargetID))
}

func (p *page) detached(_ string, e *target.EventDetachedFromTarget) {
	session := string(e.SessionID)
	delete(p.sessions, session)
	p.probe.forget(session)
	p.abandon(func(s string) bool { return s == session })
}

// leave switches everything off and waits until the browser has taken notice. The
// sessions within the target's go first, since they end with it.
func (p *page) leave() {
	p.probe.remove(p)
	p.console.release(p)
	for session, kind := range p.sessions {
		if session != "" {
			p.disable(session, kind)
		}
	}
	p.disable("", p.target.Type)
	end := time.NewTimer(goodbye)
	defer end.Stop()
	for len(p.pending) > 0 {
		select {
		case m, ok := <-p.in:
			if !ok {
				return
			}
			if m.Method == target.DetachedFromTarget.Method {
				p.handle(m)
			} else {
				p.answered(m)
			}
		case <-end.C:
			return
		}
	}
}

// disable switches off what enable has switched on.
func (p *page) disable(session, kind string) {
	if drawn(kind) {
		p.call(session, cdppage.CommandDisable, nil, nil)
	}
	p.call(session, network.CommandDisable, nil, nil)
	p.call(session, cdplog.CommandDisable, nil, nil)
	p.call(session, runtime.CommandDisable, nil, nil)
	p.call(session, target.CommandSetAutoAttach, target.SetAutoAttachParams{Flatten: ref(true)}, nil)
}

// tell records something about the looking itself.
func (p *page) tell(level recorder.Level, text string) {
	p.rec.Logs.Record(recorder.LogEntry{Level: level, Category: "heliograph.attach", Message: text, Source: recorder.SourceFramework})
}

func ref[T any](v T) *T { return &v }
