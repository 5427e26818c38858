package http

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// entry is ErrorHistoryEntry of 7.3.
type entry struct {
	ID        string
	Status    int
	Transport string
	Source    string
	errorBody
}

func history(t *testing.T, d *device.Device, query string) []entry {
	t.Helper()
	r := d.Get("/v1/errors" + query)
	var list struct{ Items []entry }
	d.JSON(r, &list)
	if r.Status != 200 || list.Items == nil {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	return list.Items
}

// 7.3: failed requests are remembered, newest first.
func TestErrorHistory(t *testing.T) {
	d := start(t)
	if list := history(t, d, ""); len(list) != 0 {
		t.Errorf("a new server has %v", list)
	}
	for i := range 5 {
		d.Get(fmt.Sprintf("/v1/nosuch/%d", i), "X-Request-Id", fmt.Sprintf("r-%d", i))
	}
	d.Post("/v1/device/hostname", `{"hostname":"-"}`)
	list := history(t, d, "")
	if len(list) != 6 {
		t.Fatalf("%d entries", len(list))
	}
	seen := map[string]bool{}
	for i, e := range list {
		if e.ID == "" || seen[e.ID] || e.Transport != "http" {
			t.Errorf("%d: %+v", i, e)
		}
		seen[e.ID] = true
		if i > 0 && e.TimestampMS > list[i-1].TimestampMS {
			t.Errorf("%d is newer than %d", i, i-1)
		}
		if i == 0 {
			if e.Status != 400 || e.Code != "bad_request" || e.Operation != "POST /v1/device/hostname" {
				t.Errorf("%+v", e)
			}
		} else if e.Status != 404 || e.Code != "not_found" || e.RequestID != fmt.Sprintf("r-%d", 5-i) || e.Operation != fmt.Sprintf("GET /v1/nosuch/%d", 5-i) {
			t.Errorf("%d: %+v", i, e)
		}
	}
}

// 7.3: limit and since_ms.
func TestErrorHistorySelection(t *testing.T) {
	d := start(t)
	for i := range 10 {
		d.Get(fmt.Sprintf("/v1/nosuch/%d", i))
	}
	all := history(t, d, "")
	for query, want := range map[string]int{"?limit=0": 0, "?limit=3": 3, "?limit=100000": 10, "?since_ms=0": 10, "?since_ms=99999999999999": 0, "?limit=2&since_ms=1": 2} {
		if list := history(t, d, query); len(list) != want || (want > 0 && list[0].ID != all[0].ID) {
			t.Errorf("%s: %d entries, want %d", query, len(list), want)
		}
	}
	since := all[4].TimestampMS
	want := 0
	for _, e := range all {
		if e.TimestampMS >= since {
			want++
		}
	}
	if list := history(t, d, "?since_ms="+strconv.FormatInt(since, 10)); len(list) != want {
		t.Errorf("since %d: %d entries, want %d", since, len(list), want)
	}
	for _, query := range []string{"?limit=x", "?limit=-1", "?limit=", "?since_ms=1.5", "?limit=1&limit=2"} {
		wantError(t, query, d.Get("/v1/errors"+query), 400, "bad_request")
	}
}

// 7.3, 9.3: the history holds 500 entries; it can be exported and cleared.
func TestErrorHistoryIsBounded(t *testing.T) {
	d := start(t)
	for i := range 520 {
		d.Get(fmt.Sprintf("/v1/nosuch/%d", i))
	}
	list := history(t, d, "")
	if len(list) != 500 || list[0].Operation != "GET /v1/nosuch/519" || list[499].Operation != "GET /v1/nosuch/20" {
		t.Errorf("%d entries, from %+v", len(list), list[0])
	}
	exported := d.Get("/v1/errors/export")
	if plain := d.Get("/v1/errors"); exported.Status != 200 || string(exported.Body) != string(plain.Body) ||
		!strings.HasPrefix(exported.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("export: %d %v, %d bytes", exported.Status, exported.Header, len(exported.Body))
	}
	if r := d.Ask("DELETE", "/v1/errors", ""); r.Status != 204 || len(r.Body) != 0 {
		t.Errorf("DELETE: %d %s", r.Status, r.Body)
	}
	if list := history(t, d, ""); len(list) != 0 {
		t.Errorf("%d entries after DELETE", len(list))
	}
}

// 7.3: errors of the sensors, metrics and frames sockets are entered with
// transport ws and the ids that the client saw.
func TestErrorHistoryOfSockets(t *testing.T) {
	d := start(t)
	metrics := d.Dial("/v1/ws/streams/" + someID + "/metrics").Next().Map()
	frames := d.Dial("/v1/ws/streams/" + someID + "/frames").Next().Map()
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe"}`)
	sensors := s.Next().Map()
	list := history(t, d, "")
	if len(list) != 3 {
		t.Fatalf("%d entries: %+v", len(list), list)
	}
	for i, c := range []struct {
		told              map[string]any
		code, source, err string
	}{
		{sensors, "sensors_stream_unavailable", "helios-api/ws/sensors", "subscribe requires kinds"},
		{frames, "frames_error", "helios-api/ws/streams.frames", "stream not found"},
		{metrics, "stream_not_found", "helios-api/ws/streams.metrics", "stream " + someID + " not found"},
	} {
		e := list[i]
		if e.Transport != "ws" || e.Status != 0 || e.Code != c.code || e.Source != c.source || e.Error != c.err ||
			e.Operation != c.told["operation"] || e.RequestID != c.told["request_id"] || e.TraceID != c.told["trace_id"] {
			t.Errorf("%+v does not fit %v", e, c.told)
		}
	}
}
