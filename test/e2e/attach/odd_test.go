package attach

import (
	"fmt"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// some waits for the exchanges of the addresses that contain part, which must be so
// many, and returns them.
func some(t *testing.T, requests *stream, part string, n int) []wire.NetworkRequestSummary {
	t.Helper()
	device.Poll(t, fmt.Sprintf("%d exchanges of %s", n, part), func() bool { return len(exchanges(requests, part)) >= n })
	list := exchanges(requests, part)
	if len(list) != n {
		t.Fatalf("%d exchanges of %s: %+v", len(list), part, list)
	}
	return list
}

func size(n *int64) int64 {
	if n == nil {
		return -1
	}
	return *n
}

// odd is a page that sends requests that are not plain.
type odd struct {
	s        *site
	x        *tab
	a        *agent
	requests *stream
}

// TestOddRequests sends them.
func TestOddRequests(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	o := &odd{s: s, x: b.first()}
	o.x.visit(s.put("/", "<!doctype html><title>Odd</title>"))
	o.a = attachTo(t, b)
	o.requests = o.a.dial("/ws/v1/network")
	for _, sub := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"redirect", o.redirect},
		{"compressed", o.compressed},
		{"password", o.password},
		{"broken", o.broken},
		{"aborted", o.aborted},
		{"refused", o.refused},
		{"forbidden by CORS", o.forbiddenByCors},
		{"cached", o.cached},
		{"big", o.big},
		{"socket", o.socket},
		{"worker", o.worker},
		{"page of another site", o.pageOfAnotherSite},
		{"frame of another site", o.frameOfAnotherSite},
	} {
		t.Run(sub.name, sub.run)
	}
}

// one waits for the only exchange of the addresses that contain part.
func (o *odd) one(t *testing.T, part string) wire.NetworkRequestSummary {
	t.Helper()
	return some(t, o.requests, part, 1)[0]
}

func (o *odd) redirect(t *testing.T) {
	o.x.eval(`fetch('/jump?n=jump&size=60').then(r => r.text())`)
	first, second := o.one(t, "/jump?"), o.one(t, "/api/landed?")
	if first.StatusCode != 302 || second.StatusCode != 200 {
		t.Errorf("%+v, then %+v", first, second)
	}
	if got := o.a.detail(first.ID).ResponseHeaders["Location"]; len(got) != 1 || got[0] != "/api/landed?n=jump&size=60" {
		t.Errorf("location %q", got)
	}
	if d := o.a.detail(second.ID); sum([]byte(d.ResponseBody)) != sum(content("jump", 60, false)) {
		t.Errorf("body %q", d.ResponseBody)
	}
}

func (o *odd) compressed(t *testing.T) {
	o.x.eval(`fetch('/gzip').then(r => r.text())`)
	e := o.one(t, "/gzip")
	saw := o.s.sights()[len(o.s.sights())-1]
	if d := o.a.detail(e.ID); size(e.ResponseSize) != saw.sent || sum([]byte(d.ResponseBody)) != saw.sentSum {
		t.Errorf("size %d, want %d; body of %d bytes", size(e.ResponseSize), saw.sent, len(d.ResponseBody))
	}
}

func (o *odd) password(t *testing.T) {
	o.x.call("Page.navigate", map[string]any{"url": strings.Replace(o.s.URL, "http://", "http://u:planted-secret-11@", 1) + "/auth"})
	e := o.one(t, "/auth")
	d := o.a.detail(e.ID)
	if e.StatusCode != 200 || d.ResponseBody != "come in" || strings.Contains(fmt.Sprintf("%+v", d), "planted") {
		t.Errorf("%+v", d)
	}
	o.x.visit(o.s.URL + "/")
}

func (o *odd) broken(t *testing.T) {
	o.x.eval(`fetch('/cut').then(r => r.text()).catch(() => 0)`)
	e := o.one(t, "/cut")
	if d := o.a.detail(e.ID); e.StatusCode != 200 || !strings.Contains(e.Error, "ERR_CONTENT_LENGTH_MISMATCH") || d.ResponseBodyTruncated == nil || !*d.ResponseBodyTruncated {
		t.Errorf("%+v", e)
	}
}

func (o *odd) aborted(t *testing.T) {
	o.x.eval(`(() => { const c = new AbortController(); setTimeout(() => c.abort(), 50); return fetch('/slow?1', {signal: c.signal}).catch(() => 0) })()`)
	if e := o.one(t, "/slow?1"); e.StatusCode != 0 || e.Error != "net::ERR_ABORTED (cancelled)" {
		t.Errorf("%+v", e)
	}
}

func (o *odd) refused(t *testing.T) {
	dead := fmt.Sprintf("http://127.0.0.1:%d/nobody", freePort(t))
	o.x.eval(fmt.Sprintf(`fetch(%q, {mode: 'no-cors'}).catch(() => 0)`, dead))
	if e := o.one(t, "/nobody"); e.StatusCode != 0 || !strings.Contains(e.Error, "ERR_CONNECTION_REFUSED") {
		t.Errorf("%+v", e)
	}
}

func (o *odd) forbiddenByCors(t *testing.T) {
	other := newSite(t)
	o.x.eval(fmt.Sprintf(`fetch('%s/api/cors?n=cors&size=30').catch(() => 0)`, other.URL))
	e := o.one(t, "/api/cors")
	if e.StatusCode != 200 || !strings.Contains(e.Error, "CORS") { // the server has answered
		t.Errorf("%+v", e)
	}
	o.x.eval(fmt.Sprintf(`fetch('%s/api/preflight?n=1', {method: 'PUT', body: 'x'}).catch(() => 0)`, other.URL))
	for _, e := range some(t, o.requests, "/api/preflight", 2) { // the question, and what was not sent then
		if e.Method == "OPTIONS" && e.StatusCode != 200 || e.Method == "PUT" && (e.StatusCode != 0 || !strings.Contains(e.Error, "CORS")) {
			t.Errorf("%+v", e)
		}
	}
}

func (o *odd) cached(t *testing.T) {
	for range 2 {
		o.x.eval(`fetch('/cached').then(r => r.text())`)
	}
	list := some(t, o.requests, "/cached", 2)
	if list[0].StatusText != "OK" || list[1].StatusText != "OK (from disk cache)" {
		t.Errorf("%q, then %q", list[0].StatusText, list[1].StatusText)
	}
	for range 2 {
		o.x.eval(`fetch('/etag').then(r => r.text())`)
	}
	list = some(t, o.requests, "/etag", 2)
	if list[0].StatusCode != 200 || list[1].StatusCode != 304 || size(list[1].ResponseSize) != 0 {
		t.Errorf("%+v, then %+v", list[0], list[1])
	}
}

func (o *odd) big(t *testing.T) {
	o.x.eval(`fetch('/big?size=1000000').then(r => r.text())`)
	e := o.one(t, "/big?size=1000000")
	if d := o.a.detail(e.ID); size(e.ResponseSize) != 1000000 || len(d.ResponseBody) != 256<<10 || !*d.ResponseBodyTruncated {
		t.Errorf("%+v: %d bytes of body", e, len(d.ResponseBody))
	}
	o.x.eval(`fetch('/big?size=50000000').then(r => r.text())`)
	e = o.one(t, "/big?size=50000000")
	if d := o.a.detail(e.ID); size(e.ResponseSize) != 50000000 || d.ResponseBody != "" || d.ResponseBodyTruncated == nil || !*d.ResponseBodyTruncated {
		t.Errorf("%+v: %d bytes of body", e, len(d.ResponseBody))
	}
	o.x.eval(`fetch('/api/upload?n=up', {method: 'POST', body: 'y'.repeat(700000)}).then(r => r.text())`)
	e = o.one(t, "/api/upload")
	if d := o.a.detail(e.ID); size(e.RequestSize) != 700000 || len(d.RequestBody) != 256<<10 || !*d.RequestBodyTruncated {
		t.Errorf("%+v: %d bytes of body", e, len(d.RequestBody))
	}
	o.x.eval(`(() => { const f = new FormData(); f.append('a', 'b'); f.append('file', new Blob(['0123456789']), 'x.bin'); return fetch('/api/form?n=form', {method: 'POST', body: f}).then(r => r.text()) })()`)
	if e = o.one(t, "/api/form"); e.RequestContentType != "multipart/form-data" || size(e.RequestSize) < 200 {
		t.Errorf("%+v: size %d", e, size(e.RequestSize))
	}
}

func (o *odd) socket(t *testing.T) {
	o.x.eval(fmt.Sprintf(`new Promise(done => { const w = new WebSocket('%s/socket');
		w.onopen = () => w.send('häl'); w.onmessage = () => w.close(); w.onclose = done })`, strings.Replace(o.s.URL, "http", "ws", 1)))
	if e := o.one(t, "/socket"); e.StatusCode != 101 || e.Method != "GET" || size(e.RequestSize) != 4 || size(e.ResponseSize) != 8 {
		t.Errorf("%+v: %d, %d bytes", e, size(e.RequestSize), size(e.ResponseSize))
	}
}

func (o *odd) worker(t *testing.T) {
	const worker = `onmessage = async e => { await (await fetch('/api/worker?n=' + e.data)).text(); postMessage(1) }`
	o.s.put("/worker.js", worker)
	o.x.eval(`new Promise(done => { const w = globalThis.w = new Worker('/worker.js'); w.onmessage = done; setTimeout(() => w.postMessage('late'), 500) })`)
	if e := o.one(t, "/api/worker?n=late"); e.StatusCode != 200 {
		t.Errorf("%+v", e)
	}
	if e := o.one(t, "/worker.js"); e.StatusCode != 200 || e.ResponseContentType != "text/javascript" || size(e.ResponseSize) != int64(len(worker)) {
		t.Errorf("%+v: %d bytes", e, size(e.ResponseSize))
	}
}

func (o *odd) pageOfAnotherSite(t *testing.T) {
	const text = "<!doctype html><title>Far</title>"
	o.x.visit(strings.Replace(o.s.put("/far", text), "127.0.0.1", "localhost", 1))
	e := o.one(t, "/far")
	if d := o.a.detail(e.ID); e.StatusCode != 200 || d.ResponseBody != text {
		t.Errorf("%+v: %q", e, d.ResponseBody)
	}
	o.x.visit(o.s.URL + "/")
}

func (o *odd) frameOfAnotherSite(t *testing.T) {
	o.s.put("/inner", `<!doctype html><script>setTimeout(() => fetch('/api/inner?n=1'), 500)</script>`)
	inner := strings.Replace(o.s.URL, "127.0.0.1", "localhost", 1) + "/inner"
	o.x.eval(fmt.Sprintf(`{ const f = document.createElement('iframe'); f.src = %q; document.body.append(f) }`, inner))
	if e := o.one(t, "/api/inner"); e.Host != "localhost" || e.StatusCode != 200 {
		t.Errorf("%+v", e)
	}
	o.one(t, strings.TrimPrefix(inner, "http://"))
}

// TestSecrets plants secrets in all parts of exchanges and expects none to come out,
// unless they are to be shown.
func TestSecrets(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/", "<!doctype html><title>Secrets</title>"))
	a, open := attachTo(t, b), attachTo(t, b, "--reveal")
	hidden, shown := a.dial("/ws/v1/network"), open.dial("/ws/v1/network")
	logs, events := a.dial("/ws/v1/logs?level=trace"), a.dial("/ws/v1/ui/events")
	x.eval(`fetch('/cookie').then(r => r.text())`)
	x.eval(`fetch('/api/login?access_token=planted-secret-4&n=1', {method: 'POST', headers: {Authorization: 'Bearer planted-secret-5', 'X-Api-Key': 'planted-secret-6',
		'Content-Type': 'application/json'}, body: JSON.stringify({user: 'me', password: 'planted-secret-7'})}).then(r => r.text())`)
	x.eval(`fetch('/missing?token=planted-secret-8').then(r => r.text())`) // the browser logs it
	x.eval(`history.pushState({}, '', '/callback?code=1&access_token=planted-secret-9')`)
	x.eval(`document.cookie = 'sid2=planted-secret-10'`)
	x.eval(`fetch('/api/last?n=2').then(r => r.text())`)
	collect := func(a *agent, requests *stream) string {
		var all strings.Builder
		for _, part := range []string{"/cookie", "/api/login", "/missing", "/api/last"} {
			e := some(t, requests, part, 1)[0]
			fmt.Fprintf(&all, "%+v %+v\n", e, a.detail(e.ID))
		}
		return all.String()
	}
	logEntry(logs, "the missing page", func(e *wire.LogEntry) bool { return strings.Contains(e.Message, "/missing") })
	find(events, "the callback", func(e *event) bool { return strings.Contains(deref(e.Data.To), "/callback") })
	said := collect(a, hidden)
	for _, s := range []*stream{hidden, logs, events} {
		for _, m := range s.all() {
			said += string(m) + "\n"
		}
	}
	said += a.log.String()
	for line := range strings.Lines(said) {
		if strings.Contains(line, "planted-secret") {
			t.Errorf("a secret is shown: %.2000s", line)
		}
	}
	if !strings.Contains(said, "visible") || !strings.Contains(said, "sid=***") {
		t.Errorf("what is no secret is not shown: %s", said)
	}
	revealed := collect(open, shown)
	for n := 1; n <= 8; n++ {
		if !strings.Contains(revealed, fmt.Sprintf("planted-secret-%d", n)) {
			t.Errorf("secret %d is not shown with --reveal", n)
		}
	}
	if !strings.Contains(open.log.String(), "secrets are shown") {
		t.Error("the log does not say that secrets are shown")
	}
}
