package devflow

import (
	"encoding/base64"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
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
