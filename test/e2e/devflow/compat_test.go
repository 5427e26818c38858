package devflow

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func closeCode(err error) int {
	var closed websocket.CloseError
	if errors.As(err, &closed) {
		return int(closed.Code)
	}
	return 0
}

var timestampForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,7}Z$`)

// checkTimestamp compares a timestamp with section 3.1.
func checkTimestamp(t *testing.T, text string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !timestampForm.MatchString(text) || time.Since(at).Abs() > time.Hour {
		t.Errorf("timestamp %q: %v", text, err)
	}
}

// checkMirror takes the members of section 2.8 out of a message, which must be as the
// normal ones say, and wants nothing but the envelope to be left. In the mode none
// there must be none of them.
func checkMirror(t *testing.T, channel string, o object, mirror bool) {
	t.Helper()
	extra := object{}
	for name, v := range o {
		if name != "type" && name != "timestamp" && name != "data" {
			extra[name] = v
		}
	}
	want := object{}
	if mirror {
		want = mirrorOf(channel, o)
	}
	if !reflect.DeepEqual(plain(extra), plain(want)) {
		t.Errorf("%s: the mirror is %v, want %v, in %v", channel, extra, want, o)
	}
	if channel == "logs" {
		for _, entry := range append(o.data().list("entries"), o.data().object("entry")) {
			if entry != nil {
				checkEntryMirror(t, entry, mirror)
			}
		}
	}
	values := o.data().object("values")
	for sensor, pair := range map[string][2]string{
		"compass": {"heading", "headingMagneticNorth"}, "barometer": {"pressure", "pressureInHectopascals"},
	} {
		copied, has := values[pair[1]]
		if wanted := mirror && o.typ() == "reading" && o.data().text("sensor") == sensor; has != wanted || has && copied != values[pair[0]] {
			t.Errorf("mirror %v: the values of %s are %v", mirror, o.data().text("sensor"), values)
		}
	}
}

// plain makes maps of one type.
func plain(o object) map[string]any { return o }

// mirrorOf returns what is added to a message.
func mirrorOf(channel string, o object) object {
	d := o.data()
	switch channel + " " + o.typ() {
	case "network replay", "logs replay":
		return object{"entries": d["entries"]}
	case "network request", "network details", "logs log":
		return object{"entry": d["entry"]}
	case "sensors subscribed":
		return object{
			"sensorName": d["sensor"], "speed": d["speed"], "throttleMs": d["throttleMs"],
			"sensor": map[string]any{"name": d["sensor"], "available": true, "active": true},
		}
	case "sensors reading":
		return object{"sensor": d["sensor"], "reading": o["data"]}
	case "sensors error", "ble error", "profiler error", "network error":
		return object{"error": d["message"]}
	case "ble replay":
		return object{"events": d["events"], "count": float64(len(d.list("events")))}
	case "ble ble_event":
		return object{"event": o["data"]}
	case "ble subscribed":
		return object{"scanning": o["scanning"], "replay": o["replay"], "eventType": o["eventType"]}
	}
	return object{}
}

// checkEntryMirror compares the short members of a log entry with the long ones.
func checkEntryMirror(t *testing.T, entry object, mirror bool) {
	t.Helper()
	want := object{}
	if mirror {
		level := entry.text("level")
		if level == "info" {
			level = "information"
		}
		want = object{
			"t": entry["timestamp"], "l": strings.ToUpper(level[:1]) + level[1:], "c": entry["category"], "m": entry["message"], "s": entry["source"],
		}
		if e, ok := entry["exception"]; ok {
			want["e"] = e
		}
	}
	got := object{}
	for _, name := range []string{"t", "l", "c", "m", "e", "s"} {
		if v, ok := entry[name]; ok {
			got[name] = v
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the short members are %v, want %v", got, want)
	}
}
