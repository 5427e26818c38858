package devflow

import (
	"encoding/base64"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// fetch records an exchange.
func (a *agent) fetch(method, url string, status int) string {
	return a.rec.Network.Record(exchange(method, url, status))
}

func exchange(method, url string, status int) recorder.Exchange {
	return recorder.Exchange{
		Summary: recorder.Summary{
			Start: time.Now(), Method: method, URL: url, Status: status, StatusText: "OK", Duration: 291400 * time.Microsecond,
			RequestType: "application/json; charset=utf-8", ResponseType: "image/png", RequestSize: 12, ResponseSize: 4,
		},
		Detail: recorder.Detail{
			RequestHeader: map[string][]string{"Accept": {"application/json", "text/plain"}},
			RequestBody:   recorder.Body{Data: []byte(`{"sku":"A€"}`)},
			ResponseBody:  recorder.Body{Data: []byte{0x89, 'P', 'N', 'G'}, Truncated: true},
		},
	}
}

func entryOf(m message) message {
	e, _ := m.data()["entry"].(map[string]any)
	return e
}

func TestNetworkReplayThenLive(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		first := a.fetch("GET", "https://api.example.test:8443/v2/orders?dry=1", 200)
		second := a.fetch("POST", "https://other.test/x", 500)
		s := a.dial("/ws/v1/network?compat=" + compat)
		replay := s.next("replay")
		if got := replay.data().texts("entries", "id"); got != second+" "+first {
			t.Errorf("replay %q", got)
		}
		e := replay.data().list("entries")[1]
		if e.text("host") != "api.example.test" || e.text("path") != "/v2/orders" || e.number("durationMs") != 291 || e["durationMs"] != float64(291) ||
			e.text("requestContentType") != "application/json" || e.number("requestSize") != 12 || e.number("statusCode") != 200 || e["requestHeaders"] != nil {
			t.Errorf("summary %v", e)
		}
		x := exchange("PUT", "http://failed.test/", 0)
		x.Error, x.Duration, x.RequestSize = "dial tcp: timeout", 0, -1
		failed := a.rec.Network.Record(x)
		live := s.next("request")
		e = entryOf(live)
		if _, has := e["statusCode"]; has || e.text("id") != failed || e.text("error") == "" || e["durationMs"] != float64(0) || e["requestSize"] != nil {
			t.Errorf("failed exchange %v", e)
		}
		if compat == "mirror" && (fmt.Sprint(live["entry"]) != fmt.Sprint(live.data()["entry"]) || len(replay.list("entries")) != 2) {
			t.Errorf("mirror of %v", live)
		}
	})
}

func TestNetworkFilters(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	for i := range 120 {
		a.fetch([]string{"GET", "POST"}[i%2], fmt.Sprintf("http://h%d.Example.test/%d", i%3, i), 200+i%2)
	}
	for _, test := range []struct {
		query string
		n     int
	}{
		{"", 100}, {"?replay=3", 3}, {"?replay=x", 100}, {"?replay=100000", 120}, {"?host=EXAMPLE&replay=500", 120}, {"?host=h1.ex&replay=500", 40},
		{"?method=post&replay=500", 60}, {"?method=pos", 0}, {"?host=h1&method=GET&replay=500", 20}, {"?host=a+b", 0},
	} {
		if got := a.dial("/ws/v1/network" + test.query).next("replay").data().list("entries"); len(got) != test.n {
			t.Errorf("%s: %d entries, want %d", test.query, len(got), test.n)
		}
	}
	for _, test := range []struct {
		query string
		n     int
	}{
		{"", 100}, {"?limit=3", 3}, {"?limit=x", 100}, {"?limit=0", 1}, {"?limit=10000", 120}, {"?host=h1&limit=500", 40}, {"?method=post&limit=500", 60},
		{"?status=201&limit=500", 60}, {"?statusCode=201&limit=500", 60}, {"?status=404", 0}, {"?status=9&limit=500", 120}, {"?status=abc&limit=500", 120},
		{"?statusCode=404&status=200&limit=500", 60},
	} {
		if got := a.do("GET", "/api/v1/network/requests"+test.query, "").ok().array(); len(got) != test.n {
			t.Errorf("%s: %d entries, want %d", test.query, len(got), test.n)
		} else if test.n == 120 && got[0].text("url") != "http://h2.Example.test/119" {
			t.Errorf("not the newest first: %v", got[0])
		}
	}
	s := a.dial("/ws/v1/network?replay=0&host=wanted&method=GET")
	waitReaders(t, a, 1)
	a.fetch("GET", "http://unwanted-not.test/", 200)
	a.fetch("POST", "http://is-wanted.test/", 200)
	id := a.fetch("GET", "http://is-Wanted.test/", 200)
	// unwanted-not has the word too: it is the first that passes.
	if e := entryOf(s.next("request")); e.text("method") != "GET" || e.text("host") != "unwanted-not.test" {
		t.Errorf("passed %v", e)
	}
	if e := entryOf(s.next("request")); e.text("id") != id {
		t.Errorf("passed %v, want %s", e, id)
	}
}

func TestNetworkDetails(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{Capacity: &recorder.Capacity{Exchanges: 2, Body: 100, Detail: 1 << 20}}, Deps{})
		evicted := a.fetch("GET", "http://a.test/1", 200)
		id := a.fetch("GET", "http://a.test/2", 200)
		a.fetch("GET", "http://a.test/3", 200)
		s := a.dial("/ws/v1/network?replay=0&compat=" + compat)
		s.write(`{"type":"get_details","timestamp":"2026-03-04T09:40:01.000Z","data":{"id":"` + id + `","more":1}}`)
		m := s.next("details")
		checkDetail(t, entryOf(m), id)
		if compat == "mirror" && fmt.Sprint(m["entry"]) != fmt.Sprint(m.data()["entry"]) {
			t.Errorf("mirror of %v", m)
		}
		s.write(`{"type":"get_details","id":"` + id + `"}`)
		checkDetail(t, entryOf(s.next("details")), id)
		for _, unknown := range []string{evicted, "nope", ""} {
			s.write(`{"type":"get_details","data":{"id":"` + unknown + `"}}`)
			e := s.next("error")
			if e.data().text("id") != unknown || e.data().text("message") != "Network request '"+unknown+"' not found" {
				t.Errorf("error %v", e)
			}
			if compat == "mirror" && e.text("error") != e.data().text("message") {
				t.Errorf("mirror of %v", e)
			}
		}
		checkDetail(t, a.do("GET", "/api/v1/network/requests/"+id+"/", "").ok().object(), id)
		a.do("GET", "/api/v1/network/requests/"+evicted, "").fails(404, "not_found")
		a.do("GET", "/api/v1/network/requests/a+b", "").fails(404, "not_found")
	})
}

func checkDetail(t *testing.T, e message, id string) {
	t.Helper()
	accept, _ := e["requestHeaders"].(map[string]any)
	if e.text("id") != id || e.text("requestBody") != `{"sku":"A€"}` || e.text("requestBodyEncoding") != "utf-8" || e["requestBodyTruncated"] != false ||
		e.text("responseBody") != base64.StdEncoding.EncodeToString([]byte("\x89PNG")) || e.text("responseBodyEncoding") != "base64" ||
		e["responseBodyTruncated"] != true || fmt.Sprint(accept["Accept"]) != "[application/json text/plain]" {
		t.Errorf("detail %v", e)
	}
}

// TestAnswersKeepTheirPlace: many commands and a clear between them are answered in
// their order.
func TestAnswersKeepTheirPlace(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	s := a.dial("/ws/v1/network?replay=0")
	s.write(`{"type":"clear"}`)
	s.next("cleared")
	s.sparse = true
	for round := range 20 {
		id := a.fetch("GET", "http://a.test/", 200)
		for i := range 5 {
			s.write(fmt.Sprintf(`{"type":"get_details","data":{"id":"x%d"}}`, i))
		}
		s.write(`{"type":"get_details","data":{"id":"` + id + `"}}`)
		s.write(`{"type":"clear"}`)
		s.write(`{"type":"get_details","data":{"id":"` + id + `"}}`)
		if got := entryOf(s.next("request")).text("id"); got != id {
			t.Errorf("round %d: request %s, want %s", round, got, id)
		}
		for i := range 5 {
			if got := s.next("error").data().text("id"); got != fmt.Sprintf("x%d", i) {
				t.Errorf("round %d: answer %d is about %s", round, i, got)
			}
		}
		if got := entryOf(s.next("details")).text("id"); got != id {
			t.Errorf("details of %s", got)
		}
		s.next("cleared")
		if got := s.next("error").data().text("id"); got != id {
			t.Errorf("after the clear: %s", got)
		}
	}
}

func TestClearedReachesEverybodyInOrder(t *testing.T) {
	modes(t, func(t *testing.T, compat string) {
		a := newAgent(t, recorder.Options{}, Deps{})
		asking := a.dial("/ws/v1/network?replay=0&compat=" + compat)
		other := a.dial("/ws/v1/network?replay=0&host=nobody&compat=" + compat)
		waitReaders(t, a, 2)
		var recording sync.WaitGroup
		stop := make(chan struct{})
		before := map[string]bool{}
		for range 50 {
			before[a.fetch("GET", "http://a.test/", 200)] = true
		}
		asking.write(`{"type":"clear"}`)
		recording.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Microsecond):
					a.fetch("GET", "http://a.test/after", 200)
				}
			}
		})
		asking.sparse = true
		for cleared := false; ; {
			data, err := asking.raw()
			if err != nil {
				t.Fatal(err)
			}
			m := asking.check(data)
			if m.typ() == "cleared" {
				cleared = true
				continue
			}
			if cleared && before[entryOf(m).text("id")] {
				t.Error("an exchange from before the clear after cleared")
			}
			if cleared {
				break
			}
		}
		other.next("cleared")
		a.do("DELETE", "/api/v1/network/requests", "").done()
		other.next("cleared")
		close(stop)
		recording.Wait()
	})
}

func TestBodies(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		name, typ string
		body      recorder.Body
		text, enc string
		truncated *bool
	}{
		{"none", "text/plain", recorder.Body{}, "", "", nil},
		{"dropped", "text/plain", recorder.Body{Truncated: true}, "", "", &yes},
		{"text", "Text/Plain; charset=utf-8", recorder.Body{Data: []byte("hä")}, "hä", "utf-8", &no},
		{"json suffix", "application/problem+json", recorder.Body{Data: []byte("{}")}, "{}", "utf-8", &no},
		{"form", "application/x-www-form-urlencoded", recorder.Body{Data: []byte("a=b")}, "a=b", "utf-8", &no},
		{"not UTF-8", "text/plain", recorder.Body{Data: []byte{0xff}}, "/w==", "base64", &no},
		{"cut character", "text/plain", recorder.Body{Data: []byte("h\xe2\x82"), Truncated: true}, "h", "utf-8", &yes},
		{"half character of a whole body", "text/plain", recorder.Body{Data: []byte("h\xe2\x82")}, "aOKC", "base64", &no},
		{"binary", "application/octet-stream", recorder.Body{Data: []byte("text")}, "dGV4dA==", "base64", &no},
		{"unknown", "", recorder.Body{Data: []byte("text")}, "dGV4dA==", "base64", &no},
	} {
		text, enc, truncated := toBody(test.body, test.typ)
		if text != test.text || enc != test.enc || (truncated == nil) != (test.truncated == nil) || truncated != nil && *truncated != *test.truncated {
			t.Errorf("%s: %q, %q, %v", test.name, text, enc, truncated)
		}
	}
}
