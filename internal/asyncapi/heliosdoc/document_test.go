package heliosdoc_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/asyncapi/heliosdoc"
)

// published is the table of the published document: channel, request, replies,
// tags, summary. It is written out, so that no rule of the generator is tested
// with itself.
const published = `
console.session | console_session | console_session_response_0 | console | Interactive console
device.telemetry | device_telemetry | device_telemetry_response_0 | device telemetry | Device telemetry
devices.updates | devices_updates | devices_updates_response_0 | devices | Peripheral + stream inventory changes
imu.stream | imu_stream | imu_stream_response_0 | device imu | IMU status stream
logs.stream | logs_stream | logs_stream_response_0 | logs | Device logs
ota.stream | ota_stream | ota_stream_response_0 | ota | OTA update status stream
processes.stream | processes_stream | processes_stream_response_0 | processes | Per-process resource usage
sensors.stream | sensors_stream | sensors_stream_response_0 | device sensors | Peripheral sensor stream
streams.{stream_id}.frames | streams__stream_id__frames | | streams | Stream frames
streams.{stream_id}.metrics | streams__stream_id__metrics | streams__stream_id__metrics_response_0 streams__stream_id__metrics_response_1 | streams metrics | Stream metrics
updates.stream | updates_stream | updates_stream_response_0 | updates | Global realtime change stream
`

type document struct {
	AsyncAPI           string
	DefaultContentType string
	Info               struct {
		Title, Version, Description string
		Tags                        []struct{ Name, Description string }
	}
	Servers    map[string]struct{ Host, Protocol, Description string }
	Channels   map[string]channel
	Operations map[string]struct {
		Action   string
		Channel  reference
		Messages []reference
	}
	Components struct {
		Schemas map[string]schema
	}
	Extension struct {
		Channels map[string]channel
	} `json:"x-heliograph"`
}

type channel struct {
	Address    string
	Parameters map[string]struct {
		Schema schema `json:"x-schema"`
	}
	Messages map[string]message
}

type message struct {
	Name, Summary, Description string
	Tags                       []struct{ Name string }
	Payload                    schema
}

type reference struct {
	Ref string `json:"$ref"`
}

type schema struct {
	Ref                  string `json:"$ref"`
	Type                 string
	Format               string
	Const                string
	Examples             []string
	Properties           map[string]schema
	Required             []string
	OneOf                []schema
	AdditionalProperties any
}

func generate(t *testing.T) document {
	t.Helper()
	made, err := asyncapi.Generate(heliosdoc.Document(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var doc document
	if err := json.Unmarshal(made, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestHead(t *testing.T) {
	doc := generate(t)
	if doc.AsyncAPI != "3.0.0" || doc.DefaultContentType != "application/json" {
		t.Errorf("asyncapi %q, content type %q", doc.AsyncAPI, doc.DefaultContentType)
	}
	if doc.Info.Title != "HeliOS WebSocket API" || doc.Info.Version != "1.0.0" || doc.Info.Description == "" {
		t.Errorf("info is %+v", doc.Info)
	}
	primary := doc.Servers["primary"]
	if len(doc.Servers) != 1 || primary.Host != "localhost:5800/v1/ws" || primary.Protocol != "ws" || primary.Description == "" {
		t.Errorf("servers are %+v", doc.Servers)
	}
}

func TestPublishedTable(t *testing.T) {
	doc := generate(t)
	operations := 0
	rows := strings.Split(strings.TrimSpace(published), "\n")
	if len(doc.Channels) != len(rows) {
		t.Errorf("%d channels, want %d", len(doc.Channels), len(rows))
	}
	for i, row := range rows {
		cells := strings.Split(row, "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		name, request, replies := cells[0], cells[1], strings.Fields(cells[2])
		c, ok := doc.Channels[name]
		if !ok || c.Address != name || heliosdoc.Channels()[i].Name != name {
			t.Errorf("channel %s is missing, elsewhere or has address %q", name, c.Address)
			continue
		}
		want := append([]string{request}, replies...)
		if got := slices.Sorted(maps.Keys(c.Messages)); !slices.Equal(got, want) {
			t.Errorf("%s has messages %v, want %v", name, got, want)
		}
		for _, m := range c.Messages {
			checkMessage(t, m, strings.Fields(cells[3]), cells[4], name)
		}
		operations += checkOperation(t, doc, name, request, "send", []string{request})
		operations += checkOperation(t, doc, name, request+"_receive", "receive", replies)
	}
	if operations != len(doc.Operations) {
		t.Errorf("%d operations, want %d", len(doc.Operations), operations)
	}
}

func checkMessage(t *testing.T, m message, tags []string, summary, cmd string) {
	t.Helper()
	var got []string
	for _, tag := range m.Tags {
		got = append(got, tag.Name)
	}
	if m.Summary != summary || m.Description == "" || !slices.Equal(got, tags) {
		t.Errorf("%s: summary %q, description %q, tags %v", m.Name, m.Summary, m.Description, got)
	}
	p := m.Payload
	if p.Type != "object" || p.AdditionalProperties != false {
		t.Errorf("%s: the envelope is not a closed object", m.Name)
	}
	if c := p.Properties["cmd"]; c.Type != "string" || !slices.Equal(c.Examples, []string{cmd}) {
		t.Errorf("%s: cmd is %+v", m.Name, c)
	}
	if s := p.Properties["sent-at"]; s.Type != "string" || s.Format != "date-time" {
		t.Errorf("%s: sent-at is %+v", m.Name, s)
	}
	want := []string{"cmd", "sent-at"}
	if strings.Contains(m.Name, "_response_") || m.Name == "console_session" {
		want = []string{"cmd", "payload", "sent-at"}
	}
	if !slices.Equal(p.Required, want) {
		t.Errorf("%s requires %v, want %v", m.Name, p.Required, want)
	}
}

// checkOperation returns how many operations it has looked at.
func checkOperation(t *testing.T, doc document, channel, key, action string, messages []string) int {
	t.Helper()
	if len(messages) == 0 {
		if _, ok := doc.Operations[key]; ok {
			t.Errorf("there is an operation %s", key)
		}
		return 0
	}
	base := "#/channels/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(channel)
	var want []reference
	for _, name := range messages {
		want = append(want, reference{base + "/messages/" + name})
	}
	o := doc.Operations[key]
	if o.Action != action || o.Channel.Ref != base || !slices.Equal(o.Messages, want) {
		t.Errorf("operation %s is %+v", key, o)
	}
	return 1
}

func TestPayloads(t *testing.T) {
	doc := generate(t)
	for name, want := range map[string]string{
		"console_session":                        "ConsoleClientEvent",
		"console_session_response_0":             "ConsoleServerEvent",
		"device_telemetry_response_0":            "TelemetrySample",
		"devices_updates_response_0":             "DevicesUpdatesEvent",
		"imu_stream_response_0":                  "ImuStatusPayload",
		"logs_stream_response_0":                 "LogsServerEvent",
		"ota_stream_response_0":                  "UpdaterServerEvent",
		"processes_stream_response_0":            "ProcessesServerEvent",
		"sensors_stream_response_0":              "SensorsStreamEvent",
		"streams__stream_id__metrics_response_0": "StreamMetricsEvent",
		"streams__stream_id__metrics_response_1": "StreamMetricsError",
		"updates_stream_response_0":              "RealtimeUpdatesEvent",
	} {
		for _, c := range doc.Channels {
			if m, ok := c.Messages[name]; ok && m.Payload.Properties["payload"].Ref != "#/components/schemas/"+want {
				t.Errorf("%s has payload %+v, want %s", name, m.Payload.Properties["payload"], want)
			}
		}
		if _, ok := doc.Components.Schemas[want]; !ok {
			t.Errorf("there is no schema %s", want)
		}
	}
}

func TestUnionsFixTheirType(t *testing.T) {
	doc := generate(t)
	for name, want := range map[string][]string{
		"ConsoleClientEvent":   {"input", "resize", "open"},
		"ConsoleServerEvent":   {"ready", "output", "exit", "error"},
		"DevicesUpdatesEvent":  {"ready", "update", "error"},
		"LogsServerEvent":      {"ready", "line", "eof", "error"},
		"ProcessesServerEvent": {"ready", "snapshot", "error"},
		"RealtimeUpdatesEvent": {"ready", "heartbeat", "change", "error"},
		"UpdaterServerEvent":   {"snapshot", "stage_progress", "stage_complete", "apply_scheduled", "apply_complete", "rollback_triggered", "error"},
	} {
		var got []string
		for _, member := range doc.Components.Schemas[name].OneOf {
			s := doc.Components.Schemas[strings.TrimPrefix(member.Ref, "#/components/schemas/")]
			if !slices.Contains(s.Required, "type") {
				t.Errorf("%s: %s does not require type", name, member.Ref)
			}
			got = append(got, s.Properties["type"].Const)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s has members %v, want %v", name, got, want)
		}
	}
}

func TestOpenAndNamedSchemas(t *testing.T) {
	doc := generate(t)
	for _, name := range []string{"ImuStatusPayload", "SensorsStreamEvent"} {
		s := doc.Components.Schemas[name]
		if s.Type != "object" || s.AdditionalProperties != true || len(s.Required) > 0 {
			t.Errorf("%s is not any object: %+v", name, s)
		}
	}
	if id := doc.Components.Schemas["Uuid"]; id.Type != "string" || id.Format != "uuid" {
		t.Errorf("Uuid is %+v", id)
	}
	for _, name := range []string{"streams.{stream_id}.frames", "streams.{stream_id}.metrics"} {
		if id := doc.Channels[name].Parameters["stream_id"].Schema; id.Type != "string" || id.Format != "uuid" {
			t.Errorf("%s: stream_id is %+v", name, id)
		}
	}
}

func TestControlMessagesAreInTheExtension(t *testing.T) {
	doc := generate(t)
	for _, name := range []string{"channel.close", "channel.closed", "channel.error"} {
		if _, ok := doc.Extension.Channels[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
}
