package mux

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// published is the table of section 6: channel, request, number of replies, tags.
const published = `
console.session             console_session              1 console
device.telemetry            device_telemetry             1 device,telemetry
devices.updates             devices_updates              1 devices
imu.stream                  imu_stream                   1 device,imu
logs.stream                 logs_stream                  1 logs
ota.stream                  ota_stream                   1 ota
processes.stream            processes_stream             1 processes
sensors.stream              sensors_stream               1 device,sensors
streams.{stream_id}.frames  streams__stream_id__frames   0 streams
streams.{stream_id}.metrics streams__stream_id__metrics  2 streams,metrics
updates.stream              updates_stream               1 updates
`

// document is the part of an AsyncAPI document that section 6 fixes.
type document struct {
	AsyncAPI           string
	DefaultContentType string
	Info               struct{ Title, Version, Summary, Description string }
	Servers            map[string]struct{ Host, Protocol, Description string }
	Channels           map[string]struct {
		Address    string
		Parameters map[string]struct {
			Schema map[string]string `json:"x-schema"`
		}
		Messages map[string]struct {
			Summary, Description string
			Tags                 []struct{ Name string }
			Payload              struct {
				Type                 string
				AdditionalProperties *bool
				Properties           map[string]json.RawMessage
				Required             []string
			}
		}
	}
	Operations map[string]struct {
		Action   string
		Channel  ref
		Messages []ref
	}
	Components struct{ Schemas map[string]json.RawMessage }
}

type ref struct {
	Ref string `json:"$ref"`
}

// UnmarshalJSON reads a reference, which is a URI and has no braces.
func (r *ref) UnmarshalJSON(data []byte) error {
	type plain ref
	if err := json.Unmarshal(data, (*plain)(r)); err != nil {
		return err
	}
	var err error
	r.Ref, err = url.PathUnescape(r.Ref)
	return err
}

func readDocument(t *testing.T, body []byte) (doc document) {
	t.Helper()
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// 6: both addresses give the same document, as application/json; its server is
// the Host of the request.
func TestDocumentIsServed(t *testing.T) {
	d := start(t)
	for _, host := range []string{d.Addr(), "localhost:1234", "[::1]:5801", "127.0.0.1"} {
		one, two := d.Get("/asyncapi.json", "Host", host), d.Get("/v1/asyncapi.json", "Host", host)
		if one.Status != 200 || one.Header.Get("Content-Type") != "application/json" || !bytes.Equal(one.Body, two.Body) {
			t.Fatalf("%s: %d and %d, %v, %d and %d bytes", host, one.Status, two.Status, one.Header, len(one.Body), len(two.Body))
		}
		doc := readDocument(t, one.Body)
		primary := doc.Servers["primary"]
		if len(doc.Servers) != 1 || primary.Host != host+"/v1/ws" || primary.Protocol != "ws" || primary.Description == "" {
			t.Errorf("%s: servers are %+v", host, doc.Servers)
		}
		if doc.AsyncAPI != "3.0.0" || doc.DefaultContentType != "application/json" || doc.Info.Title != "HeliOS WebSocket API" ||
			doc.Info.Version != "1.0.0" || doc.Info.Description == "" {
			t.Errorf("%+v", doc.Info)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if r := d.Ask(method, "/asyncapi.json", ""); r.Status != 405 || r.Header.Get("Allow") == "" {
			t.Errorf("%s: %d", method, r.Status)
		}
	}
}

// 6: the document has an answer for requests without a Host header, but those are
// refused before: the rules for who may come in take no name that is not the
// device's, and they win.
func TestDocumentWithoutHost(t *testing.T) {
	d := start(t)
	conn, err := net.Dial("tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(device.Patience))
	if _, err := io.WriteString(conn, "GET /asyncapi.json HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 403 || !bytes.Contains(body, []byte("host_not_allowed")) {
		t.Errorf("%d %s %v", answer.StatusCode, body, err)
	}
}

// 6: the protocol is wss behind TLS.
func TestDocumentBehindTLS(t *testing.T) {
	d := start(t, "--tls")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get(d.URL + "/asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(d.URL, "https://")
	if primary := readDocument(t, body).Servers["primary"]; primary.Protocol != "wss" || primary.Host != host+"/v1/ws" {
		t.Errorf("%+v", primary)
	}
}

// 6: names, keys and counts of channels, operations and messages.
func TestDocumentTable(t *testing.T) {
	doc := readDocument(t, start(t).Get("/asyncapi.json").Body)
	operations := 0
	rows := strings.Split(strings.TrimSpace(published), "\n")
	if len(doc.Channels) != len(rows) || len(rows) != 11 {
		t.Errorf("%d channels, want 11", len(doc.Channels))
	}
	for _, row := range rows {
		cells := strings.Fields(row)
		name, key, replies, tags := cells[0], cells[1], int(cells[2][0]-'0'), strings.Split(cells[3], ",")
		channel, found := doc.Channels[name]
		if !found || channel.Address != name || len(channel.Messages) != 1+replies {
			t.Errorf("%s: %v, address %q, %d messages", name, found, channel.Address, len(channel.Messages))
		}
		messages := []string{key}
		for i := range replies {
			messages = append(messages, key+"_response_"+string(rune('0'+i)))
		}
		for i, m := range messages {
			checkMessage(t, doc, name, m, tags, i > 0, i > 0 || name == "console.session")
		}
		if schema := channel.Parameters["stream_id"].Schema; (schema["type"] == "string" && schema["format"] == "uuid") != strings.HasPrefix(name, "streams.") {
			t.Errorf("%s: stream_id is %v", name, schema)
		}
		checkOperation(t, doc, name, key, "send", messages[:1])
		operations++
		if replies > 0 {
			checkOperation(t, doc, name, key+"_receive", "receive", messages[1:])
			operations++
		}
	}
	if len(doc.Operations) != operations || operations != 21 {
		t.Errorf("%d operations, want %d: %v", len(doc.Operations), operations, slices.Sorted(maps.Keys(doc.Operations)))
	}
	for _, schema := range []string{
		"ConsoleClientEvent", "ConsoleServerEvent", "DevicesUpdatesEvent", "ImuStatusPayload", "LogsServerEvent", "ProcessesServerEvent",
		"RealtimeUpdatesEvent", "SensorsStreamEvent", "StreamMetricsError", "StreamMetricsEvent", "TelemetrySample", "UpdaterServerEvent", "Uuid",
	} {
		if doc.Components.Schemas[schema] == nil {
			t.Errorf("no schema %s", schema)
		}
	}
}

// checkMessage checks one envelope of the document.
func checkMessage(t *testing.T, doc document, channel, name string, tags []string, hasPayload, payloadRequired bool) {
	t.Helper()
	m, found := doc.Channels[channel].Messages[name]
	if !found || m.Summary == "" || m.Description == "" {
		t.Errorf("%s: message %s: %+v", channel, name, m)
	}
	var got []string
	for _, tag := range m.Tags {
		got = append(got, tag.Name)
	}
	if !slices.Equal(got, tags) {
		t.Errorf("%s: tags %v, want %v", name, got, tags)
	}
	if m.Payload.Type != "object" || m.Payload.AdditionalProperties == nil || *m.Payload.AdditionalProperties {
		t.Errorf("%s: is no closed object", name)
	}
	required := []string{"cmd", "sent-at"}
	if payloadRequired {
		required = []string{"cmd", "payload", "sent-at"}
	}
	slices.Sort(m.Payload.Required)
	if !slices.Equal(m.Payload.Required, required) {
		t.Errorf("%s: required %v, want %v", name, m.Payload.Required, required)
	}
	for property := range m.Payload.Properties {
		if property != "cmd" && property != "sent-at" && property != "payload" {
			t.Errorf("%s: property %s", name, property)
		}
	}
	if hasPayload && m.Payload.Properties["payload"] == nil {
		t.Errorf("%s: no payload", name)
	}
}

func checkOperation(t *testing.T, doc document, channel, key, action string, messages []string) {
	t.Helper()
	o, found := doc.Operations[key]
	if !found || o.Action != action || o.Channel.Ref != "#/channels/"+channel {
		t.Errorf("operation %s: %+v", key, o)
	}
	var want []ref
	for _, m := range messages {
		want = append(want, ref{"#/channels/" + channel + "/messages/" + m})
	}
	if !slices.Equal(o.Messages, want) {
		t.Errorf("operation %s: messages %v, want %v", key, o.Messages, want)
	}
}

// 6, 5.1: the channels of the document are those that the server has, on the
// multiplexed socket and on sockets of their own.
func TestDocumentChannelsAreServed(t *testing.T) {
	d := start(t)
	doc := readDocument(t, d.Get("/asyncapi.json").Body)
	p := dial(t, d)
	for name := range doc.Channels {
		cmd := strings.ReplaceAll(name, "{stream_id}", someStream)
		p.request(cmd)
		if e := p.of(cmd); e.Cmd == "channel.error" {
			t.Errorf("%s: %s", name, e)
		}
		path := "/v1/ws/" + strings.NewReplacer("device.", "", "devices.updates", "devices", "console.session", "console").Replace(cmd)
		if strings.HasPrefix(name, "streams.") {
			path = "/v1/ws/" + strings.ReplaceAll(cmd, ".", "/")
		}
		s, _, err := d.TryDial(strings.TrimSuffix(path, ".stream"), device.DialOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s.Drop()
	}
}
