package devflow_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/asyncapi"
	table "github.com/heliograph/heliograph/internal/devflow"
)

// typeOf finds the Go type of a message.
func typeOf(t *testing.T, channel, direction, typ string) reflect.Type {
	t.Helper()
	for _, ch := range table.Channels() {
		if ch.Name != channel {
			continue
		}
		list := ch.Server
		if direction == "send" {
			list = ch.Client
		}
		for _, m := range list {
			if field, _ := reflect.TypeOf(m).FieldByName("Type"); field.Tag.Get("const") == typ {
				return reflect.TypeOf(m)
			}
		}
	}
	t.Fatalf("%s has no message %s", channel, typ)
	return nil
}

// TestExamples: each example is right by the document, and comes back the same from
// its Go type.
func TestExamples(t *testing.T) {
	data, err := os.ReadFile("testdata/examples/messages.txt")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := asyncapi.NewValidator(api.DevFlow("", false))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		channel, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		direction, text, _ := strings.Cut(rest, " ")
		if err := schema.Message(channel, asyncapi.Direction(direction), []byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var head struct{ Type string }
		if err := json.Unmarshal([]byte(text), &head); err != nil {
			t.Fatal(err)
		}
		value := reflect.New(typeOf(t, channel, direction, head.Type))
		strict := json.NewDecoder(strings.NewReader(text))
		strict.DisallowUnknownFields()
		if err := strict.Decode(value.Interface()); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		again, err := json.Marshal(value.Interface())
		if err != nil {
			t.Fatal(err)
		}
		var want, got any
		if json.Unmarshal([]byte(text), &want) != nil || json.Unmarshal(again, &got) != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("%s\ncomes back as\n%s", text, again)
		}
	}
	if n != 23 {
		t.Errorf("%d examples", n)
	}
}

func TestMirrorMembersAreAbsentByDefault(t *testing.T) {
	for _, v := range []any{
		devflow.LogEntry{}, devflow.LogReplay{}, devflow.LogMessage{}, devflow.NetworkReplay{}, devflow.NetworkRequest{}, devflow.NetworkDetails{},
		devflow.NetworkError{}, devflow.BleReplay{}, devflow.BleMessage{}, devflow.ErrorMessage{}, devflow.SensorInfo{}, devflow.SensorSubscribed{},
		devflow.SensorMessage{}, devflow.SensorError{}, devflow.BleStatus{}, devflow.AgentCapabilities{}, devflow.AgentStatus{},
	} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{
			"entries", "entry", "events", "event", "count", "t", "l", "m", "sensorName", "supported", "subscribers", "reading", "logs", "build", "deviceType",
		} {
			if name == "subscribers" && bytes.Contains(data, []byte("maxEvents")) {
				continue // a member of its own
			}
			var object map[string]json.RawMessage
			if err := json.Unmarshal(data, &object); err != nil {
				t.Fatal(err)
			}
			if _, ok := object[name]; ok {
				t.Errorf("%T has %s", v, name)
			}
		}
	}
}

func TestTimestamps(t *testing.T) {
	at := time.Date(2026, 3, 4, 10, 15, 30, 125_000_999, time.FixedZone("", 3600))
	stamp := devflow.NewTimestamp(at)
	if stamp != "2026-03-04T09:15:30.125000Z" || string(devflow.AppendTimestamp(nil, at)) != string(stamp) {
		t.Errorf("timestamp %s", stamp)
	}
	for _, text := range []devflow.Timestamp{stamp, "2026-03-04T10:15:30.125+01:00", "2026-03-04T09:15:30.1250000Z"} {
		if back, err := text.Time(); err != nil || !back.Equal(at.Truncate(time.Microsecond)) {
			t.Errorf("%s is %v, %v", text, back, err)
		}
	}
	if _, err := devflow.Timestamp("now").Time(); err == nil {
		t.Error("now is a time")
	}
}

func TestSensorMirrorIsPromoted(t *testing.T) {
	data, err := json.Marshal(devflow.SensorInfo{Name: "compass", SensorInfoMirror: &devflow.SensorInfoMirror{Sensor: "compass"}})
	if err != nil || string(data) != `{"name":"compass","available":false,"active":false,"sensor":"compass","supported":false,"subscribers":0}` {
		t.Errorf("%s, %v", data, err)
	}
}
