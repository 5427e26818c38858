package asyncapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/asyncapi/heliosdoc"
)

const stream = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"

func heliosValidator(t testing.TB) *asyncapi.Validator {
	t.Helper()
	doc, err := asyncapi.Generate(heliosdoc.Document(), nil)
	if err != nil {
		t.Fatal(err)
	}
	v, err := asyncapi.NewValidator(doc)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// envelope puts a payload, which may be empty, into an envelope.
func envelope(cmd, payload string) []byte {
	if payload != "" {
		payload = `"payload":` + payload + `,`
	}
	return fmt.Appendf(nil, `{"cmd":%q,%s"sent-at":"2031-02-27T13:46:40.000Z"}`, cmd, payload)
}

func TestEnvelopeAccepts(t *testing.T) {
	v := heliosValidator(t)
	for _, test := range []struct {
		dir          asyncapi.Direction
		cmd, payload string
	}{
		{asyncapi.Send, "device.telemetry", ``},
		{asyncapi.Send, "device.telemetry", `{"interval_ms":500}`},
		{asyncapi.Send, "devices.updates", ``},
		{asyncapi.Send, "console.session", `{"type":"input","data":"ls\n"}`},
		{asyncapi.Send, "console.session", `{"type":"open"}`},
		{asyncapi.Send, "sensors.stream", `{"op":"subscribe","kinds":["imu"]}`},
		{asyncapi.Send, "streams." + stream + ".frames", ``},
		{asyncapi.Send, "channel.close", `{"cmd":"logs.stream"}`},
		{asyncapi.Receive, "devices.updates", `{"type":"ready","interval_ms":2000}`},
		{asyncapi.Receive, "console.session", `{"type":"exit","code":null}`},
		{asyncapi.Receive, "ota.stream", `{"type":"snapshot","state":null,"cache_usage_bytes":0}`},
		{asyncapi.Receive, "imu.stream", `{"status":"imu_stream_unavailable","reason":"x"}`},
		{asyncapi.Receive, "streams." + stream + ".frames", `{"type":"format","fourcc":"MJPG","width":1,"height":1}`},
		{asyncapi.Receive, "channel.closed", `{"cmd":"logs.stream","reason":"ended"}`},
		{asyncapi.Receive, "channel.error", `{"code":"invalid_envelope","message":"not JSON"}`},
	} {
		if err := v.Envelope(test.dir, envelope(test.cmd, test.payload)); err != nil {
			t.Errorf("%s %s %s: %v", test.dir, test.cmd, test.payload, err)
		}
	}
}

func TestEnvelopeRefuses(t *testing.T) {
	v := heliosValidator(t)
	for _, test := range []struct {
		name string
		dir  asyncapi.Direction
		raw  []byte
		want string // part of the error
	}{
		{"no JSON", asyncapi.Send, []byte(`{`), "unexpected end"},
		{"no cmd", asyncapi.Send, []byte(`{"sent-at":"2031-02-27T13:46:40Z"}`), "/cmd: missing"},
		{"no time", asyncapi.Send, []byte(`{"cmd":"imu.stream"}`), "channel imu.stream: message imu_stream: missing property 'sent-at'"},
		{"wrong time", asyncapi.Send, []byte(`{"cmd":"imu.stream","sent-at":"now"}`), "/sent-at: 'now' is not valid date-time"},
		{"further key", asyncapi.Send, []byte(`{"cmd":"imu.stream","sent-at":"2031-02-27T13:46:40Z","id":1}`), "'id' not allowed"},
		{"payload where none is", asyncapi.Send, envelope("imu.stream", `{}`), "'payload' not allowed"},
		{"no payload where one is", asyncapi.Receive, envelope("imu.stream", ``), "missing property 'payload'"},
		{"parameter out of range", asyncapi.Send, envelope("device.telemetry", `{"interval_ms":1}`), "/payload/interval_ms: minimum"},
		{"wrong type of a member", asyncapi.Receive, envelope("devices.updates", `{"type":"ready","interval_ms":"2"}`), "/payload/interval_ms: got string"},
		{"unknown type", asyncapi.Receive, envelope("devices.updates", `{"type":"bye"}`), "/payload/type: value must be"},
		{"undeclared field", asyncapi.Receive, envelope("devices.updates", `{"type":"ready","interval_ms":1,"extra":1}`), "/payload: additional properties 'extra'"},
		{"null where a list is", asyncapi.Receive, envelope("devices.updates", `{"type":"update","timestamp_ms":1,"reasons":null}`), "/payload/reasons: got null"},
		{"unknown reason", asyncapi.Receive, envelope("devices.updates", `{"type":"update","timestamp_ms":1,"reasons":["usb","x"]}`), "/payload/reasons/1: value must be one of"},
		{"inside a nullable part", asyncapi.Receive, envelope("ota.stream", `{"type":"snapshot","state":{"update_id":"`+stream+`","stage":"sleeping"},"cache_usage_bytes":0}`), "/payload/state/stage: value must be one of"},
		{"neither event nor error", asyncapi.Receive, envelope("streams."+stream+".metrics", `{"stream_id":"`+stream+`"}`), "streams__stream_id__metrics_response_1: /payload: missing properties"},
		{"control message", asyncapi.Receive, envelope("channel.closed", `{"cmd":"x","reason":"bored"}`), "/payload/reason: value must be one of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := v.Envelope(test.dir, test.raw)
			var invalid *asyncapi.InvalidError
			if !errors.As(err, &invalid) {
				t.Fatalf("got %v, want an InvalidError", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestUnknownChannel(t *testing.T) {
	v := heliosValidator(t)
	for _, test := range []struct {
		dir asyncapi.Direction
		cmd string
	}{
		{asyncapi.Send, "device.weather"},
		{asyncapi.Send, "channel.closed"},
		{asyncapi.Receive, "channel.close"},
		{asyncapi.Receive, "streams.a.b.metrics"},
		{asyncapi.Receive, "xstreams." + stream + ".metrics"},
	} {
		if err := v.Envelope(test.dir, envelope(test.cmd, `{}`)); !errors.Is(err, asyncapi.ErrUnknownChannel) {
			t.Errorf("%s %s: got %v", test.dir, test.cmd, err)
		}
	}
}

func TestPayloadHasNoEnvelope(t *testing.T) {
	v := heliosValidator(t)
	if err := v.Payload("logs.stream", asyncapi.Receive, []byte(`{"type":"eof"}`)); err != nil {
		t.Error(err)
	}
	if err := v.Payload("streams.{stream_id}.metrics", asyncapi.Send, []byte(`{"interval_ms":250}`)); err != nil {
		t.Error(err)
	}
	err := v.Payload("logs.stream", asyncapi.Receive, []byte(`{"type":"line","timestamp_ms":-1,"line":"x"}`))
	if err == nil || !strings.Contains(err.Error(), "channel logs.stream: message logs_stream_response_0: /timestamp_ms: minimum") {
		t.Errorf("got %v", err)
	}
	if err := v.Payload("logs.stream", asyncapi.Receive, []byte(`{"type":"eof"} {}`)); err == nil {
		t.Error("two values were taken for one")
	}
	if err := v.Payload("imu.stream", asyncapi.Send, []byte(`{}`)); !errors.Is(err, asyncapi.ErrUnknownChannel) {
		t.Errorf("a payload where there is none: got %v", err)
	}
}

func TestNewValidatorRefuses(t *testing.T) {
	for _, doc := range []string{``, `[]`, `{"channels":{"a":{"address":"a"}},"operations":{"a":{"action":"send",` +
		`"channel":{"$ref":"#/channels/a"},"messages":[{"$ref":"#/channels/a/messages/none"}]}}}`} {
		if _, err := asyncapi.NewValidator([]byte(doc)); err == nil {
			t.Errorf("%q was taken", doc)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	v := heliosValidator(f)
	f.Add([]byte(`{"cmd":"imu.stream","sent-at":"2031-02-27T13:46:40Z"}`))
	f.Add(envelope("devices.updates", `{"type":"ready","interval_ms":2000}`))
	f.Add(envelope("streams."+stream+".metrics", `{"error":"x"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := v.Envelope(asyncapi.Receive, raw)
		if err != nil && err.Error() == "" {
			t.Error("an error without text")
		}
	})
}
