package recorder

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func fetch(r *Recorder, url string, body int) string {
	return r.Network.Record(Exchange{
		Summary: Summary{Method: "GET", URL: url, Status: 200},
		Detail:  Detail{ResponseBody: Body{Data: make([]byte, body)}},
	})
}

func TestExchangesAreTidied(t *testing.T) {
	r := newTest(t, Options{Redact: func(x *Exchange) { x.URL = strings.ReplaceAll(x.URL, "secret", "***") }})
	body := bytes.Repeat([]byte("x"), 300<<10)
	id := r.Network.Record(Exchange{
		Summary: Summary{Method: "GET", URL: "https://h.test:8443/a%20b?token=secret", Status: 999, Duration: -5},
		Detail:  Detail{RequestBody: Body{Data: body}, RequestHeader: map[string][]string{"Big": {strings.Repeat("y", 70<<10)}, "Small": {"z"}}},
	})
	x, gone, ok := r.Network.Find(id)
	if !ok || gone || x.Host != "h.test" || x.Path != "/a%20b" || x.Status != 0 || x.Duration != 0 || x.Start.IsZero() || strings.Contains(x.URL, "secret") {
		t.Errorf("exchange %+v", x.Summary)
	}
	if len(x.RequestBody.Data) != 256<<10 || !x.RequestBody.Truncated || len(body) != 300<<10 {
		t.Errorf("a body of %d bytes, truncated %v", len(x.RequestBody.Data), x.RequestBody.Truncated)
	}
	if len(x.RequestHeader) != 1 || x.RequestHeader["Small"] == nil {
		t.Errorf("headers %d", len(x.RequestHeader))
	}
	if len(id) != 12 {
		t.Errorf("id %q", id)
	}
}

func TestOldDetailsMakeRoom(t *testing.T) {
	r := newTest(t, Options{Capacity: &Capacity{Exchanges: 10, Detail: 10 << 10, Body: 4 << 10}})
	var all []string
	for i := range 12 {
		all = append(all, fetch(r, fmt.Sprintf("http://h.test/%d", i), 4<<10))
	}
	for i, id := range all {
		x, gone, ok := r.Network.Find(id)
		if ok != (i >= 2) || ok && gone != (i < 10) || ok && gone != (x.ResponseBody.Data == nil) {
			t.Errorf("exchange %d: gone %v, ok %v, %d bytes", i, gone, ok, len(x.ResponseBody.Data))
		}
	}
	n := r.Network
	if n.held > 10<<10 || len(n.details) != 2 || len(n.byID) != 10 {
		t.Errorf("%d bytes of %d details, %d exchanges", n.held, len(n.details), len(n.byID))
	}
	n.Clear()
	if n.held != 0 || len(n.details)+len(n.byID)+len(n.order)+len(n.Held()) != 0 {
		t.Error("something is left after the clear")
	}
	if id := fetch(r, "http://h.test/", 20<<10); id == "" {
		t.Error("not recorded")
	} else if _, gone, ok := n.Find(id); !ok || gone {
		t.Errorf("after the clear: gone %v, ok %v", gone, ok)
	}
}

func TestExchangesWithCapacityZero(t *testing.T) {
	r := newTest(t, Options{Capacity: &Capacity{Detail: 1 << 20, Body: 100}})
	s, err := r.Network.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	id := fetch(r, "http://h.test/", 10)
	if got := take(t, s, 1); got[0].Exchange.ID != id {
		t.Errorf("streamed %v", got)
	}
	if _, _, ok := r.Network.Find(id); ok || r.Network.held != 0 || len(r.Network.byID) != 0 {
		t.Error("an exchange is kept")
	}
}

func TestClearIsToldInItsPlace(t *testing.T) {
	r := newTest(t, Options{})
	s, err := r.Network.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var recording sync.WaitGroup
	for range 4 {
		recording.Go(func() {
			for range 50 {
				fetch(r, "http://h.test/", 1)
			}
		})
	}
	r.Network.Clear()
	recording.Wait()
	after, cleared := 0, false
	for _, e := range take(t, s, 201) {
		switch {
		case e.Exchange == nil && cleared:
			t.Error("cleared twice")
		case e.Exchange == nil:
			cleared = true
		case cleared:
			after++
		}
	}
	if held := len(r.Network.Held()); held != after {
		t.Errorf("%d are kept, %d came after the clear", held, after)
	}
}

func TestUnwantedExchangesAreDropped(t *testing.T) {
	r := newTest(t, Options{Mode: OnDemand})
	if id := fetch(r, "http://h.test/", 1); id != "" || len(r.Network.buf.held()) != 0 {
		t.Errorf("recorded as %q", id)
	}
	if _, err := r.Profiler.Start(0); err != nil {
		t.Fatal(err)
	}
	if id := fetch(r, "http://h.test/", 1); id == "" {
		t.Error("a profiler session is no interest")
	}
}

func TestIDsAreUnique(t *testing.T) {
	var i ids
	i.init()
	seen := map[string]bool{}
	for range 100_000 {
		id := i.next()
		if len(id) != 12 || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}
