package mux

import (
	"strings"
	"testing"
)

// 5.2.1: the server sends nothing until the first request.
func TestSilentBeforeTheFirstRequest(t *testing.T) {
	p := dial(t, start(t))
	p.Ping()
	if sent := p.Pending(); len(sent) > 0 {
		t.Errorf("sent before the first request: %s", sent[0].Data)
	}
	p.odd("first.request", object{})
	if e := p.next(); e.kind() != "error unknown_cmd" || e.subject() != "first.request" {
		t.Errorf("the first message is %s", e)
	}
}

const sentAt = `"sent-at":"2031-02-27T13:46:40.000Z"`

// 5.1, 5.2: what is no envelope gets invalid_envelope, with the command if it
// could be read, and has no other effect.
func TestInvalidEnvelopes(t *testing.T) {
	p := dial(t, start(t))
	for i, c := range []struct{ text, cmd string }{
		{``, ""},
		{`hello`, ""},
		{`{"cmd":"device.telemetry",` + sentAt, ""},
		{`{"cmd":"device.telemetry",` + sentAt + `}{}`, ""},
		{`[]`, ""},
		{`null`, ""},
		{`"device.telemetry"`, ""},
		{`7`, ""},
		{`{}`, ""},
		{`{` + sentAt + `}`, ""},
		{`{"cmd":5,` + sentAt + `}`, ""},
		{`{"cmd":null,` + sentAt + `}`, ""},
		{`{"Cmd":"device.telemetry",` + sentAt + `}`, ""},
		{`{"cmd":"device.telemetry"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":1930000000000}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":null}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent_at":"2031-02-27T13:46:40Z"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":""}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":"yesterday"}`, "device.telemetry"},
	} {
		checkInvalid(t, p, i, c.text, c.cmd)
	}
	// The connection is not at its limit of 20; a fresh one takes the others.
	p = dial(t, start(t))
	for i, c := range []struct{ text, cmd string }{
		{`{"cmd":"device.telemetry","sent-at":"2031-02-27T13:46:40"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":"2031-02-27"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":"2031-02-27 13:46:40Z"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":"2031-02-30T13:46:40Z"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":"2031-02-27T3:46:40Z"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","sent-at":"2031-02-27T13:46:40,5Z"}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","id":1,` + sentAt + `}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","params":{},` + sentAt + `}`, "device.telemetry"},
		{`{"cmd":"device.telemetry","Payload":{},` + sentAt + `}`, "device.telemetry"},
	} {
		checkInvalid(t, p, i, c.text, c.cmd)
	}
}

func checkInvalid(t *testing.T, p *peer, i int, text, cmd string) {
	t.Helper()
	p.Send(text)
	e := p.next()
	if e.kind() != "error invalid_envelope" || e.text("cmd") != cmd || e.text("message") == "" {
		t.Errorf("%d: %s: %s", i, text, e)
	}
	if _, has := e.object()["cmd"]; has != (cmd != "") {
		t.Errorf("%d: %s: cmd must be left out if it could not be read: %s", i, text, e)
	}
	if i == 0 {
		return
	}
	p.close("device.telemetry")
	p.want("device.telemetry", "error not_open")
}

// 5.1: sent-at is any RFC 3339 time; payload may be null, which is none.
func TestValidEnvelopes(t *testing.T) {
	p := dial(t, start(t))
	for _, text := range []string{
		`{"cmd":"devices.updates","sent-at":"2031-02-27T13:46:40Z"}`,
		`{"cmd":"devices.updates","sent-at":"2031-02-27T13:46:40.123456789+05:30"}`,
		`{"cmd":"devices.updates","sent-at":"1999-12-31t23:59:59z"}`,
		`{"cmd":"devices.updates","payload":null,"sent-at":"2031-02-27T13:46:40Z"}`,
		" \n{ \"sent-at\" : \"2031-02-27T13:46:40Z\" , \"cmd\" : \"devices.updates\" , \"payload\" : {} } \t",
		`{"cmd":"dev\u0069ces.updates","sent-at":"2031-02-27T13:46:40Z"}`,
	} {
		p.Send(text)
		if e := p.want("devices.updates", "ready"); e.number("interval_ms") != 2000 {
			t.Errorf("%s: %s", text, e)
		}
	}
}

// 5.2: after 20 invalid envelopes the connection is closed with 1008; other
// errors do not count.
func TestTwentyInvalidEnvelopes(t *testing.T) {
	p := dial(t, start(t))
	for range 30 {
		p.odd("device.weather", object{})
		p.want("device.weather", "error unknown_cmd")
		p.odd("device.telemetry", object{"interval_ms": "x"})
		p.want("device.telemetry", "error invalid_payload")
	}
	for range 19 {
		p.Send("x")
		p.want("", "error invalid_envelope")
	}
	p.barrier()
	p.Send("x")
	events, code := p.rest()
	if len(events) != 1 || events[0].kind() != "error invalid_envelope" || code != 1008 {
		t.Errorf("the 20th: %v, closed with %d", events, code)
	}
}

// 5.2: unknown_cmd for what is no channel, and for a stream whose id is no UUID.
func TestUnknownCommands(t *testing.T) {
	p := dial(t, start(t))
	for _, cmd := range []string{
		"device.weather", "device.telemetry ", "Device.Telemetry", "channel.closed", "channel.error", "telemetry",
		"streams.front.metrics", "streams..metrics", "streams." + someStream, "streams." + someStream + ".nosuch",
		"streams.{stream_id}.metrics", "streams." + strings.ReplaceAll(someStream, "-", "") + ".metrics",
		"streams.{" + someStream + "}.frames", "streams." + someStream + "x.metrics",
		// sockets that are not published (3.12)
		stream("updates"), stream("controls"), stream("outputs"),
		"../../etc/passwd", "\u0000", strings.Repeat("x", 100<<10),
	} {
		p.odd(cmd, object{})
		if e := p.next(); e.kind() != "error unknown_cmd" || e.subject() != cmd {
			t.Errorf("%.100q: %s", cmd, e)
		}
	}
}
