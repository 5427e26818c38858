package mux

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// someStream is the id of a stream that does not exist.
const someStream = "6f1c1d1e-2a3b-4c5d-8e9f-001122334455"

// peer is a client of the multiplexed socket. What it reads while it looks for
// news of one channel it keeps for the others, in order.
type peer struct {
	*device.Socket
	t        *testing.T
	document *asyncapi.Validator
	held     []event
	barriers int
}

// event is one message of the server.
type event struct {
	Cmd     string          `json:"cmd"`
	Payload json.RawMessage `json:"payload"`
	SentAt  string          `json:"sent-at"`
	At      time.Time       `json:"-"`
}

// subject is the channel that the message is about: also that of channel.closed
// and channel.error.
func (e event) subject() string {
	if e.Cmd != "channel.closed" && e.Cmd != "channel.error" {
		return e.Cmd
	}
	return e.text("cmd")
}

// kind is "closed REASON", "error CODE", or the payload's type.
func (e event) kind() string {
	switch e.Cmd {
	case "channel.closed":
		return "closed " + e.text("reason")
	case "channel.error":
		return "error " + e.text("code")
	}
	return e.text("type")
}

func (e event) object() map[string]any {
	var object map[string]any
	_ = json.Unmarshal(e.Payload, &object) // the validator has complained if it is none
	return object
}

func (e event) text(key string) string { s, _ := e.object()[key].(string); return s }

func (e event) number(key string) float64 { n, _ := e.object()[key].(float64); return n }

func (e event) String() string { return fmt.Sprintf("%s %.500s", e.Cmd, e.Payload) }

func start(t *testing.T, args ...string) *device.Device {
	t.Helper()
	return device.Start(t, device.Options{Args: args})
}

func dial(t *testing.T, d *device.Device) *peer {
	t.Helper()
	return dialWith(t, d, device.DialOptions{})
}

func dialWith(t *testing.T, d *device.Device, opts device.DialOptions) *peer {
	t.Helper()
	document, err := asyncapi.NewValidator(api.Helios("", false))
	if err != nil {
		t.Fatal(err)
	}
	return &peer{Socket: d.DialWith("/v1/ws", opts), t: t, document: document}
}

// envelope is a request as a good client sends it.
func envelope(cmd string, payload ...any) string {
	object := map[string]any{"cmd": cmd, "sent-at": time.Now().UTC().Format(time.RFC3339Nano)}
	if len(payload) > 0 {
		object["payload"] = payload[0]
	}
	data, err := json.Marshal(object)
	if err != nil {
		panic(err) // a mistake in the test
	}
	return string(data)
}

// object is a JSON object.
type object = map[string]any

// request sends a request that the document describes.
func (p *peer) request(cmd string, payload ...any) {
	p.t.Helper()
	text := envelope(cmd, payload...)
	// 5.4 allows a console request without payload, the published document does not.
	if cmd != "console.session" || len(payload) > 0 {
		if err := p.document.Envelope(asyncapi.Send, []byte(text)); err != nil {
			p.t.Errorf("the request %s is not as the document says: %v", text, err)
		}
	}
	p.Send(text)
}

// odd sends a request with a payload that the document does not allow.
func (p *peer) odd(cmd string, payload any) { p.t.Helper(); p.Send(envelope(cmd, payload)) }

// close asks for the end of a channel.
func (p *peer) close(cmd string) { p.t.Helper(); p.request("channel.close", object{"cmd": cmd}) }

// next reads the next message, whatever it is about.
func (p *peer) next() event {
	p.t.Helper()
	m := p.Next()
	if m.Binary {
		p.t.Fatalf("a binary message of %d bytes", len(m.Data))
	}
	e := event{At: m.At}
	if err := json.Unmarshal(m.Data, &e); err != nil {
		p.t.Fatalf("%s: %v", m.Data, err)
	}
	return e
}

// of returns the next message about a channel.
func (p *peer) of(subject string) event {
	p.t.Helper()
	for i, e := range p.held {
		if e.subject() == subject {
			p.held = append(p.held[:i], p.held[i+1:]...)
			return e
		}
	}
	for {
		e := p.next()
		if e.subject() == subject {
			return e
		}
		p.held = append(p.held, e)
	}
}

// want returns the next message about a channel, which must be of the kind.
func (p *peer) want(subject, kind string) event {
	p.t.Helper()
	e := p.of(subject)
	if e.kind() != kind {
		p.t.Fatalf("%s: want %q, got %s", subject, kind, e)
	}
	return e
}

// barrier returns when the server has answered whatever was sent before.
func (p *peer) barrier() {
	p.t.Helper()
	p.barriers++
	name := fmt.Sprintf("barrier.%d", p.barriers)
	p.odd(name, object{})
	p.want(name, "error unknown_cmd")
}

// quiet checks that everything about the channel has been read.
func (p *peer) quiet(subject string) {
	p.t.Helper()
	p.barrier()
	for _, e := range p.held {
		if e.subject() == subject {
			p.t.Errorf("unexpected: %s", e)
		}
	}
}

// rest reads until the connection ends and returns what was not read yet, and
// the close code: -1 if there was no close frame.
func (p *peer) rest() (events []event, code int) {
	p.t.Helper()
	events = append(events, p.held...)
	p.held = nil
	for end := time.Now().Add(device.Patience); ; {
		m, err := p.TryNext(time.Until(end))
		var closed websocket.CloseError
		switch {
		case err == nil:
			e := event{At: m.At}
			if err := json.Unmarshal(m.Data, &e); err != nil {
				p.t.Fatalf("%s: %v", m.Data, err)
			}
			events = append(events, e)
		case errors.As(err, &closed):
			return events, int(closed.Code)
		case errors.Is(err, device.ErrQuiet):
			p.t.Fatal("the server does not end the connection")
		default:
			return events, -1
		}
	}
}

// output reads console output until it contains the text.
func (p *peer) output(text string) (all string) {
	p.t.Helper()
	for !strings.Contains(all, text) {
		all += p.want("console.session", "output").text("data")
	}
	return all
}

// stream is the channel of a stream that does not exist.
func stream(kind string) string { return "streams." + someStream + "." + kind }
