package cdp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
)

func TestChoose(t *testing.T) {
	list := []Target{
		{ID: "0", Type: "page", URL: "devtools://devtools/x", Socket: "ws://h/0"},
		{ID: "1", Type: "browser_ui", URL: "chrome://omnibox", Socket: "ws://h/1"},
		{ID: "2", Type: "page", URL: "http://taken.test/", Title: "Taken"},
		{ID: "3", Type: "service_worker", URL: "http://shop.test/sw.js", Socket: "ws://h/3"},
		{ID: "4", Type: "page", URL: "http://shop.test/", Title: "The Shop", Socket: "ws://h/4"},
		{ID: "5", Type: "webview", URL: "file:///app.html", Title: "App 4", Socket: "ws://h/5"},
	}
	for _, test := range []struct{ wanted, id string }{
		{"", "4"}, {"3", "3"}, {"4", "4"}, {"the shop", "4"}, {"SHOP.test", "4"}, {"sw.js", "3"}, {"app", "5"}, {"taken", ""}, {"nothing", ""},
	} {
		got, ok := choose(list, test.wanted)
		if got.ID != test.id || ok != (test.id != "") {
			t.Errorf("%q is %q, want %q", test.wanted, got.ID, test.id)
		}
	}
}

func TestNew(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:9222", "ftp://x", "http://", "http://[::1", "ws://127.0.0.1:1"} {
		if _, err := New(Options{Endpoint: address}); err == nil {
			t.Errorf("%q is accepted", address)
		}
	}
}

// TestOldBrowser speaks to a browser that knows next to nothing.
func TestOldBrowser(t *testing.T) {
	f := newFake(t)
	f.answer = func(method string, _ json.RawMessage) (any, string) {
		if method == "Runtime.enable" {
			return struct{}{}, ""
		}
		return nil, "'" + method + "' wasn't found"
	}
	rec, x := f.look(Options{}, recorder.Options{})
	x.event("Runtime.consoleAPICalled", `{"type":"log","args":[{"type":"string","value":"hello"}],"executionContextId":1,"timestamp":1700000000000}`)
	poll(t, "the message", func() bool { return strings.Contains(messages(rec), "hello") })
	if _, err := rec.Profiler.Start(50 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	poll(t, "the attempt to measure", func() bool { return x.asked("Performance.getMetrics") > 1 })
	if b, err := rec.Profiler.Read(recorder.Current, recorder.Cursors{}, 10, false); err != nil || len(b.Samples) != 0 {
		t.Errorf("%+v %v", b, err)
	}
}

// TestSilentBrowser leaves a browser that answers nothing, which must not take long.
func TestSilentBrowser(t *testing.T) {
	f := newFake(t)
	f.answer = func(string, json.RawMessage) (any, string) { return nil, "" }
	rec, x := f.look(Options{}, recorder.Options{})
	poll(t, "the commands", func() bool { return x.asked("Target.setAutoAttach") == 1 })
	if state := rec.UI.State(); state != recorder.StateStarted {
		t.Errorf("state %s", state)
	}
} // the end of the test waits for the source

// TestAgain attaches twice to a page that repeats its messages.
func TestAgain(t *testing.T) {
	f := newFake(t)
	rec, x := f.look(Options{}, recorder.Options{})
	say := func(x *fakeTarget, text string, at int64) {
		x.event("Runtime.consoleAPICalled", fmt.Sprintf(`{"type":"log","args":[{"type":"string","value":%q}],"timestamp":%d}`, text, at))
	}
	say(x, "one", 1700000000001)
	say(x, "two", 1700000000002)
	poll(t, "both", func() bool { return strings.Contains(messages(rec), "two") })
	_ = x.conn.CloseNow()
	x = f.next()
	say(x, "one", 1700000000001)
	say(x, "two", 1700000000002)
	say(x, "three", 1700000000003)
	poll(t, "the third", func() bool { return strings.Contains(messages(rec), "three") })
	if got := messages(rec); strings.Count(got, "one") != 1 || strings.Count(got, "two") != 1 {
		t.Errorf("log: %s", got)
	}
}

// TestTakenOver lets another client take the page, which is not fought for: that it
// was taken is the answer, upon which Run pauses.
func TestTakenOver(t *testing.T) {
	f := newFake(t)
	s, err := New(Options{Endpoint: f.URL})
	if err != nil {
		t.Fatal(err)
	}
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	ended := make(chan error)
	go func() { ended <- s.once(t.Context(), rec) }()
	x := f.next()
	x.event("Inspector.detached", `{"reason":"replaced_with_devtools"}`)
	x.event("Runtime.consoleAPICalled", `{"type":"log","args":[{"type":"string","value":"last"}],"timestamp":1700000000001}`)
	poll(t, "the last message", func() bool { return strings.Contains(messages(rec), "last") })
	_ = x.conn.CloseNow()
	var taken *takenOver
	if err := <-ended; !errors.As(err, &taken) || taken.reason != "replaced_with_devtools" || rec.UI.State() != recorder.StateStopped {
		t.Errorf("ended with %v in state %s", err, rec.UI.State())
	}
}

// TestLate gives the headers of a chain of redirects in the worst order.
func TestLate(t *testing.T) {
	f := newFake(t)
	f.answer = func(method string, _ json.RawMessage) (any, string) {
		if method == "Network.getResponseBody" {
			return map[string]any{"body": `{"password":"hunter2"}`, "base64Encoded": false}, ""
		}
		return struct{}{}, ""
	}
	rec, x := f.look(Options{}, recorder.Options{Redact: recorder.Redaction(redact.New())})
	sent := func(n int) {
		x.event("Network.requestWillBeSentExtraInfo", fmt.Sprintf(`{"requestId":"7","headers":{"Cookie":"a=b","N":"%d"}}`, n))
	}
	got := func(status int) {
		x.event("Network.responseReceivedExtraInfo", fmt.Sprintf(`{"requestId":"7","statusCode":%d,"headers":{"set-cookie":"x=1\ny=2","S":"%d"}}`, status, status))
	}
	sent(1)
	x.event("Network.requestWillBeSent", `{"requestId":"7","timestamp":10,"wallTime":1700000000,"request":{"url":"http://h.test/1?token=abc","method":"get","headers":{}}}`)
	x.event("Network.requestWillBeSent", `{"requestId":"7","timestamp":10.5,"wallTime":1700000000.5,"redirectHasExtraInfo":true,"request":{"url":"http://h.test/2","method":"GET","headers":{}},
		"redirectResponse":{"url":"http://h.test/1","status":302,"statusText":"Found","headers":{},"protocol":"h2"}}`)
	x.event("Network.responseReceived", `{"requestId":"7","timestamp":10.6,"hasExtraInfo":true,"response":{"url":"http://h.test/2","status":200,"mimeType":"application/json","headers":{"content-length":"22"},
		"timing":{"requestTime":10.5,"dnsStart":-1,"dnsEnd":-1,"connectStart":0,"connectEnd":30,"sslStart":10,"sslEnd":30,"sendStart":30,"sendEnd":31,"receiveHeadersEnd":90}}}`)
	x.event("Network.dataReceived", `{"requestId":"7","timestamp":10.7,"dataLength":22,"encodedDataLength":22}`)
	x.event("Network.loadingFinished", `{"requestId":"7","timestamp":10.75,"encodedDataLength":200}`)
	got(302)
	got(200)
	sent(2)
	poll(t, "both exchanges", func() bool { return len(exchangesOf(rec)) == 2 })
	list := exchangesOf(rec)
	a, b := list[0], list[1]
	if a.Method != "GET" || a.URL != "http://h.test/1?token=***" || a.Status != 302 || a.Duration != 500*time.Millisecond || a.RequestHeader["N"][0] != "1" ||
		a.Protocol != "HTTP/2.0" || a.ResponseSize != -1 {
		t.Errorf("first %+v", a)
	}
	if b.Status != 200 || b.StatusText != "OK" || b.RequestHeader["N"][0] != "2" || b.RequestHeader["Cookie"][0] != "a=***" || b.ResponseHeader["S"][0] != "200" ||
		len(b.ResponseHeader["Set-Cookie"]) != 2 || b.ResponseSize != 22 || string(b.ResponseBody.Data) != `{"password":"***"}` {
		t.Errorf("second %+v", b)
	}
	want := recorder.Timings{DNS: -1, Connect: 10 * time.Millisecond, TLS: 20 * time.Millisecond, Send: time.Millisecond, Wait: 59 * time.Millisecond, Receive: 160 * time.Millisecond}
	if b.Timings != want {
		t.Errorf("timings %+v, want %+v", b.Timings, want)
	}
}

// TestGone closes the connection while exchanges are open.
func TestGone(t *testing.T) {
	f := newFake(t)
	rec, x := f.look(Options{}, recorder.Options{})
	x.event("Network.requestWillBeSent", `{"requestId":"1","timestamp":1,"wallTime":1700000000,"request":{"url":"http://h.test/","method":"GET","headers":{}}}`)
	x.event("Network.requestWillBeSent", `{"requestId":"2","timestamp":1,"wallTime":1700000000,"request":{"url":"data:text/plain,x","method":"GET","headers":{}}}`)
	x.event("Network.webSocketCreated", `{"requestId":"3","url":"ws://h.test/"}`)
	x.event("Runtime.consoleAPICalled", `{"type":"log","args":[{"type":"string","value":"last"}],"timestamp":1700000000001}`)
	poll(t, "the last message", func() bool { return strings.Contains(messages(rec), "last") })
	f.targets = nil
	_ = x.conn.CloseNow()
	poll(t, "the end", func() bool { return len(exchangesOf(rec)) == 2 })
	for _, e := range exchangesOf(rec) {
		if !strings.HasPrefix(e.Error, "the page went away") || e.Status != 0 {
			t.Errorf("%+v", e)
		}
	}
	if state := rec.UI.State(); state != recorder.StateStopped {
		t.Errorf("state %s", state)
	}
}

// TestMoved has the end of a document told to nobody, since its frame got a session of
// its own.
func TestMoved(t *testing.T) {
	f := newFake(t)
	f.answer = func(method string, _ json.RawMessage) (any, string) {
		if method == "Network.getResponseBody" {
			return nil, "No resource with given identifier found"
		}
		return struct{}{}, ""
	}
	rec, x := f.look(Options{}, recorder.Options{})
	x.event("Network.requestWillBeSent", `{"requestId":"L","loaderId":"L","frameId":"F","timestamp":1,"wallTime":1700000000,"request":{"url":"http://other.test/","method":"GET","headers":{}}}`)
	x.event("Network.responseReceived", `{"requestId":"L","timestamp":1.5,"response":{"url":"http://other.test/","status":200,"mimeType":"text/html","headers":{}}}`)
	x.event("Target.attachedToTarget", `{"sessionId":"S","targetInfo":{"targetId":"F","type":"iframe"}}`)
	poll(t, "the document", func() bool { return len(exchangesOf(rec)) == 1 })
	if e := exchangesOf(rec)[0]; e.Status != 200 || e.ResponseSize != -1 || !e.ResponseBody.Truncated || e.Error != "" || e.Duration != 500*time.Millisecond {
		t.Errorf("%+v", e)
	}
}

// TestTooMany opens more requests than are followed.
func TestTooMany(t *testing.T) {
	f := newFake(t)
	rec, x := f.look(Options{}, recorder.Options{})
	for n := range maxOpen + 5 {
		x.event("Network.requestWillBeSent", fmt.Sprintf(`{"requestId":"%d","timestamp":1,"wallTime":1700000000,"request":{"url":"http://h.test/","method":"GET","headers":{}}}`, n))
	}
	poll(t, "being told", func() bool { return strings.Contains(messages(rec), "5 requests were left out") })
}

func TestDialogWithoutWindow(t *testing.T) {
	f := newFake(t)
	rec, x := f.look(Options{}, recorder.Options{})
	x.event("Page.javascriptDialogOpening", `{"url":"http://h.test/","message":"sure?","type":"prompt","hasBrowserHandler":false}`)
	poll(t, "the warning", func() bool { return strings.Contains(messages(rec), "waits at a dialog") })
	if x.asked("Page.handleJavaScriptDialog") != 0 {
		t.Error("the dialog was answered")
	}
}

func TestEndpointErrors(t *testing.T) {
	f := newFake(t)
	f.targets = nil
	s, err := New(Options{Endpoint: f.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.end.find(t.Context(), ""); !errors.Is(err, ErrNoTarget) {
		t.Errorf("no targets: %v", err)
	}
	v, err := s.Version(t.Context())
	name, version := v.Product()
	if err != nil || name != "Chrome" || version != "1.2.3" || v.Package != "org.example" {
		t.Errorf("version %+v %v", v, err)
	}
	f.Close()
	if _, err := s.Version(t.Context()); err == nil {
		t.Error("a browser that is gone has a version")
	}
}
