package devflowdoc_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/asyncapi/devflowdoc"
)

// published is the channel reference: channel, direction, type, required members of
// data. It is written out, so that no rule of the generator is tested with itself. A
// plus marks what is an addition to it.
const published = `
/ws/v1/ble | receive | replay | events
/ws/v1/ble | receive | ble_event | timestamp type
/ws/v1/ble | receive | error | message
/ws/v1/ble | receive | +subscribed | -
/ws/v1/device/sensors | receive | subscribed | sensor speed throttleMs
/ws/v1/device/sensors | receive | reading | sensor timestamp values
/ws/v1/device/sensors | receive | error | message sensor
/ws/v1/device/sensors | receive | stopped | sensor
/ws/v1/device/sensors | send | subscribe | sensor
/ws/v1/device/sensors | send | unsubscribe | sensor
/ws/v1/logs | receive | replay | entries
/ws/v1/logs | receive | log | entry
/ws/v1/network | receive | replay | entries
/ws/v1/network | receive | request | entry
/ws/v1/network | receive | details | entry
/ws/v1/network | receive | cleared | -
/ws/v1/network | receive | +error | id message
/ws/v1/network | send | get_details | id
/ws/v1/network | send | clear | -
/ws/v1/profiler | receive | batch | isActive markerCursor markers sampleCursor samples sessionId spanCursor spans
/ws/v1/profiler | receive | stopped | sessionId
/ws/v1/profiler | receive | +error | message
/ws/v1/ui/events | receive | navigation | timestamp to
/ws/v1/ui/events | receive | lifecycle | state timestamp
/ws/v1/ui/events | receive | treeChange | changeType elementId elementType timestamp
/ws/v1/ui/events | receive | alert | buttons timestamp
/ws/v1/ui/events | receive | error | message timestamp
/ws/v1/ui/events | send | subscribe | events
/ws/v1/ui/events | send | unsubscribe | events
`

type schema struct {
	Ref        string `json:"$ref"`
	Type       string
	Const      string
	Enum       []string
	Default    any
	Properties map[string]schema
	Items      *schema
	Required   []string
	AnyOf      []schema
}

type document struct {
	Channels map[string]struct {
		Address  string
		Messages map[string]struct{ Payload schema }
		Bindings struct {
			WS struct{ Query schema }
		}
	}
	Operations map[string]struct {
		Action   string
		Channel  schema
		Messages []schema
	}
	Components struct{ Schemas map[string]schema }
}

func generate(t *testing.T) document {
	t.Helper()
	made, err := asyncapi.Generate(devflowdoc.Document(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := json.Unmarshal(made, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// resolve follows a reference.
func (d document) resolve(s schema) schema {
	if s.Ref != "" {
		return d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	return s
}

func TestPublishedTable(t *testing.T) {
	doc := generate(t)
	var got []string
	for _, op := range doc.Operations {
		channel := doc.Channels[op.Channel.Ref[strings.LastIndexByte(op.Channel.Ref, '/')+1:]]
		for _, m := range op.Messages {
			payload := doc.resolve(channel.Messages[m.Ref[strings.LastIndexByte(m.Ref, '/')+1:]].Payload)
			required := "-"
			if data, ok := payload.Properties["data"]; ok {
				list := doc.resolve(data).Required
				slices.Sort(list)
				required = strings.Join(list, " ")
			}
			got = append(got, fmt.Sprintf("%s | %s | %s | %s", channel.Address, op.Action, payload.Properties["type"].Const, required))
			for _, name := range []string{"type", "timestamp", "data"} {
				// Clients may leave the timestamp out.
				want := name != "data" || required != "-"
				if name == "timestamp" && op.Action == "send" {
					want = false
				}
				if slices.Contains(payload.Required, name) != want {
					t.Errorf("%s: %s required: %v", got[len(got)-1], name, !want)
				}
			}
		}
	}
	want := strings.Split(strings.TrimSpace(strings.ReplaceAll(published, "+", "")), "\n")
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		t.Errorf("the document has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEnumerationsAndParameters(t *testing.T) {
	doc := generate(t)
	if got := doc.Components.Schemas["LifecycleData"].Properties["state"].Enum; strings.Join(got, " ") != "started resumed paused stopped backgrounded foregrounded" {
		t.Errorf("states %v", got)
	}
	if got := doc.Components.Schemas["UISubscribeData"].Properties["events"].Items.Enum; strings.Join(got, " ") != "navigation lifecycle treeChange alert error all" {
		t.Errorf("events %v", got)
	}
	if got := doc.Components.Schemas["SensorSubscribeData"].Properties["speed"].Enum; strings.Join(got, " ") != "UI Game Fastest Default" {
		t.Errorf("speeds %v", got)
	}
	for name, want := range map[string]string{
		"ble": "compat replay scan type", "sensors": "compat sensor speed throttleMs", "logs": "compat level replay source",
		"network": "compat host method replay", "profiler": "compat limit markerCursor sampleCursor sessionId spanCursor", "ui": "compat events",
	} {
		var names []string
		for p := range doc.Channels[name].Bindings.WS.Query.Properties {
			names = append(names, p)
		}
		if slices.Sort(names); strings.Join(names, " ") != want {
			t.Errorf("%s: parameters %v", name, names)
		}
	}
	if q := doc.Channels["logs"].Bindings.WS.Query.Properties; q["replay"].Default != 100.0 || q["level"].Default != "info" {
		t.Errorf("defaults of logs: %v", q)
	}
}

func TestOpenAPI(t *testing.T) {
	made, err := asyncapi.GenerateHTTP(devflowdoc.HTTP(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct {
				Name, In string
				Required bool
			}
			Responses map[string]any
		}
	}
	if err := json.Unmarshal(made, &doc); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			if op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s %s: id %q", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
			for part := range strings.SplitSeq(path, "/") {
				name, ok := strings.CutPrefix(part, "{")
				if !ok {
					continue
				}
				if p := op.Parameters[0]; p.Name != strings.TrimSuffix(name, "}") || p.In != "path" || !p.Required {
					t.Errorf("%s %s: parameter %+v", method, path, p)
				}
			}
			if _, ok := op.Responses["204"]; ok {
				t.Errorf("%s %s answers 204", method, path)
			}
		}
	}
	if doc.OpenAPI != "3.1.0" || len(ids) < 30 {
		t.Errorf("openapi %q with %d operations", doc.OpenAPI, len(ids))
	}
}
