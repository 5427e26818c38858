package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Params are the parameters of a channel by their names on the wire, such as
// "interval_ms", with values of JSON types.
type Params map[string]any

// A Request asks for one channel. For a channel of a stream, Channel holds the
// real id: "streams.6f1c1d1e-2a3b-4c5d-8e9f-001122334455.metrics".
type Request struct {
	Channel string
	Params  Params
}

// A Message is one message of any channel as it came.
type Message struct {
	// Channel is the name of the channel, or "channel.closed" and
	// "channel.error" for messages about channels.
	Channel string
	// SentAt is when the server made the message; zero if it did not say.
	SentAt time.Time
	// Payload is the JSON object; nil for frames.
	Payload json.RawMessage
	// Frame is a binary message, one encoded frame of a stream; else nil.
	Frame []byte
}

// Watch opens one channel on the multiplexed socket /v1/ws and gives its
// messages as they come, raw. A server without that socket is asked on the
// channel's own one. The subscription ends with io.EOF when the channel has
// ended by itself, and with an *Error when the server refuses it.
func (c *Client) Watch(ctx context.Context, channel string, params Params) (*Subscription[Message], error) {
	sub, err := c.WatchAll(ctx, Request{channel, params})
	if errors.Is(err, ErrNotFound) {
		return c.watchPath(ctx, channel, params)
	}
	return sub, err
}

// WatchAll opens several channels on one connection. It ends when all of them
// have ended, with the error of the last one that was refused, if any. Each
// channel may be asked for once.
func (c *Client) WatchAll(ctx context.Context, requests ...Request) (*Subscription[Message], error) {
	hello, err := envelopes(requests)
	if err != nil {
		return nil, err
	}
	sp := spec[Message]{
		channel: names(requests),
		path:    "/v1/ws",
		decode:  decodeEnvelope,
		judge:   func() func(Message, *Error) verdict { return judgeMux(requests) },
		hello: func(ctx context.Context, sock *socket) error {
			for _, envelope := range hello {
				stamped, err := json.Marshal(envelope.at(time.Now()))
				if err != nil {
					return err
				}
				if err := sock.write(ctx, false, stamped); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return subscribe(ctx, c, sp)
}

// An envelope is a message on the multiplexed socket.
type envelope struct {
	Cmd     string          `json:"cmd"`
	Payload json.RawMessage `json:"payload,omitempty"`
	SentAt  string          `json:"sent-at"`
}

func (e envelope) at(t time.Time) envelope {
	e.SentAt = t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	return e
}

func envelopes(requests []Request) ([]envelope, error) {
	if len(requests) == 0 {
		return nil, errors.New("watch: no channel named")
	}
	seen := make(map[string]bool)
	out := make([]envelope, 0, len(requests))
	for _, r := range requests {
		if r.Channel == "" || seen[r.Channel] {
			return nil, fmt.Errorf("watch: channel %q is empty or named twice", r.Channel)
		}
		seen[r.Channel] = true
		e := envelope{Cmd: r.Channel}
		if len(r.Params) > 0 {
			payload, err := json.Marshal(r.Params)
			if err != nil {
				return nil, fmt.Errorf("watch %s: %w", r.Channel, err)
			}
			e.Payload = payload
		}
		out = append(out, e)
	}
	return out, nil
}

func names(requests []Request) string {
	all := make([]string, len(requests))
	for i, r := range requests {
		all[i] = r.Channel
	}
	return strings.Join(all, "+")
}

// frameHead is the length of the stream's id in front of a frame.
const frameHead = 16

// decodeEnvelope reads a message of the multiplexed socket.
func decodeEnvelope(isBinary bool, data []byte) (Message, error) {
	if isBinary {
		if len(data) < frameHead {
			return Message{}, fmt.Errorf("a frame of %d bytes is too short for the id of its stream", len(data))
		}
		id := data[:frameHead]
		name := fmt.Sprintf("streams.%x-%x-%x-%x-%x.frames", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
		return Message{Channel: name, Frame: data[frameHead:]}, nil
	}
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return Message{}, err
	}
	if e.Cmd == "" {
		return Message{}, errors.New("no cmd in the envelope")
	}
	m := Message{Channel: e.Cmd, Payload: e.Payload}
	if at, err := time.Parse(time.RFC3339, e.SentAt); err == nil {
		m.SentAt = at
	}
	return m, nil
}

// judgeMux follows which of the channels are still open.
func judgeMux(requests []Request) func(Message, *Error) verdict {
	open := make(map[string]bool)
	for _, r := range requests {
		open[strings.ToLower(r.Channel)] = true
	}
	told := make(map[string]*Error) // the last error message of each channel
	var failed error
	return func(m Message, _ *Error) verdict {
		name := strings.ToLower(m.Channel)
		switch name {
		case "channel.error":
			e, cmd := muxError(m.Payload)
			// Before a channel has said anything, this is the refusal to open it.
			if _, heard := told[cmd]; open[cmd] && !heard {
				delete(open, cmd)
				failed = e
			}
		case "channel.closed":
			var closed struct{ Cmd, Reason string }
			_ = json.Unmarshal(m.Payload, &closed)
			cmd := strings.ToLower(closed.Cmd)
			if closed.Reason == "shutdown" {
				return verdict{} // the connection follows, and is opened again
			}
			if open[cmd] && closed.Reason == "error" {
				failed = &Error{Channel: closed.Cmd, Message: "ended with an error"}
				if told[cmd] != nil {
					failed = told[cmd]
				}
			}
			delete(open, cmd)
		default:
			told[name] = payloadError(m.Channel, m.Payload)
		}
		if len(open) > 0 {
			return verdict{} // what befell one channel does not end the others
		}
		return verdict{done: true, err: failed}
	}
}

func muxError(payload []byte) (e *Error, cmd string) {
	var p struct{ Cmd, Code, Message string }
	_ = json.Unmarshal(payload, &p)
	return &Error{Channel: p.Cmd, Code: p.Code, Message: p.Message}, strings.ToLower(p.Cmd)
}

// watchPath asks for a channel on its own socket.
func (c *Client) watchPath(ctx context.Context, channel string, params Params) (*Subscription[Message], error) {
	path, ok := channelPath(channel)
	if !ok {
		return nil, &Error{Channel: channel, Code: "unknown_cmd", Message: "no such channel"}
	}
	query := params.query()
	sp := spec[Message]{
		channel: channel,
		path:    path,
		query:   func() url.Values { return query },
		finite:  true,
		decode: func(isBinary bool, data []byte) (Message, error) {
			if isBinary {
				return Message{Channel: channel, Frame: data}, nil
			}
			if !json.Valid(data) {
				return Message{}, errors.New("not JSON")
			}
			return Message{Channel: channel, Payload: data}, nil
		},
		judge: func() func(Message, *Error) verdict {
			return func(m Message, _ *Error) verdict {
				if e := payloadError(channel, m.Payload); e != nil {
					return verdict{err: e}
				}
				return verdict{}
			}
		},
	}
	return subscribe(ctx, c, sp)
}

// channelPath gives the path of a channel's own socket.
func channelPath(channel string) (string, bool) {
	if rest, ok := strings.CutPrefix(channel, "streams."); ok {
		id, kind, ok := strings.Cut(rest, ".")
		return "/v1/ws/streams/" + url.PathEscape(id) + "/" + url.PathEscape(kind), ok && id != "" && kind != ""
	}
	subject, kind, ok := strings.Cut(channel, ".")
	if subject == "device" {
		subject = kind // device.telemetry is at /v1/ws/telemetry, console.session at /v1/ws/console
	}
	return "/v1/ws/" + url.PathEscape(subject), ok && subject != "" && kind != ""
}

// query gives parameters in the form that a channel's own socket takes.
func (p Params) query() url.Values {
	q := url.Values{}
	for key, value := range p {
		if key == "session_id" {
			key = "sessionId"
		}
		switch v := value.(type) {
		case string:
			q.Set(key, v)
		case float64:
			q.Set(key, strconv.FormatFloat(v, 'f', -1, 64))
		default:
			q.Set(key, fmt.Sprint(v))
		}
	}
	return q
}
