package helios

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

const (
	// maxChannels bounds the channels that are open on one connection.
	maxChannels = 32
	// maxBadEnvelopes is how often a client may send what is no envelope.
	maxBadEnvelopes = 20

	consoleChannel = "console.session"
)

// mux is one multiplexed connection. Its methods run in the connection's
// reader, except for those of muxed, which run in the channel's goroutine.
type mux struct {
	api  *API
	conn *wsconn.Conn
	ctx  context.Context // done when the connection ends
	open map[string]*muxed
	bad  int
	wg   sync.WaitGroup
}

// muxed is an open channel of a mux.
type muxed struct {
	channel *Channel
	session *Session
	ctx     context.Context // done once the channel takes no more messages
	cancel  context.CancelCauseFunc
	told    bool          // the client was sent channel.closed; valid after done
	done    chan struct{} // closed when nothing more of the channel is sent
}

// Reasons for which the reader cancels a channel.
var (
	errClientClosed = errors.New("the client closed the channel")
	errReplaced     = errors.New("the client asked for the channel again")
)

// serveMux is the handler of /v1/ws.
func (a *API) serveMux(w http.ResponseWriter, r *http.Request) {
	if !a.handshake(w, r, access.View) {
		return
	}
	ctx := detach(r.Context())
	conn, err := a.hub.Upgrade(w, r)
	if err != nil {
		a.log.Debug("websocket handshake failed", "channel", "mux", "err", err)
		return
	}
	a.hub.Go(conn, func(c *wsconn.Conn) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		stop := context.AfterFunc(c.Context(), func() { cancel(context.Cause(c.Context())) })
		defer stop()
		m := &mux{api: a, conn: c, ctx: ctx, open: make(map[string]*muxed)}
		_ = c.Serve(m.receive)
		cancel(wsconn.ErrClosed)
		m.wg.Wait()
	})
}

// receive handles one message of the client.
func (m *mux) receive(kind wsconn.Kind, payload []byte) error {
	if kind == wsconn.BinaryMessage {
		if ch := m.running(consoleChannel); ch != nil {
			ch.session.deliver(ch.ctx, Message{Binary: true, Payload: payload})
		} else {
			m.error("", wire.ErrNotOpen, "binary messages go to an open console.session")
		}
		return nil
	}
	env, problem := parseEnvelope(payload)
	if problem != "" {
		m.error(env.Cmd, wire.ErrInvalidEnvelope, problem)
		if m.bad++; m.bad >= maxBadEnvelopes {
			return &wsconn.CloseError{Code: wsconn.CodePolicy, Reason: "too many invalid envelopes"}
		}
		return nil
	}
	if env.Cmd == wire.CmdChannelClose {
		m.close(env.Payload)
		return nil
	}
	m.request(env.Cmd, env.Payload)
	return nil
}

// request opens a channel, or talks to one that is open.
func (m *mux) request(cmd string, payload json.RawMessage) {
	ch, id := m.api.find(cmd)
	if ch == nil {
		m.error(cmd, wire.ErrUnknownCmd, "no such channel")
		return
	}
	if len(payload) > 0 && payload[0] != '{' {
		m.error(cmd, wire.ErrInvalidPayload, "the payload is not an object")
		return
	}
	running := m.running(cmd)
	if running != nil && ch.Reopen == Deliver {
		running.session.deliver(running.ctx, Message{Payload: payload})
		return
	}
	params := ch.Params()
	if err := parseObject(payload, params); err != nil {
		m.error(cmd, wire.ErrInvalidPayload, err.Error())
		return
	}
	if err := access.Require(m.ctx, ch.Scope); err != nil {
		m.error(cmd, wire.ErrForbidden, err.Error())
		return
	}
	switch {
	case running != nil:
		running.cancel(errReplaced)
		<-running.done
	case len(m.open) >= maxChannels:
		m.reap()
		if len(m.open) >= maxChannels {
			m.error(cmd, wire.ErrTooManyChannels, "32 channels are open on this connection")
			return
		}
	}
	m.start(cmd, ch, id, params, payload)
}

func (m *mux) start(cmd string, ch *Channel, id uuid.UUID, params any, first json.RawMessage) {
	if !m.api.enter() {
		m.send(wire.CmdChannelClosed, wire.ChannelClosed{Cmd: cmd, Reason: wire.ClosedByShutdown})
		return
	}
	ctx, cancel := context.WithCancelCause(m.ctx)
	s := &Session{
		conn: m.conn, cmd: cmd, inbox: ch.newInbox(),
		trace: access.TraceFrom(ctx),
	}
	s.reject = func(problem string) { m.error(cmd, wire.ErrInvalidPayload, problem) }
	if id != uuid.Nil {
		ctx = withStreamID(ctx, id)
		s.prefix = id[:]
	}
	if ch.Reopen == Deliver {
		s.inbox <- Message{Payload: bytes.Clone(first)} // there is room: it is the first
	}
	running := &muxed{channel: ch, session: s, ctx: ctx, cancel: cancel, done: make(chan struct{})}
	m.open[cmd] = running
	stop := context.AfterFunc(m.api.stopping, func() { cancel(wsconn.ErrShutdown) })
	m.wg.Go(func() {
		defer m.api.leave()
		defer close(running.done)
		defer stop()
		err := ch.Serve(ctx, s, params)
		reason := m.reason(ctx, cmd, err)
		// Before the client is told: it may ask for the channel again at once, and
		// must not be taken for a client of the one that ends here.
		cancel(nil)
		if running.told = reason != ""; running.told {
			m.send(wire.CmdChannelClosed, wire.ChannelClosed{Cmd: cmd, Reason: reason})
		}
	})
}

// reason says why a channel has ended, in the protocol's words. It is empty if
// nobody is to be told.
func (m *mux) reason(ctx context.Context, cmd string, err error) string {
	gone := m.conn.Context().Err() != nil // m.ctx learns of it a moment later
	switch cause := context.Cause(ctx); {
	case errors.Is(err, errNotOpened), errors.Is(cause, errReplaced), gone && !errors.Is(cause, wsconn.ErrShutdown):
		return ""
	case errors.Is(cause, errClientClosed):
		return wire.ClosedByClient
	case errors.Is(cause, wsconn.ErrShutdown), errors.Is(err, topic.ErrClosed):
		return wire.ClosedByShutdown
	case err == nil, errors.Is(err, io.EOF):
		return wire.ClosedEnded
	case errors.Is(err, errTold):
		return wire.ClosedByError
	case errors.Is(err, topic.ErrLagged):
		m.conn.Close(wsconn.CodeTryLater, wsconn.ErrSlow.Error())
		return ""
	default:
		m.api.log.Warn("channel failed", "channel", cmd, "err", err)
		return wire.ClosedByError
	}
}

// close handles a client's channel.close.
func (m *mux) close(payload json.RawMessage) {
	var which struct {
		Cmd *string `json:"cmd"`
	}
	if json.Unmarshal(payload, &which) != nil || which.Cmd == nil {
		m.error(wire.CmdChannelClose, wire.ErrInvalidPayload, "the payload names no channel in cmd")
		return
	}
	running := m.running(*which.Cmd)
	if running == nil {
		m.error(*which.Cmd, wire.ErrNotOpen, "the channel is not open")
		return
	}
	running.cancel(errClientClosed)
	<-running.done
	delete(m.open, *which.Cmd)
	if !running.told { // its opening was rejected meanwhile
		m.error(*which.Cmd, wire.ErrNotOpen, "the channel is not open")
	}
}

// running returns the open channel of that name. One that is about to end is
// waited for and forgotten.
func (m *mux) running(cmd string) *muxed {
	running := m.open[cmd]
	if running == nil || running.ctx.Err() == nil {
		return running
	}
	<-running.done
	delete(m.open, cmd)
	return nil
}

// reap forgets all channels that have ended.
func (m *mux) reap() {
	for cmd := range m.open {
		m.running(cmd)
	}
}

func (m *mux) error(cmd, code, message string) {
	m.send(wire.CmdChannelError, wire.ChannelError{Cmd: cmd, Code: code, Message: message})
}

// send sends a control message. A peer that does not read it for the stall
// limit loses the connection, so that waiting here is bounded.
func (m *mux) send(cmd string, payload any) {
	data, err := json.Marshal(payload)
	if err != nil {
		m.api.log.Error("encode control message", "channel", cmd, "err", err)
		return
	}
	_ = m.conn.Send(m.ctx, wsconn.Text(envelope(cmd, data, time.Now()))) // fails only when the connection ends
}

// parseEnvelope reads an envelope. problem says what is wrong with it.
func parseEnvelope(data []byte) (env wire.Envelope, problem string) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return env, "not JSON: " + strings.TrimPrefix(err.Error(), "json: ")
	}
	if object == nil {
		return env, "not an object"
	}
	var sentAt string
	if json.Unmarshal(object["cmd"], &env.Cmd) != nil || env.Cmd == "" {
		return env, "cmd is missing or no string"
	}
	if json.Unmarshal(object["sent-at"], &sentAt) != nil {
		return env, "sent-at is missing or no string"
	}
	if !isRFC3339(sentAt) {
		return env, "sent-at is no RFC 3339 time"
	}
	for key := range object {
		if key != "cmd" && key != "payload" && key != "sent-at" {
			return env, "unknown key " + key
		}
	}
	env.Payload = object["payload"]
	if string(env.Payload) == "null" {
		env.Payload = nil
	}
	return env, ""
}

// isRFC3339 is stricter than time.Parse, which takes hours of one digit and a
// comma, and laxer, since t and z may be in lower case.
func isRFC3339(text string) bool {
	const hourEnd = len("2006-01-02T15")
	_, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	return err == nil && text[hourEnd] == ':' && !strings.Contains(text, ",")
}
