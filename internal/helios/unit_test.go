package helios

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
)

func TestChannelNames(t *testing.T) {
	a := New(Deps{})
	defer a.Close()
	const id = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"
	for name, want := range map[string]string{
		"device.telemetry":               wire.ChannelTelemetry,
		"streams." + id + ".metrics":     wire.ChannelStreamMetrics,
		"streams." + id + ".frames":      wire.ChannelStreamFrames,
		"streams.{stream_id}.frames":     "",
		"streams..frames":                "",
		"streams.frames":                 "",
		"streams.nonsense.frames":        "",
		"streams." + id + ".updates":     "", // not published
		"streams." + id + ".frames.more": "",
		"device":                         "",
		"":                               "",
	} {
		ch, got := a.find(name)
		if (ch == nil) != (want == "") || (ch != nil && ch.Name != want) {
			t.Errorf("%q found %v, want %q", name, ch, want)
		}
		if ch != nil && strings.Contains(ch.Name, streamID) != (got.String() == id) {
			t.Errorf("%q has stream id %s", name, got)
		}
	}
}

func TestSensorCommands(t *testing.T) {
	set := sensorSet{}
	have := func() (kinds []string) {
		for _, k := range sensorKinds() {
			if set[k] {
				kinds = append(kinds, k)
			}
		}
		return kinds
	}
	for _, step := range []struct {
		send  string
		error string // beginning of the reason
		want  []string
	}{
		{`nonsense`, "invalid message: ", nil},
		{`[]`, "invalid message: ", nil},
		{`{"op":"dance"}`, "unsupported op: dance", nil},
		{`{"op":"subscribe"}`, "subscribe requires kinds", nil},
		{`{"op":"subscribe","kinds":[]}`, "subscribe requires kinds", nil},
		{`{"op":" Subscribe ","kinds":[" IMU "]}`, "", []string{"imu"}},
		{`{"op":"subscribe","kinds":["power","warp","lasers"]}`, "unsupported kinds: warp, lasers (valid: imu, power, firmware, lighting)", []string{"imu", "power"}},
		{`{"op":"subscribe","kinds":["lighting"],"interval_ms":49}`, "interval_ms", []string{"imu", "power"}},
		{`{"op":"unsubscribe","kinds":["warp"]}`, "unsubscribe requires at least one valid kind", []string{"imu", "power"}},
		{`{"op":"unsubscribe","kinds":["warp","imu"]}`, "", []string{"power"}},
		{`{"op":"subscribe","kinds":["firmware"],"interval_ms":10000}`, "", []string{"power", "firmware"}},
		{` UNSUBSCRIBE `, "", nil},
		{`{"op":"subscribe","kinds":["firmware"]}`, "", []string{"firmware"}},
		{`{"op":"unsubscribe"}`, "", nil},
	} {
		_, err := set.obey([]byte(step.send))
		if (err == nil) != (step.error == "") || (err != nil && !strings.HasPrefix(err.Error(), step.error)) {
			t.Errorf("%s: error %v, want %q", step.send, err, step.error)
		}
		if got := have(); !slices.Equal(got, step.want) {
			t.Errorf("%s: subscribed to %v, want %v", step.send, got, step.want)
		}
	}
}

func TestErrorHistory(t *testing.T) {
	var h errorHistory
	for i := range errorHistorySize + 10 {
		h.add(wire.ErrorHistoryEntry{ErrorBody: wire.ErrorBody{TimestampMS: uint64(i)}})
	}
	all := h.list(1000, 0)
	if len(all) != errorHistorySize || all[0].TimestampMS != errorHistorySize+9 {
		t.Errorf("%d entries, the newest of %d", len(all), all[0].TimestampMS)
	}
	if got := h.list(3, 0); len(got) != 3 {
		t.Errorf("limit: %d entries", len(got))
	}
	if got := h.list(1000, errorHistorySize+8); len(got) != 2 {
		t.Errorf("since: %d entries", len(got))
	}
	if all[0].ID == all[1].ID || all[0].ID == "" {
		t.Error("ids are not unique")
	}
	h.clear()
	if got := h.list(10, 0); got == nil || len(got) != 0 {
		t.Errorf("after clear: %v", got)
	}
}

func TestRevisions(t *testing.T) {
	var r revisions
	for i, step := range []struct {
		body string
		want uint64
	}{{"a", 1}, {"a", 1}, {"b", 2}, {"a", 3}} {
		if got := r.number("x", []byte(step.body)); got != step.want {
			t.Errorf("step %d: revision %d, want %d", i, got, step.want)
		}
	}
	if got := r.number("y", []byte("a")); got != 1 {
		t.Errorf("another list begins at %d", got)
	}
}

func TestIfNoneMatch(t *testing.T) {
	const tag = `W/"rev-7"`
	for header, want := range map[string]bool{
		``: false, `*`: true, tag: true, `"rev-7"`: true, `W/"rev-6", ` + tag: true, `W/"rev-6"`: false, `W/"rev-77"`: false,
	} {
		if got := matches([]string{header}, tag); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func TestErrorCodes(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusBadRequest: "bad_request", http.StatusNotFound: "not_found", http.StatusRequestEntityTooLarge: "payload_too_large",
		http.StatusInternalServerError: "internal", http.StatusBadGateway: "bad_gateway",
		http.StatusServiceUnavailable: "service_unavailable", http.StatusGatewayTimeout: "timeout",
	} {
		if got := errorCode(status); got != want {
			t.Errorf("status %d has code %q, want %q", status, got, want)
		}
	}
}

func TestFileName(t *testing.T) {
	if got := fileName("Kernel (dmesg)/../x"); got != "Kernel__dmesg__.._x" {
		t.Errorf("got %q", got)
	}
}
