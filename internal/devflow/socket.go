package devflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// inboxSize bounds the client messages that a channel has not read yet. While it is
// full nothing is read from that connection.
const inboxSize = 16

// session is a channel's end of one connection.
type session struct {
	api    *API
	conn   *wsconn.Conn
	mirror bool
	inbox  chan command // nil if the channel has no input
	change error        // why the client may change nothing; nil if it may
}

// command is a message of the client.
type command struct {
	Type string
	Data map[string]json.RawMessage // nil if it is missing or no object
	ID   json.RawMessage            // top-level id
}

// parseCommand reads a client's message. It reports false for what is to be ignored:
// no JSON object, or without a type.
func parseCommand(payload []byte) (command, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &members) != nil {
		return command{}, false
	}
	var c command
	if !text(members["type"], &c.Type) {
		return command{}, false
	}
	c.ID = members["id"]
	if json.Unmarshal(members["data"], &c.Data) != nil {
		c.Data = nil
	}
	return c, true
}

// text reads a JSON string; null is none.
func text(raw json.RawMessage, into *string) bool {
	return len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, into) == nil
}

// serveSocket answers a request to a channel's address.
func (a *API) serveSocket(w http.ResponseWriter, r *http.Request, ch *Channel) error {
	status, why := wsconn.CheckUpgrade(r)
	if r.Header.Get("Upgrade") == "" {
		status = http.StatusUpgradeRequired
	}
	if status != 0 {
		if status == http.StatusUpgradeRequired {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
			w.Header().Set("Sec-WebSocket-Version", "13")
		}
		return &failure{status: status, detail: why, reason: "websocket_expected"}
	}
	if err := a.require(r, access.View); err != nil {
		return err
	}
	q := parseQuery(r.URL.RawQuery)
	params := ch.Params()
	refused := q.fill(params)
	s := &session{api: a, mirror: a.mirror(q), change: a.require(r, access.Control)}
	if ch.Input {
		s.inbox = make(chan command, inboxSize)
	}
	conn, err := a.hub.Upgrade(w, r)
	if err != nil {
		a.log.Debug("websocket handshake failed", "channel", ch.Name, "err", err)
		return nil // it was answered
	}
	s.conn = conn
	a.hub.Go(conn, func(*wsconn.Conn) { s.converse(ch, params, refused) })
	return nil
}

// converse runs the channel and reads what the client sends, until the end of both.
func (s *session) converse(ch *Channel, params any, refused error) {
	ctx, cancel := context.WithCancelCause(s.conn.Context())
	defer cancel(nil)
	var channel sync.WaitGroup
	channel.Go(func() {
		err := ch.refuse(ctx, s, refused)
		if err == nil {
			err = ch.serve(ctx, s, params)
		}
		cancel(err)
		s.closeAfter(ch, err)
	})
	_ = s.conn.Serve(func(kind wsconn.Kind, payload []byte) error {
		if kind == wsconn.BinaryMessage {
			return &wsconn.CloseError{Code: wsconn.CodeUnsupported, Reason: "messages are text"}
		}
		if s.inbox == nil {
			return nil
		}
		if c, ok := parseCommand(payload); ok {
			select {
			case s.inbox <- c:
			case <-ctx.Done():
			}
		}
		return nil
	})
	cancel(wsconn.ErrClosed)
	channel.Wait()
}

// refuse tells the client of a parameter that cannot be taken.
func (c *Channel) refuse(ctx context.Context, s *session, refused error) error {
	if refused == nil {
		return nil
	}
	return s.refuse(ctx, refused.Error())
}

// refuse sends the channel's error message; the connection is then closed with 1008.
func (s *session) refuse(ctx context.Context, problem string) error {
	if err := s.sendError(ctx, problem); err != nil {
		return err
	}
	return errRefused
}

// sendError sends the error message of Bluetooth and the profiler.
func (s *session) sendError(ctx context.Context, problem string) error {
	m := wire.ErrorMessage{Type: wire.TypeError, Timestamp: now(), Data: wire.ErrorData{Message: problem}}
	if s.mirror {
		m.Error = problem
	}
	return s.send(ctx, m)
}

// send queues a message, and waits while the queue is full.
func (s *session) send(ctx context.Context, message any) error {
	data, err := marshal(message)
	if err != nil {
		return err
	}
	return s.conn.Send(ctx, wsconn.Text(data))
}

// sendRaw is send for an encoded message.
func (s *session) sendRaw(ctx context.Context, data []byte) error {
	return s.conn.Send(ctx, wsconn.Text(data))
}

// slowPatience is how long a reader that has lost items may take to accept the
// close frame.
const slowPatience = 5 * time.Second

// closeAfter closes the connection as the channel's end demands. This is the only
// place that chooses a code; those of broken frames are wsconn's.
func (s *session) closeAfter(ch *Channel, err error) {
	c := s.conn
	switch {
	case c.Context().Err() != nil:
		return // the connection ended first
	case err == nil, errors.Is(err, errTold), errors.Is(err, io.EOF):
		c.Close(wsconn.CodeNormal, "")
	case errors.Is(err, errRefused):
		c.Close(wsconn.CodePolicy, "a parameter was refused")
	case errors.Is(err, topic.ErrLagged):
		c.SetStallLimit(slowPatience)
		c.Close(wsconn.CodeTryLater, wsconn.ErrSlow.Error())
	case errors.Is(err, topic.ErrClosed):
		c.Close(wsconn.CodeGoingAway, "the agent shuts down")
	default:
		s.api.log.Warn("channel failed", "channel", ch.Name, "err", err)
		c.Close(wsconn.CodeInternal, "internal failure")
	}
}

func now() wire.Timestamp { return wire.NewTimestamp(time.Now()) }

// begin appends a message up to its payload.
func begin(dst []byte, typ string) []byte {
	dst = append(append(dst, `{"type":"`...), typ...)
	dst = wire.AppendTimestamp(append(dst, `","timestamp":"`...), time.Now())
	return append(dst, `","data":`...)
}

// wrap makes a message of an encoded payload. In the mirror, the members are added.
func wrap(typ string, data []byte, mirror ...string) []byte {
	dst := begin(make([]byte, 0, 2*len(data)+96), typ)
	dst = append(dst, data...)
	for _, member := range mirror {
		dst = append(append(dst, ','), member...)
	}
	return append(dst, '}')
}

// member returns a member of a JSON object, from an encoded value.
func member(name string, value []byte) string { return fmt.Sprintf("%q:%s", name, value) }
