package cdp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"

	"github.com/heliograph/heliograph/internal/recorder"
)

func TestRender(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{`[]`, ""},
		{`[{"type":"string","value":"100%"}]`, "100%"},
		{`[{"type":"string","value":"%s%z%"},{"type":"number","value":1}]`, "1%z%"},
		{`[{"type":"string","value":"%d %i %f"},{"type":"number","value":1.9},{"type":"string","value":"x"}]`, "1 NaN %f"},
		{`[{"type":"number","unserializableValue":"NaN"},{"type":"symbol","description":"Symbol(a)"}]`, "NaN Symbol(a)"},
		{`[{"type":"function","description":"function f(a) { return a }"}]`, "ƒ f(a)"},
		{`[{"type":"object","subtype":"node","description":"div#a.b"}]`, "div#a.b"},
		{`[{"type":"object","className":"C","description":"C"}]`, "C"},
		{`[{"type":"object","description":"C","preview":{"type":"object","description":"C","overflow":true,"properties":[{"name":"a","type":"accessor"}]}}]`, "C {a: (...), …}"},
		{`[{"type":"object","subtype":"error","description":"Error: x\n    at f (u:1:2)"},null]`, "Error: x "},
	} {
		var args []*runtime.RemoteObject
		if err := json.Unmarshal([]byte(test.args), &args); err != nil {
			t.Fatal(err)
		}
		if got := render(args); got != test.want {
			t.Errorf("%s\n got %q\nwant %q", test.args, got, test.want)
		}
	}
	long := &runtime.RemoteObject{Type: "string", Value: []byte(`"` + strings.Repeat("ä", maxRendered) + `"`)}
	if got := render([]*runtime.RemoteObject{long, long}); len(got) > maxRendered+8 || !strings.HasSuffix(got, "…") {
		t.Errorf("a long message has %d bytes", len(got))
	}
}

func TestHead(t *testing.T) {
	for _, test := range []struct {
		data, method string
		id           int64
	}{
		{`{"id":12,"result":{"body":"aaa`, "", 12},
		{`{"method":"Runtime.consoleAPICalled","params":{`, "Runtime.consoleAPICalled", 0},
		{`{"id":99999999999999999999,"r`, "", 0},
		{`[`, "", 0},
	} {
		m := parseHead([]byte(test.data), 100)
		if m.ID != test.id || m.Method != test.method || m.tooLong != 100 {
			t.Errorf("%s: %+v", test.data, m)
		}
	}
}

func TestRoute(t *testing.T) {
	for address, want := range map[string]string{
		"http://h/a/b?x=1#part": "/a/b", "http://h/#/cart": "/#/cart", "http://h/a#!/b": "/a#!/b", "about:blank": "", "http://h/%zz": "",
	} {
		if got := route(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// FuzzEvents hands anything to a page, as if a browser had sent it.
func FuzzEvents(f *testing.F) {
	for _, seed := range []string{
		`{"method":"Network.requestWillBeSent","params":{"requestId":"1","timestamp":1,"wallTime":1,"request":{"url":"http://h/","method":"GET","headers":{"a":1},"hasPostData":true,"postDataEntries":[{"bytes":"AA=="},null]}}}`,
		`{"method":"Network.responseReceived","params":{"requestId":"1","response":{"status":200,"headers":{},"timing":{}}}}`,
		`{"method":"Network.loadingFinished","params":{"requestId":"1","timestamp":2}}`,
		`{"method":"Network.loadingFailed","params":{"requestId":"1","errorText":"x","corsErrorStatus":{}}}`,
		`{"method":"Network.webSocketFrameReceived","params":{"requestId":"1","response":{"opcode":2,"payloadData":"!"}}}`,
		`{"method":"Runtime.consoleAPICalled","params":{"type":"log","args":[null,{"type":"object","preview":{"properties":[null],"entries":[null]}}],"timestamp":1}}`,
		`{"method":"Runtime.exceptionThrown","params":{"exceptionDetails":{"text":"x","exception":{"subtype":"error","description":"E"},"stackTrace":{"callFrames":[null]}}}}`,
		`{"method":"Runtime.executionContextCreated","params":{"context":{"id":1,"name":"heliograph","auxData":{"frameId":"f"}}}}`,
		`{"method":"Runtime.bindingCalled","params":{"name":"heliographSend","executionContextId":1,"payload":"{\"kind\":\"batch\",\"list\":[{\"entry\":\"mark\"},{\"change\":\"added\",\"id\":1}]}"}}`,
		`{"method":"Page.frameNavigated","params":{"frame":{"id":"f","url":"http://h/"}}}`,
		`{"method":"Log.entryAdded","params":{"entry":{"level":"error","text":"x","url":"u","lineNumber":1}}}`,
		`{"method":"Target.attachedToTarget","params":{"sessionId":"s","targetInfo":{"type":"iframe"}}}`,
		`{"id":1,"result":{"identifier":5}}`,
		`{"method":"Inspector.targetCrashed","params":{}}`,
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(_ *testing.T, first, second string) {
		s, err := New(Options{Endpoint: "http://127.0.0.1:1"})
		if err != nil {
			panic(err)
		}
		rec := recorder.New(recorder.Options{})
		defer rec.Close()
		p := newPage(s, rec, Target{ID: "A", Type: "page"})
		ended := make(chan struct{})
		p.conn = &conn{out: make(chan []byte, 256), done: ended, pending: map[int64]question{}}
		p.begin()
		p.handle(parseMessage([]byte(`{"method":"Runtime.executionContextCreated","params":{"context":{"id":1,"name":"heliograph"}}}`)))
		for range 2 {
			p.handle(parseMessage([]byte(first)))
			p.handle(parseMessage([]byte(second)))
		}
		close(ended)
		p.net.abandon()
		p.probe.remove(p)
		p.abandon(func(string) bool { return true })
	})
}
