package changelog

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatIsAChange(t *testing.T) {
	const socket = "/v1/ws/streams/6f1c/updates"
	tests := []struct {
		name   string
		c      Change
		change bool
		result string
		op     string
	}{
		{"created", Change{Method: "POST", Path: "/v1/streams", Status: 201}, true, ResultOK, "create"},
		{"put", Change{Method: "put", Path: "/v1/settings", Status: 200}, true, ResultOK, "update"},
		{"patched", Change{Method: "PATCH", Path: "/v1/device/imu", Status: 200}, true, ResultOK, "update"},
		{"deleted", Change{Method: "DELETE", Path: "/v1/streams/a", Status: 204}, true, ResultOK, "delete"},
		{"bad", Change{Method: "POST", Path: "/v1/streams", Status: 400}, false, ResultFailed, "create"},
		{"failed", Change{Method: "POST", Path: "/v1/streams", Status: 502}, false, ResultFailed, "create"},
		{"redirected", Change{Method: "POST", Path: "/v1/streams/", Status: 308}, false, ResultFailed, "create"},
		{"no token", Change{Method: "POST", Path: "/v1/streams", Status: 401}, false, ResultDenied, "create"},
		{"wrong scope", Change{Method: "POST", Path: "/v1/streams", Status: 403}, false, ResultDenied, "create"},
		{"too often", Change{Method: "POST", Path: "/v1/streams", Status: 429}, false, ResultDenied, "create"},
		{"without an answer", Change{Method: "POST", Path: "/v1/streams"}, false, ResultOK, "create"},
		{"read", Change{Method: "GET", Path: "/v1/streams", Status: 200}, false, ResultOK, ""},
		{"upgrade", Change{Method: "GET", Path: "/v1/ws/console", Status: 101}, false, ResultOK, ""},
		{"other protocol", Change{Method: "POST", Path: "/api/v1/markers", Status: 200}, false, ResultOK, "create"},
		{"2xx but refused", Change{Method: "POST", Path: "/v1/x", Status: 200, Result: ResultDenied}, false, ResultDenied, "create"},
		{"graph set", Change{Origin: OriginWS, Method: "set_graph", Path: socket}, true, ResultOK, "update"},
		{"graph refused", Change{Origin: OriginWS, Method: "set_graph", Path: socket, Result: ResultFailed}, false, ResultFailed, "update"},
		{"control set", Change{Origin: OriginWS, Method: "set_control", Path: "/v1/ws/streams/6f1c/controls"}, false, ResultOK, "update"},
		{"console input", Change{Origin: OriginWS, Method: "input", Path: "/v1/ws/console"}, false, ResultOK, "update"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, change := newEvent(tt.c)
			if change != tt.change || e.Result != tt.result || e.Operation != tt.op {
				t.Errorf("change %v, result %q, operation %q", change, e.Result, e.Operation)
			}
		})
	}
}

func TestEventTexts(t *testing.T) {
	e, _ := newEvent(Change{Method: "POST", Path: "/v1/streams?token=secret", Status: 200, Who: "ci", Remote: "10.0.0.7:4711", RequestID: "r1"})
	if e.Path != "/v1/streams" || e.Method != "post" || e.Who != "ci" || e.Remote != "10.0.0.7:4711" || e.RequestID != "r1" ||
		e.Domain != "streams" || e.Origin != OriginHTTP {
		t.Errorf("got %+v", e)
	}
	e, _ = newEvent(Change{Origin: OriginWS, Method: "Set_Graph", Path: "/v1/ws/streams/a/updates"})
	if e.Method != "Set_Graph" || e.Origin != OriginWS {
		t.Errorf("got %+v", e)
	}
}

func TestEventTextsAreBoundedAndValid(t *testing.T) {
	long := strings.Repeat("\xff\u20ac\x00", 4000)
	e, _ := newEvent(Change{Origin: long, Method: long, Path: "/v1/streams/" + long, RequestID: long, Who: long, Remote: long, Detail: long, Result: long})
	for _, f := range []struct {
		name, text string
		limit      int
	}{
		{"path", e.Path, maxPath}, {"id", *e.ResourceID, maxID}, {"method", e.Method, maxMethod}, {"request id", e.RequestID, maxID},
		{"who", e.Who, maxWho}, {"remote", e.Remote, maxWho}, {"detail", e.Detail, maxDetail},
	} {
		if len(f.text) > f.limit || len(f.text) < f.limit-utf8.UTFMax || !utf8.ValidString(f.text) {
			t.Errorf("%s: %d bytes, valid %v", f.name, len(f.text), utf8.ValidString(f.text))
		}
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"", 3, ""}, {"a\u20ac", 3, "a"}, {"a\u20ac", 4, "a\u20ac"}, {"\u20ac", 1, ""}, {"\xff", 3, "\uFFFD"},
	} {
		if got := clip(tt.in, tt.limit); got != tt.want {
			t.Errorf("clip(%q, %d) = %q", tt.in, tt.limit, got)
		}
	}
}

func TestCountersForgetTheOldestAndRestartAbove(t *testing.T) {
	c := newCounters(1000, 3)
	a, b, d, e := subject{kind: "a"}, subject{kind: "b"}, subject{kind: "a", absent: true}, subject{kind: "e"}
	for i, s := range []subject{a, a, b, a, d, d, a} {
		if got, want := c.next(s), []uint64{1001, 1002, 1001, 1003, 1001, 1002, 1004}[i]; got != want {
			t.Errorf("step %d: revision %d, want %d", i, got, want)
		}
	}
	c.next(e) // forgets b, which was used longest ago
	if len(c.by) != 3 || c.order.Len() != 3 {
		t.Fatalf("%d subjects are held", len(c.by))
	}
	if got := c.next(a); got != 1005 {
		t.Errorf("a is still known, got %d", got)
	}
	c.next(b) // forgets d, which had 1002
	if got := c.next(d); got <= 1002 {
		t.Errorf("a forgotten subject repeats revision %d", got)
	}
	if c.highest != 1005 {
		t.Errorf("highest is %d", c.highest)
	}
}

func TestCountersNeverGoBackUnderChurn(t *testing.T) {
	c := newCounters(0, 8)
	last := map[subject]uint64{}
	for i := range 200_000 {
		s := subject{kind: "k", id: string(rune('a' + i*i*7%53%26))}
		r := c.next(s)
		if r <= last[s] || r > c.highest {
			t.Fatalf("step %d: %d after %d", i, r, last[s])
		}
		last[s] = r
	}
}
