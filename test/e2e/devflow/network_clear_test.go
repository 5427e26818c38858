package devflow

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

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
