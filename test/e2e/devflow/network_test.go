package devflow

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// requested waits until so many exchanges are held.
func (a *agent) requested(n int) []object {
	a.t.Helper()
	var list []object
	device.Poll(a.t, "the exchanges to be recorded", func() bool {
		list = a.array("/api/v1/network/requests?limit=5000")
		return len(list) == n
	})
	return list
}

var idForm = regexp.MustCompile(`^[0-9a-f]{12}$`)

// TestNetworkReplay: section 4.4 (replay, host, method), 2.6, 8.4, 8.5.
func TestNetworkReplay(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		if got := a.open("/ws/v1/network").next("replay").data()["entries"]; fmt.Sprint(got) != "[]" {
			t.Errorf("the replay of an empty buffer is %v", got)
		}
		url := site(t)
		for i, method := range []string{"GET", "POST", "GET", "DELETE"} {
			a.fetch(method, url+"/"+strconv.Itoa(i))
			a.requested(i + 1)
		}
		for query, want := range map[string]string{
			"":                         "/3 /2 /1 /0",
			"?replay=2":                "/3 /2",
			"?replay=9999999":          "/3 /2 /1 /0",
			"?replay=two":              "/3 /2 /1 /0",
			"?replay=&replay=1":        "/3",
			"?method=get":              "/2 /0",
			"?method=GE":               "",
			"?method=GET&replay=1":     "/2",
			"?host=127.0":              "/3 /2 /1 /0",
			"?host=LOCALHOST":          "",
			"?host=127.0&method=post":  "/1",
			"?method=DELETE&unknown=1": "/3",
		} {
			s := a.open("/ws/v1/network" + query)
			if got := s.next("replay").data().texts("entries", "path"); got != want {
				t.Errorf("%s: the replay is %q, want %q", query, got, want)
			}
			s.Drop()
		}
		live, filtered := a.open("/ws/v1/network?replay=0"), a.open("/ws/v1/network?replay=-5&method=PUT&host=127")
		a.fetch("GET", url+"/live")
		a.fetch("PUT", url+"/put")
		for _, want := range []string{"/live", "/put"} {
			if got := live.next("request").data().object("entry").text("path"); got != want {
				t.Errorf("exchange %q, want %q", got, want)
			}
		}
		if got := filtered.next("request").data().object("entry").text("path"); got != "/put" {
			t.Errorf("exchange %q passes the filter", got)
		}
		filtered.nothing()
	})
}

// TestNetworkEntries: sections 3.3 and 3.4: every member of a summary and of a detail,
// which are the same over WebSocket and HTTP.
func TestNetworkEntries(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		url := site(t)
		s := a.open("/ws/v1/network?replay=0")
		a.fetch("POST", url+"/v2/orders?dry=1", "body", `{"sku":"A-1"}`, "type", "application/json; charset=utf-8")
		entry := s.next("request").data().object("entry")
		checkTimestamp(t, entry.text("timestamp"))
		if !idForm.MatchString(entry.text("id")) || entry.text("method") != "POST" || entry.text("url") != url+"/v2/orders?dry=1" ||
			entry.text("host") != "127.0.0.1" || entry.text("path") != "/v2/orders" || entry.number("statusCode") != 200 || entry.text("statusText") != "OK" ||
			entry.text("requestContentType") != "application/json" || entry.text("responseContentType") != "text/plain" ||
			entry.number("requestSize") != 13 || entry.number("responseSize") != 13 {
			t.Errorf("summary %v", entry)
		}
		if ms, ok := entry["durationMs"].(float64); !ok || ms != float64(int(ms)) || ms < 0 {
			t.Errorf("durationMs %v", entry["durationMs"])
		}
		if _, has := entry["error"]; has {
			t.Errorf("an exchange without an error has one: %v", entry)
		}
		d := s.details(entry.text("id"))
		for name, v := range entry {
			if fmt.Sprint(d[name]) != fmt.Sprint(v) {
				t.Errorf("%s is %v in the detail and %v in the summary", name, d[name], v)
			}
		}
		if got := fmt.Sprint(d.object("requestHeaders")["Content-Type"], d.object("responseHeaders")["X-Many"]); got != "[application/json; charset=utf-8] [one two]" {
			t.Errorf("headers %v", got)
		}
		if d.text("requestBody") != `{"sku":"A-1"}` || d.text("requestBodyEncoding") != "utf-8" || d["requestBodyTruncated"] != false ||
			d.text("responseBody") != `{"sku":"A-1"}` || d.text("responseBodyEncoding") != "utf-8" || d["responseBodyTruncated"] != false {
			t.Errorf("detail %v", d)
		}
		if got := a.object(a.Get("/api/v1/network/requests/" + entry.text("id"))); fmt.Sprint(got) != fmt.Sprint(d) {
			t.Errorf("over HTTP %v, want %v", got, d)
		}
	})
}

// details asks for an exchange.
func (s *socket) details(id string) object {
	s.t.Helper()
	s.Send(`{"type":"get_details","data":{"id":"` + id + `"}}`)
	return s.next("details").data().object("entry")
}

// TestNetworkBodies: section 3.4: text, other bodies, those over the limit, none.
func TestNetworkBodies(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	url := site(t)
	s := a.open("/ws/v1/network?replay=0")
	const limit = 256 << 10
	long := strings.Repeat("é", limit) // twice the limit, which cuts no character
	for _, test := range []struct{ kind, body, want, encoding string }{
		{"application/octet-stream", "\x00\xff\x01", base64.StdEncoding.EncodeToString([]byte("\x00\xff\x01")), "base64"},
		{"text/plain", "not\xffUTF-8", base64.StdEncoding.EncodeToString([]byte("not\xffUTF-8")), "base64"},
		{"text/html; charset=utf-8", "<p>", "<p>", "utf-8"},
		{"application/problem+json", "{}", "{}", "utf-8"},
		{"image/svg+xml", "<svg/>", "<svg/>", "utf-8"},
		{"application/graphql", "{a}", "{a}", "utf-8"},
		{"image/png", "plain", base64.StdEncoding.EncodeToString([]byte("plain")), "base64"},
		{"text/csv", long, long[:limit], "utf-8"},
	} {
		a.fetch("PUT", url+"/x", "body", test.body, "type", test.kind)
		entry := s.next("request").data().object("entry")
		d := s.details(entry.text("id"))
		if entry.number("requestSize") != len(test.body) || d.text("requestBody") != test.want || d.text("requestBodyEncoding") != test.encoding ||
			d["requestBodyTruncated"] != (len(test.body) > limit) {
			t.Errorf("%s: %d bytes, %.40q %s %v", test.kind, entry.number("requestSize"), d.text("requestBody"), d.text("requestBodyEncoding"), d["requestBodyTruncated"])
		}
	}
	a.fetch("GET", url+"/status/204")
	d := s.details(s.next("request").data().object("entry").text("id"))
	for _, name := range []string{"requestBody", "responseBody"} {
		if v, has := d[name]; has && v != nil {
			t.Errorf("an empty body is told: %s %v", name, v)
		}
	}
	if d.number("statusCode") != 204 || d.text("statusText") != "No Content" {
		t.Errorf("detail %v", d)
	}
}

// TestNetworkFailure: section 3.3: an exchange without a response is told, once.
func TestNetworkFailure(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		s := a.open("/ws/v1/network?replay=0")
		a.fetch("GET", "http://"+l.Addr().String()+"/gone")
		entry := s.next("request").data().object("entry")
		if v, has := entry["statusCode"]; has && v != nil || entry.text("error") == "" || entry.text("path") != "/gone" {
			t.Errorf("summary %v", entry)
		}
		if _, ok := entry["durationMs"].(float64); !ok {
			t.Errorf("durationMs %v", entry["durationMs"])
		}
		s.nothing()
	})
}

// TestNetworkBodyLimit: section 3.4: 0 switches the capture of bodies off.
func TestNetworkBodyLimit(t *testing.T) {
	t.Parallel()
	a := startRun(t, "--body-limit", "0")
	s := a.open("/ws/v1/network?replay=0")
	a.fetch("POST", site(t)+"/", "body", "text", "type", "text/plain")
	entry := s.next("request").data().object("entry")
	if d := s.details(entry.text("id")); d["requestBody"] != nil || d["responseBody"] != nil || d.number("requestSize") != 4 {
		t.Errorf("detail %v", d)
	}
}

// TestNetworkSecrets: section 3.4: redacted by default, kept with --reveal.
func TestNetworkSecrets(t *testing.T) {
	t.Parallel()
	for _, reveal := range []bool{false, true} {
		var args []string
		if reveal {
			args = []string{"--reveal"}
		}
		a := startRun(t, args...)
		a.fetch("POST", site(t)+"/login?access_token=hunter2", "body", `{"password":"hunter2"}`, "type", "application/json")
		id := a.requested(1)[0].text("id")
		if got := string(a.Get("/api/v1/network/requests/" + id).Body); strings.Contains(got, "hunter2") != reveal {
			t.Errorf("reveal %v: %s", reveal, got)
		}
	}
}

// TestGetDetails: section 4.4 and 8.9: a known, an unknown and an evicted id; the id at
// the top level (2.8); the order of the answers; only the one who asked gets them.
func TestGetDetails(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		url := site(t)
		s, other := a.open("/ws/v1/network?replay=0"), a.open("/ws/v1/network?replay=0")
		a.fetch("GET", url+"/first")
		first := s.next("request").data().object("entry").text("id")
		other.next("request")
		s.Send(`{"type":"get_details","id":"` + first + `"}`)
		s.Send(`{"type":"get_details","data":{"id":"nope"}}`)
		s.Send(`{"type":"get_details","id":"nope","data":{"id":"` + first + `"}}`)
		s.Send(`{"type":"get_details","data":{"id":"` + strings.Repeat("n", 5000) + `"}}`)
		s.Send(`{"type":"get_details","data":{"id":""}}`)
		if got := s.next("details").data().object("entry").text("path"); got != "/first" {
			t.Errorf("the id at the top level gives %q", got)
		}
		if d := s.next("error").data(); d.text("message") != "Network request 'nope' not found" || d.text("id") != "nope" {
			t.Errorf("error %v", d)
		}
		if got := s.next("details").data().object("entry").text("path"); got != "/first" {
			t.Errorf("data.id gives %q", got)
		}
		if d := s.next("error").data(); len(d.text("id")) > 5000 {
			t.Errorf("an id of %d bytes", len(d.text("id")))
		}
		s.next("error")
		other.nothing()

		// 501 more evict the first.
		a.fetch("GET", url+"/more/{i}", "n", "501")
		for i := range 501 {
			if got := s.next("request").data().object("entry").text("path"); got != fmt.Sprintf("/more/%d", i) {
				t.Fatalf("exchange %s, want %d", got, i)
			}
		}
		s.Send(`{"type":"get_details","data":{"id":"` + first + `"}}`)
		if d := s.next("error").data(); d.text("id") != first {
			t.Errorf("error %v", d)
		}
		a.wantError(a.Get("/api/v1/network/requests/"+first), 404, "not_found")
		if list := a.array("/api/v1/network/requests?limit=5000"); len(list) != 500 || list[499].text("path") != "/more/1" {
			t.Errorf("%d exchanges are held, the oldest is %v", len(list), list[len(list)-1])
		}
	})
}

// TestNetworkClear: section 4.4 and 8.9: cleared goes to all, for both ways to clear,
// and no exchange of before comes after it.
func TestNetworkClear(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		url := site(t)
		s, other := a.open("/ws/v1/network"), a.open("/ws/v1/network?method=PUT&compat=none")
		s.next("replay")
		other.next("replay")
		for i, clear := range []func(){
			func() { s.Send(`{"type":"clear"}`) },
			func() {
				r := a.Ask("DELETE", "/api/v1/network/requests", "")
				if o := a.object(r); o["success"] != true || o.text("message") == "" {
					t.Errorf("action body %s", r.Body)
				}
			},
			func() { other.Send(`{"type":"clear","timestamp":"2026-03-04T09:40:03.000Z"}`) },
		} {
			a.fetch("GET", url+"/before")
			id := s.next("request").data().object("entry").text("id")
			clear()
			for _, one := range []*socket{s, other} {
				if o := one.next("cleared"); len(o) != 2 {
					t.Errorf("message %v", o)
				}
			}
			if list := a.array("/api/v1/network/requests"); len(list) != 0 {
				t.Errorf("clear %d leaves %v", i, list)
			}
			s.Send(`{"type":"get_details","data":{"id":"` + id + `"}}`)
			s.next("error")
		}
		a.fetch("GET", url+"/after")
		if got := s.next("request").data().object("entry").text("path"); got != "/after" {
			t.Errorf("exchange %q", got)
		}
		if got := a.open("/ws/v1/network").next("replay").data().texts("entries", "path"); got != "/after" {
			t.Errorf("the replay is %q", got)
		}
	})
}

// TestNetworkClearUnderLoad: section 4.4: no request for an exchange that was recorded
// before the clear follows cleared, and 2.6: each exchange comes at most once.
func TestNetworkClearUnderLoad(t *testing.T) {
	t.Parallel()
	a := startRun(t)
	url := site(t)
	var wg sync.WaitGroup
	s := a.open("/ws/v1/network?replay=0")
	wg.Go(func() { a.fetch("GET", url+"/{i}", "n", "300") })
	wg.Go(func() {
		for range 10 {
			s.Send(`{"type":"clear"}`)
			s.Ping()
		}
	})
	wg.Wait()
	next, cleared := 0, 0
	for next < 300 || cleared < 10 {
		o := s.check(s.Next())
		switch o.typ() {
		case "cleared":
			cleared++
		case "request":
			if got := o.data().object("entry").text("path"); got != fmt.Sprintf("/%d", next) {
				t.Fatalf("exchange %s, want %d", got, next)
			}
			next++
		}
	}
	s.nothing()
}

// TestNetworkExactlyOnce: section 2.6, 8.3.
func TestNetworkExactlyOnce(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		const requests = 400
		a := startMode(t, compat)
		url := site(t)
		var wg sync.WaitGroup
		wg.Go(func() { a.fetch("GET", url+"/{i}", "n", strconv.Itoa(requests)) })
		for range 8 {
			wg.Go(func() {
				s := a.open("/ws/v1/network?replay=500")
				replay := s.next("replay").data().list("entries")
				for i, e := range replay { // newest first: all that there were
					if got, want := e.text("path"), fmt.Sprintf("/%d", len(replay)-1-i); got != want {
						t.Errorf("%s in the replay, want %s", got, want)
					}
				}
				for i := len(replay); i < requests; i++ {
					if got, want := s.next("request").data().object("entry").text("path"), fmt.Sprintf("/%d", i); got != want {
						t.Errorf("%s comes live, want %s", got, want)
						return
					}
				}
				s.nothing()
			})
		}
		wg.Wait()
	})
}

// TestNetworkHTTP: section 5.4.
func TestNetworkHTTP(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := startMode(t, compat)
		url := site(t)
		for i, what := range []string{"GET /status/200", "POST /status/404", "GET /status/500", "PUT /status/200"} {
			method, path, _ := strings.Cut(what, " ")
			a.fetch(method, url+path)
			a.requested(i + 1)
		}
		for query, want := range map[string]string{
			"":                              "PUT GET POST GET",
			"?limit=2":                      "PUT GET",
			"?limit=0":                      "PUT",
			"?limit=-1":                     "PUT",
			"?limit=x":                      "PUT GET POST GET",
			"?limit=100000":                 "PUT GET POST GET",
			"?host=127.0.0":                 "PUT GET POST GET",
			"?host=elsewhere":               "",
			"?method=get":                   "GET GET",
			"?method=G":                     "",
			"?status=404":                   "POST",
			"?statusCode=200":               "PUT GET",
			"?status=abc":                   "PUT GET POST GET",
			"?status=99":                    "PUT GET POST GET",
			"?status=600":                   "PUT GET POST GET",
			"?status=418":                   "",
			"?status=200&method=PUT&host=1": "PUT",
			"?method=get&limit=1":           "GET",
		} {
			if got := texts(a.array("/api/v1/network/requests"+query), "method"); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		// The archive, the oldest first.
		entries := a.object(a.Get("/api/v1/network/requests.har")).object("log").list("entries")
		var got []string
		for _, e := range entries {
			got = append(got, e.object("request").text("method")+" "+strconv.Itoa(e.object("response").number("status")))
		}
		if strings.Join(got, ", ") != "GET 200, POST 404, GET 500, PUT 200" {
			t.Errorf("the archive has %q", got)
		}
		if o := a.object(a.Ask(http.MethodDelete, "/api/v1/network/requests/", "")); o["success"] != true {
			t.Errorf("action body %v", o)
		}
		a.requested(0)
	})
}
